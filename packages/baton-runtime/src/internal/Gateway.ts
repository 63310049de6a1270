/**
 * The way from a call to an effect and back: the one place where promises and effects meet on the server.
 */
import type { ConnectorError } from "@access-kit/connector-model/ConnectorError"
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Headers from "effect/http/Headers"
import * as HttpTraceContext from "effect/http/HttpTraceContext"
import * as Option from "effect/Option"
import * as RpcError from "../RpcError.ts"
import * as Patience from "./Patience.ts"
import type { Refusal } from "./Refusal.ts"

export interface Repeating {
  readonly retries: number
  readonly step: Duration.Duration
}

export interface Behaviour {
  /** Written before the message of a failure. */
  readonly prefix?: string
  /** How often a failure of the source that may pass is tried again. */
  readonly repeating?: Repeating
}

export type Failure = ConnectorError | Refusal

export interface Gateway {
  readonly answer: <A>(
    work: Effect.Effect<A, Failure>,
    context: HandlerContext,
    behaviour?: Behaviour
  ) => Promise<A>
}

const CAP = Duration.seconds(60)

/** Only what is Unavailable or out of time is tried again: those are the codes that baton's builders repeat. */
const isPassing = (error: Failure): boolean => {
  if (error._tag === "Refusal") return false
  const code = RpcError.codeOf(error.reason)
  return code === Code.Unavailable || code === Code.DeadlineExceeded
}

const asked = (error: Failure): number | undefined =>
  error._tag === "ConnectorError" && error.reason._tag === "RateLimited" ? error.reason.retryAfterMillis : undefined

const traced = (context: HandlerContext) => {
  const parent = HttpTraceContext.fromHeaders(Headers.fromInput(context.requestHeader))
  const name = `${context.service.typeName}/${context.method.name}`
  return <A, E>(work: Effect.Effect<A, E>): Effect.Effect<A, E> => {
    // A caller who traces has begun the trace; otherwise each call is one, however long the server runs.
    const spanned = Effect.withSpan(work, name, {
      kind: "server",
      attributes: { "rpc.system": "grpc" },
      root: Option.isNone(parent)
    })
    return Option.isSome(parent) ? Effect.withParentSpan(spanned, parent.value) : spanned
  }
}

/** What the abort of a call was about: its own deadline, or the caller who went away. */
const aborted = (context: HandlerContext): ConnectError => {
  const reason: unknown = context.signal.reason
  return reason instanceof ConnectError ? reason : new ConnectError("the call was cancelled", Code.Canceled)
}

const statusOf = (
  cause: Cause.Cause<Failure>,
  prefix: string,
  context: HandlerContext
): Effect.Effect<ConnectError> =>
  Effect.gen(function*() {
    const error = Cause.findErrorOption(cause)
    if (Option.isSome(error)) {
      return error.value._tag === "Refusal"
        ? new ConnectError(error.value.message, error.value.code)
        : RpcError.toStatus(error.value, prefix, yield* Clock.currentTimeMillis)
    }
    if (Cause.hasInterruptsOnly(cause)) return aborted(context)
    yield* Effect.logError(`${context.service.typeName}/${context.method.name} broke down.`, cause)
    return new ConnectError("Internal Server Error", Code.Internal)
  })

export const make = (services: Context.Context<never>): Gateway => {
  const run = Effect.runPromiseExitWith(services)
  const answer: Gateway["answer"] = async (work, context, behaviour = {}) => {
    const { prefix = "", repeating } = behaviour
    const patient = repeating === undefined
      ? work
      : Effect.retry(work, {
        while: isPassing,
        schedule: Patience.schedule<Failure>({ ...repeating, cap: CAP, asked })
      })
    const exit = await run(traced(context)(patient), { signal: context.signal })
    if (Exit.isSuccess(exit)) return exit.value
    const status = await run(statusOf(exit.cause, prefix, context))
    throw Exit.isSuccess(status) ? status.value : new ConnectError("Internal Server Error", Code.Internal)
  }
  return { answer }
}
