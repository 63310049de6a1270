/**
 * Making accounts. Nothing is made twice: an account is looked for first, and what the server answers is checked by reading.
 */
import type { AccountCreation, CreateAccountRequest } from "@access-kit/connector-model/Connector"
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import { CreateAccountOutcome } from "@access-kit/connector-model/Outcome"
import * as ResourceType from "@access-kit/connector-model/ResourceType"
import type { ScimError } from "@access-kit/scim-core/ScimError"
import type * as ScimUser from "@access-kit/scim-core/User"
import * as Effect from "effect/Effect"
import { fields } from "../AccountFields.ts"
import { accountOf } from "./AccountMapping.ts"
import type { Backend } from "./Backend.ts"
import * as EmailAddress from "./EmailAddress.ts"
import * as Failure from "./Failure.ts"
import * as PersonName from "./PersonName.ts"
import * as ReadBack from "./ReadBack.ts"
import * as Search from "./Search.ts"

const OPERATION = "createAccount"

interface Wanted {
  readonly email: string
  readonly name: PersonName.PersonName
}

const invalid = (field: string, message: string) =>
  ConnectorError.make(OPERATION, new ConnectorError.InvalidInput({ field, message }))

const check = Effect.fnUntraced(function*(
  request: CreateAccountRequest
): Effect.fn.Return<Wanted, ConnectorError.ConnectorError> {
  const { email } = request
  const fault = EmailAddress.faultOf(email)
  if (fault !== undefined) {
    return yield* Effect.fail(invalid(
      "email",
      `The e-mail address "${email}" ${fault}. It becomes the user name, and Claude compares it with the address from `
        + "SSO character by character: give it exactly as the identity provider has it."
    ))
  }
  if (request.login !== undefined && request.login !== email) {
    yield* Effect.logWarning(
      "The login that was given is not used: in Claude Enterprise the e-mail address is the user name."
    )
  }
  const given = request.fields[fields.displayName.name] ?? ""
  const name = PersonName.parse(given)
  if (name === undefined) {
    return yield* Effect.fail(invalid(
      fields.displayName.name,
      "display_name is missing or blank. Give the person's first and last name, separated by a space."
    ))
  }
  if (/\p{Cc}/u.test(name.formatted)) {
    return yield* Effect.fail(
      invalid(fields.displayName.name, "display_name has control characters in it. Type it again.")
    )
  }
  return { email, name }
})

const newUser = ({ email, name }: Wanted): ScimUser.NewUser => ({
  userName: email,
  displayName: name.formatted,
  name: { formatted: name.formatted, givenName: name.givenName, familyName: name.familyName },
  emails: [{ value: email, type: "work", primary: true }],
  active: true
})

/** The account as it is asked for, before there is an id. */
const plannedAccount = (wanted: Wanted) =>
  accountOf({
    id: "",
    externalId: undefined,
    schemas: [],
    meta: undefined,
    raw: {},
    userName: wanted.email,
    displayName: wanted.name.formatted,
    name: {
      formatted: wanted.name.formatted,
      givenName: wanted.name.givenName,
      middleName: undefined,
      familyName: wanted.name.familyName,
      honorificPrefix: undefined,
      honorificSuffix: undefined
    },
    title: undefined,
    userType: undefined,
    active: true,
    emails: [{ value: wanted.email, display: undefined, type: "work", primary: true }],
    phoneNumbers: [],
    groups: [],
    roles: [],
    enterprise: undefined
  })

/** A refused create is most often about what was asked for, and the server says what. */
const creationFailed = (error: ScimError): ConnectorError.ConnectorError => {
  const { happened } = Failure.explain(error)
  switch (error.reason._tag) {
    case "Conflict":
      return ConnectorError.make(
        OPERATION,
        new ConnectorError.Conflict({
          message:
            `${happened} No account has this e-mail address as its user name, though: another one probably has it as an `
            + "e-mail address. Find that one in the listing of accounts and decide which of the two is right."
        }),
        error
      )
    case "InvalidRequest":
      return ConnectorError.make(
        OPERATION,
        new ConnectorError.InvalidInput({
          message: `${happened} Correct what it names and ask again; no account was made.`
        }),
        error
      )
    default:
      return Failure.toConnectorError(OPERATION, error, { resourceType: ResourceType.USER, key: "" })
  }
}

const notApplied = (message: string) =>
  Effect.fail(ConnectorError.make(OPERATION, new ConnectorError.NotApplied({ message })))

export const make = ({ client, concurrency }: Backend): AccountCreation => {
  const lookUp = Effect.fnUntraced(function*(
    email: string
  ): Effect.fn.Return<ScimUser.User | undefined, ConnectorError.ConnectorError> {
    const [user, ...others] = yield* Search.firstMatches(
      client.users,
      [{ attribute: "userName", value: email, matches: (candidate) => Search.sameText(candidate.userName, email) }],
      { concurrency }
    ).pipe(Failure.mapped(OPERATION))
    if (user === undefined || others.length === 0) return user
    const matches = [user, ...others].map((candidate) => candidate.id)
    return yield* Effect.fail(ConnectorError.make(
      OPERATION,
      new ConnectorError.Ambiguous({
        resourceType: ResourceType.USER,
        key: email,
        matches,
        message:
          `${matches.length} accounts have the user name "${email}" (${
            matches.join(", ")
          }), and the connector does not `
          + "guess which one is meant. Delete all but one of them."
      })
    ))
  })

  const readBack = Effect.fnUntraced(function*(
    id: string,
    email: string
  ): Effect.fn.Return<CreateAccountOutcome, ConnectorError.ConnectorError> {
    const read = client.users.get(id).pipe(
      Effect.catchReason("ScimError", "NotFound", () => Effect.succeed(undefined)),
      Failure.mapped(OPERATION)
    )
    const user = yield* ReadBack.until(
      read,
      (user) => user !== undefined && user.active !== false && Search.sameText(user.userName, email)
    )
    if (user === undefined) {
      return yield* notApplied(
        `The SCIM server answered that the account was made, as "${id}", but it can't be read. Look for "${email}" in the `
          + "listing of accounts before you ask again."
      )
    }
    if (!Search.sameText(user.userName, email)) {
      return yield* notApplied(
        `The SCIM server made the account "${id}" with the user name "${user.userName ?? ""}" instead of "${email}". `
          + "Delete it, or correct it in the identity provider."
      )
    }
    if (user.active === false) {
      return yield* notApplied(
        `The account "${id}" for "${email}" is there but disabled, although an enabled one was asked for. Enable it in the `
          + "identity provider."
      )
    }
    if (user.userName !== email) {
      yield* Effect.logWarning(
        "The SCIM server keeps the user name in another case than it was given; SSO in Claude compares "
          + "it character by character."
      )
    }
    return CreateAccountOutcome.cases.Created.make({ account: accountOf(user) })
  })

  const create = Effect.fn("ClaudeEnterprise.createAccount")(function*(
    request: CreateAccountRequest
  ): Effect.fn.Return<CreateAccountOutcome, ConnectorError.ConnectorError> {
    const wanted = yield* check(request)
    const existing = yield* lookUp(wanted.email)
    // A disabled account is often a deleted one that the server keeps. Whether it comes back is for the server to say: it
    // either accepts the request or answers that the account exists.
    if (existing !== undefined && existing.active !== false) {
      return CreateAccountOutcome.cases.AlreadyExists.make({ account: accountOf(existing) })
    }
    if (request.dryRun === true) {
      return CreateAccountOutcome.cases.WouldCreate.make({ account: plannedAccount(wanted) })
    }
    const creation = yield* client.users.createOrFind(newUser(wanted)).pipe(Effect.mapError(creationFailed))
    return creation._tag === "Created"
      ? yield* readBack(creation.resource.id, wanted.email)
      : CreateAccountOutcome.cases.AlreadyExists.make({ account: accountOf(creation.resource) })
  })

  return { fields: Object.values(fields), create }
}
