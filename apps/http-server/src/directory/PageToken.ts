/**
 * Page tokens of the directory: the id after which a page goes on. An id is the same in every generation, so a token goes on where the page ended also
 * when another snapshot is shown meanwhile. It belongs to the question that it was made for.
 *
 * @since 0.1.0
 */
import { InvalidInput } from "@access-kit/server-api/Problems"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { hash } from "node:crypto"

const Token = Schema.fromJsonString(Schema.Tuple([Schema.Literal(1), Schema.String, Schema.Array(Schema.String)]))

const decode = Schema.decodeUnknownOption(Token)

const fingerprint = (question: ReadonlyArray<unknown>): string =>
  hash("sha256", JSON.stringify(question), "base64url").slice(0, 12)

/**
 * @param question everything that chooses the rows
 * @param place what rows are sorted by, of the last row of the page
 * @since 0.1.0
 */
export const make = (question: ReadonlyArray<unknown>, place: ReadonlyArray<string>): string =>
  Buffer.from(JSON.stringify([1, fingerprint(question), place])).toString("base64url")

const refuse = (message: string) => new InvalidInput({ detail: message, errors: [{ field: "pageToken", message }] })

/**
 * The place in a token, `parts` values long.
 *
 * @since 0.1.0
 */
export const read = (
  question: ReadonlyArray<unknown>,
  parts: number,
  token: string
): Effect.Effect<ReadonlyArray<string>, InvalidInput> => {
  const found = decode(Buffer.from(token, "base64url").toString("utf8"))
  if (
    found._tag === "None" || found.value[2].length !== parts || found.value[2].some((part) => part.includes("\u0000"))
  ) {
    return Effect.fail(refuse("This is no page token. Take the `nextPageToken` of the page before as it is."))
  }
  return found.value[1] === fingerprint(question)
    ? Effect.succeed(found.value[2])
    : Effect.fail(
      refuse("The page token belongs to another listing. Ask with the same filters as for the page before.")
    )
}
