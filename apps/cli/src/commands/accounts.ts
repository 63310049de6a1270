/**
 * `claude-enterprise accounts`: who can sign in.
 *
 * @since 0.1.0
 */
import * as Connector from "@access-kit/connector-model/Connector"
import * as Resource from "@access-kit/connector-model/Resource"
import * as ResourceType from "@access-kit/connector-model/ResourceType"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as AccountFlags from "../AccountFlags.ts"
import * as Changes from "../Changes.ts"
import * as Confirmation from "../Confirmation.ts"
import * as Connection from "../Connection.ts"
import * as Listing from "../Listing.ts"
import * as Lookup from "../Lookup.ts"
import { Output } from "../Output.ts"
import * as Text from "../Text.ts"
import * as AccountView from "../views/AccountView.ts"

const identify = (resource: Resource.Resource) => ({
  id: resource.id.resource,
  login: resource._tag === "Account" ? resource.login : "",
  displayName: resource.displayName
})

const isAccount = (resource: Resource.Resource): resource is Resource.Account => resource._tag === "Account"

const list = Command.make(
  "list",
  {
    status: Flag.Literals("status", Resource.AccountStatus.literals).pipe(
      Flag.withDescription("Only accounts in this state"),
      Flag.optional
    ),
    search: Listing.search,
    limit: Listing.limit
  },
  Effect.fn("accounts list")(function*({ limit, search, status }) {
    const connector = yield* Connector.Connector
    const handler = yield* Connector.handlerOf(connector, ResourceType.USER, "accounts list")
    const matches = Option.match(search, { onNone: () => () => true, onSome: Listing.matches })
    yield* Listing.print(
      AccountView.view,
      Connector.records(handler, { include: "resources", concurrency: 4 }).pipe(
        Stream.map((record) => record.resource),
        Stream.filter(isAccount),
        Stream.filter((account) => (Option.isNone(status) || account.status === status.value) && matches(account))
      ),
      limit
    )
  }, Effect.provide(Connection.layer))
).pipe(
  Command.withDescription("List the accounts"),
  Command.withExamples([
    { command: "claude-enterprise accounts list --status disabled", description: "Who is disabled but still there" },
    { command: "claude-enterprise accounts list -o csv > accounts.csv", description: "All of them for a spreadsheet" }
  ])
)

const get = Command.make(
  "get",
  { account: Argument.String("account").pipe(Argument.withDescription("Id, e-mail address or display name")) },
  Effect.fn("accounts get")(function*({ account }) {
    const connector = yield* Connector.Connector
    const output = yield* Output
    const handler = yield* Connector.handlerOf(connector, ResourceType.USER, "accounts get")
    const found = yield* Lookup.one(handler, "account", account)
    const { resource } = yield* handler.get(found.id.resource)
    if (isAccount(resource)) yield* output.record(AccountView.view, resource)
  }, Effect.provide(Connection.layer))
).pipe(Command.withDescription("Show one account with all its fields"))

const create = Command.make(
  "create",
  {
    email: Argument.String("email").pipe(
      Argument.withDescription("The e-mail address that the person signs in with, letter by letter as SSO sends it")
    ),
    fields: AccountFlags.flags,
    ...Changes.flags
  },
  Effect.fn("accounts create")(function*({ dryRun, email, fields, maxChanges }) {
    const connector = yield* Connector.Connector
    const request = { email, fields: AccountFlags.values(fields) }
    yield* Changes.run(
      connector,
      [{
        action: "create",
        given: email,
        run: Effect.fnUntraced(function*(limited, dryRun) {
          const creation = yield* Connector.capabilityOf(limited, ResourceType.USER, "createAccount")
          const outcome = yield* creation.create({ ...request, dryRun })
          return {
            outcome: outcome._tag,
            account: identify(outcome.account),
            ...(outcome._tag === "AlreadyExists" ? { detail: `${outcome.account.status}, left as it is` } : {})
          }
        })
      }],
      { dryRun, maxChanges }
    )
  }, Effect.provide(Connection.layer))
).pipe(
  Command.withDescription("Create an account; the person signs in through SSO, there is no password"),
  Command.withExamples([
    { command: "claude-enterprise accounts create jane@example.com --display-name 'Jane Smith'" }
  ])
)

const remove = Command.make(
  "delete",
  {
    accounts: Argument.String("account").pipe(
      Argument.withDescription("Id, e-mail address or display name"),
      Argument.variadic({ min: 1 })
    ),
    yes: Confirmation.yes,
    ...Changes.flags
  },
  Effect.fn("accounts delete")(function*({ accounts, dryRun, maxChanges, yes }) {
    const connector = yield* Connector.Connector
    const output = yield* Output
    const handler = yield* Connector.handlerOf(connector, ResourceType.USER, "accounts delete")
    yield* Connector.capabilityOf(connector, ResourceType.USER, "delete")
    const found = yield* Lookup.all(handler, "account", accounts)
    if (!dryRun) {
      yield* output.say(
        `This deletes ${Text.counted(found.length, "account")} from ${connector.source}; `
          + "whoever it is can't use Claude any more:"
      )
      for (const { resource } of found) yield* output.say(`  ${Lookup.describe(resource)} (id ${resource.id.resource})`)
      yield* Confirmation.confirm(`Delete ${Text.counted(found.length, "account")}?`, yes)
    }
    yield* Changes.run(
      connector,
      found.map(({ given, resource }) => ({
        action: "delete",
        given,
        account: identify(resource),
        run: Effect.fnUntraced(function*(limited, dryRun) {
          const remove = yield* Connector.capabilityOf(limited, ResourceType.USER, "delete")
          const outcome = yield* remove(resource.id.resource, { dryRun })
          return {
            outcome: outcome._tag,
            ...(outcome._tag === "Deleted" && outcome.remains
              ? { detail: "the directory keeps it as disabled, without access" }
              : {})
          }
        })
      })),
      { dryRun, maxChanges }
    )
  }, Effect.provide(Connection.layer))
).pipe(
  Command.withDescription("Delete accounts, after asking"),
  Command.withExamples([
    { command: "claude-enterprise accounts delete jane@example.com --dry-run" },
    { command: "claude-enterprise accounts delete jane@example.com john@example.com --yes" }
  ])
)

/**
 * @since 0.1.0
 */
export const accounts = Command.make("accounts").pipe(
  Command.withDescription("Who can sign in: list, get, create, delete"),
  Command.withSubcommands([list, get, create, remove])
)
