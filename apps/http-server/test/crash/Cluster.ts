/**
 * Two servers on one PostgreSQL, and connectors that each of them looks after some of.
 */
import * as Postgres from "@access-kit/tooling-postgres/Postgres"
import * as FreePort from "@access-kit/tooling-vitest/FreePort"
import { assert, it as plain, type Vitest } from "@effect/vitest"
import { Effect } from "effect"
import { randomBytes } from "node:crypto"
import { join } from "node:path"
import { Bundle, type Serving, withBundle } from "../Bundle.ts"
import { until } from "../CoreServices.ts"
import { temporaryDirectory } from "../Databases.ts"
import * as Load from "./Load.ts"

/** Tests that need a PostgreSQL to start. Without one they say so; on CI that is a failure. */
export const withCluster = (name: string, tests: (it: Vitest.MethodsNonLive<Bundle>) => void): void => {
  if (Postgres.isInstalled()) {
    withBundle(name, tests)
  } else if (process.env["CI"] === undefined) {
    plain.skip(`${name}: NOT RUN, PostgreSQL is not installed. ${Postgres.remedy}`, () => {})
  } else {
    plain(`${name}: finds a PostgreSQL`, () => assert.fail(`PostgreSQL is not installed. ${Postgres.remedy}`))
  }
}

/** Two servers, `a` and `b`, and clients of both. */
export const make = Effect.gen(function*() {
  const { run, serve } = yield* Bundle
  const postgres = yield* Effect.orDie(Postgres.start)
  const database = { CLAUDE_ENTERPRISE_SERVER_DATABASE_URL: yield* Effect.orDie(postgres.database) }
  const environment = { ...database, CLAUDE_ENTERPRISE_SERVER_ENCRYPTION_KEY: randomBytes(32).toString("hex") }
  const directory = yield* temporaryDirectory
  const start = Effect.fnUntraced(function*(name: string) {
    return yield* serve([
      "--data-dir",
      join(directory, name),
      "--snapshot-store",
      join(directory, "snapshots"),
      "--requests-per-minute",
      "1000000",
      "--runner-address",
      `127.0.0.1:${yield* FreePort.find}`
    ], environment)
  })
  const a = yield* start("a")
  const b = yield* start("b")
  const made = yield* run(["token", "create", "--name", "crash", "--scope", "admin"], database)
  const token = made.stdout.trim()
  assert.match(token, /^cesrv_/, made.stderr)
  return {
    postgres,
    a,
    b,
    toA: Effect.provide(Load.asClient(a, token)),
    toB: Effect.provide(Load.asClient(b, token))
  }
})

type Made = Effect.Success<typeof make>

/** A connector with a source of its own. */
export const party = Effect.fnUntraced(function*({ toA }: Pick<Made, "toA">, name: string) {
  const sandbox = yield* Load.source
  const connectorId = yield* toA(Load.connect(sandbox, name))
  const free = yield* Load.pairs(sandbox)
  return { sandbox, connectorId, free, acknowledged: Load.nothingYet() }
})

export type Party = Effect.Success<ReturnType<typeof party>>

/** Whether a server has carried out a change of the connector. */
const hasWorked = (server: Serving, connectorId: string): boolean =>
  server.printed().split("\n").some((line) => line.includes("operation ended") && line.includes(connectorId))

/** Connectors of which each server looks after at least one. */
export const parties = Effect.fnUntraced(function*(cluster: Made) {
  const all: Array<Party> = []
  const by = (server: Serving) => all.filter(({ connectorId }) => hasWorked(server, connectorId))
  while (all.length < 2 || by(cluster.a).length === 0 || by(cluster.b).length === 0) {
    const one = yield* party(cluster, `Claude ${all.length + 1}`)
    all.push(one)
    const [pair] = one.free.splice(0, 1)
    if (pair === undefined) return yield* Effect.die("nobody is left")
    yield* cluster.toA(Load.submit(one.connectorId, one.acknowledged, [{ _tag: "Grant", pair }]))
    yield* until(
      Effect.sync(() => hasWorked(cluster.a, one.connectorId) || hasWorked(cluster.b, one.connectorId)),
      (worked) => worked
    )
  }
  return { all, ofA: by(cluster.a), ofB: by(cluster.b) }
})

/** The status of `/readyz`. */
export const ready = ({ url }: Serving): Effect.Effect<number> =>
  Effect.promise(async () => {
    const response = await fetch(`${url}/readyz`)
    await response.arrayBuffer()
    return response.status
  })
