/**
 * A whole connector: it reads people and teams from a JSON file, and can put a person into a team and take them out.
 *
 * What it can do is what it has handlers for. People have no `createAccount` and no `delete` here, so every adapter says that they can't be
 * created or deleted.
 */
import {
  ConfigField,
  type Connector,
  ConnectorError,
  Entitlement,
  Grant,
  type Outcome,
  type Page,
  type Resource,
  ResourceType,
  type Validation
} from "@access-kit/connector-model"
import { Connector as ConnectorService } from "@access-kit/connector-model/Connector"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"

const Person = Schema.Struct({ id: Schema.String, name: Schema.String, email: Schema.String, active: Schema.Boolean })
const Team = Schema.Struct({ id: Schema.String, name: Schema.String, people: Schema.Array(Schema.String) })
const Content = Schema.fromJsonString(Schema.Struct({ people: Schema.Array(Person), teams: Schema.Array(Team) }))
type Content = typeof Content.Type

/** The settings. Flags, variables, forms and tables are read off them. */
export const fields = {
  file: ConfigField.text({
    name: "team-file",
    displayName: "Team file",
    description: "Path of the JSON file with people and teams."
  })
}

/** Who the connector is: known without any setting, for help texts and forms. */
export const spec: Connector.ConnectorSpec = {
  name: "team-file",
  displayName: "Team file",
  description: "People and teams in a JSON file",
  helpUrl: "https://example.com/team-file",
  version: "1.0.0",
  config: Object.values(fields)
}

const member = { slug: "member", purpose: "assignment", grantableTo: [ResourceType.USER] } as const

const account = (person: typeof Person.Type): Resource.Account => ({
  _tag: "Account",
  id: { resourceType: ResourceType.USER, resource: person.id },
  displayName: person.name,
  status: person.active ? "enabled" : "disabled",
  accountType: "human",
  login: person.email,
  emails: [{ address: person.email, primary: true }]
})

const teamRecord = (team: typeof Team.Type): Page.ResourceRecord => {
  const id: Resource.ResourceId = { resourceType: ResourceType.GROUP, resource: team.id }
  const entitlementId = Entitlement.makeId(id, member.slug)
  return {
    resource: { _tag: "Group", id, displayName: team.name },
    entitlements: [{
      ...member,
      id: entitlementId,
      resource: id,
      displayName: `${team.name} Member`,
      description: `Member of ${team.name}`
    }],
    grants: team.people.map((person) =>
      Grant.make(entitlementId, { resourceType: ResourceType.USER, resource: person })
    )
  }
}

const notFound = (operation: string, resourceType: string, key: string) =>
  ConnectorError.make(
    operation,
    new ConnectorError.NotFound({ resourceType, key, message: `The team file has no ${resourceType} "${key}".` })
  )

/** The connector as a layer: give it to whatever runs connectors. */
export const layer = (
  config: ConfigField.Values<typeof fields>
): Layer.Layer<ConnectorService, never, FileSystem.FileSystem> =>
  Layer.effect(
    ConnectorService,
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem

      const unusable = (operation: string) => (cause: unknown) =>
        ConnectorError.make(
          operation,
          new ConnectorError.InvalidConfiguration({
            field: fields.file.name,
            message: `"${config.file}" can't be used as a team file. Look whether it exists and has people and teams.`
          }),
          cause
        )

      const read = (operation: string) =>
        fs.readFileString(config.file).pipe(
          Effect.flatMap(Schema.decodeUnknownEffect(Content)),
          Effect.mapError(unusable(operation))
        )

      const write = (operation: string, content: Content) =>
        Schema.encodeUnknownEffect(Content)(content).pipe(
          Effect.flatMap((text) => fs.writeFileString(`${config.file}.new`, text)),
          Effect.andThen(fs.rename(`${config.file}.new`, config.file)),
          Effect.mapError(unusable(operation))
        )

      /** Looks whether a change is one at all, and makes it unless it is a rehearsal. */
      const change = Effect.fnUntraced(function*<A, B, C>(
        operation: "grant" | "revoke",
        request: Connector.GrantRequest,
        outcomes: {
          readonly already: (grant: Grant.Grant) => A
          readonly would: (grant: Grant.Grant) => B
          readonly done: (grant: Grant.Grant) => C
        }
      ) {
        const content = yield* read(operation)
        const { resource: teamId } = request.entitlement.resource
        const { resource: personId } = request.principal
        const team = content.teams.find((candidate) => candidate.id === teamId)
        if (team === undefined) return yield* notFound(operation, ResourceType.GROUP, teamId)
        if (!content.people.some((person) => person.id === personId)) {
          return yield* notFound(operation, ResourceType.USER, personId)
        }
        const grant = Grant.make(request.entitlement.id, request.principal)
        const isIn = team.people.includes(personId)
        if (isIn === (operation === "grant")) return outcomes.already(grant)
        if (request.dryRun === true) return outcomes.would(grant)
        const people = isIn ? team.people.filter((id) => id !== personId) : [...team.people, personId]
        yield* write(operation, {
          ...content,
          teams: content.teams.map((candidate) => candidate.id === teamId ? { ...team, people } : candidate)
        })
        return outcomes.done(grant)
      })

      const people: Connector.ResourceTypeHandler = {
        resourceType: { id: ResourceType.USER, displayName: "User", traits: ["user"] },
        list: () =>
          Effect.map(read("list"), (content) => ({
            items: content.people.map((person) => ({ resource: account(person), entitlements: [], grants: [] })),
            total: content.people.length
          })),
        get: (id) =>
          Effect.flatMap(read("get"), (content) => {
            const person = content.people.find((candidate) => candidate.id === id)
            return person === undefined
              ? Effect.fail(notFound("get", ResourceType.USER, id))
              : Effect.succeed({ resource: account(person), entitlements: [], grants: [] })
          }),
        find: (text) =>
          Effect.map(read("find"), (content) =>
            content.people.filter((person) =>
              [person.id, person.email, person.name].some((value) =>
                value.toLowerCase() === text.toLowerCase()
              )
            ).map(account))
      }

      const teams: Connector.ResourceTypeHandler = {
        resourceType: { id: ResourceType.GROUP, displayName: "Team", traits: ["group"] },
        entitlements: [member],
        list: () =>
          Effect.map(
            read("list"),
            (content) => ({ items: content.teams.map(teamRecord), total: content.teams.length })
          ),
        get: (id) =>
          Effect.flatMap(read("get"), (content) => {
            const team = content.teams.find((candidate) => candidate.id === id)
            return team === undefined
              ? Effect.fail(notFound("get", ResourceType.GROUP, id))
              : Effect.succeed(teamRecord(team))
          }),
        find: (text) =>
          Effect.map(read("find"), (content) =>
            content.teams.filter((team) =>
              [team.id, team.name].some((value) =>
                value.toLowerCase() === text.toLowerCase()
              )
            ).map((team) => teamRecord(team).resource)),
        grant: (request) =>
          change("grant", request, {
            already: (grant): Outcome.GrantOutcome => ({ _tag: "AlreadyGranted", grant }),
            would: (grant): Outcome.GrantOutcome => ({ _tag: "WouldGrant", grant }),
            done: (grant): Outcome.GrantOutcome => ({ _tag: "Granted", grant })
          }),
        revoke: (request) =>
          change("revoke", request, {
            already: (grant): Outcome.RevokeOutcome => ({ _tag: "AlreadyRevoked", grant }),
            would: (grant): Outcome.RevokeOutcome => ({ _tag: "WouldRevoke", grant }),
            done: (grant): Outcome.RevokeOutcome => ({ _tag: "Revoked", grant })
          })
      }

      return ConnectorService.of({
        spec,
        source: config.file,
        validate: Effect.map(read("validate"), (content): Validation.ValidationReport => ({
          checks: [{
            name: "file",
            status: "passed",
            message: `${content.people.length} people and ${content.teams.length} teams.`
          }]
        })),
        resourceTypes: [people, teams]
      })
    })
  )
