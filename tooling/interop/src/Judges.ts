/**
 * Two suites of others that tell whether a SCIM server keeps to the RFCs: Python's scim2-tester and scim-sanity. Both need an empty
 * directory and leave it empty.
 */
import * as Effect from "effect/Effect"
import type * as PlatformError from "effect/PlatformError"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { home } from "./Peer.ts"
import { run } from "./Run.ts"
import type { Scim2Server } from "./Scim2Server.ts"

/**
 * A suite did not get as far as a verdict.
 */
export class JudgeFailed extends Schema.TaggedError<JudgeFailed>()("JudgeFailed", {
  judge: Schema.String,
  output: Schema.String
}) {
  override get message(): string {
    return `${this.judge} did not come to an end.\n${this.output}`
  }
}

const TesterResult = Schema.Struct({
  status: Schema.String,
  title: Schema.NullOr(Schema.String),
  resourceType: Schema.NullOr(Schema.String),
  reason: Schema.NullOr(Schema.String)
})

/** One check of scim2-tester; `status` is its word in upper case, such as `SUCCESS`, `DEVIATION` or `ERROR`. */
export interface TesterResult extends Schema.Schema.Type<typeof TesterResult> {}

const decodeTester = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Array(TesterResult)))

type Failure = JudgeFailed | PlatformError.PlatformError | Schema.SchemaError

/**
 * Every check of scim2-tester against a server.
 */
export const scim2Tester = Effect.fn("Judges.scim2Tester")(
  function*(
    bin: string,
    server: Scim2Server
  ): Effect.fn.Return<ReadonlyArray<TesterResult>, Failure, ChildProcessSpawner> {
    const result = yield* run(`${bin}/python`, [`${home}/python/scim2_tester_results.py`, server.baseUrl], {
      env: { SCIM_TOKEN: server.token }
    })
    if (result.exitCode !== 0) return yield* new JudgeFailed({ judge: "scim2-tester", output: result.stderr })
    return yield* decodeTester(result.stdout)
  }
)

const SanityReport = Schema.Struct({
  results: Schema.Array(Schema.Struct({
    name: Schema.String,
    status: Schema.String,
    message: Schema.optionalKey(Schema.NullOr(Schema.String))
  }))
})

/** One row of scim-sanity; `status` is `pass`, `fail`, `warn`, `skip` or `error`. */
export type SanityResult = typeof SanityReport.Type["results"][number]

const decodeSanity = Schema.decodeUnknownEffect(Schema.fromJsonString(SanityReport))

/**
 * Every row of scim-sanity against a server, without those that fault a PATCH for its 204, which RFC 7644 section 3.5.2 allows.
 */
export const scimSanity = Effect.fn("Judges.scimSanity")(
  function*(
    bin: string,
    server: Scim2Server
  ): Effect.fn.Return<ReadonlyArray<SanityResult>, Failure, ChildProcessSpawner> {
    const result = yield* run(`${bin}/scim-sanity`, [
      "probe",
      server.baseUrl,
      // A token of a server that lives for this test on loopback: the tool takes it in no other way.
      "--token",
      Redacted.value(server.token),
      "--i-accept-side-effects",
      "--json-output"
    ])
    if (!result.stdout.startsWith("{")) {
      return yield* new JudgeFailed({ judge: "scim-sanity", output: `${result.stdout}${result.stderr}` })
    }
    const report = yield* decodeSanity(result.stdout)
    return report.results.filter((row) => !(row.name.startsWith("PATCH ") && /\bgot 204\b/.test(row.message ?? "")))
  }
)
