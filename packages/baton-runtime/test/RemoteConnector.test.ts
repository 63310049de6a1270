import {
  GrantAlreadyExistsSchema,
  InsertResourceGrantsSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_grant_pb"
import {
  ChildResourceTypeSchema,
  SkipEntitlementsSchema,
  SkipGrantsSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_resource_tree_pb"
import {
  EnqueuePageTokensSchema,
  TypeScopedGrantsSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_type_scoped_grants_pb"
import { ConnectorService } from "@access-kit/baton-protocol/gen/c1/connector/v2/connector_pb"
import { EntitlementsService } from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import {
  GrantManagerService,
  type GrantManagerServiceGrantRequest,
  GrantsService
} from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import {
  AccountManagerService,
  type CreateAccountRequest,
  ResourcesService,
  ResourceTypesService
} from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import { ConnectorProcess, RemoteConnector } from "@access-kit/baton-runtime"
import { C1zSink, WorkDirectory } from "@access-kit/c1z"
import type { Page, Resource } from "@access-kit/connector-model"
import * as ConnectorModel from "@access-kit/connector-model/Connector"
import { MemorySink, Sync } from "@access-kit/connector-sync"
import { create } from "@bufbuild/protobuf"
import type { Any } from "@bufbuild/protobuf/wkt"
import { Code, ConnectError, type ConnectRouter, createRouterTransport } from "@connectrpc/connect"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as BatonClient from "../src/BatonClient.ts"
import * as ToMessage from "../src/ToMessage.ts"
import * as Directory from "./Directory.ts"
import * as Loopback from "./Loopback.ts"
import { settle } from "./Settling.ts"

const options = { name: "remote", source: "test" }

/** Everything that a sync of a connector publishes. */
const synced = (connector: ConnectorModel.Connector["Service"], concurrency = 3) =>
  Effect.gen(function*() {
    const sink = MemorySink.make()
    yield* Sync.run({ concurrency }).pipe(
      Effect.provide(sink.layer),
      Effect.provideService(ConnectorModel.Connector, connector)
    )
    const snapshot = Option.getOrThrow(yield* sink.published)
    return {
      resources: new Map([...snapshot.resources].sort()),
      entitlements: new Map([...snapshot.entitlements].sort()),
      grants: new Map([...snapshot.grants].sort())
    }
  })

const handler = (connector: ConnectorModel.Connector["Service"], type: string) =>
  connector.resourceTypes.find((each) => each.resourceType.id === type) ?? assert.fail(`no type ${type}`)

const everything = (connector: ConnectorModel.Connector["Service"], type: string) =>
  Effect.map(
    Stream.runCollect(ConnectorModel.records(handler(connector, type), { include: "everything" })),
    (records): ReadonlyArray<Page.ResourceRecord> => [...records]
  )

const main = fileURLToPath(new URL("child.ts", import.meta.url))

describe("RemoteConnector over our own server", () => {
  it.live.each(["type-scoped", "per-resource"] as const)(
    "syncs to the same snapshot as the connector itself (%s)",
    (listing) =>
      Effect.gen(function*() {
        const content: Directory.Content = {
          people: [
            ...Directory.sample().people,
            ...Array.from({ length: 600 }, (_, index) => Directory.person(index + 10))
          ],
          teams: [
            ...Directory.sample().teams,
            { id: "g4", name: "Huge", members: Array.from({ length: 600 }, (_, index) => `u${index + 10}`) }
          ]
        }
        const connector = Directory.make({ content, pageSize: 100, siblings: true })
        const client = yield* Loopback.over(connector, { listing })
        const remote = yield* RemoteConnector.make(client, options)
        assert.deepStrictEqual(yield* synced(remote), yield* synced(connector))
      }).pipe(Effect.scoped)
  )

  it.live("says what it is, and can do what the other side can", () =>
    Effect.gen(function*() {
      const client = yield* Loopback.over(Directory.make({ content: Directory.sample() }))
      const remote = yield* RemoteConnector.make(client, { ...options, version: "4.5.6" })
      assert.strictEqual(remote.spec.displayName, "Directory")
      assert.strictEqual(remote.spec.version, "4.5.6")
      assert.deepStrictEqual((yield* remote.validate).checks.map((check) => check.status), ["passed"])
      const [user, group] = [handler(remote, "user"), handler(remote, "group")]
      assert.deepStrictEqual(user.resourceType, { id: "user", displayName: "User", traits: ["user"] })
      assert.isDefined(user.createAccount)
      assert.isDefined(user.delete)
      assert.isUndefined(user.grant)
      assert.isDefined(group.grant)
      assert.isUndefined(group.delete)
      assert.deepStrictEqual(
        user.createAccount?.fields.map((field) => [field.name, field.kind, field.required, field.defaultText]),
        [["display_name", "text", true, undefined], ["invite", "boolean", false, "true"]]
      )
      const reader = yield* RemoteConnector.make(
        yield* Loopback.over(Directory.make({ content: Directory.sample(), readOnly: true })),
        options
      )
      assert.isUndefined(handler(reader, "user").createAccount)
      assert.isUndefined(handler(reader, "group").grant)
    }).pipe(Effect.scoped))

  it.live("finds and gets, with everything on it", () =>
    Effect.gen(function*() {
      const connector = Directory.make({ content: Directory.sample() })
      const remote = yield* RemoteConnector.make(yield* Loopback.over(connector), options)
      for (const text of ["u1", "PERSON1@example.com", "Person 1"]) {
        assert.deepStrictEqual(
          (yield* handler(remote, "user").find(text)).map((each) => each.id.resource),
          ["u1"],
          text
        )
      }
      assert.deepStrictEqual(yield* handler(remote, "user").find(" "), [])
      assert.deepStrictEqual(
        yield* handler(remote, "group").get("g2"),
        Directory.teamRecord(Directory.sample().teams[1] ?? assert.fail())
      )
      const missing = yield* Effect.flip(handler(remote, "group").get("g9"))
      assert.strictEqual(missing.reason._tag, "NotFound")
    }).pipe(Effect.scoped))

  it.live("provisions with the outcomes of the contract, and rehearses", () =>
    Effect.gen(function*() {
      const content = Directory.sample()
      const remote = yield* RemoteConnector.make(yield* Loopback.over(Directory.make({ content })), options)
      const { grant, revoke } = handler(remote, "group")
      const { createAccount, delete: remove } = handler(remote, "user")
      if (grant === undefined || revoke === undefined || createAccount === undefined || remove === undefined) {
        return assert.fail("something can't be done")
      }
      const request = {
        entitlement: { id: "group:g3:member", resource: { resourceType: "group", resource: "g3" }, slug: "member" },
        principal: { resourceType: "user", resource: "u1" }
      }
      const dry = { ...request, dryRun: true }
      const before = structuredClone(content)
      assert.strictEqual((yield* grant(dry))._tag, "WouldGrant")
      assert.strictEqual((yield* revoke(dry))._tag, "AlreadyRevoked")
      assert.deepStrictEqual(content, before)
      const granted = yield* grant(request)
      assert.deepStrictEqual([granted._tag, granted.grant.id], ["Granted", "group:g3:member:user:u1"])
      assert.strictEqual((yield* grant(request))._tag, "AlreadyGranted")
      assert.strictEqual((yield* grant(dry))._tag, "AlreadyGranted")
      assert.strictEqual((yield* revoke(dry))._tag, "WouldRevoke")
      assert.strictEqual((yield* revoke(request))._tag, "Revoked")
      assert.strictEqual((yield* revoke(request))._tag, "AlreadyRevoked")

      const account = { email: "jane@example.com", fields: { display_name: "Jane Smith" } }
      assert.strictEqual((yield* createAccount.create({ ...account, dryRun: true }))._tag, "WouldCreate")
      const created = yield* createAccount.create(account)
      assert.deepStrictEqual([created._tag, created.account.displayName], ["Created", "Jane Smith"])
      assert.strictEqual((yield* createAccount.create(account))._tag, "AlreadyExists")
      assert.strictEqual((yield* createAccount.create({ ...account, dryRun: true }))._tag, "AlreadyExists")
      const refused = yield* Effect.flip(createAccount.create({ email: "x@example.com", fields: {} }))
      assert.strictEqual(refused.reason._tag, "InvalidInput")

      assert.strictEqual((yield* remove("u2", { dryRun: true }))._tag, "WouldDelete")
      assert.strictEqual((yield* remove("u2"))._tag, "Deleted")
      assert.strictEqual((yield* remove("u2"))._tag, "DidNotExist")
      assert.strictEqual((yield* remove("u2", { dryRun: true }))._tag, "DidNotExist")
    }).pipe(Effect.scoped))

  it.live("is refused changes where the other side has no leave for them", () =>
    Effect.gen(function*() {
      const client = yield* Loopback.over(Directory.make({ content: Directory.sample() }), { provisioning: false })
      const remote = yield* RemoteConnector.make(client, options)
      const failed = yield* Effect.flip(handler(remote, "user").delete?.("u1") ?? assert.fail())
      assert.strictEqual(failed.message, "provisioning is not enabled")
    }).pipe(Effect.scoped))

  it.live("gathers anew when a listing begins again, and leaves nothing behind", () =>
    Effect.gen(function*() {
      // Those of this process: others may be at work beside it.
      const prefix = yield* WorkDirectory.prefix("baton-listing")
      const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith(prefix)).length
      const before = folders()
      yield* Effect.gen(function*() {
        const content = Directory.sample()
        const remote = yield* RemoteConnector.make(yield* Loopback.over(Directory.make({ content })), options)
        assert.strictEqual((yield* everything(remote, "user")).length, 3)
        content.people.push(Directory.person(9))
        // Of the same gathering, so that groups fit the people who were listed.
        assert.strictEqual((yield* everything(remote, "group")).length, 3)
        assert.strictEqual((yield* everything(remote, "user")).length, 4)
      }).pipe(Effect.scoped)
      assert.isAtMost(folders(), before)
    }))
})

describe("RemoteConnector over a child process", () => {
  it.live("syncs into a snapshot file, and provisions", () =>
    Effect.gen(function*() {
      const folder = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "remote-connector-"))),
        (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
      )
      const path = join(folder, "sync.c1z")
      const child = yield* ConnectorProcess.start({ command: process.execPath, args: [main, "--provisioning"] })
      const remote = yield* RemoteConnector.make(child.client, options)
      const report = yield* Sync.run().pipe(
        Effect.provide(C1zSink.layer({ path })),
        Effect.provideService(ConnectorModel.Connector, remote)
      )
      assert.strictEqual(report.summary.grants, 4)
      assert.isAbove(statSync(path).size, 100)
      assert.deepStrictEqual(yield* synced(remote), yield* synced(Directory.make({ content: Directory.sample() })))
      const granted = yield* (handler(remote, "group").grant?.({
        entitlement: { id: "group:g3:member", resource: { resourceType: "group", resource: "g3" }, slug: "member" },
        principal: { resourceType: "user", resource: "u1" }
      }) ?? assert.fail())
      assert.strictEqual(granted._tag, "Granted")
    }).pipe(Effect.scoped))
})

/** A connector as somebody else might write one, in baton's words. */
const foreign = (routes: (router: ConnectRouter) => void) => BatonClient.fromTransport(createRouterTransport(routes))

const rid = (resourceType: string, resource: string) => ({ resourceType, resource })

const mark = ToMessage.annotation

const child = (resourceTypeId: string): Any =>
  mark(ChildResourceTypeSchema, create(ChildResourceTypeSchema, { resourceTypeId }))

describe("RemoteConnector over connectors of others", () => {
  const organization = (over: (router: ConnectRouter) => void = () => {}) => (router: ConnectRouter) => {
    router.service(ConnectorService, {
      getMetadata: () => ({ metadata: { displayName: "Org" } }),
      validate: () => ({ sdkVersion: "v0.25.0" }),
      cleanup: () => ({})
    })
    router.service(ResourceTypesService, {
      listResourceTypes: ({ pageToken }) =>
        pageToken === ""
          ? { list: [{ id: "user", traits: [1] }, { id: "org", displayName: "Org" }], nextPageToken: "2" }
          : {
            list: [
              { id: "team", traits: [2], annotations: [mark(TypeScopedGrantsSchema, create(TypeScopedGrantsSchema))] },
              { id: "role", traits: [3] }
            ]
          }
    })
    router.service(ResourcesService, {
      listResources: ({ parentResourceId, resourceTypeId }) => {
        if (resourceTypeId === "user") {
          return {
            list: [{ id: rid("user", "u1"), displayName: "U1" }, { id: rid("user", "u2"), displayName: "U2" }, {
              displayName: "nameless"
            }]
          }
        }
        if (resourceTypeId === "org") {
          if (parentResourceId === undefined) {
            return { list: [{ id: rid("org", "top"), annotations: [child("team"), child("org"), child("nothing")] }] }
          }
          return parentResourceId.resource === "top"
            ? { list: [{ id: rid("org", "below"), parentResourceId, annotations: [child("team"), child("org")] }] }
            : {}
        }
        if (resourceTypeId === "team" && parentResourceId !== undefined) {
          if (parentResourceId.resource === "below") throw new ConnectError("gone", Code.NotFound)
          return {
            list: [{
              id: rid("team", `${parentResourceId.resource}/eng`),
              parentResourceId,
              annotations: [mark(SkipEntitlementsSchema, create(SkipEntitlementsSchema))]
            }]
          }
        }
        return resourceTypeId === "role"
          ? {
            list: [{
              id: rid("role", "admin"),
              displayName: "Admin",
              annotations: [mark(SkipGrantsSchema, create(SkipGrantsSchema))]
            }]
          }
          : {}
      }
    })
    router.service(EntitlementsService, {
      listStaticEntitlements: ({ resourceTypeId }) =>
        resourceTypeId === "team"
          ? { list: [{ id: "x", slug: "member", purpose: 1, grantableTo: [{ id: "user" }] }] }
          : {},
      listEntitlements: ({ resource }) => {
        if (resource?.id?.resourceType === "team") throw new ConnectError("must not be asked", Code.Internal)
        if (resource?.id?.resource === "u2") throw new ConnectError("just deleted", Code.NotFound)
        return resource?.id?.resource === "admin"
          ? { list: [{ id: "role:admin:holder", slug: "holder", displayName: "Holder", resource }] }
          : {}
      }
    })
    router.service(GrantsService, {
      listGrants: ({ annotations, pageToken, resource }) => {
        const id = resource?.id
        if (id?.resourceType === "team") {
          assert.strictEqual(annotations.length, 1, "teams are listed as a whole")
          const grant = (team: string, user: string) => ({
            id: `${team}:${user}`,
            entitlement: { id: `team:${team}:member`, resource: { id: rid("team", team) } },
            principal: { id: rid("user", user) }
          })
          return pageToken === ""
            ? {
              list: [grant("top/eng", "u1")],
              annotations: [mark(EnqueuePageTokensSchema, create(EnqueuePageTokensSchema, { pageTokens: ["a", "b"] }))]
            }
            : { list: pageToken === "a" ? [grant("top/eng", "u2")] : [] }
        }
        if (id?.resource === "admin") throw new ConnectError("must not be asked", Code.Internal)
        // Grants by principal: what somebody holds is told with them.
        return id?.resource === "u1"
          ? {
            list: [
              {
                id: "g",
                entitlement: { id: "role:admin:holder", resource: { id: rid("role", "admin") } },
                principal: { id }
              },
              {
                id: "h",
                entitlement: { id: "role:new:holder", resource: { id: rid("role", "new"), displayName: "New" } },
                principal: { id }
              },
              { id: "i", entitlement: { id: "alien:x:y", resource: { id: rid("alien", "x") } }, principal: { id } }
            ],
            annotations: [mark(InsertResourceGrantsSchema, create(InsertResourceGrantsSchema))]
          }
          : {}
      }
    })
    over(router)
  }

  it.live("puts together what is listed apart", () =>
    Effect.gen(function*() {
      const remote = yield* RemoteConnector.make(foreign(organization()), options)
      const ids = (records: ReadonlyArray<Page.ResourceRecord>) => records.map((record) => record.resource.id.resource)
      assert.deepStrictEqual(ids(yield* everything(remote, "user")), ["u1", "u2"])
      const orgs = yield* everything(remote, "org")
      assert.deepStrictEqual(ids(orgs), ["below", "top"])
      assert.deepStrictEqual(orgs[0]?.resource.parent, rid("org", "top"))
      const [team, ...others] = yield* everything(remote, "team")
      assert.deepStrictEqual(others, [])
      assert.deepStrictEqual(team?.entitlements, [{
        id: "team:top/eng:member",
        resource: rid("team", "top/eng"),
        slug: "member",
        displayName: "",
        description: "",
        purpose: "assignment",
        grantableTo: ["user"]
      }])
      assert.deepStrictEqual(team?.grants.map((grant) => grant.principal.resource), ["u1", "u2"])
      const roles = yield* everything(remote, "role")
      assert.deepStrictEqual(ids(roles), ["admin", "new"])
      assert.deepStrictEqual(roles[0]?.grants.map((grant) => grant.id), ["g"])
      assert.deepStrictEqual(roles[0]?.entitlements.map((each) => each.slug), ["holder"])
      assert.strictEqual(roles[1]?.resource.displayName, "New")
      assert.deepStrictEqual(roles[1]?.grants.map((grant) => grant.id), ["h"])
    }).pipe(Effect.scoped))

  it.live("notes what it left out", () =>
    Effect.gen(function*() {
      const remote = yield* RemoteConnector.make(foreign(organization()), options)
      const page = yield* handler(remote, "user").list({ include: "everything" })
      assert.deepStrictEqual(
        new Map(page.notes?.map((note) => [note.code, note.count])),
        new Map([["row-without-id", 1], ["resource-gone", 2], ["foreign-row", 1]])
      )
      assert.strictEqual(page.total, 2)
    }).pipe(Effect.scoped))

  it.live("goes on from a cursor in another process", () =>
    Effect.gen(function*() {
      const first = yield* RemoteConnector.make(foreign(organization()), options)
      const begun = yield* handler(first, "user").list({ include: "everything", pageSize: 1 })
      assert.deepStrictEqual(begun.next, "u1")
      const second = yield* RemoteConnector.make(foreign(organization()), options)
      const rest = yield* handler(second, "user").list({ include: "everything", pageSize: 1, cursor: begun.next ?? "" })
      assert.deepStrictEqual(rest.items.map((record) => record.resource.id.resource), ["u2"])
      assert.isUndefined(rest.next)
    }).pipe(Effect.scoped))

  it.live("finds what it can't get by its id", () =>
    Effect.gen(function*() {
      const remote = yield* RemoteConnector.make(foreign(organization()), options)
      const found = yield* handler(remote, "team").get("top/eng")
      assert.deepStrictEqual(found.grants.map((grant) => grant.principal.resource), ["u1", "u2"])
      assert.deepStrictEqual(found.entitlements.map((each) => each.id), ["team:top/eng:member"])
    }).pipe(Effect.scoped))

  it.live("sends whole resources when it grants, not ids alone", () =>
    Effect.gen(function*() {
      let received: GrantManagerServiceGrantRequest | undefined
      const remote = yield* RemoteConnector.make(
        foreign(organization((router) => {
          router.service(ConnectorService, {
            validate: () => ({ sdkVersion: "v0.25.0" }),
            getMetadata: () => ({
              metadata: {
                displayName: "Org",
                capabilities: {
                  resourceTypeCapabilities: [{ resourceType: { id: "role" }, capabilities: [1, 2] }]
                }
              }
            })
          })
          router.service(GrantManagerService, {
            grant: (request) => {
              received = request
              return { annotations: [mark(GrantAlreadyExistsSchema, create(GrantAlreadyExistsSchema))] }
            }
          })
        })),
        options
      )
      const outcome = yield* (handler(remote, "role").grant?.({
        entitlement: { id: "role:admin:holder", resource: rid("role", "admin"), slug: "holder" },
        principal: rid("user", "u1")
      }) ?? assert.fail())
      assert.strictEqual(outcome._tag, "AlreadyGranted")
      // This connector lists what somebody holds with the person.
      const rehearsed = yield* (handler(remote, "role").grant?.({
        entitlement: { id: "role:admin:holder", resource: rid("role", "admin"), slug: "holder" },
        principal: rid("user", "u1"),
        dryRun: true
      }) ?? assert.fail())
      assert.strictEqual(rehearsed._tag, "AlreadyGranted")
      assert.strictEqual(received?.entitlement?.displayName, "Holder")
      assert.strictEqual(received?.entitlement?.resource?.displayName, "Admin")
      assert.strictEqual(received?.principal?.displayName, "U1")
    }).pipe(Effect.scoped))

  it.live("asks for a password that nobody knows where accounts can't be made without one", () =>
    Effect.gen(function*() {
      let received: CreateAccountRequest | undefined
      let answer: "actionRequired" | "inProgress" | "success" = "actionRequired"
      const remote = yield* RemoteConnector.make(
        foreign(organization((router) => {
          router.service(ConnectorService, {
            validate: () => ({ sdkVersion: "v0.25.0" }),
            getMetadata: () => ({
              metadata: {
                displayName: "Org",
                capabilities: {
                  resourceTypeCapabilities: [{ resourceType: { id: "user" }, capabilities: [5] }],
                  credentialDetails: { capabilityAccountProvisioning: { supportedCredentialOptions: [2] } }
                },
                accountCreationSchema: {
                  fieldMap: {
                    seats: { displayName: "Seats", order: 2, field: { case: "intField", value: {} } },
                    tags: { displayName: "Tags", order: 3, field: { case: "stringListField", value: {} } },
                    name: { displayName: "Name", order: 1, required: true, field: { case: "stringField", value: {} } },
                    old: { deprecated: true }
                  }
                }
              }
            })
          })
          router.service(AccountManagerService, {
            createAccount: (request) => {
              received = request
              return answer === "actionRequired"
                ? { result: { case: answer, value: { message: "Approve it." } } }
                : answer === "inProgress"
                ? { result: { case: answer, value: {} } }
                : { result: { case: answer, value: { resource: { id: rid("user", "u9"), displayName: "N" } } } }
            }
          })
        })),
        options
      )
      const { createAccount } = handler(remote, "user")
      assert.deepStrictEqual(createAccount?.fields.map((field) => field.name), ["name", "seats", "tags"])
      const request = { email: "a@example.com", fields: { name: "N", seats: "3", tags: "a, b," } }
      const create = createAccount?.create ?? assert.fail()
      const waiting = yield* Effect.flip(create(request))
      assert.deepStrictEqual([waiting.reason._tag, waiting.message.includes("Approve it.")], ["NotApplied", true])
      assert.strictEqual(received?.credentialOptions?.options.case, "randomPassword")
      assert.strictEqual(received?.encryptionConfigs[0]?.config.case, "jwkPublicKeyConfig")
      assert.deepStrictEqual(received?.accountInfo?.profile, {
        email: "a@example.com",
        login: "a@example.com",
        name: "N",
        seats: 3,
        tags: ["a", "b"]
      })
      answer = "inProgress"
      assert.strictEqual((yield* Effect.flip(create(request))).reason._tag, "NotApplied")
      answer = "success"
      const made = yield* create(request)
      const account: Resource.Account = made.account
      assert.deepStrictEqual([made._tag, account.id.resource, account.status, account.login], [
        "Created",
        "u9",
        "unknown",
        "a@example.com"
      ])
    }).pipe(Effect.scoped))

  it.live("names its syncs to connectors that want to know, and says when they end", () =>
    Effect.gen(function*() {
      for (const sdkVersion of ["v0.4.3", "0.25.0", "v1.0.0", "v0.4.2", "", "devel"]) {
        const named = new Set<string>()
        const cleaned: Array<string> = []
        const remote = yield* RemoteConnector.make(
          foreign(organization((router) => {
            router.service(ConnectorService, {
              getMetadata: () => ({ metadata: { displayName: "Org" } }),
              validate: () => ({ sdkVersion }),
              cleanup: ({ activeSyncId }) => {
                cleaned.push(activeSyncId)
                return {}
              }
            })
            router.service(GrantsService, {
              listGrants: ({ activeSyncId }) => {
                named.add(activeSyncId)
                return {}
              }
            })
          })),
          options
        )
        yield* everything(remote, "user")
        const [name = "", ...others] = named
        assert.deepStrictEqual(others, [])
        assert.deepStrictEqual(cleaned, [name])
        if (["v0.4.3", "0.25.0", "v1.0.0"].includes(sdkVersion)) assert.match(name, /^[0-9A-Za-z]{27}$/, sdkVersion)
        else assert.strictEqual(name, "", sdkVersion)
      }
    }).pipe(Effect.scoped))

  it.live("doesn't follow a page that leads to itself", () =>
    Effect.gen(function*() {
      const remote = yield* RemoteConnector.make(
        foreign((router) => {
          organization()(router)
          router.service(ResourcesService, { listResources: () => ({ nextPageToken: "again" }) })
        }),
        options
      )
      const failed = yield* Effect.flip(everything(remote, "user"))
      assert.strictEqual(failed.reason._tag, "UnexpectedResponse")
    }).pipe(Effect.scoped))

  it.effect("waits a second longer each time for a source that is away, and as long as a limit says", () =>
    Effect.gen(function*() {
      let asked = 0
      const remote = yield* RemoteConnector.make(
        {
          call: (method, request) =>
            method.name === "Validate"
              ? Effect.andThen(
                Effect.sync(() => {
                  asked++
                }),
                foreign((router) => {
                  router.service(ConnectorService, {
                    validate: () => {
                      throw new ConnectError("away", Code.Unavailable)
                    }
                  })
                }).call(method, request)
              )
              : foreign(organization()).call(method, request)
        },
        { ...options, retries: 3 }
      )
      const running = yield* Effect.forkChild(Effect.flip(remote.validate))
      yield* settle
      assert.strictEqual(asked, 1)
      for (const [seconds, expected] of [[1, 2], [2, 3], [3, 4]] as const) {
        yield* TestClock.adjust(`${seconds * 1000 - 1} millis`)
        yield* settle
        assert.strictEqual(asked, expected - 1)
        yield* TestClock.adjust("1 millis")
        yield* settle
        assert.strictEqual(asked, expected)
      }
      const failed = yield* Fiber.join(running)
      assert.strictEqual(failed.reason._tag, "Unavailable")
      assert.strictEqual(asked, 4)
    }).pipe(Effect.scoped))
})
