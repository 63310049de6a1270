/**
 * Two plays in service mode side by side, request by request, and the table of their differences in `docs/service-mode-wire.md`.
 */
import type * as RequestLog from "@access-kit/c1-sandbox/RequestLog"
import type * as Upload from "@access-kit/c1-sandbox/Upload"
import { fileURLToPath } from "node:url"
import type { Play, Step } from "./ServiceMode.ts"

/** The file with the table, absolute. */
export const document = fileURLToPath(new URL("../../../docs/service-mode-wire.md", import.meta.url))

export interface Difference {
  readonly step: string
  /** The method with the path of the field, or what else it is about. */
  readonly what: string
  readonly go: string
  readonly ours: string
}

type Flat = ReadonlyMap<string, string>

/** What is another at every run or on every machine, by the path of its field. */
const volatile: ReadonlyArray<readonly [RegExp, string]> = [
  [/(^|\.)(taskId|task_id)$/, "(task)"],
  [/^(buildInfo|osInfo)\./, "(text)"],
  [/\.sha256Checksum$/, "(checksum)"],
  [/^(bytes|chunks)$/, "(number)"]
]

/** The same for what can stand anywhere in a text. */
const settled = (text: string): string =>
  text
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "(time)")
    .replaceAll(/https?:\/\/127\.0\.0\.1:\d+/g, "(address)")
    .replaceAll(/\b[0-9A-Za-z]{27}\b/g, "(id)")
    .replaceAll(/\bv?\d+(\.\d+)+\b/g, "(version)")

const shown = (path: string, value: string | number | boolean | null): string => {
  const mask = value === "" ? undefined : volatile.find(([pattern]) => pattern.test(path))?.[1]
  return mask ?? settled(typeof value === "string" ? value : String(value))
}

const flatten = (value: RequestLog.RequestLogEntry["request"], path: string, into: Map<string, string>): void => {
  if (value === undefined) return
  if (typeof value !== "object" || value === null) {
    into.set(path, shown(path, value))
  } else if (Array.isArray(value)) {
    value.forEach((item, at) => flatten(item, `${path}[${at}]`, into))
    if (value.length === 0) into.set(path, "[]")
  } else {
    for (const [name, item] of Object.entries(value)) flatten(item, path === "" ? name : `${path}.${name}`, into)
    if (Object.keys(value).length === 0) into.set(path, "{}")
  }
}

const flat = (entry: RequestLog.RequestLogEntry): Flat => {
  const fields = new Map<string, string>()
  flatten(entry.request, "", fields)
  return fields
}

const fieldDifferences = (step: string, what: string, go: Flat, ours: Flat): ReadonlyArray<Difference> =>
  [...new Set([...go.keys(), ...ours.keys()])].sort().flatMap((path) => {
    const [left = "", right = ""] = [go.get(path), ours.get(path)]
    return left === right ? [] : [{ step, what: `${what} ${path}`, go: left, ours: right }]
  })

const sequence = (step: Step): string =>
  step.requests.map(({ method, status }) => status === "OK" ? method : `${method} (${status})`).join(", ")

const aboutUpload = ({ kind, snapshot }: Upload.Upload): Flat =>
  new Map([
    ["kind", kind],
    ...(snapshot === undefined ? [] : [
      ["format", snapshot.format],
      ["sync type", snapshot.syncType],
      ["finished", String(snapshot.finished)],
      ["findings", snapshot.findings.join("; ")],
      ...Object.entries(snapshot.counts ?? {}).map(([name, count]) => [name, String(count)] as const)
    ] as const)
  ])

const stepDifferences = (go: Step, ours: Step): ReadonlyArray<Difference> => {
  const { name } = go
  const [left, right] = [sequence(go), sequence(ours)]
  const differences: Array<Difference> = left === right
    ? []
    : [{ step: name, what: "requests", go: left || "none", ours: right || "none" }]
  for (const method of new Set(go.requests.map((request) => request.method))) {
    const of = (step: Step) => step.requests.filter((request) => request.method === method)
    of(go).forEach((request, at) => {
      const other = of(ours)[at]
      if (other !== undefined) differences.push(...fieldDifferences(name, method, flat(request), flat(other)))
    })
  }
  go.uploads.forEach((upload, at) => {
    const other = ours.uploads[at]
    if (other !== undefined) {
      differences.push(...fieldDifferences(name, "upload", aboutUpload(upload), aboutUpload(other)))
    }
  })
  return differences
}

const agents = (play: Play, token: boolean): string =>
  [
    ...new Set(
      play.entries.filter((entry) => (entry.method === "token") === token).map((entry) => settled(entry.userAgent))
    )
  ]
    .sort().join(", ")

const connections = (play: Play): string => {
  const calls = play.entries.filter((entry) => entry.method !== "token")
  const used = new Set(calls.map((entry) => entry.connection)).size
  return used === calls.length ? "one for each call" : used === 1 ? "one for all calls" : `${used} for all calls`
}

const tokens = (play: Play): string => String(play.entries.filter((entry) => entry.method === "token").length)

const playDifferences = (go: Play, ours: Play): ReadonlyArray<Difference> =>
  ([
    ["user agent of calls", (play: Play) => agents(play, false)],
    ["user agent of the token request", (play: Play) => agents(play, true)],
    ["connections", connections],
    ["token requests", tokens]
  ] as const).flatMap(([what, of]) => of(go) === of(ours) ? [] : [{ step: "whole", what, go: of(go), ours: of(ours) }])

/**
 * What the second does otherwise than the first, step by step.
 */
export const between = (go: Play, ours: Play): ReadonlyArray<Difference> => {
  const found = [
    ...playDifferences(go, ours),
    ...go.steps.flatMap((step, at) => {
      const other = ours.steps[at]
      return other === undefined ? [] : stepDifferences(step, other)
    })
  ]
  // The hello of the start is said again by the task of that name.
  const known = new Set<string>()
  return found.filter(({ go, ours, step, what }) => {
    const key = JSON.stringify([step === "start" ? "hello" : step, what, go, ours])
    return known.size !== known.add(key).size
  })
}

const cell = (text: string): string =>
  text === ""
    ? ""
    : text.replaceAll("\n", " ⏎ ").replaceAll("|", "\\|").replaceAll(/[<>]/g, (sign) => sign === "<" ? "&lt;" : "&gt;")

const row = (cells: ReadonlyArray<string>): string => `| ${cells.map(cell).join(" | ")} |`

/** The table in Markdown. */
export const toMarkdown = (differences: ReadonlyArray<Difference>): string =>
  [
    row(["step", "what", "Go SDK", "ours"]),
    "| --- | --- | --- | --- |",
    ...differences.map(({ go, ours, step, what }) => row([step, what, go, ours]))
  ].join("\n")

/** The rows of a table, as they are written, without padding. */
export const rowsOf = (markdown: string): ReadonlyArray<string> =>
  markdown.split("\n").filter((line) => line.startsWith("|")).slice(2).map((line) =>
    line.split(/(?<!\\)\|/).slice(1, -1).map((text) => text.trim()).join(" | ")
  )

/** The document with another table. */
export const replace = (markdown: string, differences: ReadonlyArray<Difference>): string => {
  const lines = markdown.split("\n")
  const first = lines.findIndex((line) => line.startsWith("|"))
  const last = lines.findLastIndex((line) => line.startsWith("|"))
  return [...lines.slice(0, first), toMarkdown(differences), ...lines.slice(last + 1)].join("\n")
}
