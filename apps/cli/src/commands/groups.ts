/**
 * `claude-enterprise groups`: the groups of the directory. They are made and deleted in the identity provider, not here.
 *
 * @since 0.1.0
 */
import * as ClaudeEnterprise from "@access-kit/claude-enterprise/ClaudeEnterprise"
import * as Connector from "@access-kit/connector-model/Connector"
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import * as ResourceType from "@access-kit/connector-model/ResourceType"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Connection from "../Connection.ts"
import * as Listing from "../Listing.ts"
import * as Lookup from "../Lookup.ts"
import { Output } from "../Output.ts"
import * as GroupView from "../views/GroupView.ts"

const list = Command.make(
  "list",
  { search: Listing.search, limit: Listing.limit },
  Effect.fn("groups list")(function*({ limit, search }) {
    const connector = yield* Connector.Connector
    const handler = yield* Connector.handlerOf(connector, ResourceType.GROUP, "groups list")
    const matches = Option.match(search, { onNone: () => () => true, onSome: Listing.matches })
    yield* Listing.print(
      GroupView.view,
      Connector.records(handler, { include: "resources", concurrency: 4 }).pipe(
        Stream.map((record) => record.resource),
        Stream.filter(matches)
      ),
      limit
    )
  }, Effect.provide(Connection.layer))
).pipe(Command.withDescription("List the groups"))

const get = Command.make(
  "get",
  { group: Argument.String("group").pipe(Argument.withDescription("Id or display name")) },
  Effect.fn("groups get")(function*({ group }) {
    const connector = yield* Connector.Connector
    const output = yield* Output
    const handler = yield* Connector.handlerOf(connector, ResourceType.GROUP, "groups get")
    const found = yield* Lookup.one(handler, "group", group)
    yield* output.record(GroupView.record, yield* handler.get(found.id.resource))
    yield* output.say(`Who is in it: claude-enterprise grants list --group ${found.id.resource}`)
  }, Effect.provide(Connection.layer))
).pipe(Command.withDescription("Show one group; --output json has the ids of its members"))

/** What people look for here and can't be: they are told why, and where it is done, and not that they have mistyped something. */
const impossible = <const Name extends string>(name: Name) =>
  Command.make(
    name,
    { groups: Argument.String("group").pipe(Argument.variadic()) },
    Effect.fn(`groups ${name}`)(function*() {
      return yield* ConnectorError.make(
        `groups ${name}`,
        new ConnectorError.Unsupported({
          resourceType: ResourceType.GROUP,
          message: ClaudeEnterprise.groupsAreMadeElsewhere
        })
      )
    })
  ).pipe(Command.unlisted)

/**
 * @since 0.1.0
 */
export const groups = Command.make("groups").pipe(
  Command.withDescription("The groups: list, get"),
  Command.withSubcommands([list, get, impossible("create"), impossible("delete")])
)
