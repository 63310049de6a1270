/**
 * `pnpm bench scim-core`: reading all users, beside the least that any client needs for it.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { fileURLToPath } from "node:url"
import * as Bundle from "./Bundle.ts"
import * as Measure from "./Measure.ts"
import * as Table from "./Table.ts"

const Result = Schema.fromJsonString(Schema.Struct({
  rows: Schema.Int,
  wallMillis: Schema.Number,
  cpuMillis: Schema.Number,
  allocatedBytes: Schema.Number
}))

const program = fileURLToPath(new URL("walk.ts", import.meta.url))

const names = ["scim-core", "floor"] as const

const titles = { "scim-core": "scim-core", floor: "fetch + JSON.parse" }

/**
 * Measures and prints. Both take turns, so that what else the machine does falls on both.
 */
export const run = Effect.fn("ScimCoreBench.run")(
  function*(options: { readonly users: number; readonly runs: number }) {
    const { token, url } = yield* Bundle.sandbox({ users: options.users, groups: 1, memberships: 1, latency: 0 })
    const rows: Array<ReadonlyArray<string>> = []
    const measured = { "scim-core": new Array<typeof Result.Type>(), floor: new Array<typeof Result.Type>() }
    for (let number = 1; number <= options.runs; number++) {
      for (const name of names) {
        const { stdout } = yield* Measure.node([program, name], { BATON_SCIM_URL: url, BATON_SCIM_TOKEN: token })
        const result = yield* Schema.decodeUnknownEffect(Result)(stdout)
        measured[name].push(result)
        rows.push([
          titles[name],
          Table.seconds(result.wallMillis),
          Table.seconds(result.cpuMillis),
          Table.count(Math.round((result.rows * 1_000) / result.wallMillis)),
          Table.count(Math.round(result.allocatedBytes / result.rows))
        ])
      }
    }
    yield* Console.log(
      `\nwalk over ${Table.count(options.users)} users, pages of 100, one after the other, no latency\n`
    )
    yield* Console.log(Table.format(["", "wall", "CPU", "rows/s", "garbage B/row"], rows))
    const times = (what: "cpuMillis" | "wallMillis" | "allocatedBytes") => {
      const median = (name: typeof names[number]) => Table.median(measured[name].map((result) => result[what]))
      return (median("scim-core") / median("floor")).toFixed(2)
    }
    yield* Console.log(
      `\nscim-core takes ${times("cpuMillis")} times the floor's CPU, ${
        times("wallMillis")
      } times its wall time and makes ${times("allocatedBytes")} times its garbage (medians)`
    )
  },
  Effect.scoped
)
