/**
 * `pnpm bench server`: what the HTTP server answers per second, beside the floor of a bare `node:http` that gives the very same answers, and how many
 * changes it carries out per second on either storage. Server, floor, load and source are processes of their own.
 */
import { ServerClient } from "@access-kit/server-api/ServerClient"
import * as Postgres from "@access-kit/tooling-postgres/Postgres"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { fileURLToPath } from "node:url"
import { type Answer, type Load, Loaded } from "./Answer.ts"
import * as Bundle from "./Bundle.ts"
import * as Measure from "./Measure.ts"
import * as ServerProcess from "./ServerProcess.ts"
import * as Table from "./Table.ts"

export interface Options {
  readonly users: number
  readonly groups: number
  readonly memberships: number
  readonly connections: number
  readonly seconds: number
  /** Per question, in place of the seconds. */
  readonly requests: number | undefined
  /** Changes per storage. */
  readonly operations: number
  /** Reads only from that: `sqlite`, `postgres` for one that is started for this, or a URL. Otherwise from SQLite, and from PostgreSQL if it is installed. */
  readonly database: string | undefined
}

/** Answers of a kind that are asked for in turn, so that no single row is measured. */
const VARIETY = 100

/** How many changes are under way at the same time, where it is more than one. */
const AT_ONCE = 8

const mine = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

interface Question {
  readonly name: string
  readonly paths: ReadonlyArray<string>
}

const Page = Schema.Struct({ nextPageToken: Schema.optionalKey(Schema.String) })
const decodePage = Schema.decodeUnknownEffect(Schema.fromJsonString(Page))

/** Paths of all kinds, from what the server itself has listed. */
const questions = Effect.fnUntraced(function*(running: ServerProcess.Running, connectorId: string) {
  const server = yield* ServerClient
  const http = yield* HttpClient.HttpClient
  /** Paths of the pages of a listing, one after the other. */
  const listed = Effect.fnUntraced(function*(first: string) {
    const paths: Array<string> = []
    let path = first
    while (paths.length < VARIETY) {
      paths.push(path)
      const page: typeof Page.Type = yield* http.execute(
        HttpClientRequest.get(`${running.url}${path}`).pipe(HttpClientRequest.bearerToken(running.token))
      ).pipe(Effect.flatMap((response) => response.text), Effect.flatMap(decodePage))
      if (page.nextPageToken === undefined) break
      path = `${first}&pageToken=${encodeURIComponent(page.nextPageToken)}`
    }
    return paths
  })
  const base = `/v1/connectors/${connectorId}`
  const params = { connectorId }
  const pages: Array<string> = []
  const ids: Array<string> = []
  const names = new Set<string>()
  const addresses = new Set<string>()
  let token: string | undefined
  while (pages.length < VARIETY) {
    pages.push(`${base}/accounts?limit=100${token === undefined ? "" : `&pageToken=${encodeURIComponent(token)}`}`)
    const query = token === undefined ? { limit: 100 } : { limit: 100, pageToken: token }
    const page = (yield* server.directory.accounts({ params, headers: {}, query }))?.body
    const [first] = page?.items ?? []
    if (first !== undefined) {
      ids.push(encodeURIComponent(first.id.resource))
      const word = first.displayName.split(" ").at(-1) ?? first.displayName
      names.add(encodeURIComponent(word))
      addresses.add(encodeURIComponent(first.emails[0]?.address ?? first.displayName))
    }
    token = page?.nextPageToken
    if (token === undefined) break
  }
  const found: ReadonlyArray<Question> = [
    { name: "100 accounts", paths: pages },
    { name: "an account", paths: ids.map((id) => `${base}/accounts/${id}`) },
    { name: "100 groups", paths: yield* listed(`${base}/groups?limit=100`) },
    { name: "100 grants", paths: yield* listed(`${base}/grants?limit=100`) },
    { name: "grants of an account", paths: ids.map((id) => `${base}/grants?principalId=${id}`) },
    { name: "access of an account", paths: ids.map((id) => `${base}/accounts/${id}/access`) },
    { name: "search: family name", paths: [...names].map((name) => `${base}/accounts?search=${name}`) },
    { name: "search: address", paths: [...addresses].map((address) => `${base}/accounts?search=${address}`) }
  ]
  return found
})

/** What belongs to a connection and not to an answer. */
const ofConnection = new Set(["connection", "keep-alive", "date", "transfer-encoding", "content-length"])

const caught = Effect.fnUntraced(function*(server: ServerProcess.Running, paths: ReadonlyArray<string>) {
  const http = yield* HttpClient.HttpClient
  return yield* Effect.forEach(paths, (path) =>
    Effect.gen(function*() {
      const response = yield* http.execute(
        HttpClientRequest.get(`${server.url}${path}`).pipe(HttpClientRequest.bearerToken(server.token))
      )
      const body = Buffer.from(yield* response.arrayBuffer)
      if (response.status !== 200) {
        return yield* new ServerProcess.ServerFailed({
          reason: `${path} was answered with ${response.status}. ${body}`
        })
      }
      const answer: Answer = {
        path,
        body: body.toString("base64"),
        headers: Object.fromEntries(Object.entries(response.headers).filter(([name]) => !ofConnection.has(name)))
      }
      return answer
    }))
})

const decodeLoaded = Schema.decodeUnknownEffect(Schema.fromJsonString(Loaded))

const loaded = Effect.fnUntraced(function*(
  folder: string,
  target: { readonly url: string; readonly pid: number },
  load: Omit<Load, "url">
) {
  const fs = yield* FileSystem.FileSystem
  const file = `${folder}/load.json`
  yield* fs.writeFileString(file, JSON.stringify({ ...load, url: target.url }))
  const before = Measure.usedBy(target.pid)
  const { stdout } = yield* Measure.node([mine("httpLoad.ts"), file])
  const after = Measure.usedBy(target.pid)
  const result = yield* decodeLoaded(stdout)
  if (result.wrong > 0) {
    return yield* new ServerProcess.ServerFailed({
      reason: `${result.wrong} of ${result.requests} answers of ${target.url} were not what they were at first.`
    })
  }
  return {
    ...result,
    rate: result.requests / result.seconds,
    cpuMillis: (after.cpuMillis - before.cpuMillis) / (result.requests + result.warmUp),
    peakRssBytes: after.peakRssBytes
  }
})

interface Cells {
  readonly rate: number
  readonly p50Millis: number
  readonly p99Millis: number
  readonly cpuMillis: number
}

const cells = ({ cpuMillis, p50Millis, p99Millis, rate }: Cells): ReadonlyArray<string> => [
  Table.count(Math.round(rate)),
  `${p50Millis.toFixed(2)} ms`,
  `${p99Millis.toFixed(2)} ms`,
  `${cpuMillis.toFixed(2)} ms`
]

const reads = Effect.fnUntraced(function*(options: Options, database: string | undefined) {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.makeTempDirectoryScoped({ prefix: "bench-" })
  const server = yield* ServerProcess.start(database)
  const since = yield* Clock.currentTimeMillis
  const asked = yield* Effect.scoped(Effect.gen(function*() {
    const { groups, memberships, users } = options
    const source = yield* Bundle.sandbox({ users, groups, memberships, latency: 0 })
    return yield* questions(server, yield* ServerProcess.connect(source))
  })).pipe(Effect.provide(ServerProcess.client(server)))
  const ready = (yield* Clock.currentTimeMillis) - since
  const answers = yield* Effect.forEach(asked, ({ paths }) => caught(server, paths))
  yield* fs.writeFileString(`${folder}/answers.json`, JSON.stringify(answers.flat()))
  const floor = yield* Measure.server(process.execPath, [mine("floorServer.ts"), `${folder}/answers.json`])
  const rows: Array<ReadonlyArray<string>> = []
  let peak = 0
  for (const [at, { name }] of asked.entries()) {
    const paths = (answers[at] ?? []).map(({ body, path }) => ({ path, bytes: Buffer.byteLength(body, "base64") }))
    const { connections, requests, seconds } = options
    const load = { paths, connections, requests, seconds, token: Redacted.value(server.token) }
    const ours = yield* loaded(folder, server, load)
    const bare = yield* loaded(folder, { url: floor.address, pid: floor.pid }, load)
    peak = ours.peakRssBytes
    rows.push([
      name,
      Table.count(Math.round(paths.reduce((sum, { bytes }) => sum + bytes, 0) / Math.max(paths.length, 1))),
      ...cells(ours),
      ...cells(bare),
      (bare.rate / ours.rate).toFixed(1)
    ])
  }
  yield* Console.log(
    `\n${Table.count(options.users)} people, ${Table.count(options.groups)} groups, ${
      Table.count(options.memberships)
    } memberships on ${database === undefined ? "SQLite" : "PostgreSQL"}; ${options.connections} connections, `
      + `every answer one of up to ${VARIETY} different ones; the floor is node:http with the same answers in memory`
  )
  yield* Console.log(
    `connected and listed after ${Table.seconds(ready)}; at most ${
      Table.mebibytes(peak)
    } of memory; a log line for each request, as by default\n`
  )
  yield* Console.log(Table.format(
    ["", "bytes", "reads/s", "p50", "p99", "CPU", "floor: reads/s", "p50", "p99", "CPU", "times the floor"],
    rows
  ))
}, Effect.scoped)

/** Grants and revokes, each awaited, on a small directory: what is measured is the way of a change and not the listing of a company. */
const changes = Effect.fnUntraced(function*(name: string, database: string | undefined, operations: number) {
  const server = yield* ServerProcess.start(database)
  return yield* Effect.gen(function*() {
    const source = yield* Bundle.sandbox({ users: 200, groups: 10, memberships: 0, latency: 0 })
    const api = yield* ServerClient
    const params = { connectorId: yield* ServerProcess.connect(source) }
    const query = { limit: 100 }
    const accounts = (yield* api.directory.accounts({ params, headers: {}, query }))?.body.items ?? []
    const entitlements = ((yield* api.directory.entitlements({ params, headers: {}, query }))?.body.items ?? [])
      .filter(({ slug }) => slug === "member")
    const ended = Effect.fnUntraced(function*(operationId: string) {
      const operation = yield* api.operations.get({ params: { operationId }, query: { wait: 30 } })
      return operation.state === "succeeded"
        ? operation
        : yield* new ServerProcess.ServerFailed({
          reason: `a ${operation.kind} is ${operation.state}. ${operation.error?.message ?? ""}`
        })
    })
    const pair = Effect.fnUntraced(function*(at: number) {
      const account = accounts[at % accounts.length]
      const entitlement = entitlements[Math.floor(at / accounts.length) % entitlements.length]
      if (account === undefined || entitlement === undefined) return
      const { id } = yield* api.directory.createGrant({
        params,
        headers: {},
        payload: { entitlementId: entitlement.id, principalId: account.id.resource }
      })
      const granted = yield* ended(id)
      const revoked = yield* api.directory.revokeGrant({
        params: { ...params, grantId: granted.resultId ?? "" },
        query: {},
        headers: {}
      })
      yield* ended(revoked.id)
    })
    const rows: Array<ReadonlyArray<string>> = []
    const pairs = Math.max(1, Math.round(operations / 2))
    for (const concurrency of [1, AT_ONCE]) {
      const times: Array<number> = []
      const since = performance.now()
      yield* Effect.forEach(Array.from({ length: pairs }, (_, at) => at), (at) =>
        Effect.gen(function*() {
          const begun = performance.now()
          yield* pair(at)
          times.push((performance.now() - begun) / 2)
        }), { concurrency, discard: true })
      const seconds = (performance.now() - since) / 1_000
      rows.push([
        `${name}, ${concurrency === 1 ? "one after the other" : `${concurrency} at once`}`,
        (2 * pairs / seconds).toFixed(1),
        `${Table.median(times).toFixed(1)} ms`
      ])
    }
    return rows
  }).pipe(Effect.provide(ServerProcess.client(server)))
}, Effect.scoped)

/**
 * Measures and prints.
 */
export const run = Effect.fn("ServerBench.run")(function*(options: Options) {
  const { database, operations } = options
  const postgres = Postgres.isInstalled() || database === "postgres" ? yield* Postgres.start : undefined
  if (database === undefined || database === "sqlite") yield* reads(options, undefined)
  if (database === undefined && postgres !== undefined || database === "postgres") {
    yield* reads(options, yield* postgres?.database ?? Effect.undefined)
  }
  if (database !== undefined && database !== "sqlite" && database !== "postgres") yield* reads(options, database)
  if (operations === 0) return
  const rows = [
    ...yield* changes("SQLite", undefined, operations),
    ...postgres === undefined ? [] : yield* changes("PostgreSQL", yield* postgres.database, operations)
  ]
  yield* Console.log(
    `\n${
      Table.count(operations)
    } changes of one connector, half grants, half revocations, each awaited over the API and made at a SCIM server\n`
  )
  yield* Console.log(Table.format(["", "changes/s", "median"], rows))
  if (postgres === undefined) yield* Console.log(`\nPostgreSQL is not installed. ${Postgres.remedy}`)
}, Effect.scoped)
