/**
 * The hostile suite played by scim-core and by Python's scim2-client, and the table of it in `docs/hostile-cases.md`.
 */
import * as ProcessDriver from "@access-kit/scim-hostile/ProcessDriver"
import * as Suite from "@access-kit/scim-hostile/Suite"
import * as Effect from "effect/Effect"
import { fileURLToPath } from "node:url"

const driver = (file: string): string =>
  fileURLToPath(new URL(`drivers/${file}`, import.meta.resolve("@access-kit/scim-hostile/package.json")))

/** The file with the table, absolute. */
export const document = fileURLToPath(new URL("../../../docs/hostile-cases.md", import.meta.url))

/**
 * Both columns, each client in a process of its own and one after the other: two at a time would see each other's load. `bin` is the
 * folder of the virtual environment's commands.
 */
export const play = Effect.fn("HostileCases.play")(
  function*(bin: string): Effect.fn.Return<ReadonlyArray<Suite.Report>, ProcessDriver.ProcessDriverError> {
    const reports: Array<Suite.Report> = []
    for (
      const [command, file] of [
        [process.execPath, "ScimCoreProcess.ts"],
        [`${bin}/python`, "python_scim2_client.py"]
      ] as const
    ) {
      reports.push(
        yield* Effect.scoped(Effect.flatMap(ProcessDriver.make(command, [driver(file)]), (client) => Suite.run(client)))
      )
    }
    return reports
  }
)

/** What the table says, word for word, less what follows a verdict: `case: [verdict of each client]`. */
export type Verdicts = Readonly<Record<string, ReadonlyArray<string>>>

/** Client names and versions, then the verdicts. */
export interface Table {
  readonly clients: ReadonlyArray<string>
  readonly verdicts: Verdicts
}

const cells = (line: string): ReadonlyArray<string> => line.split(/(?<!\\)\|/).slice(1, -1).map((cell) => cell.trim())

/**
 * Reads the table out of the document.
 */
export const parse = (markdown: string): Table => {
  const [heading, , ...rows] = markdown.split("\n").filter((line) => line.startsWith("|")).map(cells)
  return {
    clients: heading?.slice(3) ?? [],
    verdicts: Object.fromEntries(
      rows.filter(([name]) => name !== undefined && name !== "").map(([name = "", , , ...verdicts]) => [
        name,
        verdicts.map((verdict) => /^\**(right|loud|wrong|unsupported)\b/.exec(verdict)?.[1] ?? verdict)
      ])
    )
  }
}

/**
 * The same of what was played.
 */
export const summary = (reports: ReadonlyArray<Suite.Report>): Table => parse(Suite.toMarkdown(reports))

/**
 * The document with another table.
 */
export const replace = (markdown: string, reports: ReadonlyArray<Suite.Report>): string => {
  const lines = markdown.split("\n")
  const first = lines.findIndex((line) => line.startsWith("|"))
  const last = lines.findLastIndex((line) => line.startsWith("|"))
  return [...lines.slice(0, first), Suite.toMarkdown(reports).trimEnd(), ...lines.slice(last + 1)].join("\n")
}
