/**
 * One page of a connector as one or more responses. A response stays below the 4 MiB that callers accept; where the connector's page is larger, the
 * page token says how far it got. Nothing is kept that a restarted server would miss: recently cut pages are remembered, and read again otherwise.
 */
import type { ConnectorError } from "@access-kit/connector-model/ConnectorError"
import type { Page, ResourceRecord } from "@access-kit/connector-model/Page"
import type { UnknownField } from "@bufbuild/protobuf"
import { Code } from "@connectrpc/connect"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { createHash, type Hash } from "node:crypto"
import { ListWriter } from "./ListWriter.ts"
import * as PageToken from "./PageToken.ts"
import { type Refusal, refuse } from "./Refusal.ts"
import type * as Rows from "./Rows.ts"

/** What callers accept; the default of gRPC, which baton's client keeps. */
export const MAX_RESPONSE = 4 * 1024 * 1024

/** Room for what is in a response beside its rows and its tokens. */
const MARGIN = 16 * 1024

/** Sibling cursors that fit an annotation, by number and by what they may take of the response. */
const MAX_SIBLINGS = 1024
const MAX_SIBLING_BYTES = 1024 * 1024

export interface Answer {
  readonly list: Array<UnknownField>
  readonly nextPageToken: string
  /** Page tokens of independent further pages. */
  readonly siblings: ReadonlyArray<string>
}

export interface Source {
  /** Names what is listed, so that a token is good for nothing else. */
  readonly listing: string
  /** Where the caller follows siblings on its own. Without it they are read one after another. */
  readonly offersSiblings: boolean
  /** The most rows of a response; 0 for no wish. */
  readonly pageSize: number
  readonly read: (
    cursor: string | undefined,
    everything: boolean
  ) => Effect.Effect<{ readonly page: Page<ResourceRecord>; readonly everything: boolean }, ConnectorError | Refusal>
  readonly rowsOf: (records: ReadonlyArray<ResourceRecord>) => Rows.Rows
}

/** A connector's page on its way. */
interface Cut {
  readonly rows: Rows.Rows
  readonly next: string | undefined
  readonly siblings: ReadonlyArray<string>
  readonly everything: boolean
  /** Over the ids of the first `hashed` rows. */
  readonly hash: Hash
  hashed: number
}

/** How many cut pages are remembered, and for how long. */
const REMEMBERED = 8
const REMEMBERED_MILLIS = 10 * 60 * 1000

export interface Memory {
  readonly recall: (key: string, now: number) => Cut | undefined
  readonly keep: (key: string, cut: Cut, now: number) => void
  readonly forget: (key: string) => void
  readonly clear: () => void
}

export const makeMemory = (): Memory => {
  const cuts = new Map<string, { readonly cut: Cut; readonly at: number }>()
  return {
    recall: (key, now) => {
      const found = cuts.get(key)
      return found !== undefined && now - found.at <= REMEMBERED_MILLIS ? found.cut : undefined
    },
    keep: (key, cut, now) => {
      cuts.delete(key)
      cuts.set(key, { cut, at: now })
      for (const oldest of cuts.keys()) {
        if (cuts.size <= REMEMBERED) break
        cuts.delete(oldest)
      }
    },
    forget: (key) => {
      cuts.delete(key)
    },
    clear: () => cuts.clear()
  }
}

/** A digest of the ids of the first `count` rows. */
const digestOf = (cut: Cut, count: number): string => {
  // A caller that repeats a request asks for fewer rows than have been hashed.
  const hash = cut.hashed <= count ? cut.hash : createHash("sha256")
  let index = cut.hashed <= count ? cut.hashed : 0
  for (; index < count; index++) hash.update(`${cut.rows.idOf(index)}\n`)
  if (hash === cut.hash) cut.hashed = Math.max(cut.hashed, count)
  return hash.copy().digest("base64url").slice(0, 16)
}

const keyOf = (token: PageToken.PageToken): string =>
  JSON.stringify([token.listing, token.everything, token.cursor ?? null])

const changed = (listing: string) =>
  refuse(
    Code.Aborted,
    `The directory changed while a large page of ${listing} was handed out in parts. Begin the listing again.`
  )

const cutOf = Effect.fnUntraced(function*(
  source: Source,
  token: PageToken.PageToken
): Effect.fn.Return<Cut, ConnectorError | Refusal> {
  const { everything, page } = yield* source.read(token.cursor, token.everything)
  if (token.cursor !== undefined && page.next === token.cursor) {
    return yield* refuse(
      Code.Internal,
      `listing ${source.listing} failed: next page token unchanged - likely a connector bug`
    )
  }
  return {
    rows: source.rowsOf(page.items),
    next: page.next,
    siblings: page.siblings ?? [],
    everything,
    hash: createHash("sha256"),
    hashed: 0
  }
})

/** The token of the first of these cursors, with the others pending. */
const following = (token: PageToken.PageToken, everything: boolean, cursors: ReadonlyArray<string>) => {
  const [cursor, ...pending] = cursors
  return cursor === undefined
    ? Effect.succeed("")
    : PageToken.encode({ ...PageToken.start(token.listing), cursor, pending, everything })
}

/** As many siblings as a response may offer; the rest stays pending. */
const offer = Effect.fnUntraced(function*(
  token: PageToken.PageToken,
  everything: boolean,
  siblings: ReadonlyArray<string>
) {
  const tokens: Array<string> = []
  let bytes = 0
  for (const cursor of siblings.slice(0, MAX_SIBLINGS)) {
    const encoded = yield* PageToken.encode({ ...PageToken.start(token.listing), cursor, everything })
    if (bytes + encoded.length > MAX_SIBLING_BYTES) break
    bytes += encoded.length + 4
    tokens.push(encoded)
  }
  return { tokens, bytes, rest: siblings.slice(tokens.length) }
})

/**
 * Answers a request for a page.
 */
export const answer = Effect.fnUntraced(function*(
  memory: Memory,
  source: Source,
  pageToken: string
): Effect.fn.Return<Answer, ConnectorError | Refusal> {
  const token = yield* PageToken.decode(pageToken, source.listing)
  const now = yield* Clock.currentTimeMillis
  const key = keyOf(token)
  const cut = (token.offset === 0 ? undefined : memory.recall(key, now)) ?? (yield* cutOf(source, token))
  const { everything, rows } = cut
  if (token.offset > 0 && (token.offset >= rows.length || digestOf(cut, token.offset) !== token.digest)) {
    memory.forget(key)
    return yield* changed(source.listing)
  }

  // With the first part of a page everything that follows from it goes out or becomes pending.
  const fresh = token.offset === 0 ? cut.siblings : []
  const offered = source.offersSiblings && fresh.length > 0
    ? yield* offer(token, everything, fresh)
    : { tokens: [], bytes: 0, rest: fresh }
  const pending = [...token.pending, ...offered.rest]
  const after = yield* following(token, everything, cut.next === undefined ? pending : [cut.next, ...pending])

  const room = MAX_RESPONSE - MARGIN - offered.bytes - after.length - 2 * (token.cursor?.length ?? 0)
  const limit = source.pageSize === 0 ? rows.length : Math.min(rows.length, token.offset + source.pageSize)
  const list = new ListWriter()
  let index = token.offset
  for (; index < limit; index++) {
    const before = list.length
    rows.write(index, list)
    if (list.length > room) {
      list.truncate(before)
      break
    }
  }
  if (index === token.offset && index < rows.length) {
    return yield* refuse(
      Code.ResourceExhausted,
      `"${rows.idOf(index)}" in the listing ${source.listing} is larger than a response may be (4 MiB).`
    )
  }
  if (index >= rows.length) {
    memory.forget(key)
    return { list: list.fields, nextPageToken: after, siblings: offered.tokens }
  }
  const next = { ...token, offset: index, digest: digestOf(cut, index), pending, everything }
  memory.keep(keyOf(next), cut, now)
  return { list: list.fields, nextPageToken: yield* PageToken.encode(next), siblings: offered.tokens }
})
