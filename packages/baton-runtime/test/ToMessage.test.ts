import { EntitlementSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import {
  GrantSchema,
  GrantsServiceListGrantsResponseSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import { ResourceSchema, ResourceTypeSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import { C1zSink } from "@access-kit/c1z"
import type { Page, ResourceType } from "@access-kit/connector-model"
import { SnapshotSink } from "@access-kit/connector-model/SnapshotSink"
import { create, fromBinary, toBinary } from "@bufbuild/protobuf"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { zstdDecompressSync } from "node:zlib"
import * as FromMessage from "../src/FromMessage.ts"
import { ListWriter } from "../src/internal/ListWriter.ts"
import * as Rows from "../src/internal/Rows.ts"
import * as ToMessage from "../src/ToMessage.ts"
import * as Directory from "./Directory.ts"

const types: ReadonlyArray<ResourceType.ResourceType> = [
  { id: "user", displayName: "User", traits: ["user"] },
  { id: "group", displayName: "Team", description: "A team", traits: ["group"] },
  { id: "thing", displayName: "Thing", traits: ["role", "app"] }
]

const traitsOf = (type: string) => types.find((each) => each.id === type)?.traits ?? []

const nested = (depth: number): { readonly [key: string]: unknown } =>
  depth === 0 ? { end: true } : { in: nested(depth - 1) }

const profile = JSON.parse(JSON.stringify({
  zeta: 1,
  alpha: "ä",
  "🧸": [{ b: null, a: -1.5e300 }, []],
  "\uffff": {},
  deep: nested(40),
  __proto__x: "x"
}))

const records: ReadonlyArray<Page.ResourceRecord> = [
  ...Directory.sample().people.map((person) => ({
    resource: Directory.account(person),
    entitlements: [],
    grants: []
  })),
  {
    resource: {
      _tag: "Account",
      id: { resourceType: "user", resource: "bare" },
      displayName: "Bare",
      status: "unknown",
      accountType: "unknown",
      login: "",
      emails: []
    },
    entitlements: [],
    grants: []
  },
  {
    resource: {
      _tag: "Account",
      id: { resourceType: "user", resource: "full:with:colons" },
      displayName: "Full",
      description: "Everything",
      parent: { resourceType: "group", resource: "g1" },
      profile,
      status: "deleted",
      statusDetails: "gone",
      accountType: "service",
      login: "full",
      emails: [{ address: "a@example.com", primary: false }, { address: "b@example.com", primary: true }],
      familyName: "Family",
      employeeIds: [],
      createdAt: "1969-12-31T23:59:59.250Z"
    },
    entitlements: [],
    grants: []
  },
  ...Directory.sample().teams.map(Directory.teamRecord),
  {
    resource: { _tag: "Item", id: { resourceType: "thing", resource: "t" }, displayName: "T", profile: {} },
    entitlements: [{
      id: "thing:t:own",
      resource: { resourceType: "thing", resource: "t" },
      slug: "own",
      displayName: "Own",
      description: "",
      purpose: "ownership",
      grantableTo: ["group", "user"]
    }],
    grants: []
  }
]

/** What the snapshot writer makes of the records, by table and id. */
const written = Effect.gen(function*() {
  const folder = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "to-message-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )
  const path = join(folder, "test.c1z")
  yield* Effect.gen(function*() {
    const sink = yield* SnapshotSink
    yield* sink.begin({ connector: "test", connectorVersion: "1.0.0", source: "test", resourceTypes: types })
    yield* sink.write(records, () => "{}")
    yield* sink.settle({ missingLimit: 10 })
    yield* sink.finish
  }).pipe(Effect.provide(C1zSink.layer({ path })))
  const database = join(folder, "db")
  writeFileSync(database, zstdDecompressSync(readFileSync(path).subarray(5)))
  const open = new DatabaseSync(database, { readOnly: true })
  const table = (name: string) =>
    new Map(
      open.prepare(`SELECT external_id, data, ${name === "grants" ? "expansion" : "NULL"} AS expansion FROM v1_${name}`)
        .all()
        .map((row) => [String(row["external_id"]), row])
    )
  const tables = {
    resource_types: table("resource_types"),
    resources: table("resources"),
    entitlements: table("entitlements"),
    grants: table("grants")
  }
  open.close()
  return tables
}).pipe(Effect.scoped)

const hex = (bytes: unknown): string =>
  bytes instanceof Uint8Array ? Buffer.from(bytes).toString("hex") : assert.fail("no bytes")

describe("ToMessage", () => {
  it.live("makes the same bytes as the snapshot writer", () =>
    Effect.gen(function*() {
      const tables = yield* written
      assert.strictEqual(tables.resource_types.size, types.length)
      assert.strictEqual(tables.resources.size, records.length)
      const messages = new Map(types.map((type) => [type.id, ToMessage.resourceType(type)]))
      for (const [id, message] of messages) {
        assert.strictEqual(
          hex(toBinary(ResourceTypeSchema, message)),
          hex(tables.resource_types.get(id)?.["data"]),
          id
        )
      }
      let entitlements = 0
      let grants = 0
      for (const record of records) {
        const { resource } = record
        const on = ToMessage.resource(resource, traitsOf(resource.id.resourceType))
        const key = `${resource.id.resourceType}:${resource.id.resource}`
        assert.strictEqual(hex(toBinary(ResourceSchema, on)), hex(tables.resources.get(key)?.["data"]), key)
        for (const entitlement of record.entitlements) {
          entitlements++
          assert.strictEqual(
            hex(toBinary(EntitlementSchema, ToMessage.entitlement(entitlement, on, messages))),
            hex(tables.entitlements.get(entitlement.id)?.["data"]),
            entitlement.id
          )
        }
        for (const grant of record.grants) {
          grants++
          // The snapshot keeps how a grant expands in a column of its own.
          const { expandable: _, ...plain } = grant
          const message = ToMessage.grant(plain, ToMessage.grantedEntitlement(grant.entitlementId, on))
          assert.strictEqual(hex(toBinary(GrantSchema, message)), hex(tables.grants.get(grant.id)?.["data"]), grant.id)
          if (grant.expandable !== undefined) {
            const whole = ToMessage.grant(grant, ToMessage.grantedEntitlement(grant.entitlementId, on))
            assert.strictEqual(hex(whole.annotations[0]?.value), hex(tables.grants.get(grant.id)?.["expansion"]))
          }
        }
      }
      assert.strictEqual(tables.entitlements.size, entitlements)
      assert.strictEqual(tables.grants.size, grants)
    }))

  it("is what the rows of a list response are, byte for byte", () => {
    const traits = traitsOf("group")
    const groups = records.filter((record) => record.resource.id.resourceType === "group")
    const rows = Rows.grants(groups, traits)
    let index = 0
    for (const record of groups) {
      const on = ToMessage.resource(record.resource, traits)
      for (const grant of record.grants) {
        const message = ToMessage.grant(grant, ToMessage.grantedEntitlement(grant.entitlementId, on))
        assert.strictEqual(rows.idOf(index), grant.id)
        const list = new ListWriter()
        rows.write(index, list)
        rows.write(index, list)
        const response = create(GrantsServiceListGrantsResponseSchema)
        response.$unknown = list.fields
        assert.strictEqual(
          hex(toBinary(GrantsServiceListGrantsResponseSchema, response)),
          hex(toBinary(
            GrantsServiceListGrantsResponseSchema,
            create(GrantsServiceListGrantsResponseSchema, { list: [message, message] })
          ))
        )
        index++
      }
    }
    assert.strictEqual(rows.length, index)
  })
})

describe("FromMessage", () => {
  it("brings back what ToMessage was given", () => {
    for (const record of records) {
      const { resource } = record
      const on = ToMessage.resource(resource, traitsOf(resource.id.resourceType))
      const back = FromMessage.resource(fromBinary(ResourceSchema, toBinary(ResourceSchema, on)))
      const { ...expected } = resource
      // Nothing and none are one on the wire.
      if (expected.profile !== undefined && Object.keys(expected.profile).length === 0) {
        delete (expected as { profile?: object }).profile
      }
      if (expected._tag === "Account" && expected.employeeIds?.length === 0) {
        delete (expected as { employeeIds?: ReadonlyArray<string> }).employeeIds
      }
      if (resource.id.resource !== "full:with:colons") assert.deepStrictEqual(back, expected)
      else assert.deepStrictEqual({ ...back, profile: {} }, { ...expected, profile: {} })
      for (const entitlement of record.entitlements) {
        const message = ToMessage.entitlement(entitlement, on, new Map())
        assert.deepStrictEqual(FromMessage.entitlement(message), entitlement)
      }
      for (const grant of record.grants) {
        const message = ToMessage.grant(grant, ToMessage.grantedEntitlement(grant.entitlementId, on))
        assert.deepStrictEqual(FromMessage.grant(message), grant)
      }
    }
  })
})
