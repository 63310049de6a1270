/**
 * Plays every case against one client and says what came of it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { cases as paging } from "./cases/paging.ts"
import { cases as shapes } from "./cases/shapes.ts"
import { cases as transport } from "./cases/transport.ts"
import { cases as writes } from "./cases/writes.ts"
import type { ClientOptions, Driver } from "./Driver.ts"
import type { Area, HostileCase, Verdict } from "./HostileCase.ts"
import * as HostileServer from "./HostileServer.ts"

/**
 * Every case, in the order of the table.
 *
 * @since 0.1.0
 */
export const cases: ReadonlyArray<HostileCase> = [...paging, ...shapes, ...writes, ...transport]

/**
 * What became of one case with one client.
 *
 * @since 0.1.0
 */
export interface CaseReport {
  readonly id: string
  readonly name: string
  readonly area: Area
  readonly server: string
  readonly client: string
  readonly verdict: Verdict
  readonly requests: number
}

/**
 * @since 0.1.0
 */
export interface Report {
  /** Name and version of the client, as its driver says. */
  readonly client: string
  readonly cases: ReadonlyArray<CaseReport>
}

const defaults: Omit<ClientOptions, "baseUrl" | "token"> = {
  pageSize: 10,
  timeoutMillis: 10_000,
  maxBodyBytes: 32 * 1024 * 1024,
  maxPages: 1_000,
  concurrency: 8,
  patchLimit: 0,
  maxWaitMillis: 20_000
}

// A token that no other text contains, so that finding it anywhere is finding the token.
const token = "hostile-suite-token-6b1f0c9e"

// A bound against clients that hang; far above what any case takes.
const patience = "60 seconds"

const describe = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

const play = Effect.fnUntraced(function*(driver: Driver, hostile: HostileCase) {
  const stage = hostile.start()
  const address = yield* HostileServer.serve(stage.server)
  const baseUrl = `${address}${stage.path ?? "/scim/v2"}`
  const verdict = yield* Effect.tryPromise(() => driver.connect({ ...defaults, ...hostile.options, baseUrl, token }))
    .pipe(
      Effect.flatMap((session) =>
        Effect.ensuring(stage.play(session, baseUrl), Effect.ignore(Effect.tryPromise(() => session.close())))
      ),
      Effect.catch((error): Effect.Effect<Verdict> =>
        Effect.succeed({ _tag: "loud", saw: `would not connect: ${describe(error.cause)}` })
      ),
      Effect.catchDefect((defect): Effect.Effect<Verdict> =>
        Effect.succeed({ _tag: "wrong", saw: `the driver broke: ${describe(defect)}` })
      ),
      Effect.timeoutOrElse({
        duration: patience,
        orElse: (): Effect.Effect<Verdict> => Effect.succeed({ _tag: "wrong", saw: "never came back" })
      })
    )
  const report: CaseReport = {
    id: hostile.id,
    name: hostile.name,
    area: hostile.area,
    server: hostile.server,
    client: hostile.client,
    verdict: HostileServer.isEndless(stage.server) ? { _tag: "wrong", saw: "asked without end" } : verdict,
    requests: stage.server.received.length
  }
  return report
}, Effect.scoped)

/**
 * Plays the cases, each on a server of its own. `only` picks cases by id, name or area.
 *
 * @since 0.1.0
 */
export const run = Effect.fn("Suite.run")(function*(
  driver: Driver,
  options?: { readonly only?: ReadonlyArray<string>; readonly concurrency?: number }
) {
  const only = options?.only
  const chosen = only === undefined || only.length === 0
    ? cases
    : cases.filter((hostile) =>
      only.some((word) =>
        word === hostile.id || word === hostile.name || word === hostile.area ||
        word === hostile.id.replace(/[a-z]$/u, "")
      )
    )
  const reports = yield* Effect.forEach(chosen, (hostile) => play(driver, hostile), {
    concurrency: options?.concurrency ?? 8
  })
  const report: Report = { client: driver.client, cases: reports }
  return report
})

/**
 * How many cases came to each verdict.
 *
 * @since 0.1.0
 */
export const count = (report: Report): Readonly<Record<Verdict["_tag"], number>> => {
  const totals = { right: 0, loud: 0, wrong: 0, unsupported: 0 }
  for (const { verdict } of report.cases) totals[verdict._tag] += 1
  return totals
}

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ").replaceAll("<", "&lt;")

/**
 * A Markdown table with a row per case and a column per client.
 *
 * @since 0.1.0
 */
export const toMarkdown = (reports: ReadonlyArray<Report>): string => {
  const [first] = reports
  if (first === undefined) return ""
  const show = (report: Report, id: string): string => {
    const found = report.cases.find((candidate) => candidate.id === id)
    if (found === undefined) return ""
    const { verdict } = found
    return verdict._tag === "right" || verdict._tag === "unsupported"
      ? verdict._tag
      : `**${verdict._tag}**: ${cell(verdict.saw)}`
  }
  const sums = (report: Report): string => {
    const totals = count(report)
    return `${totals.right} right, ${totals.loud} loud, ${totals.wrong} wrong, ${totals.unsupported} unsupported`
  }
  return [
    `| case | the server | a client must | ${reports.map((report) => cell(report.client)).join(" | ")} |`,
    `| --- | --- | --- | ${reports.map(() => "---").join(" | ")} |`,
    ...first.cases.map((row) =>
      `| ${row.id} ${row.name} | ${cell(row.server)} | ${cell(row.client)} | ${
        reports.map((report) => show(report, row.id)).join(" | ")
      } |`
    ),
    `| | | all | ${reports.map(sums).join(" | ")} |`,
    ""
  ].join("\n")
}
