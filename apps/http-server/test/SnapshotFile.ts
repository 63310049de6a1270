/** Small snapshots as files, and connectors that they belong to. */
import { C1zSink } from "@access-kit/c1z"
import type { Page, Resource } from "@access-kit/connector-model"
import { Entitlement, Grant, SnapshotSink } from "@access-kit/connector-model"
import { Effect } from "effect"
import { SqlClient } from "effect/sql"
import { join } from "node:path"

export const account = (id: string, more: Partial<Resource.Account> = {}): Resource.Account => ({
  _tag: "Account",
  id: { resourceType: "user", resource: id },
  displayName: `Person ${id}`,
  status: "enabled",
  accountType: "human",
  login: `${id}@example.com`,
  emails: [{ address: `${id}@example.com`, primary: true }],
  ...more
})

export const member = (groupId: string): string =>
  Entitlement.makeId({ resourceType: "group", resource: groupId }, "member")

export const membership = (groupId: string, accountId: string): Grant.Grant =>
  Grant.make(member(groupId), { resourceType: "user", resource: accountId })

export const group = (
  id: string,
  grants: ReadonlyArray<Grant.Grant>,
  displayName = `Group ${id}`
): Page.ResourceRecord => {
  const resource = { resourceType: "group", resource: id }
  return {
    resource: { _tag: "Group", id: resource, displayName },
    entitlements: [{
      id: member(id),
      resource,
      slug: "member",
      displayName: `${displayName} Member`,
      description: `Member of ${displayName}`,
      purpose: "assignment",
      grantableTo: ["user", "group"]
    }],
    grants
  }
}

export const people = (accounts: ReadonlyArray<Resource.Account>): ReadonlyArray<Page.ResourceRecord> =>
  accounts.map((resource) => ({ resource, entitlements: [], grants: [] }))

/** Writes a snapshot and answers its path. */
export const write = Effect.fn("SnapshotFile.write")(function*(
  directory: string,
  name: string,
  records: ReadonlyArray<Page.ResourceRecord>
) {
  const path = join(directory, `${name}.c1z`)
  const summary = yield* Effect.gen(function*() {
    const sink = yield* SnapshotSink.SnapshotSink
    yield* sink.begin({
      connector: "test",
      connectorVersion: "1.0.0",
      source: "https://scim.test/v2",
      resourceTypes: [
        { id: "user", displayName: "User", traits: ["user"] },
        { id: "group", displayName: "Group", traits: ["group"] }
      ]
    })
    for (let start = 0; start < records.length; start += 100) {
      yield* sink.write(records.slice(start, start + 100), () => String(start))
    }
    yield* sink.settle({ missingLimit: 100 })
    return yield* sink.finish
  }).pipe(Effect.provide(C1zSink.layer({ path })), Effect.scoped)
  return { path, summary }
})

/** The row that a connector has in the database. */
export const connector = Effect.fn("SnapshotFile.connector")(function*(id: string) {
  const sql = yield* SqlClient.SqlClient
  yield* sql`INSERT INTO connectors ${
    sql.insert({
      id,
      name: id,
      kind: "test",
      settings: "{}",
      schedule: "{}",
      guards: "{}",
      created_at: 0,
      updated_at: 0
    })
  }`
  return id
})
