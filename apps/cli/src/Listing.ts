/**
 * What every listing has in common: its flags, the order of its steps, and what is said when nothing is found.
 *
 * @since 0.1.0
 */
import type { Resource } from "@access-kit/connector-model/Resource"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Output } from "./Output.ts"
import * as Text from "./Text.ts"
import type { View } from "./View.ts"

/**
 * @since 0.1.0
 */
export const limit = Flag.Int("limit").pipe(
  Flag.withMetavar("N"),
  Flag.filter((limit) => limit >= 1, () => "Expected a number from 1 on"),
  Flag.withDescription("Stop after so many rows"),
  Flag.optional
)

/**
 * @since 0.1.0
 */
export const search = Flag.String("search").pipe(
  Flag.withAlias("s"),
  Flag.withMetavar("TEXT"),
  Flag.withDescription("Only those with this text in a name, address or id, whatever the case"),
  Flag.optional
)

const fold = (text: string): string => text.normalize("NFKC").toLowerCase()

/**
 * Whether the text is somewhere in what a resource is known by.
 *
 * @since 0.1.0
 */
export const matches = (text: string): (resource: Resource) => boolean => {
  const wanted = fold(text)
  return (resource) => {
    const names = [resource.displayName, resource.id.resource, resource.externalId ?? ""]
    if (resource._tag === "Account") {
      names.push(
        resource.login,
        `${resource.givenName ?? ""} ${resource.familyName ?? ""}`,
        ...resource.emails.map((email) => email.address)
      )
    }
    return names.some((name) => fold(name).includes(wanted))
  }
}

/**
 * Prints the rows, and says for people how many there were.
 *
 * @since 0.1.0
 */
export const print = Effect.fn("Listing.print")(function*<A, E, R>(
  view: View<A>,
  rows: Stream.Stream<A, E, R>,
  limit: Option.Option<number>
) {
  const output = yield* Output
  const count = yield* output.rows(
    view,
    Option.match(limit, { onNone: () => rows, onSome: (limit) => Stream.take(rows, limit) })
  )
  const [singular, plural] = view.noun
  if (count === 0) return yield* output.say(`No ${plural} found.`)
  const stopped = Option.isSome(limit) && count >= limit.value ? " shown, there may be more (--limit)" : ""
  yield* output.say(`${Text.counted(count, singular, plural)}${stopped}.`)
})
