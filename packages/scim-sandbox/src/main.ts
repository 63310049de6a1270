/**
 * Runs a sandbox as a process of its own, for tests in other languages and for benchmarks:
 * `node packages/scim-sandbox/src/main.ts --port 0 --profile standard --users 0`.
 * Prints one line of JSON, `{"baseUrl":…,"controlUrl":…,"token":…}`, when it is ready, and runs until SIGINT or SIGTERM.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Directory from "./Directory.ts"
import * as Profile from "./Profile.ts"
import * as Sandbox from "./Sandbox.ts"

const number = (name: string, description: string, standard: number): Flag.Flag<number> =>
  Flag.Int(name).pipe(Flag.withDescription(description), Flag.withDefault(standard))

const command = Command.make("scim-sandbox", {
  host: Flag.String("host").pipe(Flag.withDescription("Address to listen on"), Flag.withDefault("127.0.0.1")),
  port: number("port", "Port to listen on; 0 takes a free one", 0),
  key: Flag.String("key").pipe(Flag.withDescription("Last segment of the base URL"), Flag.withDefault("sandbox")),
  profile: Flag.Literals("profile", ["workos", "standard"]).pipe(
    Flag.withDescription("Which service provider to play"),
    Flag.withDefault("workos")
  ),
  onDelete: Flag.Literals("on-delete", ["deactivate", "remove"]).pipe(
    Flag.withDescription("What becomes of deleted users; the profile decides if absent"),
    Flag.optional
  ),
  users: number("users", "Accounts in the directory", Directory.demo.users),
  groups: number("groups", "Groups in the directory", Directory.demo.groups),
  memberships: number("memberships", "Group members over all groups", Directory.demo.memberships),
  seed: number("seed", "The same seed makes the same directory", Directory.demo.seed ?? 1),
  latency: number("latency", "Milliseconds that every answer waits", 0)
}, (flags) =>
  Effect.gen(function*() {
    const token = yield* Config.Redacted("SCIM_SANDBOX_TOKEN").pipe(Config.option)
    const base = Profile.profiles[flags.profile]
    const directory = yield* Directory.generate({
      users: flags.users,
      groups: flags.users === 0 ? 0 : flags.groups,
      memberships: flags.users === 0 ? 0 : flags.memberships,
      seed: flags.seed
    })
    const sandbox = yield* Sandbox.make({
      host: flags.host,
      port: flags.port,
      key: flags.key,
      directory,
      profile: Option.match(flags.onDelete, { onNone: () => base, onSome: (onDelete) => ({ ...base, onDelete }) }),
      ...Option.match(token, { onNone: () => ({}), onSome: (token) => ({ token }) }),
      faults: flags.latency > 0 ? [{ name: "latency", ms: flags.latency }] : []
    })
    // The one place where the token is shown: whoever starts the sandbox has no other way to learn it.
    yield* Console.log(JSON.stringify({
      baseUrl: sandbox.baseUrl,
      controlUrl: sandbox.controlUrl,
      token: Redacted.value(sandbox.token)
    }))
    return yield* Effect.never
  }).pipe(Effect.scoped)).pipe(Command.withDescription("Run an embedded SCIM 2.0 service provider"))

command.pipe(
  Command.run({ version: "0.0.0" }),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
