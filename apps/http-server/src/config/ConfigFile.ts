/**
 * The configuration file: YAML (and so JSON), one key for each setting, named as its flag.
 *
 * @since 0.1.0
 */
import type * as ConfigField from "@access-kit/connector-model/ConfigField"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"
import { parseDocument } from "yaml"
import { ConfigFaults, type Fault } from "./ConfigFaults.ts"

const Scalar = Schema.Union([Schema.String, Schema.Number, Schema.Boolean])
const isScalar = Schema.is(Scalar)
const isList = Schema.is(Schema.Array(Schema.String))
const isMapping = Schema.is(Schema.Record(Schema.String, Schema.Unknown))

/** Letters that differ, roughly: enough to tell a slip from another word. */
const resembles = (left: string, right: string): boolean => {
  const letters = (text: string) => text.replaceAll(/[^a-z0-9]/g, "")
  const [a, b] = [letters(left.toLowerCase()), letters(right.toLowerCase())]
  if (a === b) return true
  if (Math.abs(a.length - b.length) > 1) return false
  let index = 0
  while (index < a.length && a[index] === b[index]) index++
  return a.slice(index + 1) === b.slice(index + 1) || a.slice(index) === b.slice(index + 1)
    || a.slice(index + 1) === b.slice(index)
    || (a[index] === b[index + 1] && a[index + 1] === b[index] && a.slice(index + 2) === b.slice(index + 2))
}

const unknownKey = (key: string, names: ReadonlyArray<string>): string => {
  const near = names.find((name) => resembles(name, key))
  return `There is no setting ${JSON.stringify(key)}.${near === undefined ? "" : ` Did you mean ${near}?`}`
}

/**
 * The names that a configuration file may use: a secret is never written into it, only the file that holds it.
 *
 * @since 0.1.0
 */
export const names = (fields: ReadonlyArray<ConfigField.ConfigField>): ReadonlyArray<string> =>
  fields.map((field) => field.kind === "secret" ? `${field.name}-file` : field.name)

/**
 * What the file says, by key, and everything that is wrong with it.
 *
 * @since 0.1.0
 */
export const read = Effect.fn("ConfigFile.read")(function*(
  path: string,
  fields: ReadonlyArray<ConfigField.ConfigField>
) {
  const files = yield* FileSystem.FileSystem
  const text = yield* Effect.mapError(files.readFileString(path), (error) =>
    new ConfigFaults({
      faults: [{
        where: path,
        message: error.reason._tag === "NotFound"
          ? "There is no such configuration file."
          : `The configuration file can't be read: ${error.reason._tag}.`
      }]
    }))
  const document = parseDocument(text, { uniqueKeys: true })
  if (document.errors.length > 0) {
    return yield* new ConfigFaults({
      faults: document.errors.map((error) => ({ where: path, message: error.message.split("\n", 1)[0] ?? "" }))
    })
  }
  const content: unknown = document.toJS()
  const faults: Array<Fault> = []
  const values = new Map<string, string>()
  if (content === null || content === undefined) return { faults, values }
  if (!isMapping(content)) {
    return yield* new ConfigFaults({
      faults: [{ where: path, message: "The configuration file must be a mapping of settings to values." }]
    })
  }
  const known = names(fields)
  for (const [key, value] of Object.entries(content)) {
    const secret = fields.find((field) => field.kind === "secret" && field.name === key)
    if (secret !== undefined) {
      faults.push({
        where: path,
        message:
          `${secret.displayName} is a secret and does not belong into this file. Give ${key}-file, the file that holds it.`
      })
    } else if (!known.includes(key)) {
      faults.push({ where: path, message: unknownKey(key, known) })
    } else if (isScalar(value)) {
      values.set(key, String(value))
    } else if (isList(value)) {
      values.set(key, value.join(","))
    } else if (value !== null) {
      faults.push({ where: path, message: `${key} must be a single value or a list of words.` })
    }
  }
  return { faults, values }
})
