/**
 * Carries what Effect's exporters of OTLP post over HTTP to a collector as gRPC calls, which is what connectors of the Go SDK speak with it. The bodies
 * are the same messages in both.
 */
import type { DescMessage, DescMethodUnary } from "@bufbuild/protobuf"
import { fromBinary } from "@bufbuild/protobuf"
import { Code } from "@connectrpc/connect"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as BatonClient from "../BatonClient.ts"
import { LogsService } from "../gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.ts"
import { TraceService } from "../gen/opentelemetry/proto/collector/trace/v1/trace_service_pb.ts"
import type { RpcError } from "../RpcError.ts"

/** Where the exporters post to; nobody is asked there. */
export const TRACES = "http://collector/v1/traces"
export const LOGS = "http://collector/v1/logs"

/** Longer than any collector takes; what one takes in that does not answer is lost. */
const PATIENCE = "10 seconds"

/** Failures after which OTLP has its clients try again. */
const passing: ReadonlySet<number> = new Set([
  Code.Canceled,
  Code.DeadlineExceeded,
  Code.ResourceExhausted,
  Code.Aborted,
  Code.OutOfRange,
  Code.Unavailable,
  Code.DataLoss
])

/** The status with which the exporter does the same over HTTP. */
const statusOf = (error: RpcError): number => passing.has(error.code) ? 503 : 400

/** `onFailure` is told of each call that failed. */
export const layer = (
  options: BatonClient.Options,
  onFailure: (error: RpcError) => Effect.Effect<void>
): Layer.Layer<HttpClient.HttpClient> =>
  Layer.effect(
    HttpClient.HttpClient,
    Effect.map(BatonClient.make(options), (client) => {
      const hand = <I extends DescMessage, O extends DescMessage>(
        method: DescMethodUnary<I, O>,
        request: HttpClientRequest.HttpClientRequest,
        body: Uint8Array
      ) => {
        const answer = (status: number) => HttpClientResponse.fromWeb(request, new Response(null, { status }))
        return client.call(method, fromBinary(method.input, body)).pipe(
          Effect.as(answer(200)),
          Effect.catch((error) => Effect.as(onFailure(error), answer(statusOf(error)))),
          Effect.timeoutOrElse({ duration: PATIENCE, orElse: () => Effect.succeed(answer(504)) })
        )
      }
      return HttpClient.make((request, url) => {
        const { body } = request
        if (body._tag === "Uint8Array") {
          if (url.href === TRACES) return hand(TraceService.method.export, request, body.body)
          if (url.href === LOGS) return hand(LogsService.method.export, request, body.body)
        }
        return Effect.fail(
          new HttpClientError.HttpClientError({
            reason: new HttpClientError.TransportError({ request, description: "The collector has no such service." })
          })
        )
      })
    })
  )
