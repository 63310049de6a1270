/**
 * What a probe found.
 *
 * @since 0.1.0
 */
import type { Exchange, Observation, Report } from "@access-kit/scim-core/Detect"
import * as Schema from "effect/Schema"
import type { Style } from "../Style.ts"
import * as Text from "../Text.ts"
import type { View } from "../View.ts"

/**
 * @since 0.1.0
 */
export const view: View<Observation> = {
  noun: ["observation", "observations"],
  columns: [
    { name: "subject", header: "SUBJECT", cell: (row) => row.subject },
    { name: "answer", header: "ANSWER", cell: (row) => row.answer },
    { name: "note", header: "NOTE", cell: (row) => row.note }
  ],
  json: (row) => ({ subject: row.subject, answer: row.answer, note: row.note })
}

const exchange = (row: Exchange) => ({
  method: row.method,
  target: row.target,
  status: row.status ?? null,
  refused: row.refused ?? null,
  millis: row.millis,
  headers: { ...row.headers },
  body: row.body
})

/** A switch without a value is `null`, so that its name is there. */
const json = (value: unknown): Schema.Json => value === undefined ? null : toJson(value)

const toJson = Schema.decodeUnknownSync(Schema.Json)

/**
 * The whole, for JSON.
 */
export interface Probe {
  readonly report: Report
  /** Whether the transcript is part of it. */
  readonly transcript: boolean
}

/**
 * @since 0.1.0
 */
export const record: View<Probe> = {
  noun: ["probe", "probes"],
  columns: [],
  json: ({ report, transcript }) => ({
    observations: report.observations.map(view.json),
    dialect: Object.fromEntries(Object.entries(report.dialect).map(([name, value]) => [name, json(value)])),
    differences: report.differences.map(({ here, name, there }) => ({
      name,
      configured: json(here),
      found: json(there)
    })),
    ...(transcript ? { transcript: report.transcript.map(exchange) } : {})
  })
}

const answers: Readonly<Record<Observation["answer"], keyof Style>> = { yes: "green", no: "yellow", unknown: "dim" }

/**
 * Observations as a person reads them.
 *
 * @since 0.1.0
 */
export const lines = (observations: ReadonlyArray<Observation>, style: Style): string => {
  const width = Math.max(0, ...observations.map((row) => Text.width(row.subject)))
  return observations.map(({ answer, note, subject }) =>
    `${Text.padEnd(subject, width)}  ${style[answers[answer]](answer.padEnd(7))}  ${Text.printable(note)}\n`
  ).join("")
}
