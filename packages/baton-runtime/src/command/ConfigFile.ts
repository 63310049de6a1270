/**
 * `.baton.yaml`: flags by name, in a file. Values are taken as they are written, so that a token of digits stays one.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Predicate from "effect/Predicate"
import * as CommandError from "./CommandError.ts"

/**
 * The file that is read when no other is named and it is there.
 *
 * @since 0.1.0
 */
export const DEFAULT_PATH = ".baton.yaml"

/** Far more than any configuration; something else was named by mistake. */
const MAX_BYTES = 1024 * 1024

const fault = (path: string, what: string, cause?: unknown) =>
  CommandError.make("InvalidConfigFile", `The configuration file ${JSON.stringify(path)} ${what}.`, cause)

const scalar = (value: unknown): string | undefined =>
  Predicate.isString(value)
    ? value
    : value === null || Predicate.isNumber(value) || Predicate.isBoolean(value)
    ? String(value ?? "")
    : undefined

/** A list stays one; a map becomes `key=value` items, as a flag has them. */
const valuesOf = (value: unknown): ReadonlyArray<string> | undefined => {
  const single = scalar(value)
  if (single !== undefined) return [single]
  const items = Array.isArray(value)
    ? value.map(scalar)
    : Predicate.isObject(value)
    ? Object.entries(value).map(([key, item]) => {
      const text = scalar(item)
      return text === undefined ? undefined : `${key}=${text}`
    })
    : [undefined]
  return items.every((item) => item !== undefined) ? items : undefined
}

const parse = Effect.fnUntraced(function*(path: string, text: string) {
  const yaml = yield* Effect.promise(() => import("yaml"))
  // The failsafe schema leaves every value the text that it is.
  const document = yaml.parseDocument(text, { schema: "failsafe", uniqueKeys: true })
  const [first] = document.errors
  // The parser quotes the lines around a mistake, and a line may be a secret: only the place is told.
  const place = first?.linePos?.[0]
  if (first !== undefined) {
    return yield* fault(
      path,
      place === undefined
        ? "is not valid YAML"
        : `is not valid YAML: look at line ${place.line}, column ${place.col} (${
          first.code.toLowerCase().replaceAll("_", " ")
        })`
    )
  }
  const content: unknown = yield* Effect.try({
    // Without aliases: a few lines of them can grow without bound.
    try: (): unknown => document.toJS({ maxAliasCount: 0 }),
    catch: (cause) => fault(path, "has aliases, or nests too deep; write the values out", cause)
  })
  return content
})

/**
 * Reads a file. With `named`, it must be there. Answers what it has by flag name. Fails with `InvalidConfigFile`.
 *
 * @since 0.1.0
 */
export const read = Effect.fn("ConfigFile.read")(function*(
  path: string,
  named: boolean
): Effect.fn.Return<ReadonlyMap<string, ReadonlyArray<string>>, CommandError.CommandError, FileSystem.FileSystem> {
  if (!/\.ya?ml$/.test(path)) return yield* fault(path, "must have a name that ends in .yaml or .yml")
  const files = yield* FileSystem.FileSystem
  const info = yield* files.stat(path).pipe(
    Effect.catch((error) =>
      error.reason._tag === "NotFound" && !named
        ? Effect.succeed(undefined)
        : Effect.fail(
          fault(path, error.reason._tag === "NotFound" ? "does not exist" : "can't be read", error)
        )
    )
  )
  if (info === undefined) return new Map()
  if (info.type === "Directory") return yield* fault(path, "is a directory")
  if (info.size > BigInt(MAX_BYTES)) return yield* fault(path, "is far too large to be one")
  const text = yield* Effect.mapError(
    files.readFileString(path),
    (error) =>
      fault(path, error.reason._tag === "PermissionDenied" ? "may not be read by this user" : "can't be read", error)
  )
  const content = yield* parse(path, text)
  const values = new Map<string, ReadonlyArray<string>>()
  if (content === null || content === "") return values
  if (!Predicate.isObject(content) || Array.isArray(content)) {
    return yield* fault(path, "must have lines of the form \"flag-name: value\"")
  }
  for (const [name, value] of Object.entries(content)) {
    const written = valuesOf(value)
    if (written === undefined) {
      return yield* fault(path, `has a value for ${JSON.stringify(name)} that no flag can have`)
    }
    values.set(name, written)
  }
  return values
})
