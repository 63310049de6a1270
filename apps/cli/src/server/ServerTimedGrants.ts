/**
 * The grants with an end that a server keeps. Loaded only by the commands that ask.
 *
 * @since 0.1.0
 */
import type * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import type { TimedGrant } from "@access-kit/server-api/Directory"
import { ServerClient } from "@access-kit/server-api/ServerClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { ServerSettings } from "../ServerFlags.ts"
import type { TimedGrantRow } from "../views/TimedGrantView.ts"
import * as Calls from "./Calls.ts"
import * as ChosenConnector from "./ChosenConnector.ts"

/** Pause before a grant that is being taken away is looked at again. */
const PAUSE = "250 millis"

const isOpen = ({ state }: TimedGrant): boolean => state === "granting" || state === "active" || state === "revoking"

/** With the names that the directory has for it, while there is such a grant. */
const named = Effect.fnUntraced(function*(calls: Calls.Calls, timed: TimedGrant) {
  const client = yield* ServerClient
  if (!isOpen(timed)) return { timed, grant: undefined }
  const grant = yield* calls.ask(
    "timed-grants list",
    client.directory.grant({ params: { connectorId: timed.connectorId, grantId: timed.grantId }, headers: {} })
  ).pipe(
    Effect.map((answer) => answer?.body),
    Effect.catchReason("ConnectorError", "NotFound", () => Effect.succeed(undefined))
  )
  return { timed, grant }
})

/**
 * The next to end first; those of one connector where one was named.
 *
 * @since 0.1.0
 */
export const list = (
  settings: ServerSettings,
  state: Option.Option<TimedGrant["state"]>
): Stream.Stream<TimedGrantRow, ConnectorError.ConnectorError> =>
  Stream.unwrap(Effect.gen(function*() {
    const client = yield* ServerClient
    const calls = Calls.make(settings)
    const query = {
      ...(Option.isSome(settings.connector)
        ? { connectorId: (yield* ChosenConnector.find(calls, settings)).id }
        : {}),
      ...(Option.isSome(state) ? { state: state.value } : {})
    }
    return Stream.paginate(
      undefined as string | undefined,
      (pageToken) =>
        calls.ask(
          "timed-grants list",
          client.timedGrants.list({ query: { ...query, ...(pageToken === undefined ? {} : { pageToken }) } })
        ).pipe(Effect.map((page) => [page.items, Option.fromUndefinedOr(page.nextPageToken)] as const))
    ).pipe(Stream.mapEffect((timed) => named(calls, timed), { concurrency: 4 }))
  })).pipe(Stream.provide(Calls.client(settings)))

/**
 * @since 0.1.0
 */
export const get = Effect.fn("ServerTimedGrants.get")(function*(settings: ServerSettings, id: string) {
  const client = yield* ServerClient
  const calls = Calls.make(settings)
  const timed = yield* calls.ask("timed-grants get", client.timedGrants.get({ params: { timedGrantId: id } }))
  return yield* named(calls, timed)
}, (effect, settings) => Effect.provide(effect, Calls.client(settings)))

const update = Effect.fnUntraced(function*(calls: Calls.Calls, operation: string, id: string, expiresAt: string) {
  const client = yield* ServerClient
  return yield* calls.submit(
    operation,
    (headers) => client.timedGrants.update({ params: { timedGrantId: id }, headers, payload: { expiresAt } })
  )
})

/**
 * Gives it another end.
 *
 * @since 0.1.0
 */
export const extend = Effect.fn("ServerTimedGrants.extend")(
  function*(settings: ServerSettings, id: string, expiresAt: string) {
    const calls = Calls.make(settings)
    return yield* named(calls, yield* update(calls, "timed-grants extend", id, expiresAt))
  },
  (effect, settings) => Effect.provide(effect, Calls.client(settings))
)

/**
 * Ends it now, and waits until it is gone or its revocation has failed, which the server then tries again.
 *
 * @since 0.1.0
 */
export const end = Effect.fn("ServerTimedGrants.end")(function*(settings: ServerSettings, id: string) {
  const client = yield* ServerClient
  const calls = Calls.make(settings)
  const operation = "timed-grants end"
  const now = yield* Clock.currentTimeMillis
  let timed = yield* update(calls, operation, id, new Date(now - 1_000).toISOString())
  while (isOpen(timed)) {
    if (timed.state === "revoking" && timed.revocationId !== undefined) {
      const revocation = yield* calls.ask(
        operation,
        client.operations.get({ params: { operationId: timed.revocationId }, query: { wait: 25 } })
      )
      yield* calls.verdict(operation, revocation)
    }
    yield* Effect.sleep(PAUSE)
    timed = yield* calls.ask(operation, client.timedGrants.get({ params: { timedGrantId: id } }))
  }
  return yield* named(calls, timed)
}, (effect, settings) => Effect.provide(effect, Calls.client(settings)))
