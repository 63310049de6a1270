/** Generated directories for the tests, and ways to put them into a sink and to look at what came out. */
import { C1z, C1zSink, type Convert } from "@access-kit/c1z"
import type { Page, Resource, ResourceType } from "@access-kit/connector-model"
import { Entitlement, Grant, SnapshotSink } from "@access-kit/connector-model"
import { Effect, Stream } from "effect"
import { createHash } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { zstdDecompressSync } from "node:zlib"

export const TYPES: ReadonlyArray<ResourceType.ResourceType> = [
  { id: "user", displayName: "User", traits: ["user"] },
  { id: "group", displayName: "Group", traits: ["group"] }
]

export const HEADER: SnapshotSink.SnapshotHeader = {
  connector: "test",
  connectorVersion: "1.0.0",
  source: "https://scim.test/v2",
  resourceTypes: TYPES
}

export const account = (id: string, more: Partial<Resource.Account> = {}): Page.ResourceRecord => ({
  resource: {
    _tag: "Account",
    id: { resourceType: "user", resource: id },
    displayName: `Person ${id}`,
    status: "enabled",
    accountType: "human",
    login: `${id}@example.com`,
    emails: [{ address: `${id}@example.com`, primary: true }],
    profile: { user_id: id },
    ...more
  },
  entitlements: [],
  grants: []
})

export const group = (
  id: string,
  members: ReadonlyArray<string>,
  more: Partial<Resource.Group> = {}
): Page.ResourceRecord => {
  const resource = { resourceType: "group", resource: id }
  const entitlementId = Entitlement.makeId(resource, "member")
  return {
    resource: { _tag: "Group", id: resource, displayName: `Group ${id}`, ...more },
    entitlements: [{
      id: entitlementId,
      resource,
      slug: "member",
      displayName: `Group ${id} Member`,
      description: `Member of Group ${id}`,
      purpose: "assignment",
      grantableTo: ["user"]
    }],
    grants: members.map((member) => Grant.make(entitlementId, { resourceType: "user", resource: member }))
  }
}

/** A directory in pages of ten records: accounts, then groups. The same numbers give the same directory. */
export const pages = (
  accounts: number,
  groups: number,
  members: number
): ReadonlyArray<ReadonlyArray<Page.ResourceRecord>> => {
  const records = [
    ...Array.from({ length: accounts }, (_, index) => account(`u${index}`)),
    ...Array.from(
      { length: groups },
      (_, index) =>
        group(`g${index}`, Array.from({ length: members }, (_, member) => `u${(index * 7 + member * 13) % accounts}`))
    )
  ]
  return Array.from({ length: Math.ceil(records.length / 10) }, (_, page) => records.slice(page * 10, page * 10 + 10))
}

/** A directory on disk that is gone when the scope closes. */
export const temporary = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "c1z-test-"))),
  (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
)

/** Writes pages in order and publishes. */
export const sync = (
  path: string,
  content: ReadonlyArray<ReadonlyArray<Page.ResourceRecord>>,
  header = HEADER,
  format: Convert.Format = "v1"
) =>
  Effect.gen(function*() {
    const sink = yield* SnapshotSink.SnapshotSink
    yield* sink.begin(header)
    for (const [index, page] of content.entries()) yield* sink.write(page, () => String(index + 1))
    const settled = yield* sink.settle({ missingLimit: 100 })
    const summary = yield* sink.finish
    return { settled, summary }
  }).pipe(Effect.provide(C1zSink.layer({ path, format })), Effect.scoped)

/** Everything in a file, in order, with ids and times of the sync left out. */
export const contents = (path: string) =>
  Effect.gen(function*() {
    const file = yield* C1z.open(path)
    const plain = <A>(row: C1z.Row<A>) => ({
      key: row.key,
      message: row.message
    })
    return {
      runs: yield* Stream.runCollect(file.syncRuns),
      resourceTypes: (yield* Stream.runCollect(file.resourceTypes())).map(plain),
      resources: (yield* Stream.runCollect(file.resources())).map(plain),
      entitlements: (yield* Stream.runCollect(file.entitlements())).map(plain),
      grants: (yield* Stream.runCollect(file.grants())).map((row) => ({
        ...plain(row),
        expansion: row.expansion,
        needsExpansion: row.needsExpansion
      }))
    }
  }).pipe(Effect.scoped)

/** What a file holds, without an order and without ids and times of the sync. Two files that hold the same are equal in it. */
export const digest = (path: string): ReadonlyArray<readonly [table: string, rows: number, digest: string]> => {
  const scratch = mkdtempSync(join(tmpdir(), "c1z-test-"))
  try {
    writeFileSync(join(scratch, "db"), zstdDecompressSync(readFileSync(path).subarray(5)))
    const database = new DatabaseSync(join(scratch, "db"))
    const digests = ["v1_resource_types", "v1_resources", "v1_entitlements", "v1_grants"].map((table) => {
      const hash = createHash("sha256")
      const rows = database.prepare(`SELECT * FROM ${table} ORDER BY external_id, id`).all()
      for (const { discovered_at: _discovered, id: _id, sync_id: _sync, ...row } of rows) {
        for (const value of Object.values(row)) {
          hash.update(value instanceof Uint8Array ? value : `${typeof value} ${String(value)} `)
        }
      }
      return [table, rows.length, hash.digest("hex")] as const
    })
    database.close()
    return digests
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}
