/**
 * `claude-enterprise sandbox`: a SCIM server of one's own to try everything on.
 *
 * @since 0.1.0
 */
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { CommandError } from "../Failure.ts"
import { Output } from "../Output.ts"
import * as Text from "../Text.ts"
import type { View } from "../View.ts"

const number = (name: string, standard: number, description: string, most = 10_000_000) =>
  Flag.Int(name).pipe(
    Flag.withMetavar("N"),
    Flag.filter((value) => value >= 0 && value <= most, () => `Expected a number from 0 to ${most}`),
    Flag.withDescription(`${description} (default ${standard})`),
    Flag.withDefault(standard)
  )

interface Address {
  readonly url: string
  readonly token: string
}

const view: View<Address> = {
  noun: ["sandbox", "sandboxes"],
  columns: [{ name: "url", cell: (row) => row.url }, { name: "token", cell: (row) => row.token }],
  json: (row) => ({ url: row.url, token: row.token })
}

/**
 * @since 0.1.0
 */
export const sandbox = Command.make(
  "sandbox",
  {
    users: number("users", 1_200, "Accounts in the directory"),
    groups: number("groups", 40, "Groups in the directory"),
    memberships: number("memberships", 9_000, "Group members over all groups"),
    seed: number("seed", 7, "The same seed makes the same directory", 0xffff_ffff),
    port: number("port", 0, "Port on 127.0.0.1; 0 takes a free one", 65_535),
    latency: number("latency", 0, "Milliseconds that every answer waits", 600_000),
    profile: Flag.Literals("profile", ["workos", "standard"]).pipe(
      Flag.withDescription(
        "Which kind of server to play: the one behind Claude Enterprise, or one to the letter of the RFCs"
      ),
      Flag.withDefault("workos")
    )
  },
  Effect.fn("sandbox")(function*(flags) {
    const output = yield* Output
    const { Directory, Profile, Sandbox } = yield* Effect.promise(() => import("../SandboxServer.ts"))
    const directory = yield* Effect.mapError(
      Directory.generate(flags.users === 0 ? { ...flags, groups: 0, memberships: 0 } : flags),
      (error) => ConnectorError.make("sandbox", new ConnectorError.InvalidInput({ message: `${error.message}.` }))
    )
    const server = yield* Effect.mapError(
      Sandbox.make({
        port: flags.port,
        profile: Profile.profiles[flags.profile],
        directory,
        faults: flags.latency > 0 ? [{ name: "latency", ms: flags.latency }] : []
      }),
      (error) => new CommandError({ reason: "PortUnavailable", message: `${error.message}.` })
    )
    const address = { url: server.baseUrl, token: Redacted.value(server.token) }
    if (output.format === "table") {
      // The one token that is ever printed: it opens nothing but this process, and there is no other way to learn it.
      yield* output.text((style) =>
        `A SCIM server with ${Text.counted(directory.users.length, "account")} and ${
          Text.counted(directory.groups.length, "group")
        } listens on this machine. In another terminal:\n\n`
        + `${style.bold(`  export BATON_SCIM_URL=${address.url}\n  export BATON_SCIM_TOKEN=${address.token}`)}\n`
        + "  claude-enterprise validate\n  claude-enterprise sync --out sandbox.c1z\n\n"
        + "It holds everything in memory and ends with Ctrl-C.\n"
      )
    } else {
      yield* output.record(view, address)
    }
    return yield* Effect.never
  }, Effect.scoped)
).pipe(
  Command.withDescription("Run a SCIM server with a made-up directory on this machine, to try everything on"),
  Command.withExamples([
    { command: "claude-enterprise sandbox --users 50 --groups 5 --memberships 120" },
    { command: "claude-enterprise sandbox -o ndjson", description: "URL and token on one line, for a script" }
  ])
)
