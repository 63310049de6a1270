import { Capabilities, Connector, ConnectorError } from "@access-kit/connector-model"
import * as ScimClient from "@access-kit/scim-core/ScimClient"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, expect, it } from "@effect/vitest"
import { Context, Effect, Layer, Redacted, Stream } from "effect"
import { inspect } from "node:util"
import manifest from "../package.json" with { type: "json" }
import * as ClaudeEnterprise from "../src/ClaudeEnterprise.ts"
import * as Settings from "../src/Settings.ts"
import { first, membership, type Organization, test } from "./Organization.ts"

const create = ({ users }: Organization, email: string, displayName: string) => {
  assert(users.createAccount !== undefined)
  return users.createAccount.create({ email, fields: { display_name: displayName } })
}

const build = (settings: Settings.Settings) =>
  Layer.build(ClaudeEnterprise.layer(settings)).pipe(Effect.provide(NodeHttpClient.layerUndici))

describe("ClaudeEnterprise", () => {
  describe("spec", () => {
    it("says who the connector is", () => {
      expect(ClaudeEnterprise.spec).toMatchObject({
        name: "claude-enterprise",
        displayName: "Claude Enterprise",
        version: manifest.version
      })
      expect(ClaudeEnterprise.spec.helpUrl).toMatch(/^https:\/\//)
      expect(ClaudeEnterprise.spec.config.map((field) => field.name).slice(0, 2)).toEqual(["scim-url", "scim-token"])
    })
  })

  describe("probe", () => {
    it.effect("refuses to send the token in the clear, and sends nothing", () =>
      Effect.gen(function*() {
        const settings = Settings.make({ scimUrl: "http://scim.example/v2", scimToken: Redacted.make("t") })
        let exchanges = 0
        const error = yield* Effect.flip(ClaudeEnterprise.probe(settings, { onExchange: () => exchanges++ }))
        expect(error.reason).toMatchObject({ _tag: "InvalidConfiguration", field: "scim-url" })
        expect(exchanges).toBe(0)
      }).pipe(Effect.provide(NodeHttpClient.layerUndici)))
  })

  describe("layer", () => {
    it.effect("provides the connector, and the client that counts its requests", () =>
      Effect.gen(function*() {
        const services = yield* build(
          Settings.make({ scimUrl: "https://api.workos.com/scim/v2.0/key", scimToken: Redacted.make("t") })
        )
        expect(Context.get(services, Connector.Connector).source).toMatch(/^https:\/\/api\.workos\.com#[0-9a-f]{12}$/)
        expect(yield* Context.get(services, ScimClient.ScimClient).stats).toMatchObject({ requests: 0 })
      }).pipe(Effect.scoped))

    it.effect("refuses to send the token in the clear", () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(
          build(Settings.make({ scimUrl: "http://scim.example/v2", scimToken: Redacted.make("t") }))
        )
        expect(error.reason).toMatchObject({ _tag: "InvalidConfiguration", field: "scim-url" })
      }).pipe(Effect.scoped))

    it.effect("takes its settings from anywhere, and names what is missing", () =>
      Effect.gen(function*() {
        const from = (given: Readonly<Record<string, string>>) =>
          Layer.build(ClaudeEnterprise.layerFromFields((field) => given[field.name])).pipe(
            Effect.provide(NodeHttpClient.layerUndici)
          )
        const services = yield* from({ "scim-url": "https://x.example/scim", "scim-token": "t" })
        expect(Context.get(services, Connector.Connector).spec).toBe(ClaudeEnterprise.spec)
        const error = yield* Effect.flip(from({}))
        expect(error.reason._tag).toBe("InvalidConfiguration")
        expect(error.message).toContain("--scim-url")
        expect(error.message).toContain("BATON_SCIM_TOKEN")
      }).pipe(Effect.scoped))
  })

  // Every row of the page that describes the connector, by its own words.
  describe("the capability table", () => {
    test("Accounts: sync", (org) =>
      Effect.gen(function*() {
        const records = yield* Stream.runCollect(Connector.records(org.users, { include: "everything" }))
        expect(records.map((record) => record.resource.id.resource).sort()).toEqual(
          org.directory.users.map((user) => user.id).sort()
        )
      }))

    test("Accounts: provision, create", (org) =>
      Effect.gen(function*() {
        const outcome = yield* create(org, "jane.smith@aurora.example", "Jane Smith")
        assert(outcome._tag === "Created")
        expect((yield* org.sandbox.directory.user(outcome.account.id.resource))._tag).toBe("Some")
      }))

    test("Accounts: provision, delete", (org) =>
      Effect.gen(function*() {
        assert(org.users.delete !== undefined)
        const person = first(org.directory.users.filter((user) => user.active))
        expect((yield* org.users.delete(person.id))._tag).toBe("Deleted")
        const left = yield* org.sandbox.directory.user(person.id)
        expect(left._tag === "None" || !left.value.active).toBe(true)
      }))

    test("Groups: sync", (org) =>
      Effect.gen(function*() {
        const records = yield* Stream.runCollect(Connector.records(org.groups, { include: "everything" }))
        expect(records.map((record) => [record.resource.displayName, record.grants.length]).sort()).toEqual(
          org.directory.groups.map((group) => [group.displayName, group.members.length]).sort()
        )
      }))

    test("Groups: provision, grant (Add user to group)", (org) =>
      Effect.gen(function*() {
        assert(org.groups.grant !== undefined)
        const group = org.directory.groups.find((group) => group.members.length === 0)
        assert(group !== undefined)
        const person = first(org.directory.users).id
        expect((yield* org.groups.grant(membership(group.id, person)))._tag).toBe("Granted")
        const after = yield* org.sandbox.directory.group(group.id)
        expect(after._tag === "Some" ? after.value.members : []).toEqual([person])
      }))

    test("Groups: provision, revoke (Remove user from group)", (org) =>
      Effect.gen(function*() {
        assert(org.groups.revoke !== undefined)
        const group = first(org.directory.groups)
        const person = first(group.members)
        expect((yield* org.groups.revoke(membership(group.id, person)))._tag).toBe("Revoked")
        const after = yield* org.sandbox.directory.group(group.id)
        expect(after._tag === "Some" ? after.value.members : [person]).not.toContain(person)
      }))

    test("is what the handlers say", (org) =>
      Effect.sync(() => {
        const capabilities = Capabilities.of(org.connector)
        expect(capabilities.provisioning).toBe(true)
        expect(capabilities.resourceTypes.map((type) => ({
          id: type.resourceType.id,
          traits: type.resourceType.traits,
          capabilities: type.capabilities,
          entitlements: type.entitlements
        }))).toEqual([
          { id: "user", traits: ["user"], capabilities: ["sync", "get", "create", "delete"], entitlements: [] },
          { id: "group", traits: ["group"], capabilities: ["sync", "get", "grant", "revoke"], entitlements: ["member"] }
        ])
      }))

    test("Account creation fields: display_name, required", (org) =>
      Effect.gen(function*() {
        expect(Capabilities.of(org.connector).accountFields).toEqual([{
          name: "display_name",
          displayName: "Display name",
          description: "The user's first and last name, space-separated",
          required: true
        }])
        const outcome = yield* create(org, "jane@aurora.example", "Jane van der Berg")
        assert(outcome._tag === "Created")
        expect(outcome.account).toMatchObject({ givenName: "Jane", familyName: "van der Berg" })
        const refused = yield* Effect.flip(create(org, "june@aurora.example", " "))
        expect(refused.reason).toMatchObject({ _tag: "InvalidInput", field: "display_name" })
      }))

    test("The user's email address is used as the SCIM username", (org) =>
      Effect.gen(function*() {
        const outcome = yield* create(org, "Jane.SMITH+x@Aurora.example", "Jane Smith")
        assert(outcome._tag === "Created")
        const stored = yield* org.sandbox.directory.user(outcome.account.id.resource)
        assert(stored._tag === "Some")
        expect(stored.value.userName).toBe("Jane.SMITH+x@Aurora.example")
      }))

    test("No password is required", (org) =>
      Effect.gen(function*() {
        const outcome = yield* create(org, "jane@aurora.example", "Jane Smith")
        assert(outcome._tag === "Created")
        const stored = yield* org.sandbox.directory.resource("User", outcome.account.id.resource)
        assert(stored._tag === "Some")
        expect(Object.keys(stored.value).map((name) => name.toLowerCase())).not.toContain("password")
        expect(Capabilities.of(org.connector).accountFields.map((field) => field.name)).toEqual(["display_name"])
      }))

    test("Create or delete groups: not supported", (org) =>
      Effect.gen(function*() {
        for (const capability of ["createAccount", "delete"] as const) {
          expect(org.groups[capability]).toBeUndefined()
          const error = yield* Effect.flip(Effect.asVoid(Connector.capabilityOf(org.connector, "group", capability)))
          assert(error instanceof ConnectorError.ConnectorError)
          expect(error.reason).toMatchObject({ _tag: "Unsupported", resourceType: "group" })
          expect(error.message).toContain("Claude Enterprise")
        }
        const type = org.connector.resourceTypes.find((handler) => handler.resourceType.id === "group")?.resourceType
        expect(type?.description).toContain("identity provider")
        expect(ClaudeEnterprise.groupsAreMadeElsewhere).toContain("identity provider")
      }))

    test("Assign roles, Manage workspace settings: not supported", (org) =>
      Effect.gen(function*() {
        expect(org.connector.resourceTypes.map((handler) => handler.resourceType.id)).toEqual(["user", "group"])
        for (const type of ["role", "workspace"]) {
          const error = yield* Effect.flip(Effect.asVoid(Connector.handlerOf(org.connector, type, "grant")))
          assert(error instanceof ConnectorError.ConnectorError)
          expect(error.reason).toMatchObject({ _tag: "NotFound", key: type })
        }
        const roles = {
          ...membership(first(org.directory.groups).id, first(org.directory.users).id),
          entitlement: {
            id: "role:owner:member",
            resource: { resourceType: "role", resource: "owner" },
            slug: "member"
          }
        }
        assert(org.groups.grant !== undefined)
        expect((yield* Effect.flip(org.groups.grant(roles))).reason._tag).toBe("NotFound")
      }))
  })

  describe("keeps the token to itself", () => {
    const TOKEN = "se_THE-SECRET-TOKEN"
    /** Everything that a log or a crash report could show of a value. */
    const shown = (value: unknown): string =>
      [inspect(value, { depth: 20, showHidden: true }), JSON.stringify(value), String(value)].join("\n")

    test("in errors, reports and what the connector is", (org) =>
      Effect.gen(function*() {
        const failures = yield* Effect.all([
          Effect.flip(org.users.list({ include: "everything" })),
          Effect.flip(org.groups.get("x")),
          Effect.flip(create(org, "jane@aurora.example", "Jane Smith"))
        ])
        for (const failure of failures) {
          expect(failure.reason._tag).toBe("Unauthenticated")
          expect(shown(failure)).not.toContain(TOKEN)
        }
        expect(shown(yield* org.connector.validate)).not.toContain(TOKEN)
        expect(shown(org.connector)).not.toContain(TOKEN)
        expect(org.connector.source).not.toContain("sandbox")
      }), { token: Redacted.make(TOKEN) })
  })
})
