/**
 * `claude-enterprise entitlements`: what can be granted.
 *
 * @since 0.1.0
 */
import * as Connector from "@access-kit/connector-model/Connector"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Connection from "../Connection.ts"
import * as Listing from "../Listing.ts"
import * as EntitlementView from "../views/EntitlementView.ts"

const list = Command.make(
  "list",
  { search: Listing.search, limit: Listing.limit },
  Effect.fn("entitlements list")(function*({ limit, search }) {
    const connector = yield* Connector.Connector
    const matches = Option.match(search, { onNone: () => () => true, onSome: Listing.matches })
    const rows = connector.resourceTypes
      .filter((handler) => (handler.entitlements ?? []).length > 0)
      .map((handler) =>
        Connector.records(handler, { include: "everything", concurrency: 4 }).pipe(
          Stream.filter((record) => matches(record.resource)),
          Stream.flatMap((record) =>
            Stream.fromIterable(record.entitlements.map((entitlement): EntitlementView.EntitlementRow => ({
              entitlement,
              resource: record.resource,
              holders: record.grants.filter((grant) => grant.entitlementId === entitlement.id).length
            })))
          )
        )
      )
      .reduce((all, next) => Stream.concat(all, next), Stream.empty)
    yield* Listing.print(EntitlementView.view, rows, limit)
  }, Effect.provide(Connection.layer))
).pipe(Command.withDescription("List the entitlements, each with how many hold it"))

/**
 * @since 0.1.0
 */
export const entitlements = Command.make("entitlements").pipe(
  Command.withDescription("What can be granted: list"),
  Command.withSubcommands([list])
)
