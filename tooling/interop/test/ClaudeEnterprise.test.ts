/**
 * The connector for Claude Enterprise against Python's scim2-server. What the server holds is asked for with plain HTTP, not with our client.
 */
import { ClaudeEnterprise, Settings } from "@access-kit/claude-enterprise"
import { Connector, ResourceType } from "@access-kit/connector-model"
import { MemorySink, Sync } from "@access-kit/connector-sync"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { expect, it } from "@effect/vitest"
import { Context, Effect, Layer, Option, Redacted, Schema } from "effect"
import { claudeEnterprise } from "../src/ClaudeEnterprise.ts"
import * as Scim2Server from "../src/Scim2Server.ts"
import { needing } from "./needing.ts"

const User = Schema.Struct({
  id: Schema.String,
  userName: Schema.String,
  active: Schema.optionalKey(Schema.Boolean),
  name: Schema.optionalKey(Schema.Struct({
    givenName: Schema.optionalKey(Schema.String),
    familyName: Schema.optionalKey(Schema.String)
  }))
})

const Group = Schema.Struct({
  id: Schema.String,
  displayName: Schema.String,
  members: Schema.optionalKey(Schema.Array(Schema.Struct({ value: Schema.String })))
})

const listOf = <A>(row: Schema.Decoder<A>) =>
  Schema.decodeUnknownEffect(
    Schema.Struct({ totalResults: Schema.Int, Resources: Schema.optionalKey(Schema.Array(row)) })
  )

/** A request by hand. */
const http = (server: Scim2Server.Scim2Server, method: string, path: string, body?: unknown) =>
  Effect.tryPromise(async (signal): Promise<unknown> => {
    const response = await fetch(server.baseUrl + path, {
      method,
      signal,
      headers: {
        authorization: `Bearer ${Redacted.value(server.token)}`,
        ...(body === undefined ? {} : { "content-type": "application/scim+json" })
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) })
    })
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`)
    return await response.json()
  })

const held = Effect.fnUntraced(function*(server: Scim2Server.Scim2Server) {
  const users = yield* listOf(User)(yield* http(server, "GET", "/Users?count=1000"))
  const groups = yield* listOf(Group)(yield* http(server, "GET", "/Groups?count=1000"))
  return {
    users: users.Resources ?? [],
    groups: (groups.Resources ?? []).map((group) => ({
      id: group.id,
      displayName: group.displayName,
      members: (group.members ?? []).map((member) => member.value).sort()
    }))
  }
})

const person = (number: number) => ({
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
  userName: `person${number}@aurora.example`,
  name: { givenName: `Jürgen ${number}`, familyName: "O'Hara" },
  emails: [{ value: `person${number}@aurora.example`, primary: true }],
  active: number % 4 !== 0
})

const decodeId = Schema.decodeUnknownEffect(Schema.Struct({ id: Schema.String }))

const populated = Effect.fnUntraced(function*(bin: string, people: number) {
  const server = yield* Scim2Server.start(bin)
  const create = (path: string, body: unknown) =>
    Effect.flatMap(http(server, "POST", path, body), decodeId).pipe(Effect.map(({ id }) => id))
  const ids = yield* Effect.forEach(
    Array.from({ length: people }, (_, at) => at + 1),
    (number) => create("/Users", person(number)),
    { concurrency: 8 }
  )
  const group = (displayName: string, members: ReadonlyArray<string>) =>
    create("/Groups", {
      schemas: ["urn:ietf:params:scim:schemas:core:2.0:Group"],
      displayName,
      members: members.map((value) => ({ value }))
    })
  const groups = {
    all: yield* group("Everybody", ids),
    some: yield* group("Some \"people\"", ids.filter((_, at) => at % 3 === 0)),
    none: yield* group("Nobody", [])
  }
  const settings = Settings.make({
    scimUrl: server.baseUrl,
    scimToken: server.token,
    scimDialect: "standard",
    scimPageSize: 20
  })
  const context = yield* Layer.build(ClaudeEnterprise.layer(settings).pipe(Layer.provide(NodeHttpClient.layerUndici)))
  return { server, ids, groups, connector: Context.get(context, Connector.Connector) }
})

needing("python", "claude-enterprise with scim2-server", (bin) => {
  it.live("finds the connection in order", () =>
    Effect.gen(function*() {
      const { connector } = yield* populated(bin, 2)
      const report = yield* connector.validate
      expect(report.checks.filter((check) => check.status !== "passed")).toEqual([])
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("syncs what the server holds", () =>
    Effect.gen(function*() {
      const { connector, server } = yield* populated(bin, 75)
      const memory = MemorySink.make()
      yield* Sync.run().pipe(
        Effect.provide(memory.layer),
        Effect.provideService(Connector.Connector, connector)
      )
      const snapshot = Option.getOrThrow(yield* memory.published)
      const { groups, users } = yield* held(server)
      expect(users).toHaveLength(75)
      const accounts = [...snapshot.resources.values()].filter((resource) => resource._tag === "Account")
      expect(
        accounts.map((account) => [account.id.resource, account.login, account.givenName, account.status]).sort()
      ).toEqual(
        users.map((user) => [user.id, user.userName, user.name?.givenName, user.active ? "enabled" : "disabled"]).sort()
      )
      expect(
        [...snapshot.resources.values()].filter((resource) => resource._tag === "Group")
          .map((group) => [group.id.resource, group.displayName]).sort()
      ).toEqual(groups.map((group) => [group.id, group.displayName]).sort())
      expect([...snapshot.grants.keys()].sort()).toEqual(
        groups.flatMap((group) => group.members.map((member) => `group:${group.id}:member:user:${member}`)).sort()
      )
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("creates and deletes accounts, grants and revokes", () =>
    Effect.gen(function*() {
      const { connector, groups, ids, server } = yield* populated(bin, 6)
      const users = yield* Connector.handlerOf(connector, ResourceType.USER, "test")
      const { create } = yield* Connector.capabilityOf(connector, ResourceType.USER, "createAccount")
      const remove = yield* Connector.capabilityOf(connector, ResourceType.USER, "delete")
      const grant = yield* Connector.capabilityOf(connector, ResourceType.GROUP, "grant")
      const revoke = yield* Connector.capabilityOf(connector, ResourceType.GROUP, "revoke")

      const request = { email: "jane@aurora.example", fields: { display_name: "Jane van der Berg" } }
      expect(yield* create({ ...request, dryRun: true })).toMatchObject({ _tag: "WouldCreate" })
      expect((yield* held(server)).users).toHaveLength(6)
      const created = yield* create(request)
      expect(created._tag).toBe("Created")
      const jane = created.account.id
      expect((yield* held(server)).users).toContainEqual(expect.objectContaining({
        id: jane.resource,
        userName: "jane@aurora.example",
        name: { givenName: "Jane", familyName: "van der Berg" }
      }))
      expect(yield* create({ ...request, email: "JANE@aurora.example" })).toMatchObject({
        _tag: "AlreadyExists",
        account: { id: jane }
      })
      expect((yield* users.get(jane.resource)).resource.id).toEqual(jane)

      const membership = (group: string) => ({
        entitlement: {
          id: `group:${group}:member`,
          resource: { resourceType: ResourceType.GROUP, resource: group },
          slug: "member"
        },
        principal: jane
      })
      const membersOf = (group: string) =>
        Effect.map(held(server), (directory) => directory.groups.find(({ id }) => id === group)?.members)
      for (const [group, others] of [[groups.all, ids.toSorted()], [groups.none, []]] as const) {
        expect(yield* grant(membership(group))).toMatchObject({ _tag: "Granted" })
        expect(yield* membersOf(group)).toEqual([...others, jane.resource].sort())
        expect(yield* grant(membership(group))).toMatchObject({ _tag: "AlreadyGranted" })
        expect(yield* membersOf(group)).toEqual([...others, jane.resource].sort())
        expect(yield* revoke({ ...membership(group), dryRun: true })).toMatchObject({ _tag: "WouldRevoke" })
        expect(yield* revoke(membership(group))).toMatchObject({ _tag: "Revoked" })
        expect(yield* membersOf(group)).toEqual(others)
        expect(yield* revoke(membership(group))).toMatchObject({ _tag: "AlreadyRevoked" })
        expect(yield* membersOf(group)).toEqual(others)
      }

      expect(yield* remove(jane.resource)).toMatchObject({ _tag: "Deleted", remains: false })
      expect((yield* held(server)).users.map((user) => user.id).sort()).toEqual(ids.toSorted())
      expect(yield* remove(jane.resource)).toMatchObject({ _tag: "DidNotExist" })
      const error = yield* Effect.flip(grant(membership(groups.all)))
      expect(error.reason._tag).toBe("NotFound")
      expect(yield* membersOf(groups.all)).toEqual(ids.toSorted())
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("does the same from the command line", () =>
    Effect.gen(function*() {
      const { groups, ids, server } = yield* populated(bin, 3)
      const command = Effect.fnUntraced(function*(...args: ReadonlyArray<string>) {
        const done = yield* claudeEnterprise(server, args, { BATON_SCIM_DIALECT: "standard" })
        expect(done.exitCode, done.stderr).toBe(0)
      })
      yield* command("accounts", "create", "jane@aurora.example", "--display-name", "Jane Smith")
      const jane = (yield* held(server)).users.find((user) => user.userName === "jane@aurora.example")
      const membersOf = (group: string) =>
        Effect.map(held(server), (directory) => directory.groups.find(({ id }) => id === group)?.members)
      yield* command("grants", "grant", "jane@aurora.example", "--group", "Some \"people\"")
      expect(yield* membersOf(groups.some)).toContain(jane?.id)
      yield* command("grants", "revoke", "jane@aurora.example", "--group", groups.some)
      expect(yield* membersOf(groups.some)).toEqual(ids.slice(0, 1))
      yield* command("accounts", "delete", "jane@aurora.example", "--yes")
      expect((yield* held(server)).users).toHaveLength(3)
    }).pipe(Effect.provide(NodeServices.layer)))
})
