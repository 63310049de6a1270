/**
 * What every listing has in common: its flags, the order of its steps, and what is said when nothing is found.
 *
 * @since 0.1.0
 */
import * as Connector from "@access-kit/connector-model/Connector"
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import type { ListRequest, ResourceRecord } from "@access-kit/connector-model/Page"
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

/**
 * Every record of a type, each once. Where rows came twice, others were missed in their place (the directory changed, or the server pages
 * wrongly): the listing then ends with `IncompleteListing`.
 *
 * @since 0.1.0
 */
export const records = (
  handler: Connector.ResourceTypeHandler,
  include: ListRequest["include"]
): Stream.Stream<ResourceRecord, ConnectorError.ConnectorError> =>
  Stream.suspend(() => {
    const seen = new Set<string>()
    let received = 0
    const distinct = Stream.filter(Connector.records(handler, { include, concurrency: 4 }), ({ resource }) => {
      received += 1
      if (seen.has(resource.id.resource)) return false
      seen.add(resource.id.resource)
      return true
    })
    const whole = Stream.fromEffect(Effect.suspend(() =>
      received === seen.size
        ? Effect.void
        : Effect.fail(ConnectorError.make(
          "list",
          new ConnectorError.IncompleteListing({
            resourceType: handler.resourceType.id,
            expected: received,
            received: seen.size,
            message:
              `${Text.counted(received - seen.size, "row")} came twice, so that others may be missing: the directory `
              + "changed while it was read, or the server pages wrongly. Run the command again."
          })
        ))
    ))
    return Stream.concat(distinct, Stream.drain(whole))
  })

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
