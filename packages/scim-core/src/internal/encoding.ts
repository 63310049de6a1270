/**
 * The rules for request bodies: nothing absent is ever written, neither as null nor as undefined.
 */
import type { JsonObject } from "../ScimResource.ts"
import { isArray, isObject } from "./decoding.ts"

/** The object without its absent attributes; `undefined` when nothing is left. */
export const compact = (object: JsonObject): JsonObject | undefined => {
  const out: Record<string, unknown> = {}
  let empty = true
  for (const name of Object.keys(object)) {
    const value = object[name]
    if (value !== undefined && value !== null) {
      out[name] = value
      empty = false
    }
  }
  return empty ? undefined : out
}

/** Only real booleans pass, also for callers that the type checker does not watch. */
export const boolean = (value: boolean | undefined): boolean | undefined =>
  typeof value === "boolean" ? value : undefined

/** Extension objects by URN, cleaned of nulls at every depth; empty ones and names that are no URN are left out. */
export const extensions = (all: { readonly [urn: string]: JsonObject } | undefined): JsonObject => {
  const out: Record<string, unknown> = {}
  for (const [urn, attributes] of Object.entries(all ?? {})) {
    if (/^urn:/i.test(urn) && isObject(attributes)) {
      const clean = withoutNulls(attributes)
      if (isObject(clean) && Object.keys(clean).length > 0) {
        out[urn] = clean
      }
    }
  }
  return out
}

const withoutNulls = (value: unknown): unknown => {
  if (isArray(value)) {
    return value.filter((item) => item !== null && item !== undefined).map(withoutNulls)
  }
  if (isObject(value)) {
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, item]) =>
        item === null || item === undefined ? [] : [[name, withoutNulls(item)]]
      )
    )
  }
  return value
}
