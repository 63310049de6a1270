/**
 * Carries outcomes of changes into a generation of the directory. Doing it twice comes to the same as doing it once, so that the outcomes since a sync
 * began can be played again on what the sync read.
 *
 * @since 0.1.0
 */
import type {
  CreateAccountOutcome,
  DeleteOutcome,
  GrantOutcome,
  RevokeOutcome
} from "@access-kit/connector-model/Outcome"
import { Account, type ResourceId } from "@access-kit/connector-model/Resource"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as Rows from "./Rows.ts"
import type { SearchIndex } from "./SearchIndex.ts"

/**
 * @since 0.1.0
 */
export type Outcome = GrantOutcome | RevokeOutcome | CreateAccountOutcome | DeleteOutcome

const decodeAccount = Schema.decodeUnknownEffect(Schema.fromJsonString(Account))

/**
 * @since 0.1.0
 */
export const make = Effect.fn("DirectoryChanges.make")(function*(index: SearchIndex) {
  const sql = yield* SqlClient.SqlClient

  /** After the highest there is: nobody else adds rows meanwhile, since whoever changes a directory holds its row. */
  const nextNode = Effect.fnUntraced(function*(generation: number) {
    const from = Rows.refOf(generation, 0)
    const below = Rows.refOf(generation + 1, 0)
    const [row] = yield* sql<{ readonly ref: number | null }>`SELECT max(ref) AS ref FROM (
      SELECT max(ref) AS ref FROM directory_resources WHERE ref >= ${from} AND ref < ${below}
      UNION ALL SELECT max(ref) AS ref FROM directory_entitlements WHERE ref >= ${from} AND ref < ${below}
    ) AS highest`
    return (row?.ref ?? from) + 1
  })

  const nextGrant = Effect.fnUntraced(function*(generation: number) {
    const from = Rows.refOf(generation, 0)
    const [row] = yield* sql<{ readonly ref: number | null }>`SELECT max(ref) AS ref FROM directory_grants
      WHERE ref >= ${from} AND ref < ${Rows.refOf(generation + 1, 0)}`
    return (row?.ref ?? from) + 1
  })

  const find = (generation: number, id: ResourceId) =>
    Effect.map(
      sql<{ readonly ref: number; readonly kind: number; readonly json: string }>`SELECT ref, kind, json
        FROM directory_resources
        WHERE generation = ${generation} AND kind IN (0, 1, 2) AND id = ${Rows.keyOf(id.resource)}
          AND type = ${Rows.keyOf(id.resourceType)}`,
      ([row]) => row
    )

  const put = Effect.fnUntraced(function*(generation: number, columns: Rows.ResourceColumns, id: ResourceId) {
    const known = yield* find(generation, id)
    const ref = known?.ref ?? (yield* nextNode(generation))
    if (known === undefined) {
      yield* sql`INSERT INTO directory_resources ${sql.insert({ ref, generation, ...columns })}`
    } else {
      yield* index.remove([ref])
      yield* sql`UPDATE directory_resources SET ${sql.update({ ...columns })} WHERE ref = ${ref}`
    }
    if (columns.kind !== Rows.Kind.other) {
      yield* index.add([{ ref, generation, kind: columns.kind, search: columns.search }])
    }
    return ref
  })

  /** Counts again who holds an entitlement, and who is a member of what it is on. */
  const recount = Effect.fnUntraced(function*(entitlements: ReadonlyArray<number>) {
    for (const ref of new Set(entitlements)) {
      yield* sql`UPDATE directory_entitlements SET holders = (
        SELECT count(*) FROM directory_grants AS g WHERE g.entitlement_ref = directory_entitlements.ref
      ) WHERE ref = ${ref}`
      yield* sql`UPDATE directory_resources SET members = (
        SELECT count(DISTINCT g.principal_ref) FROM directory_entitlements AS e
        JOIN directory_grants AS g ON g.entitlement_ref = e.ref WHERE e.resource_ref = directory_resources.ref
      ) WHERE ref = (SELECT resource_ref FROM directory_entitlements WHERE ref = ${ref})`
    }
  })

  const granted = Effect.fnUntraced(function*(generation: number, grant: GrantOutcome["grant"]) {
    const key = Rows.keyOf(grant.id)
    const [known] = yield* sql`SELECT ref FROM directory_grants WHERE generation = ${generation} AND id = ${key}`
    if (known !== undefined) return
    const [entitlement] = yield* sql<{ readonly ref: number }>`SELECT ref FROM directory_entitlements
      WHERE generation = ${generation} AND id = ${Rows.keyOf(grant.entitlementId)}`
    // What it was granted on has gone since, and the grant with it.
    if (entitlement === undefined) return
    const principal = yield* find(generation, grant.principal)
    yield* sql`INSERT INTO directory_grants ${
      sql.insert({
        ref: yield* nextGrant(generation),
        generation,
        id: key,
        whole_id: Rows.wholeOf(grant.id),
        entitlement_ref: entitlement.ref,
        principal_ref: principal?.ref
          ?? (yield* put(generation, Rows.ofUnknown(grant.principal), grant.principal)),
        expansion: grant.expandable === undefined ? null : JSON.stringify({
          entitlementIds: grant.expandable.entitlementIds,
          shallow: grant.expandable.shallow,
          principalTypes: grant.expandable.resourceTypes
        })
      })
    }`
    yield* recount([entitlement.ref])
  })

  const revoked = Effect.fnUntraced(function*(generation: number, grantId: string) {
    const rows = yield* sql<{ readonly ref: number; readonly entitlement: number }>`SELECT ref,
      entitlement_ref AS entitlement FROM directory_grants
      WHERE generation = ${generation} AND id = ${Rows.keyOf(grantId)}`
    const [row] = rows
    if (row === undefined) return
    yield* sql`DELETE FROM directory_grants WHERE ref = ${row.ref}`
    yield* recount([row.entitlement])
  })

  const gone = Effect.fnUntraced(function*(generation: number, id: ResourceId) {
    const known = yield* find(generation, id)
    if (known === undefined) return
    const held = yield* sql<{ readonly entitlement: number }>`SELECT DISTINCT entitlement_ref AS entitlement
      FROM directory_grants WHERE principal_ref = ${known.ref}`
    yield* sql`DELETE FROM directory_grants WHERE principal_ref = ${known.ref}`
    yield* sql`DELETE FROM directory_resources WHERE ref = ${known.ref}`
    yield* index.remove([known.ref])
    yield* recount(held.map((row) => row.entitlement))
  })

  /** Kept by the source in a state in which it gives no access. What became of its grants is for the next sync to say. */
  const disabled = Effect.fnUntraced(function*(generation: number, id: ResourceId) {
    const known = yield* find(generation, id)
    if (known?.kind !== Rows.Kind.account) return
    const account = yield* Effect.orDie(decodeAccount(known.json))
    if (account.status !== "enabled" && account.status !== "unknown") return
    yield* put(generation, Rows.ofResource({ ...account, status: "disabled" }), id)
  })

  /** Within the transaction of the caller, who holds the directory. */
  const apply = (generation: number, outcome: Outcome): Effect.Effect<void, SqlError> => {
    switch (outcome._tag) {
      case "Granted":
      case "AlreadyGranted":
        return granted(generation, outcome.grant)
      case "Revoked":
      case "AlreadyRevoked":
        return revoked(generation, outcome.grant.id)
      case "Created":
      case "AlreadyExists":
        return Effect.asVoid(put(generation, Rows.ofResource(outcome.account), outcome.account.id))
      case "Deleted":
        return outcome.remains ? disabled(generation, outcome.id) : gone(generation, outcome.id)
      case "DidNotExist":
        return gone(generation, outcome.id)
      case "WouldGrant":
      case "WouldRevoke":
      case "WouldCreate":
      case "WouldDelete":
        return Effect.void
    }
  }

  return { apply }
})

/**
 * @since 0.1.0
 */
export type Changes = Effect.Success<ReturnType<typeof make>>
