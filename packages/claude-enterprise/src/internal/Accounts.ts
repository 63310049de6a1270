/**
 * The handler of accounts: SCIM users.
 */
import type { ChangeOptions, ResourceTypeHandler } from "@access-kit/connector-model/Connector"
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import { DeleteOutcome } from "@access-kit/connector-model/Outcome"
import type { ListRequest, Page, ResourceRecord } from "@access-kit/connector-model/Page"
import type { Account, ResourceId } from "@access-kit/connector-model/Resource"
import * as ResourceType from "@access-kit/connector-model/ResourceType"
import type * as ScimUser from "@access-kit/scim-core/User"
import * as Effect from "effect/Effect"
import * as AccountCreation from "./AccountCreation.ts"
import { accountOf, displayNameOf } from "./AccountMapping.ts"
import type { Backend } from "./Backend.ts"
import * as Failure from "./Failure.ts"
import * as Listing from "./Listing.ts"
import * as PersonName from "./PersonName.ts"
import * as ReadBack from "./ReadBack.ts"
import * as Search from "./Search.ts"

export const resourceType: ResourceType.ResourceType = {
  id: ResourceType.USER,
  displayName: "User",
  description: "An account of the Claude Enterprise organization that is managed through SCIM",
  traits: ["user"]
}

const recordOf = (user: ScimUser.User): ResourceRecord => ({
  resource: accountOf(user),
  entitlements: [],
  grants: []
})

const about = (id: string): Failure.About => ({ resourceType: ResourceType.USER, key: id })

/** Whether two texts name the same display name. */
const called = (user: ScimUser.User, text: string): boolean => Search.sameText(displayNameOf(user), text)

const criteriaFor = (text: string): ReadonlyArray<Search.Criterion<ScimUser.User>> => {
  if (text.includes("@")) {
    return [{
      attribute: "emails.value",
      value: text,
      matches: (user) => user.emails.some((email) => Search.sameText(email.value, text))
    }]
  }
  const name = PersonName.parse(text)
  return [
    { attribute: "displayName", value: text, matches: (user) => called(user, text) },
    { attribute: "name.formatted", value: text, matches: (user) => called(user, text) },
    // The display name of a user who has only a given and a family name is made of them.
    ...(name?.familyName === undefined ? [] : [{
      attribute: "name.givenName",
      value: name.givenName,
      matches: (user: ScimUser.User) => called(user, text)
    }])
  ]
}

export const make = (backend: Backend): ResourceTypeHandler => {
  const { client, concurrency } = backend
  const users = client.users

  const list = Effect.fn("ClaudeEnterprise.listAccounts")(function*(
    request: ListRequest
  ): Effect.fn.Return<Page<ResourceRecord>, ConnectorError.ConnectorError> {
    const state = yield* Listing.stateOf(users, request)
    const step = yield* users.walk(state).pipe(Failure.mapped("list", about("")))
    const items = step.resources.map(recordOf)
    const silent = step.resources.reduce((count, user) => user.active === undefined ? count + 1 : count, 0)
    return Listing.pageOf(
      step,
      items,
      silent === 0 ? [] : [{
        code: "account-status-unknown",
        message: "The SCIM server does not say whether an account is active; its status is unknown.",
        count: silent
      }]
    )
  })

  const get = Effect.fn("ClaudeEnterprise.getAccount")((id: string) =>
    users.get(id).pipe(Effect.map(recordOf), Failure.mapped("get", about(id)))
  )

  /** The user with this id, where any text may be given. A server may find fault with a text that can't be an id of its own. */
  const probe = (id: string) =>
    users.get(id).pipe(
      Effect.map((user): ReadonlyArray<ScimUser.User> => [user]),
      Effect.catchIf(
        ({ reason }) =>
          reason._tag === "NotFound" || reason._tag === "InvalidRequest" || reason._tag === "InvalidConfiguration",
        () => Effect.succeed<ReadonlyArray<ScimUser.User>>([])
      )
    )

  // A user name singles somebody out and only an administrator sets it, so it comes first; a display name, which people choose
  // for themselves, comes last and can't stand for somebody's id.
  const find = Effect.fn("ClaudeEnterprise.findAccounts")(function*(
    text: string
  ): Effect.fn.Return<ReadonlyArray<Account>, ConnectorError.ConnectorError> {
    if (text.trim() === "") return []
    const byLogin: Search.Criterion<ScimUser.User> = {
      attribute: "userName",
      value: text,
      matches: (user) => Search.sameText(user.userName, text)
    }
    const found = yield* Effect.gen(function*() {
      const named = yield* Search.firstMatches(users, [byLogin], { concurrency })
      if (named.length > 0) return named
      const identified = yield* probe(text)
      if (identified.length > 0) return identified
      return yield* Search.firstMatches(users, criteriaFor(text), { concurrency })
    }).pipe(Failure.mapped("find", { resourceType: ResourceType.USER, key: text }))
    return found.map(accountOf)
  })

  const read = (id: string) =>
    users.get(id).pipe(
      Effect.catchReason("ScimError", "NotFound", () => Effect.succeed(undefined)),
      Failure.mapped("delete", about(id))
    )

  const remove = Effect.fn("ClaudeEnterprise.deleteAccount")(function*(
    id: string,
    options?: ChangeOptions
  ): Effect.fn.Return<DeleteOutcome, ConnectorError.ConnectorError> {
    const name: ResourceId = { resourceType: ResourceType.USER, resource: id }
    const before = yield* read(id)
    if (before === undefined) return DeleteOutcome.cases.DidNotExist.make({ id: name })
    if (options?.dryRun === true) return DeleteOutcome.cases.WouldDelete.make({ id: name })

    const answer = yield* users.delete(id).pipe(Failure.mapped("delete", about(id)))
    const after = yield* ReadBack.until(read(id), (user) => user === undefined || user.active === false)
    if (after !== undefined && after.active !== false) {
      return yield* Effect.fail(ConnectorError.make(
        "delete",
        new ConnectorError.NotApplied({
          message: `The SCIM server answered that account "${id}" is deleted, but it is still there${
            after.active === true ? " and enabled" : ""
          }. Delete it in the identity provider, or ask whoever runs the SCIM server.`
        })
      ))
    }
    // "Not found" means that there was nothing to delete only where the account stands as it stood before, as one deleted
    // earlier. Otherwise it is the echo of a repeated request whose first answer was lost.
    return answer === "DidNotExist" && before.active === false && after !== undefined
      ? DeleteOutcome.cases.DidNotExist.make({ id: name })
      : DeleteOutcome.cases.Deleted.make({ id: name, remains: after !== undefined })
  })

  return {
    resourceType,
    list,
    get,
    find,
    createAccount: AccountCreation.make(backend),
    delete: remove
  }
}
