/**
 * The demo: the whole main job of the connector against a SCIM server that it starts itself. `npx --yes pnpm@12 demo` runs it.
 *
 * Everything happens through the command that users run, as processes of their own, over HTTP with a bearer token. Nothing is staged: each
 * change is read back before the demo goes on, and it ends with an error if one did not happen.
 */
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"
import { fileURLToPath } from "node:url"
import { bold, DemoError, run } from "./Show.ts"
import { Stage } from "./Stage.ts"

const bundle = process.argv[2] ??
  fileURLToPath(new URL("../../../apps/cli/dist/claude-enterprise.mjs", import.meta.url))

const company = ["--users", "1200", "--groups", "40", "--memberships", "9000"]
const email = "grace.hopper@aurora.example"
const name = "Grace Hopper"
const file = "demo.c1z"

const Account = Schema.Struct({ id: Schema.String, login: Schema.String, status: Schema.String })
const Grants = Schema.Array(Schema.Struct({
  group: Schema.Struct({ displayName: Schema.String }),
  account: Schema.Struct({ login: Schema.NullOr(Schema.String) })
}))
const Groups = Schema.Array(Schema.Struct({ displayName: Schema.String }))

const read = Effect.gen(function*() {
  const stage = yield* Stage
  const files = yield* FileSystem.FileSystem
  yield* stage.chapter("1. Does it work at all?")
  yield* stage.run("validate")

  yield* stage.chapter("2. Who has access? The whole directory into one file")
  yield* stage.run("sync", "--out", file)
  const size = yield* Effect.orElseSucceed(Effect.map(files.stat(file), (info) => Number(info.size)), () => 0)
  yield* stage.verify(`${file} is there`, size > 0)
  yield* stage.run("accounts", "list", "--status", "disabled", "--limit", "4")
  yield* stage.run("groups", "list", "--limit", "4")
})

const change = Effect.gen(function*() {
  const stage = yield* Stage
  const grants = Effect.map(
    stage.read(Grants, "grants", "list", "--account", email),
    (rows) => rows.map((row) => row.group.displayName)
  )
  const groups = yield* stage.read(Groups, "groups", "list")
  const group = (groups.find((group) => group.displayName === "Engineering") ?? groups[0])?.displayName
  if (group === undefined) return yield* new DemoError({ message: "The directory has no groups to demonstrate on." })

  yield* stage.chapter("3. A new colleague")
  yield* stage.run("accounts", "create", email, "--display-name", name)
  const created = yield* stage.read(Account, "accounts", "get", email)
  yield* stage.verify(`read back: ${created.login} is ${created.status}`, created.status === "enabled")

  yield* stage.run("grants", "grant", email, "--group", group)
  yield* stage.run("grants", "list", "--account", email)
  yield* stage.verify(`read back: ${name} is in ${group} and nowhere else`, (yield* grants).join() === group)

  yield* stage.chapter("4. And goodbye")
  yield* stage.run("grants", "revoke", email, "--group", group)
  yield* stage.verify(`read back: ${name} is in no group`, (yield* grants).length === 0)

  yield* stage.run("accounts", "delete", email, "--yes")
  const deleted = yield* stage.read(Account, "accounts", "get", email)
  yield* stage.verify(
    `read back: ${deleted.login} is ${deleted.status}; this server keeps deleted accounts, as the one behind Claude does`,
    deleted.status === "disabled"
  )
})

const demo = Effect.gen(function*() {
  const began = yield* Clock.currentTimeMillis
  yield* Console.log(
    `${bold("The connector for Claude Enterprise, on a made-up company")}\n`
      + "A SCIM server with 1,200 people and 40 groups starts on this machine, and the real command talks to it over HTTP.\n"
  )
  yield* Effect.gen(function*() {
    const stage = yield* Stage
    yield* Console.log(`It listens at ${stage.url}; the commands get its address and token from the environment.`)
    yield* read
    yield* change
  }).pipe(Effect.provide(Stage.layer(bundle, company)))
  const seconds = ((yield* Clock.currentTimeMillis) - began) / 1_000
  yield* Console.log(
    `\n${
      bold(`Done in ${seconds.toFixed(1)} s.`)
    } ${file} is a snapshot that every baton tool reads: baton resources -f ${file}\n\n`
      + `${bold("To try next")}\n`
      + "  alias claude-enterprise=\"$PWD/node_modules/.bin/node $PWD/apps/cli/dist/claude-enterprise.mjs\"\n"
      + "  claude-enterprise sandbox                       a server of your own to play with; it says how to use it\n"
      + "  claude-enterprise --help                        every command, every flag, every exit code\n"
      + "  claude-enterprise grants list -o csv            who is in which group, for a spreadsheet\n"
      + "  claude-enterprise accounts delete ID --dry-run  what would happen, without doing it\n"
      + "With your own organization: README.md, \"With your own organization\"."
  )
})

run(demo)
