/**
 * Requests to the HTTP API in shell blocks (`curl`) and in running text: each path, method and query parameter is one of the OpenAPI document that the
 * server gives of itself.
 */
import * as Effect from "effect/Effect"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Schema from "effect/Schema"
import type { MarkdownFile } from "./Markdown.ts"
import type { Problem } from "./Problem.ts"

export interface Request {
  /** `undefined` where the text names a path only. */
  readonly method: string | undefined
  /** From `/v1` on, with variables or ids in it. */
  readonly path: string
  /** Names of the parameters of the query. */
  readonly query: ReadonlyArray<string>
  readonly line: number
}

const Parameters = Schema.Array(Schema.Struct({ name: Schema.String, in: Schema.String }))
const Operation = Schema.Struct({ parameters: Schema.optional(Parameters) })

/** As much of an OpenAPI document as is looked at: operations by method, by path. */
export const OpenApi = Schema.Struct({ paths: Schema.Record(Schema.String, Schema.Record(Schema.String, Operation)) })
export type OpenApi = typeof OpenApi.Type

const shells = new Set(["sh", "bash", "shell", "console"])

const url = /(?:\$SERVER|https?:\/\/[^\s/"']+)(\/v1\/[^\s"'?]*)(?:\?([^\s"']*))?/

const named = (query: string | undefined): ReadonlyArray<string> =>
  (query ?? "").split("&").flatMap((pair) => pair === "" ? [] : [pair.split("=", 1)[0] ?? ""])

const requestOf = (text: string, line: number): ReadonlyArray<Request> => {
  const [, path, query] = /(?:^|\s)curl\s/.test(text) ? url.exec(text) ?? [] : []
  if (path === undefined) return []
  const method = /\s-X\s*([A-Z]+)/.exec(text)?.[1] ?? (/\s(?:-d|--data\S*)\s/.test(text) ? "POST" : "GET")
  return [{ method, path, query: named(query), line }]
}

/** All requests of a file. Lines that a backslash joins are one. */
export const requests = (file: MarkdownFile): ReadonlyArray<Request> => [
  ...file.blocks.filter((block) => shells.has(block.language)).flatMap((block) =>
    block.text.replaceAll("\\\n", " ").split("\n").flatMap((text, at) => requestOf(text, block.line + 1 + at))
  ),
  ...file.inlineCode.flatMap(({ line, text }): ReadonlyArray<Request> => {
    const [, method, path] = /^(?:(GET|POST|PATCH|DELETE) )?(\/v1\/\S+)$/.exec(text) ?? []
    return path === undefined ? [] : [{ method, path, query: [], line }]
  })
]

const fits = (template: string, path: string): boolean => {
  const [wanted, given] = [template.split("/"), path.split("/")]
  return wanted.length === given.length
    && wanted.every((segment, at) => segment === given[at] || (segment.startsWith("{") && given[at] !== ""))
}

/** What the server's bundle prints about its API. */
export const openApiOf = Effect.fnUntraced(function*(bundle: string) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const text = yield* spawner.string(ChildProcess.make(process.execPath, [bundle, "openapi"], { stdin: "ignore" }))
  return yield* Schema.decodeUnknownEffect(Schema.fromJsonString(OpenApi))(text)
})

/** Problems of the requests of all files. */
export const check = (document: OpenApi, files: ReadonlyArray<MarkdownFile>): ReadonlyArray<Problem> => {
  const paths = Object.entries(document.paths)
  return files.flatMap((file) =>
    requests(file).flatMap(({ line, method, path, query }): ReadonlyArray<Problem> => {
      const problem = (message: string): Problem => ({ path: file.path, line, message })
      const found = paths.filter(([template]) => fits(template, path))
      if (found.length === 0) return [problem(`the API has no path ${path}`)]
      if (method === undefined) return []
      const operations = found.flatMap(([, methods]) => methods[method.toLowerCase()] ?? [])
      if (operations.length === 0) return [problem(`the API has no ${method} ${path}`)]
      const known = operations.flatMap(({ parameters }) => parameters ?? []).filter((one) => one.in === "query")
      return query.filter((name) => !known.some((one) => one.name === name))
        .map((name) => problem(`${method} ${path} has no query parameter ${name}`))
    })
  )
}
