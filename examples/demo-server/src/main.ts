/**
 * The demo of the HTTP server: `npx --yes pnpm@12 demo:server` runs it.
 *
 * It adds a connector over the API, follows it from Syncing to Connected, and prints lines to try. On a terminal it stays until Ctrl-C; without one, or
 * with `CI=true`, it runs the lines itself, looks whether the directory is as they say, and ends. `--stay` makes it stay in any case.
 */
import { bold, DemoError, dim, run, verifying } from "@access-kit/example-demo/Show"
import { ServerClient } from "@access-kit/server-api/ServerClient"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as ChildProcess from "effect/process/ChildProcess"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { fileURLToPath } from "node:url"
import { type Line, lines, type Subject } from "./Lines.ts"
import { Stage } from "./Stage.ts"

const words = process.argv.slice(2)
const bundle = words.find((word) => !word.startsWith("--"))
  ?? fileURLToPath(new URL("../../../apps/http-server/dist/claude-enterprise-server.mjs", import.meta.url))
const stays = words.includes("--stay") || (process.stdout.isTTY === true && process.env["CI"] !== "true")

const chapter = (title: string) => Console.log(`\n${bold(title)}`)
const verify = verifying("Looked, and found it otherwise")

/** What the status of a connector is called where people see it. */
const label = (status: string): string => `${status.slice(0, 1).toUpperCase()}${status.slice(1)}`

const connect = Effect.gen(function*() {
  const { scim } = yield* Stage
  const server = yield* ServerClient
  yield* chapter("1. Add a connector: SCIM URL, SCIM token, save")
  const { body: connector } = yield* server.connectors.create({
    headers: {},
    payload: {
      name: "Claude Enterprise",
      kind: "claude-enterprise",
      settings: { "scim-url": scim.baseUrl, "scim-token": Redacted.value(scim.token) },
      schedule: { type: "interval", everySeconds: 900 }
    }
  })
  yield* Console.log(`"${connector.name}" is saved, as ${connector.id}`)
  const params = { connectorId: connector.id }
  let shown = ""
  while (shown !== "connected") {
    const { body } = yield* server.connectors.get({ params })
    if (body.status === "failing") {
      return yield* new DemoError({ message: body.statusDetail ?? "the sync failed" })
    }
    if (body.status !== shown) {
      shown = body.status
      yield* Console.log(bold(label(shown)))
      if (shown === "syncing") yield* scim.faults.clear("latency")
    }
    yield* Effect.sleep("50 millis")
  }
  const [sync] = (yield* server.syncs.list({ params, query: { limit: 1 } })).items
  if (sync === undefined) return yield* new DemoError({ message: "the connector is connected without a sync" })
  const log = yield* server.syncs.logs({ params: { syncId: sync.id }, query: {} })
  yield* Console.log(log.items.map(({ level, message }) => dim(`     ${level.padEnd(7)} ${message}`)).join("\n"))
  const { groups, users } = yield* scim.directory.counts
  yield* verify(
    `${users.toLocaleString("en-US")} accounts and ${groups} groups: as many as the directory has`,
    sync.counts?.resources["user"] === users && sync.counts.resources["group"] === groups
  )
  return connector.id
})

/** Somebody who is not in the group yet. */
const choose = Effect.fnUntraced(function*(connectorId: string) {
  const { url } = yield* Stage
  const server = yield* ServerClient
  const params = { connectorId }
  const missing = (what: string) => new DemoError({ message: `the server does not know ${what}` })
  const entitlements = yield* server.directory.entitlements({
    params,
    headers: {},
    query: { search: "Engineering" }
  })
  const items = entitlements?.body.items ?? []
  const entitlement = items.find(({ resourceName }) => resourceName === "Engineering") ?? items[0]
  if (entitlement === undefined) return yield* missing("the group Engineering")
  const accounts = yield* server.directory.accounts({ params, headers: {}, query: { status: "enabled", limit: 100 } })
  for (const account of accounts?.body.items ?? []) {
    const { grants } = yield* server.directory.access({ params: { ...params, accountId: account.id.resource } })
    if (grants.some(({ entitlementId }) => entitlementId === entitlement.id)) continue
    const subject: Subject = {
      url,
      connectorId,
      account: { id: account.id.resource, name: account.displayName },
      entitlementId: entitlement.id,
      group: entitlement.resourceName
    }
    return subject
  }
  return yield* missing(`an account outside of ${entitlement.resourceName}`)
})

const Problem = Schema.fromJsonString(Schema.Struct({ title: Schema.String, detail: Schema.optional(Schema.String) }))
const problem = Schema.decodeUnknownOption(Problem)

/** Runs a line in a shell, as it stands. */
const answer = Effect.fnUntraced(function*(line: Line) {
  const { token } = yield* Stage
  const spawner = yield* ChildProcessSpawner
  const failed = (why: string) => new DemoError({ message: `${line.command}\n${why}` })
  const { body, code } = yield* Effect.scoped(Effect.gen(function*() {
    const shell = yield* spawner.spawn(ChildProcess.make("sh", ["-c", line.command], {
      stdin: "ignore",
      stderr: "inherit",
      extendEnv: true,
      env: { TOKEN: Redacted.value(token) }
    }))
    const body = yield* Stream.mkString(Stream.decodeText(shell.stdout))
    return { body, code: yield* shell.exitCode }
  })).pipe(Effect.mapError(() => failed("can't be run.")))
  if (code !== 0) return yield* failed(`ended with ${code}.${code === 127 ? " Is curl installed?" : ""}`)
  const refused = problem(body)
  if (Option.isSome(refused)) return yield* failed(`${refused.value.title}: ${refused.value.detail ?? ""}`)
  return body
})

const shortened = (text: string): string => text.length <= 320 ? text : `${text.slice(0, 320)}…`

const Accepted = Schema.fromJsonString(Schema.Struct({ id: Schema.String }))

const runThem = Effect.fnUntraced(function*(subject: Subject) {
  const { scim } = yield* Stage
  const server = yield* ServerClient
  const [accounts, access, grant, operation, audit] = lines(subject)
  const show = Effect.fnUntraced(function*(line: Line) {
    yield* Console.log(`\n${dim("#")} ${line.what}\n${line.command}`)
    const body = yield* answer(line)
    yield* Console.log(dim(shortened(body)))
    return body
  })
  yield* show(accounts)
  yield* show(access)
  const accepted = yield* Effect.mapError(
    Schema.decodeUnknownEffect(Accepted)(yield* show(grant)),
    () => new DemoError({ message: "the server's answer to the grant is no operation" })
  )
  const done = yield* server.operations.get({ params: { operationId: accepted.id }, query: { wait: 30 } })
  yield* show(operation)
  yield* show(audit)
  const [timed] = (yield* server.timedGrants.list({ query: { state: "active" } })).items
  const { groups } = yield* scim.directory.snapshot
  const members = groups.find(({ displayName }) => displayName === subject.group)?.members ?? []
  yield* Console.log("")
  yield* verify(
    `in the directory: ${subject.account.name} is in ${subject.group}; the server takes it back at ${timed?.expiresAt}`,
    done.state === "succeeded" && timed?.operationId === done.id && members.includes(subject.account.id)
  )
})

let atLeisure = false

const stay = Effect.fnUntraced(function*(subject: Subject) {
  const { whileItRuns } = yield* Stage
  for (const { command, what } of lines(subject)) yield* Console.log(`\n${dim(`# ${what}`)}\n${command}`)
  yield* Console.log(
    `\nAsk the second one again after the third, and two minutes later. Everything the API can is at ${
      bold(`${subject.url}/docs`)
    }\nThe server stays until you press Ctrl-C.`
  )
  yield* Effect.sync(() => {
    atLeisure = true
    // A closed terminal is a way to end it, too.
    process.once("SIGHUP", () => process.kill(process.pid, "SIGTERM"))
  })
  return yield* whileItRuns(Effect.never)
})

const demo = Effect.gen(function*() {
  yield* Console.log(
    `${bold("The connector for Claude Enterprise, as a service of your own")}\n`
      + "A SCIM server with 1,200 people and 40 groups starts on this machine, and the real server beside it.\n"
  )
  yield* Effect.gen(function*() {
    const { token, url } = yield* Stage
    yield* Console.log(`The page that explains its API: ${bold(`${url}/docs`)}`)
    const client = ServerClient.layer({ baseUrl: url, token }).pipe(Layer.provide(NodeHttpClient.layerUndici))
    yield* Effect.gen(function*() {
      const subject = yield* choose(yield* connect)
      yield* chapter("2. Five lines to try")
      // It opens nothing but this server, which ends with the demo.
      yield* Console.log(`export TOKEN=${Redacted.value(token)}`)
      yield* stays ? stay(subject) : runThem(subject)
    }).pipe(Effect.provide(client))
  }).pipe(Effect.provide(Stage.layer(bundle)))
  yield* Console.log(
    `\n${bold("Done.")} With a terminal the server stays, for you to try them: npx --yes pnpm@12 demo:server\n`
      + "With your own organization: docs/server.md."
  )
})

run(demo, () => atLeisure ? 0 : 130)
