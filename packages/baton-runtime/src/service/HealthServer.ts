/**
 * The health of a connector in service mode over HTTP, for Kubernetes and for `health-check`:
 *
 * - `/live`: the process answers.
 * - `/ready`: ConductorOne has taken the connector in, and answered when it was asked last.
 * - `/health`: the source answers too, and accepts the connector.
 *
 * @since 0.1.0
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { constTrue } from "effect/Function"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpServer from "effect/http/HttpServer"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { createServer } from "node:http"

/**
 * Nothing listens.
 *
 * @since 0.1.0
 */
export class HealthServerError extends Schema.TaggedError<HealthServerError>()("HealthServerError", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/**
 * @since 0.1.0
 */
export interface Options {
  readonly host: string
  /** Port 0 takes a free one. */
  readonly port: number
  readonly ready: Effect.Effect<boolean>
  /** Fails with the sentence that says what is wrong. */
  readonly validate: Effect.Effect<void, string>
}

const PATIENCE = "30 seconds"

const wordsFor = (options: Options, cause: unknown): string => {
  const code = Predicate.hasProperty(cause, "code") ? cause.code : undefined
  const where = `${options.host}:${options.port}`
  return code === "EADDRINUSE"
    ? `The health endpoint can't listen on ${where}: another process does. Choose another --health-check-port.`
    : code === "EACCES"
    ? `The health endpoint may not listen on ${where}. Choose a port above 1023.`
    : `The health endpoint can't listen on ${where}. Check --health-check-bind-address and --health-check-port.`
}

/** As Go's connectors write it: seconds, UTC. */
const timestamp = Effect.map(
  Clock.currentTimeMillis,
  (now) => new Date(now).toISOString().replace(/\.\d{3}Z$/, "Z")
)

const answer = Effect.fnUntraced(function*(status: number, word: string, details?: Readonly<Record<string, string>>) {
  const body = { status: word, timestamp: yield* timestamp, ...(details === undefined ? {} : { details }) }
  return HttpServerResponse.text(`${JSON.stringify(body)}\n`, {
    status,
    contentType: "application/json",
    headers: { "cache-control": "no-store" }
  })
})

const respond = Effect.fn("HealthServer.respond", { root: true })(function*(options: Options) {
  const request = yield* HttpServerRequest
  if (request.method !== "GET" && request.method !== "HEAD") {
    return HttpServerResponse.empty({ status: 405, headers: { allow: "GET, HEAD" } })
  }
  switch (request.url.split("?")[0]) {
    case "/live":
      return yield* answer(200, "alive")
    case "/ready":
      return (yield* options.ready) ? yield* answer(200, "ready") : yield* answer(503, "not_ready")
    case "/health":
      return yield* options.validate.pipe(
        Effect.timeoutOrElse({
          duration: PATIENCE,
          orElse: () => Effect.fail(`the connector did not answer in ${PATIENCE}`)
        }),
        Effect.andThen(answer(200, "healthy")),
        Effect.catch((error) =>
          answer(503, "unhealthy", { error: "connector validation failed", validation_error: error })
        )
      )
    default:
      return yield* answer(404, "unknown", { error: "there are /live, /ready and /health" })
  }
})

/**
 * Answers until the scope closes. Answers the port.
 *
 * @since 0.1.0
 */
export const serve = Effect.fn("HealthServer.serve")(function*(
  options: Options
): Effect.fn.Return<number, HealthServerError, Scope.Scope> {
  const server = yield* NodeHttpServer.make(createServer, {
    host: options.host,
    port: options.port,
    // Probes are short, and the process has better things to do at its end than to wait for a connection that is kept.
    gracefulShutdownTimeout: "1 second"
  }).pipe(
    Effect.mapError(({ cause }) => new HealthServerError({ message: wordsFor(options, cause), cause }))
  )
  yield* HttpServer.serveEffect(respond(options), HttpMiddleware.withLoggerDisabled).pipe(
    Effect.provideService(HttpServer.HttpServer, server),
    Effect.provideService(HttpMiddleware.TracerDisabledWhen, constTrue)
  )
  return server.address._tag === "UnixPathAddress" ? options.port : server.address.port
})
