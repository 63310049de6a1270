/**
 * `claude-enterprise grants`: who holds what, and changing it.
 *
 * @since 0.1.0
 */
import * as Connector from "@access-kit/connector-model/Connector"
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import * as Entitlement from "@access-kit/connector-model/Entitlement"
import type { ResourceRecord } from "@access-kit/connector-model/Page"
import * as ResourceType from "@access-kit/connector-model/ResourceType"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as Accounts from "../Accounts.ts"
import * as Changes from "../Changes.ts"
import * as Connection from "../Connection.ts"
import { CommandError } from "../Failure.ts"
import * as GrantExpiry from "../GrantExpiry.ts"
import * as LastGroup from "../LastGroup.ts"
import * as Listing from "../Listing.ts"
import * as Lookup from "../Lookup.ts"
import { Output } from "../Output.ts"
import * as Text from "../Text.ts"
import type { GrantRow } from "../views/GrantView.ts"
import * as GrantView from "../views/GrantView.ts"

const list = Command.make(
  "list",
  {
    group: Flag.String("group").pipe(
      Flag.withAlias("g"),
      Flag.withMetavar("GROUP"),
      Flag.withDescription("Only what is granted on this group: id or display name"),
      Flag.optional
    ),
    account: Flag.String("account").pipe(
      Flag.withAlias("a"),
      Flag.withMetavar("ACCOUNT"),
      Flag.withDescription("Only what this account holds: id, e-mail address or display name"),
      Flag.optional
    ),
    names: Flag.Boolean("names").pipe(
      Flag.withDescription("Look up the names of the accounts; without them a listing needs fewer requests"),
      Flag.withDefault(true)
    ),
    limit: Listing.limit
  },
  Effect.fn("grants list")(function*({ account, group, limit, names }) {
    const connector = yield* Connector.Connector
    const groups = yield* Connector.handlerOf(connector, ResourceType.GROUP, "grants list")
    const people = yield* Connector.handlerOf(connector, ResourceType.USER, "grants list")
    const principal = Option.isSome(account)
      ? yield* Lookup.one(people, "account", account.value)
      : undefined
    const records: Stream.Stream<ResourceRecord, ConnectorError.ConnectorError> = Option.isSome(group)
      ? Stream.fromEffect(
        Effect.flatMap(Lookup.one(groups, "group", group.value), (found) => groups.get(found.id.resource))
      )
      : Connector.records(groups, { include: "everything", concurrency: 4 })
    const accounts = Accounts.make(people, principal === undefined ? [] : [principal])
    const rows = Stream.flatMap(records, (record) =>
      Stream.unwrap(Effect.gen(function*() {
        const grants = principal === undefined
          ? record.grants
          : record.grants.filter((grant) => grant.principal.resource === principal.id.resource)
        if (names) {
          yield* accounts.learn(
            grants.filter((grant) => grant.principal.resourceType === ResourceType.USER)
              .map((grant) => grant.principal.resource)
          )
        }
        const slugs = new Map(record.entitlements.map((entitlement) => [entitlement.id, entitlement.slug]))
        return Stream.fromIterable(grants.map((grant): GrantRow => ({
          grant,
          resource: record.resource,
          slug: slugs.get(grant.entitlementId) ?? "",
          account: names ? accounts.get(grant.principal.resource) : undefined
        })))
      })))
    yield* Listing.print(GrantView.view((yield* Connection.server) !== undefined), rows, limit)
  }, Effect.provide(Connection.layer))
).pipe(
  Command.withDescription("List the grants: who is in which group"),
  Command.withExamples([
    { command: "claude-enterprise grants list --account jane@example.com", description: "What one person holds" },
    { command: "claude-enterprise grants list --group Engineering -o csv", description: "Who is in a group" }
  ])
)

const change = {
  accounts: Argument.String("account").pipe(
    Argument.withDescription("Id, e-mail address or display name"),
    Argument.variadic({ min: 1 })
  ),
  group: Flag.String("group").pipe(
    Flag.withAlias("g"),
    Flag.withMetavar("GROUP"),
    Flag.withDescription("Id or display name of the group")
  ),
  entitlement: Flag.String("entitlement").pipe(
    Flag.withMetavar("SLUG"),
    Flag.withDescription("Which entitlement of the group, where it has several (see entitlements list)"),
    Flag.optional
  ),
  ...Changes.flags
}

/** Everything that a change names, looked up before the first one is made. */
const prepare = Effect.fn("grants prepare")(function*(
  operation: "grant" | "revoke",
  flags: {
    readonly accounts: ReadonlyArray<string>
    readonly group: string
    readonly entitlement: Option.Option<string>
  }
) {
  const connector = yield* Connector.Connector
  const groups = yield* Connector.handlerOf(connector, ResourceType.GROUP, operation)
  const people = yield* Connector.handlerOf(connector, ResourceType.USER, operation)
  yield* Connector.capabilityOf(connector, ResourceType.GROUP, operation)
  const group = yield* Lookup.one(groups, "group", flags.group)
  const found = yield* Lookup.all(people, "account", flags.accounts)
  const slugs = (groups.entitlements ?? []).map((entitlement) => entitlement.slug)
  const slug = Option.getOrElse(flags.entitlement, () => slugs.length === 1 ? slugs[0] : undefined)
  if (slug === undefined || !slugs.includes(slug)) {
    return yield* ConnectorError.make(
      operation,
      new ConnectorError.InvalidInput({
        field: "entitlement",
        message: `A group has no such entitlement. Give --entitlement one of: ${slugs.join(", ")}.`
      })
    )
  }
  const entitlement = { id: Entitlement.makeId(group.id, slug), resource: group.id, slug }
  const common = found.map(({ given, resource }) => ({
    given,
    account: {
      id: resource.id.resource,
      login: resource._tag === "Account" ? resource.login : "",
      displayName: resource.displayName
    },
    group: { id: group.id.resource, displayName: group.displayName },
    request: { entitlement, principal: resource.id }
  }))
  return { connector, groups, group, people: found.map(({ resource }) => resource), common }
})

const grant = Command.make(
  "grant",
  {
    ...change,
    expires: Flag.String("expires").pipe(
      Flag.withMetavar("TIME"),
      Flag.withDescription(
        "Take it away again at this moment (2026-01-31T12:00:00Z) or after so long (8h); with --server only"
      ),
      Flag.optional
    ),
    ifGranted: Flag.Literals("if-granted", ["keep", "expire"]).pipe(
      Flag.withDescription(
        "With --expires, for who is in the group already without an end: keep it so (default), or expire it too"
      ),
      Flag.optional
    )
  },
  Effect.fn("grants grant")(function*(flags) {
    const output = yield* Output
    const expiry = Option.isSome(flags.expires) ? yield* GrantExpiry.parse(flags.expires.value) : undefined
    if (expiry !== undefined && (yield* Connection.server) === undefined) {
      return yield* new CommandError({
        reason: "Usage",
        message:
          "--expires needs a server that takes the access away when its time comes. Add --server URL, or leave --expires out."
      })
    }
    if (expiry === undefined && Option.isSome(flags.ifGranted)) {
      return yield* new CommandError({
        reason: "Usage",
        message: "--if-granted says what --expires means for who is in the group already. Add --expires TIME."
      })
    }
    const { common, connector, group } = yield* prepare("grant", flags)
    yield* output.say(
      `${flags.dryRun ? "Would put" : "Putting"} ${Text.counted(common.length, "account")} into ${
        Lookup.describe(group)
      } (id ${group.id.resource}).`
    )
    yield* Changes.run(
      connector,
      common.map(({ request, ...item }) => ({
        ...item,
        action: "grant",
        run: Effect.fnUntraced(function*(limited, dryRun) {
          const grant = yield* Connector.capabilityOf(limited, ResourceType.GROUP, "grant")
          const outcome = yield* grant({ ...request, dryRun })
          const until = GrantExpiry.endOf(outcome.grant)
          return {
            outcome: outcome._tag,
            grantId: outcome.grant.id,
            ...(expiry === undefined
              ? {}
              : { detail: until === undefined ? "without an end, and it stays so" : `until ${until}` })
          }
        })
      })),
      flags
    ).pipe(Effect.provideService(
      GrantExpiry.GrantExpiry,
      expiry === undefined
        ? undefined
        : { expiresAt: expiry, ...(Option.isSome(flags.ifGranted) ? { ifGranted: flags.ifGranted.value } : {}) }
    ))
  }, Effect.provide(Connection.layer))
).pipe(
  Command.withDescription("Put accounts into a group, with --server also for a time"),
  Command.withExamples([
    { command: "claude-enterprise grants grant jane@example.com --group Engineering" },
    {
      command: "claude-enterprise grants grant jane@example.com --group Engineering --expires 8h",
      description: "For a working day; with CLAUDE_ENTERPRISE_SERVER"
    }
  ])
)

const revoke = Command.make(
  "revoke",
  change,
  Effect.fn("grants revoke")(function*(flags) {
    const output = yield* Output
    const { common, connector, group, groups, people } = yield* prepare("revoke", flags)
    yield* output.say(
      `${flags.dryRun ? "Would take" : "Taking"} ${Text.counted(common.length, "account")} out of ${
        Lookup.describe(group)
      } (id ${group.id.resource}).`
    )
    const { ClaudeEnterprise } = yield* Effect.promise(() => import("../ConnectorLayer.ts"))
    const warning = LastGroup.warning(
      yield* LastGroup.find(groups, people, group.id),
      ClaudeEnterprise.lastGroupWarning
    )
    if (warning !== undefined) yield* output.warn(warning)
    yield* Changes.run(
      connector,
      common.map(({ request, ...item }) => ({
        ...item,
        action: "revoke",
        run: Effect.fnUntraced(function*(limited, dryRun) {
          const revoke = yield* Connector.capabilityOf(limited, ResourceType.GROUP, "revoke")
          const outcome = yield* revoke({ ...request, dryRun })
          return { outcome: outcome._tag, grantId: outcome.grant.id }
        })
      })),
      flags
    )
  }, Effect.provide(Connection.layer))
).pipe(
  Command.withDescription("Take accounts out of a group; warns when it is somebody's last one"),
  Command.withExamples([
    { command: "claude-enterprise grants revoke jane@example.com --group Engineering --dry-run" }
  ])
)

/**
 * @since 0.1.0
 */
export const grants = Command.make("grants").pipe(
  Command.withDescription("Who holds what: list, grant, revoke"),
  Command.withSubcommands([list, grant, revoke])
)
