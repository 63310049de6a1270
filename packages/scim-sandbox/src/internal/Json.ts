/** JSON objects as the sandbox keeps them: foreign members are `unknown` until a guard has looked at them. */
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"

export type JsonObject = { [key: string]: unknown }

export const isJsonObject = (input: unknown): input is JsonObject => Predicate.isObject(input)

/** The elements of an array that are objects; anything else has none. */
export const objectsOf = (input: unknown): ReadonlyArray<JsonObject> =>
  Array.isArray(input) ? input.filter(isJsonObject) : []

export const stringOf = (input: unknown): string | undefined => (Predicate.isString(input) ? input : undefined)

export const parse = (text: string): Result.Result<unknown, unknown> =>
  Result.try({ try: (): unknown => JSON.parse(text), catch: (cause) => cause })

/** The name that validators like zod give to the type of a JSON value. */
export const typeName = (input: unknown): string =>
  input === null ? "null" : Array.isArray(input) ? "array" : typeof input
