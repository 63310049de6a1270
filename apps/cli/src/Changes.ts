/**
 * Carries out a list of changes one after the other and says of each what became of it. The order is the one given, and a failure does
 * not stop the rest, unless the rest would fail for the same reason.
 *
 * @since 0.1.0
 */
import * as ChangeLimit from "@access-kit/connector-model/ChangeLimit"
import type { Connector } from "@access-kit/connector-model/Connector"
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as AwaitingApproval from "./AwaitingApproval.ts"
import * as ExitCode from "./ExitCode.ts"
import { CommandError } from "./Failure.ts"
import { Output } from "./Output.ts"
import * as Text from "./Text.ts"
import * as ChangeView from "./views/ChangeView.ts"

/**
 * @since 0.1.0
 */
export const flags = {
  dryRun: Flag.Boolean("dry-run").pipe(
    Flag.withoutNegation,
    Flag.withDescription("Look everything up and say what would happen, but change nothing"),
    Flag.withDefault(false)
  ),
  maxChanges: Flag.Int("max-changes").pipe(
    Flag.withMetavar("N"),
    Flag.filter((limit) => limit >= 0, () => "Expected a number from 0 on"),
    Flag.withDescription("Refuse to make more changes than this (default 10)"),
    Flag.withDefault(10)
  )
}

/**
 * One change that is asked for.
 *
 * @since 0.1.0
 */
export interface Change {
  readonly action: ChangeView.ChangeRow["action"]
  /** As it was written on the command line. */
  readonly given: string
  readonly account?: ChangeView.ChangeRow["account"]
  readonly group?: ChangeView.ChangeRow["group"]
  readonly run: (
    connector: Connector["Service"],
    dryRun: boolean
  ) => Effect.Effect<
    Pick<ChangeView.ChangeRow, "outcome" | "account" | "grantId" | "detail">,
    ConnectorError.ConnectorError
  >
}

/** After one of these, the next change would fail the same way. */
const stops: ReadonlySet<ConnectorError.Reason["_tag"]> = new Set([
  "LimitExceeded",
  "Unauthenticated",
  "PermissionDenied",
  "RateLimited",
  "Unsupported"
])

const row = (
  change: Change,
  result: Pick<ChangeView.ChangeRow, "outcome" | "account" | "grantId" | "detail" | "error">
): ChangeView.ChangeRow => ({
  action: change.action,
  given: change.given,
  ...(change.account === undefined ? {} : { account: change.account }),
  ...(change.group === undefined ? {} : { group: change.group }),
  ...result
})

/**
 * How the whole ended, if not well.
 *
 * @since 0.1.0
 */
export const verdict = (
  total: number,
  errors: ReadonlyArray<ConnectorError.ConnectorError>,
  notAttempted: number
): CommandError | undefined => {
  const [first] = errors
  if (first === undefined) return undefined
  const same = errors.every((error) => error.reason._tag === first.reason._tag) &&
    errors.length + notAttempted === total
  const left = notAttempted === 0 ? "" : ` ${Text.counted(notAttempted, "change was", "changes were")} not attempted.`
  return new CommandError({
    reason: "SomeFailed",
    ...(same ? { exitCode: ExitCode.of(first.reason._tag) } : {}),
    message: total === 1
      ? first.message
      : `${Text.grouped(errors.length)} of ${
        Text.counted(total, "change")
      } failed.${left} The first reason: ${first.message}`
  })
}

/** How the whole ended, where nothing failed and something waits. */
const waiting = (total: number, waits: ReadonlyArray<AwaitingApproval.AwaitingApproval>): CommandError | undefined => {
  const [first] = waits
  return first === undefined ? undefined : new CommandError({
    reason: "AwaitingApproval",
    message: total === 1
      ? first.message
      : `${Text.grouped(waits.length)} of ${Text.counted(total, "change")} ${
        waits.length === 1 ? "waits" : "wait"
      } for approval; the output says of each how it is given. The first one: ${first.message}`
  })
}

/**
 * Carries out the changes, at most `maxChanges` of them. If more are asked for than that, they are rehearsed first, so that a list that is
 * too long changes nothing at all, and one that only repeats what is so already goes through.
 *
 * What was done is printed even when the command is interrupted.
 *
 * @since 0.1.0
 */
export const run = Effect.fn("Changes.run")(function*(
  connector: Connector["Service"],
  changes: ReadonlyArray<Change>,
  options: { readonly dryRun: boolean; readonly maxChanges: number }
) {
  const output = yield* Output
  const attempt = Effect.fnUntraced(function*(dryRun: boolean, rows: Array<ChangeView.ChangeRow>) {
    const limited = yield* ChangeLimit.withChangeLimit(connector, options.maxChanges)
    const errors: Array<ConnectorError.ConnectorError> = []
    const waits: Array<AwaitingApproval.AwaitingApproval> = []
    let stopped = false
    for (const change of changes) {
      if (stopped) {
        rows.push(row(change, { outcome: "NotAttempted" }))
        continue
      }
      const result = yield* Effect.result(change.run(limited, dryRun))
      if (Result.isSuccess(result)) {
        rows.push(row(change, result.success))
      } else {
        const { failure } = result
        const wait = AwaitingApproval.behind(failure)
        if (wait !== undefined) {
          // The others are handed in too: whoever approves sees all of them.
          waits.push(wait)
          rows.push(row(change, { outcome: "AwaitingApproval", detail: wait.message }))
          continue
        }
        errors.push(failure)
        stopped = stops.has(failure.reason._tag)
        rows.push(row(change, {
          outcome: "Failed",
          error: { reason: failure.reason._tag, message: failure.message }
        }))
      }
    }
    return { errors, waits }
  })

  if (!options.dryRun && changes.length > options.maxChanges) {
    const { errors } = yield* attempt(true, [])
    const exceeded = errors.find((error) => error.reason._tag === "LimitExceeded")
    if (exceeded !== undefined) {
      return yield* ConnectorError.make(
        exceeded.operation,
        new ConnectorError.LimitExceeded({
          limit: options.maxChanges,
          requested: changes.length,
          message: `Nothing was changed: ${Text.counted(changes.length, "change")} asked for, and the limit is ${
            Text.grouped(options.maxChanges)
          }. Check the list, then raise the limit with --max-changes ${changes.length} if it is right.`
        })
      )
    }
  }

  const rows: Array<ChangeView.ChangeRow> = []
  const { errors, waits } = yield* Effect.onInterrupt(
    attempt(options.dryRun, rows),
    () =>
      Effect.andThen(
        Effect.ignore(output.rows(ChangeView.view(rows), Stream.fromIterable(rows))),
        output.warn(
          `Interrupted after ${rows.length} of ${Text.counted(changes.length, "change")}. `
            + "The one that was under way may have been carried out; the same command again is safe."
        )
      )
  )
  const [only] = errors
  // A single failure is the whole story: the error says it, and a table of one line would say it twice.
  if (only !== undefined && changes.length === 1 && output.format === "table") return yield* only
  yield* output.rows(ChangeView.view(rows), Stream.fromIterable(rows))
  if (options.dryRun) yield* output.say("Dry run: nothing was changed.")
  const failure = verdict(changes.length, errors, rows.filter((row) => row.outcome === "NotAttempted").length)
    ?? waiting(changes.length, waits)
  if (failure !== undefined) return yield* failure
})
