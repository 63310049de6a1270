/** The way from a call to an effect and back: who calls, by which rules, with which faults, and what the log gets to know of it. */
import * as RuleCheck from "@access-kit/baton-protocol/RuleCheck"
import type { DescMessage, DescMethodClientStreaming, DescMethodUnary, MessageShape } from "@bufbuild/protobuf"
import { Code, ConnectError, createContextKey, createContextValues, type HandlerContext } from "@connectrpc/connect"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { Clients, TokenFault } from "./Clients.ts"
import type { FaultBoard } from "./FaultBoard.ts"
import type { Page } from "./Journal.ts"
import * as ProtoJson from "./ProtoJson.ts"
import { invalid, Refusal } from "./Refusal.ts"

/** Who calls, and where it is written down. */
export interface Caller {
  readonly clientId: string
  readonly page: Page
  readonly breakStream: () => void
}

/** What the server knows of a call before connect-es does. */
export interface Arrival {
  readonly page: Page
  readonly breakStream: () => void
  readonly goAway: () => void
}

const arrival = createContextKey<Arrival | undefined>(undefined)

export const contextOf = (value: Arrival | undefined) => createContextValues().set(arrival, value)

export interface Gateway {
  readonly unary: <I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    work: (request: MessageShape<I>, caller: Caller) => Effect.Effect<MessageShape<O>, Refusal>
  ) => (request: MessageShape<I>, context: HandlerContext) => Promise<MessageShape<O>>
  readonly clientStream: <I extends DescMessage, O extends DescMessage>(
    method: DescMethodClientStreaming<I, O>,
    work: (messages: AsyncIterable<MessageShape<I>>, caller: Caller) => Effect.Effect<MessageShape<O>, Refusal>
  ) => (messages: AsyncIterable<MessageShape<I>>, context: HandlerContext) => Promise<MessageShape<O>>
}

const WORDS: Readonly<Record<TokenFault, string>> = {
  missing: "the call carries no bearer token",
  unknown: "the access token is not known",
  expired: "the access token has expired",
  revoked: "the client is revoked"
}

export const make = (options: {
  readonly clients: Clients
  readonly faults: FaultBoard
  readonly now: () => number
}): Gateway => {
  const { clients, faults, now } = options

  const answer = async <O extends DescMessage>(
    output: O,
    context: HandlerContext,
    work: (caller: Caller) => Effect.Effect<MessageShape<O>, Refusal>
  ): Promise<MessageShape<O>> => {
    const arrived = context.values.get(arrival)
    if (arrived === undefined) throw new ConnectError("The call came past the server.", Code.Internal)
    const { breakStream, page } = arrived
    const effect = Effect.gen(function*() {
      const caller = clients.identify(context.requestHeader.get("authorization") ?? undefined, now())
      if ("fault" in caller) return yield* new Refusal({ code: Code.Unauthenticated, message: WORDS[caller.fault] })
      page.clientId = caller.clientId
      const fault = faults.take("rpcError", page)
      if (fault !== undefined) {
        const code = fault.code ?? Code.Unavailable
        return yield* new Refusal({ code, message: fault.message ?? "a fault on purpose" })
      }
      const response = yield* work({ clientId: caller.clientId, page, breakStream })
      page.response = ProtoJson.of(output, response)
      if (faults.take("dropReply", page) !== undefined) {
        breakStream()
        // The broken stream interrupts.
        return yield* Effect.never
      }
      page.status = "OK"
      if (faults.take("goAway", page) !== undefined) arrived.goAway()
      return response
    })
    const exit = await Effect.runPromiseExit(
      // A test's clock must not hold up a real socket.
      Effect.provideService(effect, Clock.Clock, Clock.Clock.defaultValue()),
      { signal: context.signal }
    )
    if (Exit.isSuccess(exit)) return exit.value
    const error = Cause.findErrorOption(exit.cause)
    const [code, message] = Option.isSome(error)
      ? [error.value.code, error.value.message] as const
      : Cause.hasInterruptsOnly(exit.cause)
      ? [Code.Canceled, "the call was cancelled"] as const
      : [Code.Internal, `a defect of the sandbox: ${Cause.pretty(exit.cause)}`] as const
    if (code !== Code.Canceled) page.status = Code[code]
    page.message = message
    throw new ConnectError(message, code)
  }

  return {
    unary: (method, work) => (request, context) =>
      answer(method.output, context, (caller) =>
        Effect.suspend(() => {
          caller.page.request = ProtoJson.of(method.input, request)
          const fault = RuleCheck.check(method.input, request)
          return fault === undefined
            ? work(request, caller)
            : Effect.fail(invalid(`invalid ${method.input.name}.${fault.path}: ${fault.rule}`))
        })),
    clientStream: (method, work) => (messages, context) =>
      answer(method.output, context, (caller) => work(messages, caller))
  }
}
