/**
 * Loads a snapshot file into a generation of the directory, a batch at a time: memory does not grow with the file but for the places of the resources
 * that were named last, and between two batches requests get their turn.
 *
 * Rows are written in the order of their ids, in which they are listed: what stands on one page of a listing stands on few pages of the database, and
 * the indexes by id grow at their end.
 *
 * @since 0.1.0
 */
import * as C1z from "@access-kit/c1z/C1z"
import type { C1zError } from "@access-kit/c1z/C1zError"
import * as Entitlements from "@access-kit/c1z/Entitlements"
import * as Grants from "@access-kit/c1z/Grants"
import type { QueryError } from "@access-kit/c1z/QueryError"
import * as Resources from "@access-kit/c1z/Resources"
import * as Snapshot from "@access-kit/c1z/Snapshot"
import type { ResourceId } from "@access-kit/connector-model/Resource"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as Stream from "effect/Stream"
import type { Generations } from "./Generations.ts"
import * as Rows from "./Rows.ts"
import type { SearchIndex } from "./SearchIndex.ts"

/** Rows that are written at once. Those of resources cost several times as much as those of grants, most of it for the search. */
const RESOURCES = 100
const GRANTS = 400

/** Places that are remembered; those of others are looked up again. */
const REMEMBERED = 200_000

/**
 * Its rows were cleared away while it ran: the connector was deleted, or this process stood still for so long that it was taken for dead.
 *
 * @since 0.1.0
 */
export class Superseded extends Schema.TaggedError<Superseded>()("Superseded", {}) {}

/** Where the rows are that others name. */
class Places {
  private readonly known = new Map<string, number>()

  get(key: string): number | undefined {
    return this.known.get(key)
  }

  set(key: string, ref: number): void {
    if (this.known.size >= REMEMBERED) this.known.clear()
    this.known.set(key, ref)
  }
}

const placeOf = (type: string, id: string): string => `${type}\u0000${id}`

const KeyPairs = Schema.fromJsonString(Schema.Array(Schema.Array(Schema.String)))
const encodePairs = Schema.encodeSync(KeyPairs)

/**
 * @since 0.1.0
 */
export const make = Effect.fn("DirectoryLoad.make")(function*(index: SearchIndex, generations: Generations) {
  const sql = yield* SqlClient.SqlClient

  const inBatch = <A, E>(generation: number, write: Effect.Effect<A, E>) =>
    Effect.tap(
      sql.withTransaction(Effect.gen(function*() {
        if (!(yield* generations.touch(generation))) return yield* new Superseded()
        return yield* write
      })),
      () => Effect.yieldNow
    )

  /** Where these resources are, by {@link placeOf}. */
  const findResources = (generation: number, ids: ReadonlyArray<ResourceId>) => {
    const wanted = encodePairs(ids.map((id) => [Rows.keyOf(id.resource), Rows.keyOf(id.resourceType)]))
    return sql.onDialectOrElse({
      pg: () =>
        sql<{ readonly ref: number; readonly id: string; readonly type: string; readonly name: string }>`
          SELECT r.ref, r.id, r.type, r.name FROM json_array_elements(CAST(CAST(${wanted} AS TEXT) AS JSON)) AS wanted
          JOIN directory_resources AS r ON r.generation = ${generation} AND r.kind IN (0, 1, 2)
            AND r.id = wanted->>0 AND r.type = wanted->>1`,
      orElse: () =>
        sql<{ readonly ref: number; readonly id: string; readonly type: string; readonly name: string }>`
          SELECT r.ref, r.id, r.type, r.name FROM json_each(${wanted}) AS wanted
          CROSS JOIN directory_resources AS r ON r.generation = ${generation} AND r.kind IN (0, 1, 2)
            AND r.id = wanted.value->>0 AND r.type = wanted.value->>1`
    })
  }

  const findEntitlements = (generation: number, ids: ReadonlyArray<string>) =>
    sql<{ readonly ref: number; readonly id: string }>`SELECT ref, id FROM directory_entitlements
      WHERE generation = ${generation} AND ${sql.in("id", ids)}`

  /** PostgreSQL plans by what it knows of the rows, and does not know these yet; what its index has put off is done now and not with a request. */
  const prepare = sql.onDialectOrElse({
    pg: () =>
      Effect.andThen(
        sql`SELECT gin_clean_pending_list('directory_search_by_piece')`,
        sql`ANALYZE directory_resources, directory_entitlements, directory_grants, directory_search`
      ),
    orElse: () => Effect.void
  })

  const load = Effect.fn("DirectoryLoad.load")(function*(
    generation: number,
    path: string
  ): Effect.fn.Return<{ readonly startedAt: number }, C1zError | QueryError | SqlError | Superseded> {
    return yield* Effect.scoped(Effect.gen(function*() {
      const snapshot = yield* Effect.flatMap(C1z.open(path), (file) => Snapshot.of(file))
      const resources = new Places()
      const entitlements = new Places()
      let nodes = 0
      let grants = 0

      const writeResources = (columns: ReadonlyArray<Rows.ResourceColumns>) =>
        Effect.gen(function*() {
          const rows = columns.map((row) => ({ ref: Rows.refOf(generation, ++nodes), generation, ...row }))
          if (!Arr.isArrayNonEmpty(rows)) return
          yield* sql`INSERT INTO directory_resources ${sql.insert(rows)}`
          yield* index.add(rows.filter((row) => row.kind !== Rows.Kind.other))
          for (const row of rows) resources.set(placeOf(row.type, row.id), row.ref)
        })

      /** Places of all of these; of those that nothing describes, rows are made that say no more than that they exist. */
      const locate = Effect.fnUntraced(function*(ids: ReadonlyArray<ResourceId>) {
        const missing = new Map<string, ResourceId>()
        for (const id of ids) {
          const place = placeOf(Rows.keyOf(id.resourceType), Rows.keyOf(id.resource))
          if (resources.get(place) === undefined) missing.set(place, id)
        }
        if (missing.size === 0) return
        for (const row of yield* findResources(generation, [...missing.values()])) {
          const place = placeOf(row.type, row.id)
          resources.set(place, row.ref)
          missing.delete(place)
        }
        yield* writeResources([...missing.values()].map(Rows.ofUnknown))
      })

      const refOf = (id: ResourceId): number =>
        resources.get(placeOf(Rows.keyOf(id.resourceType), Rows.keyOf(id.resource))) ?? 0

      yield* Resources.sorted(snapshot).pipe(
        Stream.map((row) => Rows.ofResource(Rows.resourceOf(row))),
        Stream.grouped(RESOURCES),
        Stream.runForEach((rows) => inBatch(generation, writeResources(rows)))
      )

      yield* Entitlements.list(snapshot).pipe(
        Stream.grouped(RESOURCES),
        Stream.runForEach((rows) =>
          inBatch(
            generation,
            Effect.gen(function*() {
              const on = rows.map(({ resource }) => ({ resourceType: resource.type, resource: resource.id }))
              yield* locate(on)
              const written = rows.map((row, position) => {
                const name = row.resource.displayName || row.resource.id
                const id = on[position]
                return {
                  ref: Rows.refOf(generation, ++nodes),
                  generation,
                  resource_ref: id === undefined ? 0 : refOf(id),
                  holders: row.holders,
                  ...Rows.ofEntitlement(row, name)
                }
              })
              if (!Arr.isArrayNonEmpty(written)) return
              yield* sql`INSERT INTO directory_entitlements ${sql.insert(written)}`
              yield* index.add(written.map((row) => ({ ...row, kind: Rows.Kind.entitlement })))
              for (const row of written) entitlements.set(row.id, row.ref)
            })
          )
        )
      )

      yield* Grants.links(snapshot).pipe(
        Stream.grouped(GRANTS),
        Stream.runForEach((links) =>
          inBatch(
            generation,
            Effect.gen(function*() {
              const unknown = new Set<string>()
              for (const link of links) {
                const key = Rows.keyOf(link.entitlementId)
                if (entitlements.get(key) === undefined) unknown.add(key)
              }
              if (unknown.size > 0) {
                for (const row of yield* findEntitlements(generation, [...unknown])) entitlements.set(row.id, row.ref)
              }
              const principals = links.map(({ principal }) => ({
                resourceType: principal.type,
                resource: principal.id
              }))
              yield* locate(principals)
              const rows = links.flatMap((link, position) => {
                const entitlement = entitlements.get(Rows.keyOf(link.entitlementId))
                const principal = principals[position]
                // Nothing can be said about a grant of what does not exist. The check of the file reports it.
                if (entitlement === undefined || principal === undefined) return []
                return [{
                  ref: Rows.refOf(generation, ++grants),
                  generation,
                  id: Rows.keyOf(link.id),
                  whole_id: Rows.wholeOf(link.id),
                  entitlement_ref: entitlement,
                  principal_ref: refOf(principal),
                  expansion: link.expansion === undefined ? null : JSON.stringify(link.expansion)
                }]
              })
              if (Arr.isArrayNonEmpty(rows)) yield* sql`INSERT INTO directory_grants ${sql.insert(rows)}`
            })
          )
        )
      )

      for (let ordinal = 1; ordinal <= nodes; ordinal += GRANTS) {
        yield* inBatch(
          generation,
          sql`UPDATE directory_resources SET members = (
            SELECT count(DISTINCT g.principal_ref) FROM directory_entitlements AS e
            JOIN directory_grants AS g ON g.entitlement_ref = e.ref WHERE e.resource_ref = directory_resources.ref
          ) WHERE ref >= ${Rows.refOf(generation, ordinal)} AND ref < ${Rows.refOf(generation, ordinal + GRANTS)}
            AND kind = ${Rows.Kind.group}`
        )
      }
      yield* prepare
      return { startedAt: snapshot.sync.startedAt ?? snapshot.sync.endedAt ?? 0 }
    }))
  })

  return { load }
})
