/**
 * Requests to a server: each with a bound on its time, asked again where the server says so or the line broke, and failing in the connector's words. A
 * change has the same `Idempotency-Key` each time, so that asking again does nothing twice.
 *
 * @since 0.1.0
 */
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import type { Operation } from "@access-kit/server-api/Operations"
import type { Page } from "@access-kit/server-api/Paging"
import { ServerClient } from "@access-kit/server-api/ServerClient"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { randomUUID } from "node:crypto"
import { AwaitingApproval, explain } from "../AwaitingApproval.ts"
import type { ServerSettings } from "../ServerFlags.ts"
import * as Problem from "./Problem.ts"

/** The longest an answer is waited for; longer than the server itself waits for an operation. */
const PATIENCE = Duration.seconds(60)

/** Seconds that the server waits for an operation before it answers that it still runs. */
const WAIT = 25

/**
 * Rows of a page; the most that the server gives.
 *
 * @since 0.1.0
 */
export const PAGE = 500

const isTransient = (problem: Problem.Problem): boolean =>
  problem._tag === "TooManyRequests" || problem._tag === "Unavailable"
  || (problem._tag === "HttpClientError" && problem.reason._tag === "TransportError")

const patience = Schedule.exponential("200 millis").pipe(
  Schedule.upTo({ times: 4 }),
  Schedule.setInputType<Problem.Problem>(),
  Schedule.modifyDelay(({ duration, input }) =>
    Effect.succeed(
      (input._tag === "TooManyRequests" || input._tag === "Unavailable") && input.retryAfter !== undefined
        ? Duration.min(Duration.seconds(input.retryAfter), PATIENCE)
        : duration
    )
  )
)

/**
 * @since 0.1.0
 */
export const make = (settings: ServerSettings) => {
  const address = settings.server.replace(/\/+$/u, "")

  const ask = <A>(
    operation: string,
    request: Effect.Effect<A, Problem.Problem>
  ): Effect.Effect<A, ConnectorError.ConnectorError> =>
    Effect.timeout(request, PATIENCE).pipe(
      Effect.retry({ schedule: patience, while: isTransient }),
      Effect.mapError((problem) => Problem.toConnectorError(operation, problem, address))
    )

  const list = <A>(
    operation: string,
    page: (query: { readonly limit: number; readonly pageToken?: string }) => Effect.Effect<Page<A>, Problem.Problem>
  ): Effect.Effect<ReadonlyArray<A>, ConnectorError.ConnectorError> =>
    Effect.gen(function*() {
      const items: Array<A> = []
      let next: string | undefined
      do {
        const answer: Page<A> = yield* ask(
          operation,
          page(next === undefined ? { limit: PAGE } : { limit: PAGE, pageToken: next })
        )
        for (const item of answer.items) items.push(item)
        next = answer.nextPageToken
      } while (next !== undefined)
      return items
    })

  /** A key of its own for each change, the same each time that the change is asked for. */
  const submit = <A>(
    operation: string,
    request: (headers: { readonly "idempotency-key": string }) => Effect.Effect<A, Problem.Problem>
  ): Effect.Effect<A, ConnectorError.ConnectorError> =>
    Effect.suspend(() => ask(operation, request({ "idempotency-key": randomUUID() })))

  const failed = (operation: string, tag: string, message: string, cause?: unknown) =>
    Effect.fail(ConnectorError.make(operation, Problem.reasonOf(tag, message), cause))

  /** Waits until nothing more comes of an operation by itself. */
  const settled = Effect.fnUntraced(function*(
    operation: string,
    submitted: Operation
  ): Effect.fn.Return<Operation, ConnectorError.ConnectorError, ServerClient> {
    const client = yield* ServerClient
    let current = submitted
    while (current.state === "queued" || current.state === "running") {
      current = yield* ask(
        operation,
        client.operations.get({ params: { operationId: current.id }, query: { wait: WAIT } })
      )
    }
    return current
  })

  /** What an operation came to, if that is no success. */
  const verdict = Effect.fnUntraced(function*(
    operation: string,
    current: Operation
  ): Effect.fn.Return<Operation, ConnectorError.ConnectorError> {
    switch (current.state) {
      case "succeeded":
      case "queued":
      case "running":
        return current
      case "awaitingApproval": {
        const message = explain(
          current.approvalReason ?? "",
          `claude-enterprise operations approve ${current.id} --server ${address}`
        )
        return yield* failed(operation, "LimitExceeded", message, new AwaitingApproval({ message }))
      }
      case "rejected":
        return yield* failed(
          operation,
          "PermissionDenied",
          `${current.decidedBy ?? "Somebody"} turned the change down (operation ${current.id}).`
        )
      case "cancelled":
        return yield* failed(operation, "Conflict", `Somebody cancelled the change (operation ${current.id}).`)
      case "failed":
        return yield* failed(operation, current.error?.reason ?? "", current.error?.message ?? "The change failed.")
    }
  })

  /** Hands a change in and waits for what it came to. */
  const carryOut = (
    operation: string,
    request: (headers: { readonly "idempotency-key": string }) => Effect.Effect<Operation, Problem.Problem>
  ): Effect.Effect<Operation, ConnectorError.ConnectorError, ServerClient> =>
    submit(operation, request).pipe(
      Effect.flatMap((submitted) => settled(operation, submitted)),
      Effect.flatMap((current) => verdict(operation, current))
    )

  return { address, ask, list, submit, settled, verdict, carryOut, failed }
}

/**
 * @since 0.1.0
 */
export type Calls = ReturnType<typeof make>

/**
 * The client of the server that the settings name.
 *
 * @since 0.1.0
 */
export const client = (settings: ServerSettings): Layer.Layer<ServerClient> =>
  ServerClient.layer({ baseUrl: settings.server.replace(/\/+$/u, ""), token: settings.serverToken }).pipe(
    Layer.provide(NodeHttpClient.layerUndici)
  )
