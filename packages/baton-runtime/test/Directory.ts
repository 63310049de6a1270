/**
 * A connector over a directory in memory that can do everything, with pages, siblings, and failures to order.
 */
import {
  ConfigField,
  ConnectorError,
  Entitlement,
  Grant,
  type Outcome,
  type Page,
  type Resource,
  type Validation
} from "@access-kit/connector-model"
import { Connector } from "@access-kit/connector-model/Connector"
import * as Effect from "effect/Effect"

export interface Person {
  readonly id: string
  readonly name: string
  readonly email: string
  readonly active?: boolean
}

export interface Team {
  readonly id: string
  readonly name: string
  readonly members: ReadonlyArray<string>
}

export interface Content {
  people: Array<Person>
  teams: Array<Team>
}

export interface Options {
  readonly content: Content
  /** Rows of a page. */
  readonly pageSize?: number
  /** Offer every page but the first as a sibling of the first. */
  readonly siblings?: boolean
  /** Fill in entitlements when only resources are asked for. */
  readonly eager?: boolean
  /** Called first in every operation; a failure is the operation's failure. */
  readonly before?: (operation: string) => Effect.Effect<void, ConnectorError.ConnectorError>
  readonly report?: () => Validation.ValidationReport
  /** Only these parts: a connector that reads and no more. */
  readonly readOnly?: boolean
}

export const person = (index: number): Person => ({
  id: `u${index}`,
  name: `Person ${index}`,
  email: `person${index}@example.com`
})

export const account = (person: Person): Resource.Account => ({
  _tag: "Account",
  id: { resourceType: "user", resource: person.id },
  displayName: person.name,
  status: person.active === false ? "disabled" : "enabled",
  accountType: "human",
  login: person.email,
  emails: [{ address: person.email, primary: true }],
  profile: { login: person.email, number: 1.5, nested: { list: [1, "two", null, true] } },
  createdAt: "2024-05-06T07:08:09.123Z",
  givenName: person.name.split(" ")[0] ?? "",
  employeeIds: ["7"]
})

const member = { slug: "member", purpose: "assignment", grantableTo: ["user"] } as const

export const teamRecord = (team: Team): Page.ResourceRecord => {
  const id: Resource.ResourceId = { resourceType: "group", resource: team.id }
  const entitlementId = Entitlement.makeId(id, member.slug)
  return {
    resource: { _tag: "Group", id, displayName: team.name, profile: { b: 2, a: "one" } },
    entitlements: [{
      ...member,
      id: entitlementId,
      resource: id,
      displayName: `${team.name} Member`,
      description: `Member of ${team.name}`
    }],
    grants: team.members.map((person) =>
      person.startsWith("g")
        ? Grant.make(entitlementId, { resourceType: "group", resource: person }, {
          entitlementIds: [`group:${person}:member`],
          shallow: false,
          resourceTypes: ["user"]
        })
        : Grant.make(entitlementId, { resourceType: "user", resource: person })
    )
  }
}

const notFound = (operation: string, resourceType: string, key: string) =>
  ConnectorError.make(
    operation,
    new ConnectorError.NotFound({ resourceType, key, message: `There is no ${resourceType} "${key}".` })
  )

const paged = <A>(
  rows: ReadonlyArray<A>,
  cursor: string | undefined,
  options: Options,
  wish: number | undefined
): Page.Page<A> => {
  const size = wish ?? options.pageSize ?? Number.MAX_SAFE_INTEGER
  const from = cursor === undefined ? 0 : Number(cursor)
  const items = rows.slice(from, from + size)
  const rest = from + size
  if (options.siblings === true) {
    const siblings: Array<string> = []
    if (cursor === undefined) { for (let at = size; at < rows.length; at += size) siblings.push(String(at)) }
    return siblings.length === 0 ? { items, total: rows.length } : { items, siblings, total: rows.length }
  }
  return rest < rows.length ? { items, next: String(rest), total: rows.length } : { items, total: rows.length }
}

export const make = (options: Options): Connector["Service"] => {
  const { content } = options
  const before = options.before ?? (() => Effect.void)

  const record = (row: Person): Page.ResourceRecord => ({ resource: account(row), entitlements: [], grants: [] })

  const changeMembers = (id: string, members: ReadonlyArray<string>) => {
    content.teams = content.teams.map((team) => team.id === id ? { ...team, members } : team)
  }

  const people: Connector["Service"]["resourceTypes"][number] = {
    resourceType: { id: "user", displayName: "User", traits: ["user"] },
    list: ({ cursor, pageSize }) =>
      Effect.map(before("list"), () => {
        const page = paged(content.people, cursor, options, pageSize)
        return { ...page, items: page.items.map(record) }
      }),
    get: (id) =>
      Effect.flatMap(before("get"), () => {
        const found = content.people.find((row) => row.id === id)
        return found === undefined ? Effect.fail(notFound("get", "user", id)) : Effect.succeed(record(found))
      }),
    find: (text) => Effect.succeed(content.people.filter((row) => row.email === text).map(account)),
    ...(options.readOnly === true ? {} : {
      createAccount: {
        fields: [
          ConfigField.text({ name: "display_name", displayName: "Display name", description: "First and last name" }),
          ConfigField.withDefault(
            ConfigField.boolean({ name: "invite", displayName: "Invite", description: "Send an invitation" }),
            "true"
          )
        ],
        create: (request) =>
          Effect.flatMap(
            before("createAccount"),
            (): Effect.Effect<Outcome.CreateAccountOutcome, ConnectorError.ConnectorError> => {
              const existing = content.people.find((row) => row.email === request.email)
              if (existing !== undefined) return Effect.succeed({ _tag: "AlreadyExists", account: account(existing) })
              const name = request.fields["display_name"]
              if (name === undefined) {
                return Effect.fail(ConnectorError.make(
                  "createAccount",
                  new ConnectorError.InvalidInput({ field: "display_name", message: "display_name is missing." })
                ))
              }
              const created: Person = { id: `u-${request.email}`, name, email: request.email }
              content.people.push(created)
              return Effect.succeed({ _tag: "Created", account: account(created) })
            }
          )
      },
      delete: (id) =>
        Effect.map(before("delete"), (): Outcome.DeleteOutcome => {
          const known = content.people.some((row) => row.id === id)
          content.people = content.people.filter((row) => row.id !== id)
          const name = { resourceType: "user", resource: id }
          return known ? { _tag: "Deleted", id: name, remains: false } : { _tag: "DidNotExist", id: name }
        })
    })
  }

  const teams: Connector["Service"]["resourceTypes"][number] = {
    resourceType: { id: "group", displayName: "Team", description: "A team", traits: ["group"] },
    entitlements: [member],
    list: ({ cursor, include, pageSize }) =>
      Effect.map(before(`list ${include}`), () => {
        const page = paged(content.teams, cursor, options, pageSize)
        return {
          ...page,
          items: page.items.map((team) => {
            const full = teamRecord(team)
            if (include === "everything") return full
            return { ...full, entitlements: options.eager === true ? full.entitlements : [], grants: [] }
          })
        }
      }),
    get: (id) =>
      Effect.flatMap(before("get"), () => {
        const found = content.teams.find((row) => row.id === id)
        return found === undefined ? Effect.fail(notFound("get", "group", id)) : Effect.succeed(teamRecord(found))
      }),
    find: (text) =>
      Effect.succeed(content.teams.filter((row) => row.name === text).map((row) => teamRecord(row).resource)),
    ...(options.readOnly === true ? {} : {
      grant: (request) =>
        Effect.flatMap(before("grant"), () => {
          const team = content.teams.find((row) => row.id === request.entitlement.resource.resource)
          if (team === undefined) {
            return Effect.fail(notFound("grant", "group", request.entitlement.resource.resource))
          }
          const grant = Grant.make(request.entitlement.id, request.principal)
          if (team.members.includes(request.principal.resource)) {
            return Effect.succeed<Outcome.GrantOutcome>({ _tag: "AlreadyGranted", grant })
          }
          changeMembers(team.id, [...team.members, request.principal.resource])
          return Effect.succeed<Outcome.GrantOutcome>({ _tag: "Granted", grant })
        }),
      revoke: (request) =>
        Effect.flatMap(before("revoke"), () => {
          const team = content.teams.find((row) => row.id === request.entitlement.resource.resource)
          const grant = Grant.make(request.entitlement.id, request.principal)
          if (team === undefined || !team.members.includes(request.principal.resource)) {
            return Effect.succeed<Outcome.RevokeOutcome>({ _tag: "AlreadyRevoked", grant })
          }
          changeMembers(team.id, team.members.filter((id) => id !== request.principal.resource))
          return Effect.succeed<Outcome.RevokeOutcome>({ _tag: "Revoked", grant })
        })
    })
  }

  return Connector.of({
    spec: {
      name: "directory",
      displayName: "Directory",
      description: "A directory in memory.",
      helpUrl: "https://example.com/directory",
      version: "1.2.3",
      config: []
    },
    source: "memory",
    validate: Effect.map(
      before("validate"),
      () => options.report?.() ?? { checks: [{ name: "memory", status: "passed", message: "It is there." }] }
    ),
    resourceTypes: [people, teams]
  })
}

/** A directory of some people in some teams. */
export const sample = (): Content => ({
  people: [person(1), { ...person(2), active: false }, person(3)],
  teams: [
    { id: "g1", name: "Engineering", members: ["u1", "u2"] },
    { id: "g2", name: "Ünïcode 🧸", members: ["u3", "g1"] },
    { id: "g3", name: "Empty", members: [] }
  ]
})
