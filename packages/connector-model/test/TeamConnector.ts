/**
 * A small connector for the tests of the contract: three pages of people, one team.
 */
import {
  ConfigField,
  Connector,
  ConnectorError,
  Entitlement,
  Grant,
  Outcome,
  type Page
} from "@access-kit/connector-model"
import { Effect, Ref } from "effect"

export const person = (id: string): Page.ResourceRecord => ({
  resource: {
    _tag: "Account",
    id: { resourceType: "user", resource: id },
    displayName: id,
    status: "enabled",
    accountType: "human",
    login: `${id}@example.com`,
    emails: []
  },
  entitlements: [],
  grants: []
})

export const team = { resourceType: "group", resource: "ops" }
export const member = { id: Entitlement.makeId(team, "member"), resource: team, slug: "member" }

const notFound = (key: string) =>
  ConnectorError.make(
    "get",
    new ConnectorError.NotFound({ resourceType: "user", key, message: `There is no "${key}".` })
  )

/** The connector and a list of what was carried out. */
export const make = Effect.gen(function*() {
  const done = yield* Ref.make<ReadonlyArray<string>>([])
  const carryOut = (what: string) => Ref.update(done, (all) => [...all, what])

  const people: Connector.ResourceTypeHandler = {
    resourceType: { id: "user", displayName: "User", traits: ["user"] },
    list: () => Effect.succeed({ items: [] }),
    get: (id) => Effect.fail(notFound(id)),
    find: () => Effect.succeed([]),
    createAccount: {
      fields: [
        ConfigField.text({ name: "display_name", displayName: "Display name", description: "First and last name." }),
        ConfigField.withDefault(
          ConfigField.text({ name: "title", displayName: "Title", description: "What they do." }),
          "none"
        )
      ],
      create: ({ dryRun, email }) => {
        const account = person(email).resource
        if (account._tag !== "Account") return Effect.die("a person is an account")
        return dryRun === true
          ? Effect.succeed(Outcome.CreateAccountOutcome.cases.WouldCreate.make({ account }))
          : Effect.as(carryOut(`create ${email}`), Outcome.CreateAccountOutcome.cases.Created.make({ account }))
      }
    },
    delete: (resource, options) => {
      const id = { resourceType: "user", resource }
      if (resource === "nobody") return Effect.succeed(Outcome.DeleteOutcome.cases.DidNotExist.make({ id }))
      return options?.dryRun === true
        ? Effect.succeed(Outcome.DeleteOutcome.cases.WouldDelete.make({ id }))
        : Effect.as(carryOut(`delete ${resource}`), Outcome.DeleteOutcome.cases.Deleted.make({ id, remains: false }))
    }
  }

  const teams: Connector.ResourceTypeHandler = {
    resourceType: { id: "group", displayName: "Group", traits: ["group"] },
    list: () => Effect.succeed({ items: [] }),
    get: (id) => Effect.fail(notFound(id)),
    find: () => Effect.succeed([]),
    entitlements: [{ slug: "member", purpose: "assignment", grantableTo: ["user"] }],
    grant: ({ entitlement, principal }) => {
      const grant = Grant.make(entitlement.id, principal)
      switch (principal.resource) {
        case "already":
          return Effect.succeed(Outcome.GrantOutcome.cases.AlreadyGranted.make({ grant }))
        case "fails":
          return Effect.andThen(carryOut("grant fails"), Effect.fail(notFound("fails")))
        default:
          return Effect.as(carryOut(`grant ${principal.resource}`), Outcome.GrantOutcome.cases.Granted.make({ grant }))
      }
    },
    revoke: ({ entitlement, principal }) =>
      Effect.as(
        carryOut(`revoke ${principal.resource}`),
        Outcome.RevokeOutcome.cases.Revoked.make({ grant: Grant.make(entitlement.id, principal) })
      )
  }

  const connector = Connector.Connector.of({
    spec: {
      name: "team",
      displayName: "Team",
      description: "People and a team",
      helpUrl: "https://example.com/help",
      version: "1.2.3",
      config: []
    },
    source: "memory://team",
    validate: Effect.succeed({ checks: [] }),
    resourceTypes: [people, teams]
  })
  return { connector, done: Ref.get(done) }
})
