/**
 * Error bodies (RFC 7644 §3.12), and what servers send in their place: other names, nested objects, plain text, HTML,
 * nothing.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as decoding from "./internal/decoding.ts"
import type { JsonObject } from "./ScimResource.ts"

/**
 * What an error body says. Every part is optional. The texts come from the server: they may name people, so they belong into errors
 * and not into metrics.
 *
 * @since 0.1.0
 */
export interface ErrorResponse {
  /** HTTP status as the body names it, 100 to 599. The status of the answer itself counts more. */
  readonly status: number | undefined
  /** A word of RFC 7644 table 9 or any other that the server uses, at most 100 characters. */
  readonly scimType: string | undefined
  /** White space folded, control characters and HTML tags taken out, clipped. */
  readonly detail: string | undefined
}

/**
 * How many characters of `detail` are kept unless told otherwise.
 *
 * @since 0.1.0
 */
export const defaultMaxDetail = 500

const nothing: ErrorResponse = { status: undefined, scimType: undefined, detail: undefined }

const parseJson = Option.liftThrowable((text: string): unknown => JSON.parse(text))

/**
 * Reads the text of an error body: JSON of any shape, HTML, plain text or nothing. Never throws; what cannot be found is
 * `undefined`. `detail` has at most `maxDetail` characters.
 *
 * @since 0.1.0
 */
export const decodeText = (body: string, maxDetail: number = defaultMaxDetail): ErrorResponse => {
  const text = (body.startsWith("\uFEFF") ? body.slice(1) : body).trim()
  if (text === "") {
    return nothing
  }
  if (/^[[{"]/.test(text)) {
    const json = parseJson(text)
    if (Option.isSome(json)) {
      return decode(json.value, maxDetail)
    }
  }
  return { ...nothing, detail: text.startsWith("<") ? htmlText(text, maxDetail) : clipped(text, maxDetail) }
}

/**
 * Reads an error body that is already parsed. Never throws.
 *
 * @since 0.1.0
 */
export const decode = (body: unknown, maxDetail: number = defaultMaxDetail): ErrorResponse => {
  const found = read(body, 0)
  return {
    status: found.status,
    scimType: found.scimType === undefined ? undefined : clipped(found.scimType, 100),
    detail: found.detail === undefined ? undefined : clipped(found.detail, maxDetail)
  }
}

const known = decoding.names(
  "status",
  "scimType",
  "detail",
  "statusCode",
  "returnCode",
  "code",
  "description",
  "message",
  "msg",
  "error_description",
  "title",
  "reason",
  "response",
  "error",
  "errors",
  "generalErrors",
  "fieldErrors",
  "fault",
  "cause"
)

const statusNames = ["status", "statusCode", "returnCode", "code"]
const detailNames = ["detail", "error_description", "description", "message", "msg", "reason"]
const nestedNames = [
  "response",
  "error",
  "errors",
  "fault",
  "generalErrors",
  "fieldErrors",
  "detail",
  "message",
  "cause"
]

/** How deep an error is looked for, and how many entries of a list. */
const maxDepth = 4
const maxEntries = 5

const read = (body: unknown, depth: number): ErrorResponse => {
  if (typeof body === "string") {
    const detail = body.trim()
    return detail === "" ? nothing : { ...nothing, detail }
  }
  if (depth > maxDepth) {
    return nothing
  }
  if (decoding.isArray(body)) {
    return first(body, depth)
  }
  if (!decoding.isObject(body)) {
    return nothing
  }
  const object = decoding.withExactNames(body, known, "Error")
  const own: ErrorResponse = {
    status: firstOf(object, statusNames, statusOf),
    scimType: word(object["scimType"]),
    detail: firstOf(object, detailNames, sentence)
  }
  return own.status !== undefined && own.scimType !== undefined && own.detail !== undefined
    ? own
    : withNested(own, object, depth)
}

/** What the object does not say itself is taken from the objects inside it. */
const withNested = (own: ErrorResponse, object: JsonObject, depth: number): ErrorResponse => {
  let { detail, scimType, status } = own
  for (const name of nestedNames) {
    const nested = object[name]
    if (nested === undefined || nested === null || (detailNames.includes(name) && typeof nested === "string")) {
      continue
    }
    const inner = name === "fieldErrors" && decoding.isObject(nested)
      ? first(Object.values(nested), depth + 1)
      : read(nested, depth + 1)
    status ??= inner.status
    scimType ??= inner.scimType
    detail ??= inner.detail
  }
  return { status, scimType, detail: detail ?? sentence(object["title"]) }
}

const first = (list: ReadonlyArray<unknown>, depth: number): ErrorResponse => {
  let { detail, scimType, status } = nothing
  for (const item of list.slice(0, maxEntries)) {
    const inner = read(item, depth + 1)
    status ??= inner.status
    scimType ??= inner.scimType
    detail ??= inner.detail
  }
  return { status, scimType, detail }
}

const firstOf = <A>(
  object: JsonObject,
  candidates: ReadonlyArray<string>,
  read: (value: unknown) => A | undefined
): A | undefined => {
  for (const name of candidates) {
    const value = read(object[name])
    if (value !== undefined) {
      return value
    }
  }
  return undefined
}

/** `400`, `"400"` and `"400 Bad Request"`. */
const statusOf = (value: unknown): number | undefined => {
  const number = typeof value === "number"
    ? value
    : typeof value === "string"
    ? Number(/^\s*(\d{3})(?!\d)/.exec(value)?.[1])
    : Number.NaN
  return Number.isInteger(number) && number >= 100 && number <= 599 ? number : undefined
}

const word = (value: unknown): string | undefined =>
  typeof value === "string" && value.trim() !== "" ? value : undefined

const sentence = (value: unknown): string | undefined =>
  typeof value === "number" && Number.isFinite(value) ? String(value) : word(value)

// Only so much of a body is looked at: an error page may be megabytes long.
const maxScanned = 20_000

/** The title of an HTML page, else its text. */
const htmlText = (html: string, maxLength: number): string | undefined => {
  const head = html.slice(0, maxScanned)
  const title = /<title[^>]*>([^<]*)</i.exec(head)?.[1]
  const readable = (title !== undefined && title.trim() !== "" ? title : head)
    .replace(/<(script|style)\b[^>]*>[\s\S]*?(?:<\/\1\s*>|$)/gi, " ")
    .replace(/<[^>]*(?:>|$)/g, " ")
  return clipped(readable, maxLength)
}

const clipped = (text: string, maxLength: number): string | undefined => {
  const folded = text.slice(0, maxScanned).toWellFormed().replace(/[\s\p{Cc}\p{Cf}]+/gu, " ").trim()
  if (folded === "") {
    return undefined
  }
  if (folded.length <= maxLength) {
    return folded
  }
  // A cut through a surrogate pair would leave half a character.
  const cut = folded.slice(0, Math.max(0, maxLength - 1))
  return `${/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut}…`
}
