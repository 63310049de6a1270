/**
 * Reading an answer whole, with its limit enforced while it comes in.
 */
import * as Effect from "effect/Effect"
import type * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

export interface Body {
  readonly text: string
  /** Bytes on the wire. */
  readonly bytes: number
}

export class BodyTooLarge extends Schema.TaggedError<BodyTooLarge>()("BodyTooLarge", { limit: Schema.Number }) {}

export class BrokenCompression extends Schema.TaggedError<BrokenCompression>()("BrokenCompression", {}) {}

// Strips a byte order mark by default, and turns broken UTF-8 into replacement characters instead of failing.
const decoder = new TextDecoder()

export const readBody = (
  response: HttpClientResponse.HttpClientResponse,
  limit: number
): Effect.Effect<Body, HttpClientError.HttpClientError | BodyTooLarge | BrokenCompression> => {
  const announced = Number(response.headers["content-length"])
  // Where the runtime decompresses, the announced length is that of something else than what is read.
  const bytes = announced <= limit && response.headers["content-encoding"] === undefined
    ? Effect.map(response.arrayBuffer, (buffer) => new Uint8Array(buffer))
    : Effect.catchIf(
      collect(response.stream, limit),
      // Web responses have no stream at all where there is no body.
      (error) => error._tag === "HttpClientError" && error.reason._tag === "EmptyBodyError",
      () => Effect.succeed(new Uint8Array(0))
    )
  return Effect.flatMap(bytes, (bytes) => {
    // By the bytes, not the header: fetch leaves the header in place after it has decompressed.
    if (bytes.length > 2 && bytes[0] === 0x1f && bytes[1] === 0x8b) {
      return Effect.map(gunzip(bytes, limit), (plain) => ({ text: decoder.decode(plain), bytes: bytes.length }))
    }
    return bytes.length > limit
      ? Effect.fail(new BodyTooLarge({ limit }))
      : Effect.succeed({ text: decoder.decode(bytes), bytes: bytes.length })
  })
}

const collect = <E>(
  stream: Stream.Stream<Uint8Array, E>,
  limit: number
): Effect.Effect<Uint8Array, E | BodyTooLarge> =>
  Effect.suspend(() => {
    const chunks: Array<Uint8Array> = []
    let length = 0
    return Effect.map(
      Stream.runForEach(stream, (chunk) => {
        length += chunk.length
        if (length > limit) return Effect.fail(new BodyTooLarge({ limit }))
        chunks.push(chunk)
        return Effect.void
      }),
      () => {
        if (chunks.length === 1 && chunks[0] !== undefined) return chunks[0]
        const whole = new Uint8Array(length)
        let at = 0
        for (const chunk of chunks) {
          whole.set(chunk, at)
          at += chunk.length
        }
        return whole
      }
    )
  })

const gunzip = (bytes: Uint8Array, limit: number) =>
  collect(
    Stream.fromReadableStream({
      evaluate: () => new Blob([new Uint8Array(bytes)]).stream().pipeThrough(new DecompressionStream("gzip")),
      onError: () => new BrokenCompression()
    }),
    limit
  )
