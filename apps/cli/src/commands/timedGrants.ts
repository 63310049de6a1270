/**
 * `claude-enterprise timed-grants`: access that ends by itself, as a server keeps it.
 *
 * @since 0.1.0
 */
import type { TimedGrant } from "@access-kit/server-api/Directory"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Connection from "../Connection.ts"
import * as GrantExpiry from "../GrantExpiry.ts"
import * as Listing from "../Listing.ts"
import { Output } from "../Output.ts"
import * as TimedGrantView from "../views/TimedGrantView.ts"

const states = [
  "granting",
  "active",
  "revoking",
  "ended",
  "failed",
  "kept"
] as const satisfies ReadonlyArray<TimedGrant["state"]>

const server = Connection.requireServer("Grants with an end")

const service = Effect.promise(() => import("../server/ServerTimedGrants.ts"))

const id = Argument.String("timed-grant").pipe(Argument.withDescription("Its id"))

const list = Command.make(
  "list",
  {
    state: Flag.Literals("state", states).pipe(Flag.withDescription("Only those in this state"), Flag.optional),
    limit: Listing.limit
  },
  Effect.fn("timed-grants list")(function*({ limit, state }) {
    const settings = yield* server
    const timedGrants = yield* service
    yield* Listing.print(TimedGrantView.view, timedGrants.list(settings, state), limit)
  })
).pipe(
  Command.withDescription("List the grants with an end, the next to end first"),
  Command.withExamples([
    { command: "claude-enterprise timed-grants list --state active --limit 10", description: "What is due next" }
  ])
)

const get = Command.make(
  "get",
  { id },
  Effect.fn("timed-grants get")(function*({ id }) {
    const output = yield* Output
    const settings = yield* server
    const timedGrants = yield* service
    yield* output.record(TimedGrantView.view, yield* timedGrants.get(settings, id))
  })
).pipe(Command.withDescription("Show one grant with an end"))

const extend = Command.make(
  "extend",
  {
    id,
    expires: Flag.String("expires").pipe(
      Flag.withMetavar("TIME"),
      Flag.withDescription(
        "The new end, later or earlier: a moment (2026-01-31T12:00:00Z), or so long from now on (8h)"
      )
    )
  },
  Effect.fn("timed-grants extend")(function*({ expires, id }) {
    const output = yield* Output
    yield* output.plain
    const settings = yield* server
    const expiresAt = yield* GrantExpiry.parse(expires, "timed-grants extend")
    const timedGrants = yield* service
    yield* output.record(TimedGrantView.view, yield* timedGrants.extend(settings, id, expiresAt))
  })
).pipe(
  Command.withDescription("Give a grant another end"),
  Command.withExamples([{ command: "claude-enterprise timed-grants extend 3Mc7RYueJszfYI8u7ig5zHWHwrD --expires 4h" }])
)

const end = Command.make(
  "end",
  { id },
  Effect.fn("timed-grants end")(function*({ id }) {
    const output = yield* Output
    yield* output.plain
    const settings = yield* server
    const timedGrants = yield* service
    yield* output.record(TimedGrantView.view, yield* timedGrants.end(settings, id))
  })
).pipe(Command.withDescription("Take a grant away now, before its end"))

/**
 * @since 0.1.0
 */
export const timedGrants = Command.make("timed-grants").pipe(
  Command.withDescription("Access that ends by itself, kept by a server: list, get, extend, end"),
  Command.withSubcommands([list, get, extend, end])
)
