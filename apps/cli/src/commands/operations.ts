/**
 * `claude-enterprise operations`: the changes that were asked of a server, and letting through what a guard holds back.
 *
 * @since 0.1.0
 */
import type * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import type { Operation, OperationKind, OperationState } from "@access-kit/server-api/Operations"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as Changes from "../Changes.ts"
import * as Connection from "../Connection.ts"
import * as Listing from "../Listing.ts"
import { Output } from "../Output.ts"
import type { Decision } from "../server/ServerOperations.ts"
import * as OperationView from "../views/OperationView.ts"

const states = [
  "awaitingApproval",
  "queued",
  "running",
  "succeeded",
  "failed",
  "rejected",
  "cancelled"
] as const satisfies ReadonlyArray<OperationState>

const kinds = ["grant", "revoke", "createAccount", "deleteAccount"] as const satisfies ReadonlyArray<OperationKind>

const server = Connection.requireServer("Operations")

const service = Effect.promise(() => import("../server/ServerOperations.ts"))

const list = Command.make(
  "list",
  {
    state: Flag.Literals("state", states).pipe(Flag.withDescription("Only those in this state"), Flag.optional),
    kind: Flag.Literals("kind", kinds).pipe(Flag.withDescription("Only changes of this kind"), Flag.optional),
    limit: Listing.limit
  },
  Effect.fn("operations list")(function*({ kind, limit, state }) {
    const settings = yield* server
    const operations = yield* service
    yield* Listing.print(OperationView.view, operations.list(settings, { state, kind }), limit)
  })
).pipe(
  Command.withDescription("List the operations, newest first"),
  Command.withExamples([
    {
      command: "claude-enterprise operations list --state awaitingApproval",
      description: "What waits for somebody's word"
    }
  ])
)

const get = Command.make(
  "get",
  {
    id: Argument.String("operation").pipe(Argument.withDescription("Its id")),
    wait: Flag.Boolean("wait").pipe(
      Flag.withoutNegation,
      Flag.withDescription("Wait until it has ended or waits for approval; a failure is then that of this command"),
      Flag.withDefault(false)
    )
  },
  Effect.fn("operations get")(function*({ id, wait }) {
    const output = yield* Output
    const settings = yield* server
    const operations = yield* service
    const found = yield* operations.get(settings, id, wait)
    yield* output.record(OperationView.view, found)
    if (wait) yield* operations.verdict(settings, found)
  })
).pipe(Command.withDescription("Show one operation"))

const deciding = (decision: Decision, description: string) =>
  Command.make(
    decision,
    { ids: Argument.String("operation").pipe(Argument.withDescription("Its id"), Argument.variadic({ min: 1 })) },
    Effect.fn(`operations ${decision}`)(function*({ ids }) {
      const output = yield* Output
      yield* output.plain
      const settings = yield* server
      const operations = yield* service
      const rows: Array<Operation> = []
      const errors: Array<ConnectorError.ConnectorError> = []
      for (const id of ids) {
        const decided = yield* Effect.result(operations.decide(settings, decision, id))
        if (Result.isFailure(decided)) {
          errors.push(decided.failure)
          if (ids.length > 1) yield* output.warn(`${id}: ${decided.failure.message}`)
          continue
        }
        rows.push(decided.success)
        if (decision !== "approve") continue
        const verdict = yield* Effect.result(operations.verdict(settings, decided.success))
        if (Result.isFailure(verdict)) errors.push(verdict.failure)
      }
      if (rows.length > 0) yield* output.rows(OperationView.view, Stream.fromIterable(rows))
      const [only] = errors
      if (only !== undefined && ids.length === 1) return yield* only
      const failure = Changes.verdict(ids.length, errors, 0)
      if (failure !== undefined) return yield* failure
    })
  ).pipe(Command.withDescription(description))

/**
 * @since 0.1.0
 */
export const operations = Command.make("operations").pipe(
  Command.withDescription("The changes that were asked of a server: list, get, approve, reject, cancel"),
  Command.withSubcommands([
    list,
    get,
    deciding(
      "approve",
      "Let through what a guard holds back, and wait for what it comes to; not with the token that asked"
    ),
    deciding("reject", "Turn down what a guard holds back"),
    deciding("cancel", "Take back what has not begun")
  ])
)
