/**
 * `pnpm demo:cluster`: two servers on one PostgreSQL share the work, one of them is killed on the way, and nothing is lost. Says who does what while it
 * happens, and checks the end against the source.
 */
import * as SandboxDirectory from "@access-kit/scim-sandbox/Directory"
import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import { ServerClient } from "@access-kit/server-api/ServerClient"
import * as Postgres from "@access-kit/tooling-postgres/Postgres"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { execFile } from "node:child_process"
import { randomBytes } from "node:crypto"
import { existsSync, mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { DemoError, type Machine, start, type Told } from "./Machine.ts"

const CONNECTORS = 4
const GRANTS = 6

const terminal = process.stdout.isTTY === true && (process.env["NO_COLOR"] ?? "") === ""
const paint = (open: number) => (text: string): string => terminal ? `\x1b[${open}m${text}\x1b[0m` : text
const colours: Readonly<Record<string, (text: string) => string>> = { A: paint(36), B: paint(33) }
const bold = paint(1)
const green = paint(32)

const freePort: Effect.Effect<number> = Effect.callback((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(address !== null && typeof address === "object" ? address.port : 0)))
  })
})

const chapter = (title: string) => Console.log(`\n${bold(title)}`)

const text = (value: unknown): string => typeof value === "string" ? value : String(value)

const verify = (what: string, holds: boolean) =>
  holds ? Console.log(`${green("✓")} ${what}`) : Effect.fail(new DemoError({ message: `It is not so: ${what}` }))

const until = <A, E, R>(read: Effect.Effect<A, E, R>, holds: (value: A) => boolean): Effect.Effect<A, E, R> =>
  Effect.flatMap(
    read,
    (value) => holds(value) ? Effect.succeed(value) : Effect.andThen(Effect.sleep("100 millis"), until(read, holds))
  )

/** Makes an API token the way an operator does. */
const makeToken = (program: string, args: ReadonlyArray<string>, environment: Readonly<Record<string, string>>) =>
  Effect.callback<string, DemoError>((resume) => {
    const words = [program, "token", "create", "--name", "demo", "--scope", "admin", ...args]
    execFile(
      process.execPath,
      words,
      { env: { PATH: process.env["PATH"] ?? "", ...environment } },
      (error, stdout, stderr) =>
        resume(
          error === null
            ? Effect.succeed(stdout.trim())
            : new DemoError({ message: `No token could be made. ${stderr}` })
        )
    )
  })

const program = Effect.gen(function*() {
  const bundle = process.argv[2]
    ?? fileURLToPath(new URL("../../../apps/http-server/dist/claude-enterprise-server.mjs", import.meta.url))
  if (!existsSync(bundle)) {
    return yield* new DemoError({
      message:
        `The server is not built: ${bundle} is missing. Run "npx --yes pnpm@12 demo:cluster", which builds it first.`
    })
  }
  yield* chapter("One PostgreSQL, two servers, and a SCIM sandbox as the source")
  const postgres = yield* Effect.catchTag(
    Postgres.start,
    "PostgresMissing",
    () =>
      new DemoError({ message: `The demo starts a PostgreSQL of its own, and none is installed. ${Postgres.remedy}` })
  )
  const sandbox = yield* Sandbox.make({
    directory: yield* SandboxDirectory.generate({
      users: 60,
      groups: CONNECTORS,
      memberships: 40,
      seed: 3,
      disabledRatio: 0
    }),
    faults: [{ name: "latency", ms: 120, jitterMs: 80 }]
  })
  const directory = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "demo-cluster-"))),
    (made) => Effect.sync(() => rmSync(made, { recursive: true, force: true }))
  )
  const environment = {
    CLAUDE_ENTERPRISE_SERVER_DATABASE_URL: yield* postgres.database,
    CLAUDE_ENTERPRISE_SERVER_ENCRYPTION_KEY: randomBytes(32).toString("hex")
  }

  const groupNames = new Map((yield* sandbox.directory.snapshot).groups.map(({ displayName, id }) => [id, displayName]))
  const connectorNames = new Map<string, string>()
  const about = new Map<string, string>()
  const done: Array<
    { readonly by: string; readonly at: number; readonly attempts: number; readonly connectorId: string }
  > = []

  const tell = (by: string) => (told: Told) => {
    const { attempts, came, connectorId, kind, operationId, requestedBy, state } = told.annotations
    const where = connectorNames.get(text(connectorId)) ?? "a connector"
    const again = Number(attempts) > 1 ? ` (again: the ${text(attempts)}. time)` : ""
    const say = (words: string) => console.log(`  ${(colours[by] ?? bold)(by)}  ${words}`)
    if (told.message === "sync begins") say(`syncs ${where}${again}`)
    if (told.message === "sync ended") say(`has synced ${where}: ${text(state)}`)
    if (told.message === "operation ended") {
      done.push({ by, at: Date.now(), attempts: Number(attempts), connectorId: text(connectorId) })
      const what = about.get(text(operationId)) ?? `${text(kind)} on ${where}`
      say(`${requestedBy === "expiry" ? "the time of a grant is over: " : ""}${what}: ${text(came)}${again}`)
    }
  }

  const launch = Effect.fnUntraced(function*(name: string) {
    const port = yield* freePort
    const machine = yield* start({
      name,
      program: bundle,
      environment,
      tell: tell(name),
      args: [
        "--data-dir",
        join(directory, name),
        "--snapshot-store",
        join(directory, "snapshots"),
        "--runner-address",
        `127.0.0.1:${port}`
      ]
    })
    yield* Console.log(
      `  ${(colours[name] ?? bold)(name)}  answers at ${machine.url}, and talks to the other on port ${port}`
    )
    return machine
  })
  const a = yield* launch("A")
  const b = yield* launch("B")
  const token = yield* makeToken(
    bundle,
    ["--data-dir", join(directory, "cli"), "--runner-address", `127.0.0.1:${yield* freePort}`],
    environment
  )
  const client = (machine: Machine) =>
    Effect.provide(
      ServerClient.layer({ baseUrl: machine.url, token: Redacted.make(token) }).pipe(
        Layer.provide(NodeHttpClient.layerUndici),
        Layer.fresh
      )
    )

  yield* chapter(`${CONNECTORS} connectors: each is looked after by one of the two`)
  const connectors: Array<string> = []
  for (let index = 0; index < CONNECTORS; index++) {
    const { body } = yield* Effect.flatMap(ServerClient, (server) =>
      server.connectors.create({
        headers: {},
        payload: {
          name: `Claude ${index + 1}`,
          kind: "claude-enterprise",
          settings: { "scim-url": sandbox.baseUrl, "scim-token": Redacted.value(sandbox.token) },
          schedule: { type: "manual" }
        }
      })).pipe(client(index % 2 === 0 ? a : b))
    connectors.push(body.id)
    connectorNames.set(body.id, body.name)
  }
  yield* Effect.forEach(connectors, (connectorId) =>
    until(
      Effect.flatMap(ServerClient, (server) => server.connectors.get({ params: { connectorId } })),
      ({ body }) => body.status === "connected"
    ).pipe(client(b)), { concurrency: "unbounded" })

  yield* chapter(`${CONNECTORS * GRANTS} changes, half of them for twelve seconds only; A is killed in the middle`)
  const { groups, users } = yield* sandbox.directory.snapshot
  const asked: Array<{ readonly group: string; readonly user: string; readonly timed: boolean }> = []
  const ids: Array<string> = []
  let killed = 0
  for (let round = 0; round < GRANTS; round++) {
    for (const [index, connectorId] of connectors.entries()) {
      const group = groups[index]
      const user = users.filter(({ id }) => group?.members.includes(id) === false)[round]
      if (group === undefined || user === undefined) continue
      const timed = round % 2 === 1
      const expiry = timed ? { expiresAt: new Date((yield* Clock.currentTimeMillis) + 12_000).toISOString() } : {}
      const made = yield* Effect.flatMap(ServerClient, (server) =>
        server.directory.createGrant({
          params: { connectorId },
          headers: {},
          payload: { entitlementId: `group:${group.id}:member`, principalId: user.id, ...expiry }
        })).pipe(client(round < 2 ? a : b))
      about.set(
        made.id,
        `${user.userName} into ${groupNames.get(group.id) ?? group.id} of ${connectorNames.get(connectorId) ?? ""}`
      )
      asked.push({ group: group.id, user: user.id, timed })
      ids.push(made.id)
    }
    if (round === 2) {
      yield* a.signal("SIGKILL")
      killed = yield* Clock.currentTimeMillis
      yield* Console.log(`  ${bold("✗")}  A is killed (kill -9). B has to find out by itself.`)
    }
  }
  const operations = yield* until(
    Effect.flatMap(ServerClient, (server) => server.operations.list({ query: { limit: 500 } })),
    ({ items }) => items.every(({ state }) => state === "succeeded" || state === "failed")
  ).pipe(client(b))
  const timedGrants = yield* until(
    Effect.flatMap(ServerClient, (server) => server.timedGrants.list({ query: { limit: 500 } })),
    ({ items }) => items.every(({ state }) => state === "ended" || state === "failed")
  ).pipe(client(b))

  yield* chapter("What is left")
  const count = (by: string) => done.filter((one) => one.by === by).length
  yield* Console.log(
    `  A has carried out ${count("A")} changes, B ${count("B")}, ${
      done.filter(({ attempts }) => attempts > 1).length
    } of them a second time after the kill.`
  )
  const byId = new Map(operations.items.map((operation) => [operation.id, operation]))
  yield* verify(
    `all ${ids.length} changes that were acknowledged are made`,
    ids.every((id) => byId.get(id)?.state === "succeeded")
  )
  yield* verify(
    `all ${timedGrants.items.length} timed grants have ended, none before its time`,
    timedGrants.items.every(({ endedAt, expiresAt, state }) =>
      state === "ended" && Date.parse(endedAt ?? "") >= Date.parse(expiresAt)
    )
  )
  const after = (yield* sandbox.directory.snapshot).groups
  yield* verify(
    "the source is as the outcomes say",
    asked.every(({ group, timed, user }) => after.find(({ id }) => id === group)?.members.includes(user) === !timed)
  )
  const { items } = yield* Effect.flatMap(
    ServerClient,
    (server) => server.audit.list({ query: { action: "operation.succeeded", limit: 500 } })
  )
    .pipe(client(b))
  const audited = new Set(items.map(({ subjectId }) => subjectId))
  yield* verify("the audit log has each of them", ids.every((id) => audited.has(id)))
  const ofA = new Set(done.filter(({ by }) => by === "A").map(({ connectorId }) => connectorId))
  const first = done.find(({ at, by, connectorId }) => by === "B" && at >= killed && ofA.has(connectorId))
  if (first !== undefined) {
    yield* Console.log(
      `  The first change of a connector that A had looked after was made by B ${first.at - killed} ms after the kill.`
    )
  }
  yield* b.signal("SIGTERM")
  yield* Console.log("\nB was asked to end, and has.")
})

program.pipe(
  Effect.scoped,
  Effect.catchTag("DemoError", (error) =>
    Effect.andThen(
      Console.error(error.message),
      Effect.sync(() => {
        process.exitCode = 1
      })
    )),
  NodeRuntime.runMain
)
