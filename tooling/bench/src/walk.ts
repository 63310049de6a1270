/**
 * Reads all users of a server and prints what that took, as one line of JSON: `node walk.ts scim-core|floor`. A program of its own, so that
 * each measurement begins with a fresh heap. `floor` is what no client can do without: `fetch` and `JSON.parse`, page after page.
 */
import * as Auth from "@access-kit/scim-core/Auth"
import * as Dialect from "@access-kit/scim-core/Dialect"
import * as ScimClient from "@access-kit/scim-core/ScimClient"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { getHeapStatistics } from "node:v8"

const pageSize = 100

interface Source {
  readonly url: string
  readonly token: Redacted.Redacted<string>
}

/** Answers the number of rows. */
type Walk = (source: Source) => Effect.Effect<number, unknown>

const scimCore: Walk = ({ token, url }) =>
  Effect.gen(function*() {
    const { users } = yield* ScimClient.make({
      baseUrl: url,
      auth: Auth.bearer(token),
      dialect: Dialect.workos,
      pageSize,
      // Bodies of the floor come as they are too.
      compression: false
    })
    return yield* Stream.runFold(users.stream(), () => 0, (rows) => rows + 1)
  }).pipe(Effect.provide(NodeHttpClient.layerUndici))

const Page = Schema.Struct({ totalResults: Schema.Int, Resources: Schema.Array(Schema.Unknown) })
const isPage = Schema.is(Page)

const floor: Walk = ({ token, url }) =>
  Effect.tryPromise(async () => {
    const headers = { authorization: `Bearer ${Redacted.value(token)}`, "accept-encoding": "identity" }
    let rows = 0
    for (let total = 1; rows < total;) {
      const response = await fetch(`${url}/Users?startIndex=${rows + 1}&count=${pageSize}`, { headers })
      const page: unknown = JSON.parse(await response.text())
      if (!isPage(page) || page.Resources.length === 0) throw new Error(`The server answered ${response.status}.`)
      total = page.totalResults
      rows += page.Resources.length
    }
    return rows
  })

const walks: Readonly<Record<string, Walk>> = { "scim-core": scimCore, floor }

const allocated = (): number => getHeapStatistics().total_allocated_bytes

const program = Effect.gen(function*() {
  const walk = walks[process.argv[2] ?? ""]
  if (walk === undefined) return yield* Effect.die(`Which walk? One of ${Object.keys(walks).join(", ")}.`)
  const source = {
    url: yield* Config.String("BATON_SCIM_URL"),
    token: yield* Config.Redacted("BATON_SCIM_TOKEN")
  }
  // Compiled and connected before the clock starts.
  yield* walk(source)
  const before = { wall: performance.now(), cpu: process.cpuUsage(), allocated: allocated() }
  const rows = yield* walk(source)
  const cpu = process.cpuUsage(before.cpu)
  yield* Console.log(JSON.stringify({
    rows,
    wallMillis: performance.now() - before.wall,
    cpuMillis: (cpu.user + cpu.system) / 1_000,
    allocatedBytes: allocated() - before.allocated
  }))
})

program.pipe(NodeRuntime.runMain)
