/**
 * The readers that every decoder of this package is made of. Plain functions over `unknown`, since they run for every attribute of every
 * row: no schema, no allocation unless something has to be forgiven.
 */
import type { Findings, JsonObject, Meta } from "../ScimResource.ts"

/** Any JSON object, which an array is not. */
export const isObject = (input: unknown): input is JsonObject =>
  typeof input === "object" && input !== null && !Array.isArray(input)

/** Like `Array.isArray`, but to `unknown` elements. */
export const isArray = (input: unknown): input is ReadonlyArray<unknown> => Array.isArray(input)

/** The attribute names of one complex type, in the spelling of the RFC. */
export interface Names {
  readonly exact: ReadonlySet<string>
  readonly byLowerCase: ReadonlyMap<string, string>
}

export const names = (...list: ReadonlyArray<string>): Names => ({
  exact: new Set(list),
  byLowerCase: new Map(list.map((name) => [name.toLowerCase(), name]))
})

/**
 * The object with known names in the RFC's spelling. Nearly always that is the object itself: a copy is made only when
 * some name is in another case. Of two names that differ only in case the exact one wins, else the first.
 */
export const withExactNames = (object: JsonObject, known: Names, at: string, findings?: Findings): JsonObject => {
  for (const name in object) {
    if (!known.exact.has(name) && known.byLowerCase.has(name.toLowerCase())) {
      return renamed(object, known, at, findings)
    }
  }
  return object
}

const renamed = (object: JsonObject, known: Names, at: string, findings?: Findings): JsonObject => {
  const out: Record<string, unknown> = { ...object }
  for (const name of Object.keys(object)) {
    const exact = known.byLowerCase.get(name.toLowerCase())
    if (exact === undefined || exact === name) {
      continue
    }
    if (Object.hasOwn(out, exact)) {
      findings?.add(
        "NameConflict",
        `${at}.${exact}`,
        "two names differ only in case; the exact one, else the first, was read"
      )
    } else {
      out[exact] = object[name]
      findings?.add("NameCase", `${at}.${exact}`, "the name is in another case than the RFC's; read all the same")
    }
  }
  return out
}

/** Text. Numbers are read as their decimal text; everything else is absent. */
export const text = (value: unknown, at: string, findings?: Findings): string | undefined => {
  if (typeof value === "string") {
    return value
  }
  if (value === undefined || value === null) {
    return undefined
  }
  if (typeof value === "number" && Number.isFinite(value)) {
    findings?.add("NumberAsString", at, "a number where text belongs; read as its decimal text")
    return String(value)
  }
  findings?.add("Malformed", at, "not text; treated as absent")
  return undefined
}

/**
 * An identifier: text that is not empty. A number counts only if it is a whole number that JSON parsing kept exactly:
 * a rounded id would name someone else.
 */
export const identifier = (value: unknown, at: string, findings?: Findings): string | undefined => {
  if (typeof value === "string") {
    return value === "" ? undefined : value
  }
  if (value === undefined || value === null) {
    return undefined
  }
  if (Number.isSafeInteger(value)) {
    findings?.add("NumberAsString", at, "the id is a number; read as its decimal text")
    return String(value)
  }
  findings?.add("Malformed", at, "the id is neither text nor an exactly readable whole number; treated as absent")
  return undefined
}

/** `true`, `"True"`, `1` and `"1"`, and their opposites; everything else is `undefined`, which means unknown. */
export const boolean = (value: unknown, at: string, findings?: Findings): boolean | undefined => {
  if (typeof value === "boolean") {
    return value
  }
  if (value === undefined || value === null) {
    return undefined
  }
  let out: boolean | undefined
  if (typeof value === "string") {
    const word = value.trim().toLowerCase()
    out = word === "true" || word === "1" ? true : word === "false" || word === "0" ? false : undefined
  } else if (value === 1 || value === 0) {
    out = value === 1
  }
  if (out === undefined) {
    findings?.add("Malformed", at, "not a boolean; treated as unknown")
  } else {
    findings?.add("BooleanForm", at, "a boolean written as text or number; read as boolean")
  }
  return out
}

/** A whole number from 0 on; also as text (`"45"`, `"45.0"`). */
export const count = (value: unknown, at: string, findings?: Findings): number | undefined => {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) {
    return value
  }
  if (value === undefined || value === null) {
    return undefined
  }
  if (typeof value === "string" && /^\s*\d{1,15}(?:\.0+)?\s*$/.test(value)) {
    findings?.add("Shape", at, "a number written as text; read as number")
    return Number.parseInt(value, 10)
  }
  findings?.add("Malformed", at, "not a whole number from 0 on; treated as absent")
  return undefined
}

// xsd:dateTime (RFC 7643 §2.3.5), with an offset and without one.
const dateTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/
const localDateTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?$/

/** Milliseconds since 1970 of an `xsd:dateTime`; without an offset it is read as UTC. */
export const instant = (value: string): number | undefined => {
  const millis = dateTime.test(value) ? Date.parse(value) : unusualInstant(value.toUpperCase())
  return Number.isNaN(millis) ? undefined : millis
}

const unusualInstant = (value: string): number =>
  dateTime.test(value) ? Date.parse(value) : localDateTime.test(value) ? Date.parse(`${value}Z`) : Number.NaN

/** A date; odd ones are absent. */
export const date = (value: unknown, at: string, findings?: Findings): Date | undefined => {
  if (value === undefined || value === null) {
    return undefined
  }
  const millis = typeof value === "string" ? instant(value) : undefined
  if (millis === undefined) {
    findings?.add("Malformed", at, "not an xsd:dateTime; treated as absent")
    return undefined
  }
  return new Date(millis)
}

const noText: ReadonlyArray<string> = []

/** A list of texts; one text counts as a list of one. */
export const texts = (value: unknown, at: string, findings?: Findings): ReadonlyArray<string> => {
  if (value === undefined || value === null) {
    return noText
  }
  if (typeof value === "string") {
    findings?.add("Single", at, "one text where a list belongs; read as a list of one")
    return [value]
  }
  if (!isArray(value)) {
    findings?.add("Malformed", at, "not a list of texts; treated as absent")
    return noText
  }
  // The array itself is handed out when it is clean, which it nearly always is.
  return value.every(isString) ? value : value.flatMap((item) => {
    if (item === null) {
      findings?.add("Null", at, "a null in a list; left out")
      return noText
    }
    return text(item, at, findings) ?? noText
  })
}

const isString = (input: unknown): input is string => typeof input === "string"

const metaNames = names("resourceType", "created", "lastModified", "location", "version")

/** `meta` (RFC 7643 §3.1). */
export const meta = (value: unknown, findings?: Findings): Meta | undefined => {
  if (value === undefined || value === null) {
    return undefined
  }
  if (!isObject(value)) {
    findings?.add("Malformed", "meta", "not an object; treated as absent")
    return undefined
  }
  const object = withExactNames(value, metaNames, "meta", findings)
  return {
    resourceType: text(object["resourceType"], "meta.resourceType", findings),
    created: date(object["created"], "meta.created", findings),
    lastModified: date(object["lastModified"], "meta.lastModified", findings),
    location: text(object["location"], "meta.location", findings),
    version: text(object["version"], "meta.version", findings)
  }
}

/** What a `$ref` (RFC 7643 §2.4) names: the last part of its path, and the part before that. Never fetched. */
export const reference = (
  ref: string
): { readonly id: string | undefined; readonly collection: string | undefined } => {
  let end = ref.search(/[?#]/)
  if (end === -1) {
    end = ref.length
  }
  while (end > 0 && ref[end - 1] === "/") {
    end--
  }
  const start = ref.lastIndexOf("/", end - 1) + 1
  const tail = ref.slice(start, end)
  const before = start > 1 ? ref.slice(ref.lastIndexOf("/", start - 2) + 1, start - 1) : undefined
  return { id: tail === "" ? undefined : percentDecoded(tail), collection: before }
}

// `decodeURIComponent` throws on a stray `%`; such a tail is then meant literally.
const percentDecoded = (encoded: string): string =>
  encoded.includes("%") && /^(?:[^%]|%[0-9a-f]{2})*$/i.test(encoded) ? utf8Decoded(encoded) : encoded

const strictUtf8 = new TextDecoder("utf-8", { ignoreBOM: true })

const utf8Decoded = (encoded: string): string =>
  encoded.replace(
    /(?:%[0-9a-f]{2})+/gi,
    (run) => strictUtf8.decode(Uint8Array.from(run.slice(1).split("%"), (hex) => Number.parseInt(hex, 16)))
  )
