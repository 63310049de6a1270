/**
 * Page tokens of the services. A token says all that is needed to go on, so the server keeps nothing: the connector's cursor, how much of its page has
 * been answered, and the cursors that are still to be read.
 */
import { Code } from "@connectrpc/connect"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { deflateRawSync, inflateRawSync } from "node:zlib"
import { Refusal } from "./Refusal.ts"

const Fields = Schema.Struct({
  /** What is listed and of which type or resource: a token is good for the listing that it came from. */
  l: Schema.String,
  /** The connector's cursor; absent for the first page. */
  c: Schema.optionalKey(Schema.String),
  /** Rows of that page that have been answered. */
  o: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0))),
  /** Says which rows those were. */
  d: Schema.optionalKey(Schema.String),
  /** Cursors that come after that page. */
  p: Schema.optionalKey(Schema.Array(Schema.String)),
  /** Whether the page has to be read with everything on it. */
  e: Schema.optionalKey(Schema.Boolean)
})

export interface PageToken {
  readonly listing: string
  readonly cursor: string | undefined
  readonly offset: number
  readonly digest: string | undefined
  readonly pending: ReadonlyArray<string>
  readonly everything: boolean
}

export const start = (listing: string): PageToken => ({
  listing,
  cursor: undefined,
  offset: 0,
  digest: undefined,
  pending: [],
  everything: false
})

/** The longest token that requests may carry. */
export const MAX_BYTES = 1_048_576

/** Cursors of one listing resemble each other, so many of them become few bytes. */
const LONG = 512

/** What a token may unpack to: a bound for tokens that nobody here made. */
const MAX_UNPACKED = 64 * 1024 * 1024

export const encode = (token: PageToken): Effect.Effect<string, Refusal> =>
  Effect.suspend(() => {
    const text = JSON.stringify({
      l: token.listing,
      ...(token.cursor === undefined ? {} : { c: token.cursor }),
      ...(token.offset === 0 ? {} : { o: token.offset }),
      ...(token.digest === undefined ? {} : { d: token.digest }),
      ...(token.pending.length === 0 ? {} : { p: token.pending }),
      ...(token.everything ? { e: true } : {})
    })
    const encoded = text.length <= LONG
      ? `j${Buffer.from(text).toString("base64url")}`
      : `z${deflateRawSync(text).toString("base64url")}`
    return encoded.length <= MAX_BYTES ? Effect.succeed(encoded) : Effect.fail(
      new Refusal({
        code: Code.Internal,
        message: `The connector has more cursors open than a page token holds (${token.pending.length}). `
          + "It has to offer fewer siblings at a time."
      })
    )
  })

const decodeFields = Schema.decodeUnknownOption(Schema.fromJsonString(Fields))

const unpack = Option.liftThrowable((token: string) => {
  const bytes = Buffer.from(token.slice(1), "base64url")
  if (token.startsWith("j")) return bytes.toString()
  if (token.startsWith("z")) return inflateRawSync(bytes, { maxOutputLength: MAX_UNPACKED }).toString()
  throw new Error("not a page token")
})

const invalid = new Refusal({
  code: Code.InvalidArgument,
  message: "The page token was not made for this listing. Begin it again without one."
})

/** The token of a request; the empty one begins a listing. */
export const decode = (text: string, listing: string): Effect.Effect<PageToken, Refusal> => {
  if (text === "") return Effect.succeed(start(listing))
  const fields = Option.flatMap(unpack(text), decodeFields)
  if (Option.isNone(fields) || fields.value.l !== listing) return Effect.fail(invalid)
  const { c, d, e, o, p } = fields.value
  return Effect.succeed({
    listing,
    cursor: c,
    offset: o ?? 0,
    digest: d,
    pending: p ?? [],
    everything: e ?? false
  })
}
