/** The rows of files that Go's SDK v0.25 wrote, compared with the rows that we write for the same facts. */
import { UserTraitSchema } from "@access-kit/baton-protocol/ConnectorV2"
import { ResourceSchema } from "@access-kit/baton-protocol/ConnectorV2"
import { Entitlement, Grant, type Page } from "@access-kit/connector-model"
import { fromBinary } from "@bufbuild/protobuf"
import { anyUnpack } from "@bufbuild/protobuf/wkt"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync, type SQLOutputValue } from "node:sqlite"
import { zstdDecompressSync } from "node:zlib"
import * as Directory from "./Directory.ts"

const user = (name: string, index: number): Page.ResourceRecord =>
  Directory.account(`u-${name}`, {
    displayName: name,
    login: name,
    emails: [{ address: `${name}@example.com`, primary: true }],
    profile: { first_name: name, index, tags: ["a", "b"] }
  })

const group = (
  name: string,
  displayName: string,
  profile: { readonly dept: string } | undefined,
  grants: (entitlementId: string) => ReadonlyArray<Grant.Grant>
): Page.ResourceRecord => {
  const id = { resourceType: "group", resource: name }
  const entitlementId = Entitlement.makeId(id, "member")
  return {
    resource: { _tag: "Group", id, displayName, ...profile === undefined ? {} : { profile } },
    entitlements: [{
      id: entitlementId,
      resource: id,
      slug: "member",
      displayName: `${displayName} Member`,
      description: `member of ${displayName}`,
      purpose: "assignment",
      grantableTo: ["user", "group"]
    }],
    grants: grants(entitlementId)
  }
}

/** What the connector behind the samples serves. */
const records: ReadonlyArray<Page.ResourceRecord> = [
  user("alice", 0),
  user("bob", 1),
  user("carol", 2),
  group("g-eng", "Engineering", { dept: "eng" }, (id) => [
    Grant.make(id, { resourceType: "user", resource: "u-alice" }),
    Grant.make(id, { resourceType: "user", resource: "u-bob" })
  ]),
  group("g-all", "All Staff", undefined, (id) => [
    Grant.make(id, { resourceType: "user", resource: "u-carol" }),
    Grant.make(id, { resourceType: "group", resource: "g-eng" }, {
      entitlementIds: ["group:g-eng:member"],
      shallow: false,
      resourceTypes: ["user"]
    })
  ])
]

type Row = Record<string, SQLOutputValue>

const databaseOf = (path: string, scratch: string): DatabaseSync => {
  const database = join(scratch, "inside.db")
  writeFileSync(database, zstdDecompressSync(readFileSync(path).subarray(5)))
  return new DatabaseSync(database)
}

const sample = (name: string) => join(import.meta.dirname, "fixtures", name)

/** Rows by external id, blobs as text, without the columns that belong to one sync. */
const rowsOf = (database: DatabaseSync, table: string): Map<string, Row> =>
  new Map(
    database.prepare(`SELECT * FROM ${table}`).all().map((
      { discovered_at: _discovered, id: _id, sync_id: _sync, ...row }
    ) => [
      String(row["external_id"]),
      Object.fromEntries(
        Object.entries(row).map((
          [column, value]
        ) => [column, value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value])
      )
    ])
  )

describe.each(["v1-minimal.c1z", "v1-sync.c1z"])("%s", (name) => {
  it.effect("has our rows", () =>
    Effect.gen(function*() {
      const scratch = yield* Directory.temporary
      const path = join(scratch, "ours.c1z")
      yield* Directory.sync(path, [records])
      const ours = databaseOf(path, scratch)
      const go = databaseOf(sample(name), yield* Directory.temporary)

      for (const table of ["v1_resource_types", "v1_entitlements"]) {
        assert.deepStrictEqual(rowsOf(ours, table), rowsOf(go, table), table)
      }

      const grants = rowsOf(go, "v1_grants")
      // In the file of a whole sync there are also the grants that the expansion has made, which is not a connector's work.
      const immutable = Buffer.from("GrantImmutable").toString("hex")
      for (const [key, row] of grants) if (String(row["data"]).includes(immutable)) grants.delete(key)
      assert.strictEqual(grants.size, 4)
      assert.deepStrictEqual(rowsOf(ours, "v1_grants"), grants)

      const resources = rowsOf(ours, "v1_resources")
      const expected = rowsOf(go, "v1_resources")
      assert.deepStrictEqual([...resources.keys()].sort(), [...expected.keys()].sort())
      for (const [key, row] of expected) {
        const own = resources.get(key)
        // Go leaves the keys of the profile inside the trait in random order, so people are compared by meaning, and by size.
        if (key.startsWith("user:")) {
          const decode = (hex: SQLOutputValue | undefined) => {
            const resource = fromBinary(ResourceSchema, Buffer.from(String(hex), "hex"))
            const { annotations, ...rest } = resource
            return [rest, annotations.map((annotation) => anyUnpack(annotation, UserTraitSchema))]
          }
          assert.deepStrictEqual(decode(own?.["data"]), decode(row["data"]), key)
          assert.strictEqual(String(own?.["data"]).length, String(row["data"]).length, key)
        } else {
          assert.deepStrictEqual(own, row, key)
        }
      }
      ours.close()
      go.close()
    }).pipe(Effect.scoped))

  it.effect("has our tables, columns and indexes", () =>
    Effect.gen(function*() {
      const scratch = yield* Directory.temporary
      const path = join(scratch, "ours.c1z")
      yield* Directory.sync(path, [records])
      const shape = (database: DatabaseSync) => {
        const names = (type: string) =>
          database.prepare("SELECT name, tbl_name FROM sqlite_schema WHERE type = ? ORDER BY name").all(type)
        const pragma = (statement: string, ...columns: ReadonlyArray<string>) =>
          database.prepare(`PRAGMA ${statement}`).all().map((row) => columns.map((column) => row[column]))
        return {
          tables: names("table").map((row) => [
            row["name"],
            pragma(`table_info(${String(row["name"])})`, "name", "type", "notnull", "dflt_value", "pk")
              .map((column) => column.map((value) => typeof value === "string" ? value.toLowerCase() : value))
          ]),
          indexes: names("index").map((row) => [
            row["name"],
            row["tbl_name"],
            pragma(`index_info(${String(row["name"])})`, "name")
          ]),
          kinds: names("table").map((row) =>
            pragma(`index_list(${String(row["name"])})`, "name", "unique", "partial").sort()
          ),
          settings: ["encoding", "auto_vacuum", "user_version", "application_id"].map((setting) =>
            pragma(setting, setting)
          )
        }
      }
      const ours = databaseOf(path, scratch)
      const go = databaseOf(sample(name), yield* Directory.temporary)
      assert.deepStrictEqual(shape(ours), shape(go))
      assert.deepStrictEqual(ours.prepare("PRAGMA integrity_check").all().map((row) => row["integrity_check"]), ["ok"])
      ours.close()
      go.close()
    }).pipe(Effect.scoped))

  it.effect("has our row of the sync, but for ids, times and what only Go's syncer knows", () =>
    Effect.gen(function*() {
      const scratch = yield* Directory.temporary
      const path = join(scratch, "ours.c1z")
      yield* Directory.sync(path, [records])
      const ours = databaseOf(path, scratch)
      const run = { ...ours.prepare("SELECT * FROM v1_sync_runs").get() }
      assert.match(String(run["sync_id"]), /^[0-9A-Za-z]{27}$/)
      for (const column of ["started_at", "ended_at"]) {
        assert.match(String(run[column]), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,3})?$/)
      }
      assert.deepStrictEqual(JSON.parse(String(run["stats"])), {
        resource_types: 2,
        resources: 5,
        entitlements: 2,
        grants: 4,
        resources_by_resource_type: { group: 2, user: 3 },
        grants_by_resource_type: { group: 4 },
        entitlements_by_resource_type: { group: 2 }
      })
      const { ended_at: _ended, started_at: _started, stats: _stats, sync_id: _sync, ...rest } = run
      assert.deepStrictEqual(rest, {
        id: 1,
        sync_token: "",
        sync_type: "full",
        parent_sync_id: "",
        linked_sync_id: "",
        // One grant is to be expanded, and nobody has done that yet.
        supports_diff: 0,
        grants_backfilled: 1,
        ingest_invariant_generation: "",
        ingest_invariant_coverage: "",
        ingest_invariant_mode: ""
      })
      ours.close()
    }).pipe(Effect.scoped))
})
