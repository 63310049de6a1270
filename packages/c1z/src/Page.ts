/**
 * Page tokens: where a listing goes on. A token belongs to the question that it was made for, filters and sync included.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { createHash } from "node:crypto"
import * as QueryError from "./QueryError.ts"

/** Every row of a listing says where the next one follows. */
export interface Positioned {
  /** Opaque; what {@link token} takes. */
  readonly cursor: string
}

const fingerprint = (question: unknown): string =>
  createHash("sha256").update(JSON.stringify(question)).digest("base64url").slice(0, 12)

/**
 * The token to go on after a row.
 *
 * @param question everything that chooses the rows and their order, as JSON
 * @since 0.1.0
 */
export const token = (question: unknown, cursor: string): string =>
  Buffer.from(JSON.stringify([1, fingerprint(question), cursor])).toString("base64url")

/**
 * The cursor inside a token of this question.
 *
 * @since 0.1.0
 */
export const cursor = (question: unknown, token: string): Effect.Effect<string, QueryError.QueryError> =>
  Effect.suspend(() => {
    const refuse = (message: string) =>
      Effect.fail(new QueryError.QueryError({ reason: new QueryError.InvalidPageToken({ message }) }))
    let parts: unknown
    try {
      parts = JSON.parse(Buffer.from(token, "base64url").toString("utf8"))
    } catch {
      parts = undefined
    }
    if (!Array.isArray(parts) || parts[0] !== 1 || !Predicate.isString(parts[2])) {
      return refuse("This is no page token. Take it as the command printed it.")
    }
    return parts[1] === fingerprint(question)
      ? Effect.succeed(parts[2])
      : refuse(
        "The page token belongs to another listing. Ask with the same file, sync and filters as before, or without --page-token."
      )
  })
