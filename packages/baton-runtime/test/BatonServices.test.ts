import { ActionService } from "@access-kit/baton-protocol/gen/c1/connector/v2/action_pb"
import {
  GrantAlreadyExistsSchema,
  GrantAlreadyRevokedSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_grant_pb"
import { ResourceDoesNotExistSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_resource_pb"
import { SkipEntitlementsAndGrantsSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_resource_tree_pb"
import { GroupTraitSchema, UserTraitSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_trait_pb"
import { TypeScopedEntitlementsSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_type_scoped_entitlements_pb"
import {
  EnqueuePageTokensSchema,
  TypeScopedGrantsSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_type_scoped_grants_pb"
import {
  ConnectorCapabilitiesSchema,
  ConnectorService
} from "@access-kit/baton-protocol/gen/c1/connector/v2/connector_pb"
import { EntitlementsService } from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import { EventService } from "@access-kit/baton-protocol/gen/c1/connector/v2/event_feed_pb"
import { GrantManagerService, GrantsService } from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import {
  AccountManagerService,
  CredentialManagerService,
  ResourceDeleterService,
  ResourceGetterService,
  ResourceManagerService,
  ResourcesService,
  ResourceTypesService
} from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import { TicketsService } from "@access-kit/baton-protocol/gen/c1/connector/v2/ticket_pb"
import {
  RateLimitDescription_Status,
  RateLimiterService
} from "@access-kit/baton-protocol/gen/c1/ratelimit/v1/ratelimit_pb"
import { ConnectorError } from "@access-kit/connector-model"
import { create, type DescMessage } from "@bufbuild/protobuf"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as FromMessage from "../src/FromMessage.ts"
import * as ToMessage from "../src/ToMessage.ts"
import * as Directory from "./Directory.ts"
import * as Loopback from "./Loopback.ts"

const group = (id: string) => ({ resource: { id: { resourceType: "group", resource: id } } })

const entitlement = (id: string) => ({ id: `group:${id}:member`, slug: "member", ...group(id) })

const principal = (id: string) => ({ id: { resourceType: "user", resource: id } })

const scoped = (mark: DescMessage, type = "group") => ({
  resource: { id: { resourceType: type, resource: type } },
  annotations: [ToMessage.annotation(mark, create(mark))]
})

const unavailable = (operation: string) =>
  Effect.fail(ConnectorError.make(operation, new ConnectorError.Unavailable({ message: "It is down." })))

describe("ConnectorService", () => {
  it.live("says what it is and can do, read off its handlers", () =>
    Effect.gen(function*() {
      const client = yield* Loopback.over(Directory.make({ content: Directory.sample() }))
      const { metadata } = yield* client.call(ConnectorService.method.getMetadata, {})
      assert.strictEqual(metadata?.displayName, "Directory")
      assert.strictEqual(metadata?.helpUrl, "https://example.com/directory")
      assert.strictEqual(metadata?.description, "A directory in memory.")
      const capabilities = metadata?.capabilities ?? create(ConnectorCapabilitiesSchema)
      assert.deepStrictEqual(
        capabilities.resourceTypeCapabilities.map((
          each
        ) => [each.resourceType?.id, each.capabilities, each.permissions?.permissions]),
        [["group", [2, 11, 1], []], ["user", [2, 11, 5, 8], []]]
      )
      assert.deepStrictEqual(capabilities.connectorCapabilities, [1, 2, 5, 8, 11, 13])
      assert.deepStrictEqual(
        capabilities.credentialDetails?.capabilityAccountProvisioning?.supportedCredentialOptions,
        [1]
      )
      assert.strictEqual(capabilities.credentialDetails?.capabilityAccountProvisioning?.preferredCredentialOption, 1)
      const form = metadata?.accountCreationSchema?.fieldMap ?? {}
      assert.deepStrictEqual(Object.keys(form), ["display_name", "invite"])
      assert.isTrue(form["display_name"]?.required)
      assert.strictEqual(form["display_name"]?.field.case, "stringField")
      assert.isFalse(form["invite"]?.required)
      assert.deepStrictEqual(form["invite"]?.field.value?.defaultValue, true)
      assert.strictEqual(form["invite"]?.order, 2)
    }).pipe(Effect.scoped))

  it.live("claims no capability that has no handler", () =>
    Effect.gen(function*() {
      const client = yield* Loopback.over(Directory.make({ content: Directory.sample(), readOnly: true }))
      const { metadata } = yield* client.call(ConnectorService.method.getMetadata, {})
      assert.deepStrictEqual(metadata?.capabilities?.connectorCapabilities, [2, 11, 13])
      assert.isUndefined(metadata?.capabilities?.credentialDetails)
      assert.isUndefined(metadata?.accountCreationSchema)
    }).pipe(Effect.scoped))

  it.live("validates with the version of the SDK, and says what is wrong", () =>
    Effect.gen(function*() {
      const good = yield* Loopback.over(Directory.make({ content: Directory.sample() }))
      assert.strictEqual((yield* good.call(ConnectorService.method.validate, {})).sdkVersion, "v0.25.0")
      assert.deepStrictEqual((yield* good.call(ConnectorService.method.cleanup, { activeSyncId: "x" })).annotations, [])

      const bad = yield* Loopback.over(Directory.make({
        content: Directory.sample(),
        report: () => ({
          checks: [
            { name: "reachable", status: "passed", message: "It is." },
            { name: "token", status: "failed", message: "It has expired.", remedy: "Make a new one." }
          ]
        })
      }))
      const failed = yield* Effect.flip(bad.call(ConnectorService.method.validate, {}))
      assert.strictEqual(failed.codeName, "FailedPrecondition")
      assert.strictEqual(failed.message, "validate failed: token: It has expired. Make a new one.")
    }).pipe(Effect.scoped))

  it.live("keeps the code of a failure below its prefix", () =>
    Effect.gen(function*() {
      const client = yield* Loopback.over(Directory.make({
        content: Directory.sample(),
        before: (operation) =>
          Effect.fail(ConnectorError.make(operation, new ConnectorError.Unauthenticated({ message: "Who are you?" })))
      }))
      const failed = yield* Effect.flip(client.call(ConnectorService.method.validate, {}))
      assert.strictEqual(failed.codeName, "Unauthenticated")
      assert.strictEqual(failed.message, "validate failed: Who are you?")
    }).pipe(Effect.scoped))
})

describe("ResourceTypesService and ResourcesService", () => {
  it.live("marks what can be listed in one pass and what has nothing to list", () =>
    Effect.gen(function*() {
      const directory = Directory.make({ content: Directory.sample() })
      const client = yield* Loopback.over(directory)
      const { list } = yield* client.call(ResourceTypesService.method.listResourceTypes, {})
      const [user, group] = list
      assert.deepStrictEqual(list.map((type) => [type.id, type.displayName, type.description, type.traits]), [
        ["user", "User", "", [1]],
        ["group", "Team", "A team", [2]]
      ])
      assert.isDefined(FromMessage.annotation(user?.annotations ?? [], SkipEntitlementsAndGrantsSchema))
      assert.isDefined(FromMessage.annotation(group?.annotations ?? [], TypeScopedEntitlementsSchema))
      assert.isDefined(FromMessage.annotation(group?.annotations ?? [], TypeScopedGrantsSchema))

      const plain = yield* Loopback.over(directory, { listing: "per-resource" })
      for (const type of (yield* plain.call(ResourceTypesService.method.listResourceTypes, {})).list) {
        assert.deepStrictEqual(type.annotations, [])
      }
    }).pipe(Effect.scoped))

  it.live("has to have types", () =>
    Effect.gen(function*() {
      const client = yield* Loopback.over({ ...Directory.make({ content: Directory.sample() }), resourceTypes: [] })
      const failed = yield* Effect.flip(client.call(ResourceTypesService.method.listResourceTypes, {}))
      assert.strictEqual(failed.codeName, "FailedPrecondition")
    }).pipe(Effect.scoped))

  it.live("lists resources with their traits, a page at a time", () =>
    Effect.gen(function*() {
      const content = Directory.sample()
      const client = yield* Loopback.over(Directory.make({ content, pageSize: 2 }))
      const first = yield* client.call(ResourcesService.method.listResources, { resourceTypeId: "user" })
      assert.deepStrictEqual(first.list.map((each) => each.id?.resource), ["u1", "u2"])
      const disabled = first.list[1]
      const trait = FromMessage.annotation(disabled?.annotations ?? [], UserTraitSchema)
      // Both homes of status, profile and time: readers look into either.
      assert.strictEqual(trait?.status?.status, 2)
      assert.strictEqual(disabled?.status?.status, 2)
      assert.deepStrictEqual(trait?.profile, disabled?.profile)
      assert.strictEqual(trait?.createdAt?.seconds, disabled?.createdAt?.seconds)
      assert.strictEqual(trait?.login, "person2@example.com")
      assert.isTrue(trait?.emails[0]?.isPrimary)
      const second = yield* client.call(ResourcesService.method.listResources, {
        resourceTypeId: "user",
        pageToken: first.nextPageToken
      })
      assert.deepStrictEqual(second.list.map((each) => each.id?.resource), ["u3"])
      assert.strictEqual(second.nextPageToken, "")

      const groups = yield* client.call(ResourcesService.method.listResources, { resourceTypeId: "group", pageSize: 1 })
      assert.deepStrictEqual(groups.list.map((each) => each.displayName), ["Engineering"])
      assert.isDefined(FromMessage.annotation(groups.list[0]?.annotations ?? [], GroupTraitSchema))
      // Nobody announces children, so nobody has any.
      const children = yield* client.call(ResourcesService.method.listResources, {
        resourceTypeId: "user",
        parentResourceId: { resourceType: "group", resource: "g1" }
      })
      assert.deepStrictEqual(children.list, [])
    }).pipe(Effect.scoped))

  it.live("refuses unknown types, tokens of other listings and tokens that nobody made", () =>
    Effect.gen(function*() {
      const client = yield* Loopback.over(Directory.make({ content: Directory.sample(), pageSize: 1 }))
      const { listResources } = ResourcesService.method
      const unknown = yield* Effect.flip(client.call(listResources, { resourceTypeId: "role" }))
      assert.strictEqual(unknown.codeName, "NotFound")
      const { nextPageToken } = yield* client.call(listResources, { resourceTypeId: "user" })
      for (
        const pageToken of [nextPageToken, "1", "jAAAA", "zAAAA", "j!!", `j${Buffer.from("{}").toString("base64url")}`]
      ) {
        const failed = yield* Effect.flip(client.call(listResources, { resourceTypeId: "group", pageToken }))
        assert.strictEqual(failed.codeName, "InvalidArgument", pageToken)
      }
    }).pipe(Effect.scoped))

  it.live("calls a listing that doesn't get on a bug of the connector", () =>
    Effect.gen(function*() {
      const directory = Directory.make({ content: Directory.sample() })
      const client = yield* Loopback.over({
        ...directory,
        resourceTypes: directory.resourceTypes.map((handler) => ({
          ...handler,
          list: () => Effect.succeed({ items: [], next: "again" })
        }))
      })
      const { listResources } = ResourcesService.method
      const { nextPageToken } = yield* client.call(listResources, { resourceTypeId: "user" })
      const failed = yield* Effect.flip(
        client.call(listResources, { resourceTypeId: "user", pageToken: nextPageToken })
      )
      assert.strictEqual(failed.codeName, "Internal")
      assert.include(failed.message, "next page token unchanged")
    }).pipe(Effect.scoped))

  it.live("gets one resource", () =>
    Effect.gen(function*() {
      const client = yield* Loopback.over(Directory.make({ content: Directory.sample() }))
      const { getResource } = ResourceGetterService.method
      const found = yield* client.call(getResource, { resourceId: { resourceType: "group", resource: "g2" } })
      assert.strictEqual(found.resource?.displayName, "Ünïcode 🧸")
      const missing = yield* Effect.flip(
        client.call(getResource, { resourceId: { resourceType: "user", resource: "x" } })
      )
      assert.strictEqual(missing.codeName, "NotFound")
      const unknown = yield* Effect.flip(
        client.call(getResource, { resourceId: { resourceType: "role", resource: "x" } })
      )
      assert.strictEqual(unknown.codeName, "Unimplemented")
    }).pipe(Effect.scoped))
})

describe("EntitlementsService and GrantsService", () => {
  it.live("lists what is on one resource", () =>
    Effect.gen(function*() {
      const client = yield* Loopback.over(Directory.make({ content: Directory.sample() }))
      const { list } = yield* client.call(EntitlementsService.method.listEntitlements, group("g1"))
      const [member] = list
      assert.strictEqual(list.length, 1)
      assert.strictEqual(member?.id, "group:g1:member")
      assert.strictEqual(member?.slug, "member")
      assert.strictEqual(member?.purpose, 1)
      assert.strictEqual(member?.displayName, "Engineering Member")
      assert.strictEqual(member?.resource?.displayName, "Engineering")
      assert.deepStrictEqual(member?.grantableTo.map((type) => [type.id, type.traits]), [["user", [1]]])
      const grants = yield* client.call(GrantsService.method.listGrants, group("g1"))
      assert.deepStrictEqual(
        grants.list.map((
          each
        ) => [each.id, each.entitlement?.id, each.entitlement?.resource?.id?.resource, each.principal?.id?.resource]),
        [
          ["group:g1:member:user:u1", "group:g1:member", "g1", "u1"],
          ["group:g1:member:user:u2", "group:g1:member", "g1", "u2"]
        ]
      )
      const nested = yield* client.call(GrantsService.method.listGrants, group("g2"))
      assert.deepStrictEqual(FromMessage.grant(nested.list[1] ?? assert.fail()).expandable, {
        entitlementIds: ["group:g1:member"],
        shallow: false,
        resourceTypes: ["user"]
      })
      assert.deepStrictEqual((yield* client.call(GrantsService.method.listGrants, group("g3"))).list, [])
      const missing = yield* Effect.flip(client.call(GrantsService.method.listGrants, group("g9")))
      assert.strictEqual(missing.codeName, "NotFound")
    }).pipe(Effect.scoped))

  it.live("asks nobody about types that have no entitlements", () =>
    Effect.gen(function*() {
      const asked: Array<string> = []
      const client = yield* Loopback.over(Directory.make({
        content: Directory.sample(),
        before: (operation) => Effect.sync(() => asked.push(operation))
      }))
      const user = { resource: { id: { resourceType: "user", resource: "u1" } } }
      assert.deepStrictEqual((yield* client.call(EntitlementsService.method.listEntitlements, user)).list, [])
      assert.deepStrictEqual((yield* client.call(GrantsService.method.listGrants, user)).list, [])
      assert.deepStrictEqual(asked, [])
    }).pipe(Effect.scoped))

  it.live("lists a whole type in one pass, with siblings for whoever follows them", () =>
    Effect.gen(function*() {
      const asked: Array<string> = []
      const client = yield* Loopback.over(Directory.make({
        content: Directory.sample(),
        pageSize: 1,
        siblings: true,
        before: (operation) => Effect.sync(() => asked.push(operation))
      }))
      const { listGrants } = GrantsService.method
      const first = yield* client.call(listGrants, scoped(TypeScopedGrantsSchema))
      assert.deepStrictEqual(first.list.map((each) => each.id), ["group:g1:member:user:u1", "group:g1:member:user:u2"])
      assert.strictEqual(first.nextPageToken, "")
      const siblings = FromMessage.annotation(first.annotations, EnqueuePageTokensSchema)?.pageTokens ?? []
      assert.strictEqual(siblings.length, 2)
      const others = yield* Effect.forEach(siblings, (pageToken) =>
        client.call(listGrants, { ...scoped(TypeScopedGrantsSchema), pageToken }))
      assert.deepStrictEqual(
        others.map((page) =>
          page.list.map((each) => each.id)
        ),
        [
          ["group:g2:member:user:u3", "group:g2:member:group:g1"],
          []
        ]
      )
      for (const page of others) {
        assert.deepStrictEqual(page.annotations, [])
        assert.strictEqual(page.nextPageToken, "")
      }
      // One pass over the groups, and not a call for each.
      assert.deepStrictEqual(asked, ["list everything", "list everything", "list everything"])
    }).pipe(Effect.scoped))

  it.live.each([true, false])(
    "reads everything for entitlements only where it has to (eager: %s)",
    (eager) =>
      Effect.gen(function*() {
        const asked: Array<string> = []
        const client = yield* Loopback.over(Directory.make({
          content: Directory.sample(),
          eager,
          before: (operation) => Effect.sync(() => asked.push(operation))
        }))
        const { list } = yield* client.call(
          EntitlementsService.method.listEntitlements,
          scoped(TypeScopedEntitlementsSchema)
        )
        assert.deepStrictEqual(list.map((each) => each.id), ["group:g1:member", "group:g2:member", "group:g3:member"])
        assert.deepStrictEqual(asked, eager ? ["list resources"] : ["list resources", "list everything"])
      }).pipe(Effect.scoped)
  )

  it.live("refuses what it doesn't have", () =>
    Effect.gen(function*() {
      const client = yield* Loopback.over(Directory.make({ content: Directory.sample() }))
      const { listEntitlements, listStaticEntitlements } = EntitlementsService.method
      const { listGrants } = GrantsService.method
      const code = (call: Effect.Effect<unknown, { readonly codeName: string }>) =>
        Effect.map(Effect.flip(call), (error) => error.codeName)
      assert.strictEqual(yield* code(client.call(listEntitlements, {})), "InvalidArgument")
      assert.strictEqual(yield* code(client.call(listGrants, {})), "InvalidArgument")
      assert.strictEqual(yield* code(client.call(listGrants, { resource: {} })), "InvalidArgument")
      const role = { resource: { id: { resourceType: "role", resource: "r" } } }
      assert.strictEqual(yield* code(client.call(listEntitlements, role)), "NotFound")
      assert.strictEqual(yield* code(client.call(listGrants, role)), "NotFound")
      assert.strictEqual(
        yield* code(client.call(listGrants, scoped(TypeScopedGrantsSchema, "user"))),
        "InvalidArgument"
      )
      assert.strictEqual(yield* code(client.call(listStaticEntitlements, { resourceTypeId: "role" })), "NotFound")
      assert.deepStrictEqual((yield* client.call(listStaticEntitlements, { resourceTypeId: "group" })).list, [])
    }).pipe(Effect.scoped))
})

describe("Manager services", () => {
  it.live("grant and revoke, and tell what was so already", () =>
    Effect.gen(function*() {
      const content = Directory.sample()
      const client = yield* Loopback.over(Directory.make({ content }))
      const { grant, revoke } = GrantManagerService.method
      const request = { entitlement: entitlement("g3"), principal: principal("u1") }
      const granted = yield* client.call(grant, request)
      assert.deepStrictEqual(content.teams[2]?.members, ["u1"])
      assert.deepStrictEqual(granted.grants.map((each) => each.id), ["group:g3:member:user:u1"])
      assert.deepStrictEqual(granted.annotations, [])
      const again = yield* client.call(grant, request)
      assert.isDefined(FromMessage.annotation(again.annotations, GrantAlreadyExistsSchema))

      // The way in which C1 asks when it has lost the grant's id, and without a slug.
      const lost = {
        grant: { id: "🧸_UNKNOWN_GRANT_ID", ...request, entitlement: { ...request.entitlement, slug: "" } }
      }
      assert.deepStrictEqual((yield* client.call(revoke, lost)).annotations, [])
      assert.deepStrictEqual(content.teams[2]?.members, [])
      const gone = yield* client.call(revoke, lost)
      assert.isDefined(FromMessage.annotation(gone.annotations, GrantAlreadyRevokedSchema))
    }).pipe(Effect.scoped))

  it.live("create accounts from C1's form", () =>
    Effect.gen(function*() {
      const content = Directory.sample()
      const client = yield* Loopback.over(Directory.make({ content }))
      const { createAccount } = AccountManagerService.method
      const request = {
        accountInfo: {
          emails: [{ address: "old@example.com", isPrimary: false }, { address: "jane@example.com", isPrimary: true }],
          login: "jane",
          profile: { display_name: "Jane Smith" }
        },
        // What the one-shot command always asks for.
        credentialOptions: { options: { case: "randomPassword" as const, value: { length: BigInt(20) } } }
      }
      const created = yield* client.call(createAccount, request)
      assert.strictEqual(created.result.case, "success")
      assert.isTrue(created.result.case === "success" && created.result.value.isCreateAccountResult)
      assert.deepStrictEqual(created.encryptedData, [])
      assert.strictEqual(content.people.at(-1)?.email, "jane@example.com")
      const again = yield* client.call(createAccount, { ...request, resourceTypeId: "user" })
      assert.strictEqual(again.result.case, "alreadyExists")
      const resource = again.result.case === "alreadyExists" ? again.result.value.resource : undefined
      assert.strictEqual(
        FromMessage.annotation(resource?.annotations ?? [], UserTraitSchema)?.login,
        "jane@example.com"
      )
    }).pipe(Effect.scoped))

  it.live("take the e-mail address from wherever it is, and refuse what can't be made", () =>
    Effect.gen(function*() {
      const content = Directory.sample()
      const client = yield* Loopback.over(Directory.make({ content }))
      const { createAccount } = AccountManagerService.method
      const profile = { display_name: "A B" }
      yield* client.call(createAccount, { accountInfo: { login: "login@example.com", profile } })
      yield* client.call(createAccount, {
        accountInfo: { login: "x", profile: { ...profile, email: "p@example.com" } }
      })
      assert.deepStrictEqual(content.people.slice(-2).map((each) => each.email), ["login@example.com", "p@example.com"])

      const refused = (
        request: Parameters<typeof client.call<typeof createAccount.input, typeof createAccount.output>>[1]
      ) =>
        Effect.map(
          Effect.flip(client.call(createAccount, request)),
          (error) => [error.codeName, error.message] as const
        )
      const [code, message] = yield* refused({ accountInfo: { login: "x", profile } })
      assert.strictEqual(code, "InvalidArgument")
      assert.include(message, "no e-mail address")
      assert.deepStrictEqual(yield* refused({ accountInfo: { login: "n@example.com" } }), [
        "InvalidArgument",
        "create account failed: display_name is missing."
      ])
      assert.strictEqual(
        (yield* refused({ accountInfo: { login: "n@example.com", profile: { display_name: ["A"] } } }))[0],
        "InvalidArgument"
      )
      assert.strictEqual(
        (yield* refused({ accountInfo: { login: "n@example.com", profile }, resourceTypeId: "group" }))[0],
        "Unimplemented"
      )
      assert.strictEqual(
        (yield* refused({
          accountInfo: { login: "n@example.com", profile },
          credentialOptions: { options: { case: "encryptedPassword", value: { encryptedPasswords: [{}] } } }
        }))[0],
        "InvalidArgument"
      )
      assert.strictEqual(
        (yield* refused({ accountInfo: { emails: [{ address: "not an address" }], profile } }))[0],
        "InvalidArgument"
      )
    }).pipe(Effect.scoped))

  it.live("delete, by either service, and tell what was not there", () =>
    Effect.gen(function*() {
      const content = Directory.sample()
      const client = yield* Loopback.over(Directory.make({ content }))
      const one = { resourceId: { resourceType: "user", resource: "u1" } }
      assert.deepStrictEqual((yield* client.call(ResourceManagerService.method.deleteResource, one)).annotations, [])
      assert.deepStrictEqual(content.people.map((each) => each.id), ["u2", "u3"])
      const gone = yield* client.call(ResourceDeleterService.method.deleteResourceV2, one)
      assert.isDefined(FromMessage.annotation(gone.annotations, ResourceDoesNotExistSchema))
      const failed = yield* Effect.flip(client.call(ResourceManagerService.method.deleteResource, {
        resourceId: { resourceType: "group", resource: "g1" }
      }))
      assert.strictEqual(failed.codeName, "Unimplemented")
    }).pipe(Effect.scoped))

  it.live("answer that they can't, where there is no handler", () =>
    Effect.gen(function*() {
      const client = yield* Loopback.over(Directory.make({ content: Directory.sample(), readOnly: true }))
      const codes = yield* Effect.forEach([
        client.call(GrantManagerService.method.grant, { entitlement: entitlement("g1"), principal: principal("u1") }),
        client.call(GrantManagerService.method.revoke, {
          grant: { id: "x", entitlement: entitlement("g1"), principal: principal("u1") }
        }),
        client.call(AccountManagerService.method.createAccount, { accountInfo: { login: "a@example.com" } }),
        client.call(ResourceManagerService.method.createResource, { resource: principal("x") }),
        client.call(ResourceManagerService.method.deleteResource, { resourceId: principal("u1").id }),
        client.call(ResourceDeleterService.method.deleteResourceV2, { resourceId: principal("u1").id }),
        client.call(CredentialManagerService.method.rotateCredential, { resourceId: principal("u1").id }),
        client.call(CredentialManagerService.method.issueCredential, {
          requestId: "r-1",
          identityId: principal("u1").id
        })
      ], (call: Effect.Effect<unknown, { readonly codeName: string }>) =>
        Effect.map(Effect.flip(call), (error) =>
          error.codeName))
      assert.deepStrictEqual(
        codes,
        codes.map(() =>
          "Unimplemented"
        )
      )
    }).pipe(Effect.scoped))

  it.live("change nothing without leave", () =>
    Effect.gen(function*() {
      const content = Directory.sample()
      const client = yield* Loopback.over(Directory.make({ content }), { provisioning: false })
      const refusals = yield* Effect.forEach([
        client.call(GrantManagerService.method.grant, { entitlement: entitlement("g3"), principal: principal("u1") }),
        client.call(GrantManagerService.method.revoke, {
          grant: { id: "x", entitlement: entitlement("g1"), principal: principal("u1") }
        }),
        client.call(AccountManagerService.method.createAccount, {
          accountInfo: { login: "a@example.com", profile: { display_name: "A" } }
        }),
        client.call(ResourceManagerService.method.createResource, { resource: principal("x") }),
        client.call(ResourceManagerService.method.deleteResource, { resourceId: principal("u1").id }),
        client.call(ResourceDeleterService.method.deleteResourceV2, { resourceId: principal("u1").id }),
        client.call(CredentialManagerService.method.rotateCredential, { resourceId: principal("u1").id }),
        client.call(CredentialManagerService.method.issueCredential, {
          requestId: "r-1",
          identityId: principal("u1").id
        })
      ], (call: Effect.Effect<unknown, { readonly codeName: string; readonly message: string }>) =>
        Effect.map(Effect.flip(call), (error) => [error.codeName, error.message]))
      assert.deepStrictEqual(refusals, refusals.map(() => ["FailedPrecondition", "provisioning is not enabled"]))
      assert.deepStrictEqual(content, Directory.sample())
    }).pipe(Effect.scoped))

  it.live("carry the end of a rate limit as a detail, and name the operation", () =>
    Effect.gen(function*() {
      const before = Date.now()
      const client = yield* Loopback.over(Directory.make({
        content: Directory.sample(),
        before: (operation) =>
          operation === "list everything"
            ? Effect.fail(ConnectorError.make(
              operation,
              new ConnectorError.RateLimited({ message: "Slow down.", retryAfterMillis: 30_000 })
            ))
            : operation === "delete"
            ? Effect.fail(
              ConnectorError.make(operation, new ConnectorError.NotApplied({ message: "It is still there." }))
            )
            : Effect.void
      }))
      const limited = yield* Effect.flip(client.call(GrantsService.method.listGrants, scoped(TypeScopedGrantsSchema)))
      assert.strictEqual(limited.codeName, "Unavailable")
      assert.strictEqual(limited.rateLimit?.remaining, 0)
      assert.isAtLeast(limited.rateLimit?.resetAt ?? 0, before + 30_000)
      assert.isAtMost(limited.rateLimit?.resetAt ?? 0, Date.now() + 30_000)
      const failed = yield* Effect.flip(
        client.call(ResourceManagerService.method.deleteResource, { resourceId: principal("u1").id })
      )
      assert.strictEqual(failed.message, "delete resource failed: It is still there.")
      assert.strictEqual(failed.reason, "NotApplied")
    }).pipe(Effect.scoped))
})

describe("Services that a connector has without having them", () => {
  it.live("answer as Go's builder does", () =>
    Effect.gen(function*() {
      const client = yield* Loopback.over(Directory.make({ content: Directory.sample() }))
      const limiter = yield* client.call(RateLimiterService.method.do, {
        requestToken: "t",
        service: "connector",
        descriptors: { entries: [{ key: "k", value: "v" }] }
      })
      assert.strictEqual(limiter.description?.status, RateLimitDescription_Status.EMPTY)
      yield* client.call(RateLimiterService.method.report, { requestToken: "t" })

      assert.deepStrictEqual((yield* client.call(EventService.method.listEventFeeds, {})).list, [])
      const feed = yield* Effect.flip(client.call(EventService.method.listEvents, {}))
      assert.strictEqual(feed.codeName, "NotFound")
      assert.include(feed.message, "baton_feed_event")

      assert.deepStrictEqual((yield* client.call(ActionService.method.listActionSchemas, {})).schemas, [])
      for (
        const call of [
          client.call(ActionService.method.invokeAction, { name: "x" }),
          client.call(ActionService.method.getActionSchema, { name: "x" }),
          client.call(ActionService.method.getActionStatus, { name: "x", id: "y" })
        ]
      ) {
        assert.strictEqual(
          (yield* Effect.flip(call as Effect.Effect<unknown, { codeName: string }>)).codeName,
          "NotFound"
        )
      }

      const off = yield* Effect.flip(client.call(TicketsService.method.getTicket, { id: "x" }))
      assert.deepStrictEqual([off.codeName, off.message], ["Unknown", "ticketing is not enabled"])
      const ticketing = yield* Loopback.over(Directory.make({ content: Directory.sample() }), { ticketing: true })
      const on = yield* Effect.flip(ticketing.call(TicketsService.method.getTicket, { id: "x" }))
      assert.strictEqual(on.codeName, "Unimplemented")
    }).pipe(Effect.scoped))
})

describe("Failures", () => {
  it.live("hide what a defect is about from the caller", () =>
    Effect.gen(function*() {
      const client = yield* Loopback.over(Directory.make({
        content: Directory.sample(),
        before: () => Effect.die(new Error("the token is hunter2"))
      }))
      const failed = yield* Effect.flip(client.call(ResourcesService.method.listResources, { resourceTypeId: "user" }))
      assert.deepStrictEqual([failed.codeName, failed.message], ["Internal", "Internal Server Error"])
    }).pipe(Effect.scoped))

  it.live("stop the connector's work when the caller goes away", () =>
    Effect.gen(function*() {
      let stopped = 0
      let started = 0
      const client = yield* Loopback.over(Directory.make({
        content: Directory.sample(),
        before: () =>
          Effect.andThen(
            Effect.sync(() => {
              started++
            }),
            Effect.onInterrupt(Effect.never, () =>
              Effect.sync(() => {
                stopped++
              }))
          )
      }))
      yield* client.call(ResourcesService.method.listResources, { resourceTypeId: "user" }).pipe(
        Effect.raceFirst(Effect.repeat(Effect.sleep("5 millis"), { until: () => started === 1 }))
      )
      yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => stopped === 1 })
      assert.strictEqual(stopped, 1)
    }).pipe(Effect.scoped))

  it.live("are not repeated where repeating is the caller's", () =>
    Effect.gen(function*() {
      let asked = 0
      const client = yield* Loopback.over(Directory.make({
        content: Directory.sample(),
        before: (operation) =>
          Effect.suspend(() => {
            asked++
            return unavailable(operation)
          })
      }))
      const failed = yield* Effect.flip(client.call(ResourcesService.method.listResources, { resourceTypeId: "user" }))
      assert.strictEqual(failed.codeName, "Unavailable")
      assert.strictEqual(asked, 1)
    }).pipe(Effect.scoped))
})
