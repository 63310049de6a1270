/**
 * The answers of `baton … -o json`, as ConductorOne's command gives them (SDK v0.25), byte for meaning: the same values under the same names. They are
 * streamed, so that neither memory nor the time to the first byte grows with the file.
 *
 * @since 0.1.0
 */
import { EntitlementSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import { ResourceSchema, ResourceTypeSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as C1z from "./C1z.ts"
import type * as C1zError from "./C1zError.ts"
import type { Change } from "./Diff.ts"
import { BatonGrants, COLUMNS, valuesOf } from "./internal/BatonGrants.ts"
import { BatonLookup, bytesAt, type Place } from "./internal/BatonLookup.ts"
import { JsonOutput } from "./internal/JsonOutput.ts"
import { dataOf } from "./internal/Names.ts"
import { encode } from "./internal/ProtoJson.ts"
import { integer, type Row, text } from "./internal/Row.ts"
import { type Store, storeOf } from "./internal/Store.ts"
import * as Timestamp from "./internal/Timestamp.ts"
import type { Snapshot } from "./Snapshot.ts"

/**
 * What `baton` calls `-t`, `-r` and `-e`.
 *
 * @since 0.1.0
 */
export interface Filter {
  readonly type?: string
  readonly resourceId?: string
  readonly entitlementId?: string
}

/** A resource with its type, and its parent if it has one. */
const resourceRow = (
  output: JsonOutput,
  lookup: BatonLookup,
  type: string,
  json: Place | string,
  parent: readonly [string, string] | undefined
): void => {
  output.text("{\"resource\":")
  if (typeof json === "string") output.text(json)
  else output.place(json)
  output.text(",\"resourceType\":")
  output.place(lookup.type(type))
  if (parent !== undefined) {
    output.text(",\"parent\":")
    output.place(lookup.resource(...parent))
  }
  output.text("}")
}

interface Question {
  readonly sql: string
  readonly values: ReadonlyArray<string>
}

/** Rows that are read before others get their turn. */
const PAGE = 200

/**
 * Rows of a query as a list under a name.
 */
const listing = (
  store: Store,
  name: string,
  question: Question,
  write: (output: JsonOutput, row: Row) => void
): Stream.Stream<Uint8Array, C1zError.C1zError> =>
  Stream.suspend(() => {
    const rows = store.database.prepare(question.sql).iterate(...question.values)
    const output = new JsonOutput()
    let first = true
    return Stream.paginate(0, (page) =>
      store.attempt(`a row of its ${name} can't be read`, () => {
        for (let count = 0; count < PAGE; count++) {
          const next = rows.next()
          if (next.done === true) {
            // Baton leaves out lists without rows.
            output.text(first ? "{}" : "]}")
            output.flush()
            return [output.take(), Option.none<number>()] as const
          }
          output.text(first ? `{${JSON.stringify(name)}:[` : ",")
          first = false
          write(output, next.value)
        }
        return [output.take(), Option.some(page + 1)] as const
      }))
  })

/** Rows of an entitlement that pay for asking anew. */
const RUN = 8

const missingData = (): never => {
  throw new Error("no data")
}

/**
 * `baton resource-types`
 *
 * @since 0.1.0
 */
export const resourceTypes = (snapshot: Snapshot): Stream.Stream<Uint8Array, C1zError.C1zError> =>
  listing(storeOf(snapshot.file), "resourceTypes", {
    sql: "SELECT data FROM v1_resource_types WHERE sync_id = ? ORDER BY id",
    values: [snapshot.sync.id]
  }, (output, row) => {
    output.text(`{"resourceType":${encode(ResourceTypeSchema, dataOf(row) ?? missingData())}}`)
  })

const parentOf = (row: Row): readonly [string, string] | undefined => {
  const id = text(row, "parent_resource_id")
  return id === "" ? undefined : [text(row, "parent_resource_type_id"), id]
}

/**
 * `baton resources`, `-t`
 *
 * @since 0.1.0
 */
export const resources = (
  snapshot: Snapshot,
  filter: Pick<Filter, "type"> = {}
): Stream.Stream<Uint8Array, C1zError.C1zError> =>
  Stream.suspend(() => {
    const store = storeOf(snapshot.file)
    const lookup = new BatonLookup(store, snapshot.sync.id)
    return listing(store, "resources", {
      sql:
        `SELECT id, resource_type_id, external_id, parent_resource_type_id, parent_resource_id, data FROM v1_resources
        WHERE sync_id = ? ${filter.type === undefined ? "" : "AND resource_type_id = ?"} ORDER BY id`,
      values: [snapshot.sync.id, ...filter.type === undefined ? [] : [filter.type]]
    }, (output, row) => {
      const type = text(row, "resource_type_id")
      resourceRow(output, lookup, type, encode(ResourceSchema, dataOf(row) ?? missingData()), parentOf(row))
    })
  })

/**
 * `baton entitlements`, `-t`
 *
 * @since 0.1.0
 */
export const entitlements = (
  snapshot: Snapshot,
  filter: Pick<Filter, "type"> = {}
): Stream.Stream<Uint8Array, C1zError.C1zError> =>
  Stream.suspend(() => {
    const store = storeOf(snapshot.file)
    const lookup = new BatonLookup(store, snapshot.sync.id)
    return listing(store, "entitlements", {
      sql: `SELECT id, resource_type_id, resource_id, data FROM v1_entitlements
        WHERE sync_id = ? ${filter.type === undefined ? "" : "AND +resource_type_id = ?"} ORDER BY id`,
      values: [snapshot.sync.id, ...filter.type === undefined ? [] : [filter.type]]
    }, (output, row) => {
      const type = text(row, "resource_type_id")
      output.text(`{"entitlement":${encode(EntitlementSchema, dataOf(row) ?? missingData())},"resource":`)
      output.place(lookup.resource(type, text(row, "resource_id")))
      output.text(",\"resourceType\":")
      output.place(lookup.type(type))
      output.text("}")
    })
  })

/** Conditions on grants for a filter. */
const conditions = (filter: Filter): Question => {
  const found: Array<string> = []
  const values: Array<string> = []
  const add = (column: string, value: string | undefined) => {
    if (value === undefined) return
    found.push(`AND ${column} = ?`)
    values.push(value)
  }
  // By the type alone an index finds rows in the order of their resources, and all of them would be sorted first.
  add(filter.resourceId === undefined ? "+resource_type_id" : "resource_type_id", filter.type)
  add("resource_id", filter.resourceId)
  add("entitlement_id", filter.entitlementId)
  return { sql: found.join(" "), values }
}

/**
 * `baton grants`, `-t`, `-r`, `-e`
 *
 * With `reuse`, a chunk is good until the one after the next is asked for, and no longer: a consumer that is done with each before it asks
 * for more, as one that writes to a file, saves the garbage of hundreds of megabytes.
 *
 * @since 0.1.0
 */
export const grants = (
  snapshot: Snapshot,
  filter: Filter = {},
  options: { readonly reuse?: boolean } = {}
): Stream.Stream<Uint8Array, C1zError.C1zError> =>
  Stream.suspend(() => {
    const store = storeOf(snapshot.file)
    const lookup = new BatonLookup(store, snapshot.sync.id)
    const grants = new BatonGrants(store, lookup)
    const chosen = conditions(filter)
    if (chosen.values.length === 0) lookup.prefetch()
    const statement = store.database.prepare(
      `SELECT ${COLUMNS} FROM v1_grants WHERE id > ? AND sync_id = ? ${chosen.sql} ORDER BY id`
    )
    statement.setReturnArrays(true)
    const from = (after: number) => {
      grants.rebound()
      return statement.iterate(...valuesOf(grants.bindings), after, snapshot.sync.id, ...chosen.values)
    }
    const output = new JsonOutput(options.reuse)
    let rows = from(0)
    let count = 0
    let restarts = 0
    return Stream.paginate(0, (page) =>
      store.attempt("a row of its grants can't be read", () => {
        for (let turn = 0; turn < PAGE && !output.isFull; turn++) {
          const next = rows.next()
          if (next.done === true) {
            output.text(count === 0 ? "{}" : "]}")
            output.flush()
            return [output.take(), Option.none<number>()] as const
          }
          const row: unknown = next.value
          if (!Array.isArray(row)) throw new Error("no row")
          const columns: ReadonlyArray<unknown> = row
          output.text(count === 0 ? "{\"grants\":[" : ",")
          count++
          const { bindings } = grants
          grants.write(output, columns)
          // Bound to another grant no message would be left out. Where entitlements take turns row by row, none can be.
          if (grants.bindings !== bindings && restarts * RUN <= count + RUN * 16) {
            restarts++
            rows.return?.()
            rows = from(Number(columns[1]))
          }
        }
        return [output.take(), Option.some(page + 1)] as const
      }))
  })

/**
 * `baton principals`, `-t` with `-r`, `-e`: in the order of their first grants.
 *
 * @since 0.1.0
 */
export const principals = (snapshot: Snapshot, filter: Filter = {}): Stream.Stream<Uint8Array, C1zError.C1zError> =>
  Stream.suspend(() => {
    const store = storeOf(snapshot.file)
    const lookup = new BatonLookup(store, snapshot.sync.id)
    const parents = store.database.prepare(
      "SELECT parent_resource_type_id, parent_resource_id FROM v1_resources WHERE external_id = ? AND sync_id = ? LIMIT 1"
    )
    const chosen = conditions(filter)
    return listing(store, "resources", {
      sql: `SELECT min(id) AS id, principal_resource_type_id AS type, principal_resource_id AS principal FROM v1_grants
        WHERE sync_id = ? ${chosen.sql} GROUP BY 2, 3 ORDER BY 1`,
      values: [snapshot.sync.id, ...chosen.values]
    }, (output, row) => {
      const type = text(row, "type")
      const id = text(row, "principal")
      const parent = parents.get(`${type}:${id}`, snapshot.sync.id)
      resourceRow(output, lookup, type, lookup.resource(type, id), parent === undefined ? undefined : parentOf(parent))
    })
  })

/**
 * `baton access -t -r`: only grants that are in the file.
 *
 * @since 0.1.0
 */
export const access = (
  snapshot: Snapshot,
  principal: { readonly type: string; readonly id: string }
): Stream.Stream<Uint8Array, C1zError.C1zError> =>
  Stream.suspend(() => {
    const store = storeOf(snapshot.file)
    return Stream.fromEffect(store.attempt("its grants can't be read", () => {
      const lookup = new BatonLookup(store, snapshot.sync.id)
      const rows = store.database.prepare(
        `SELECT resource_type_id AS type, resource_id AS resource, entitlement_id AS entitlement FROM v1_grants
         WHERE principal_resource_type_id = ? AND principal_resource_id = ? AND sync_id = ? ORDER BY 1, 2, 3`
      ).all(principal.type, principal.id, snapshot.sync.id)
      const groups = Map.groupBy(rows, (row) => `${text(row, "type")}:${text(row, "resource")}`)
      const decode = (place: Place) => Buffer.from(bytesAt(place)).toString("utf8")
      const lists = [...groups.values()].map((grants) => {
        const [first] = grants
        const type = text(first, "type")
        const entitlements = grants.map((grant) => decode(lookup.entitlement(text(grant, "entitlement"))))
        return `{"resourceType":${decode(lookup.type(type))},"resource":${
          decode(lookup.resource(type, text(first, "resource")))
        },"entitlements":[${entitlements.join(",")}]}`
      })
      const holder = decode(lookup.resource(principal.type, principal.id))
      return Buffer.from(`{"principal":${holder}${lists.length === 0 ? "" : `,"access":[${lists.join(",")}]`}}`)
    }))
  })

const PLACES = { resource: "resources", entitlement: "entitlements", grant: "grants" } as const

/**
 * `baton diff`, without the rows that it calls modified though nothing in them has changed. It has no place for changes of resource types.
 *
 * @since 0.1.0
 */
export const diff = <E, R>(changes: Stream.Stream<Change, E, R>): Stream.Stream<Uint8Array, E, R> =>
  Stream.fromEffect(Effect.map(Stream.runCollect(changes), (found) => {
    const answer: Record<string, Record<string, Array<Change["message"]>>> = {}
    for (const place of Object.values(PLACES)) answer[place] = {}
    for (const change of found) {
      if (change.kind === "resource type") continue
      const place = answer[PLACES[change.kind]]
      if (place !== undefined) (place[change.change] ??= []).push(change.message)
    }
    return Buffer.from(JSON.stringify(answer))
  }))

const runOf = (row: Row): Record<string, unknown> => {
  const optional = (key: string, value: string | undefined) =>
    value === undefined || value === "" ? {} : { [key]: value }
  return {
    id: text(row, "sync_id"),
    ...optional("startedAt", Timestamp.rfc3339(text(row, "started_at"))),
    ...optional("endedAt", Timestamp.rfc3339(text(row, "ended_at"))),
    ...optional("syncToken", text(row, "sync_token")),
    ...optional("syncType", text(row, "sync_type")),
    ...optional("parentSyncId", text(row, "parent_sync_id"))
  }
}

/**
 * `baton syncs`
 *
 * @since 0.1.0
 */
export const syncs = (file: C1z.C1z): Stream.Stream<Uint8Array, C1zError.C1zError> =>
  listing(storeOf(file), "syncs", { sql: "SELECT * FROM v1_sync_runs ORDER BY id", values: [] }, (output, row) => {
    output.text(JSON.stringify(runOf(row)))
  })

const countsOf = (store: Store, table: string, syncId: string): Record<string, string> =>
  Object.fromEntries(
    store.database.prepare(
      `SELECT resource_type_id AS type, count(*) AS rows FROM ${table} WHERE sync_id = ? GROUP BY 1 ORDER BY 1`
    ).all(syncId).map((row) => [text(row, "type"), String(integer(row, "rows"))])
  )

/**
 * `baton stats`
 *
 * @since 0.1.0
 */
export const stats = (snapshot: Snapshot): Stream.Stream<Uint8Array, C1zError.C1zError> =>
  Stream.suspend(() => {
    const store = storeOf(snapshot.file)
    return Stream.fromEffect(store.attempt("its rows can't be counted", () => {
      const count = (table: string): string =>
        String(integer(
          store.database.prepare(`SELECT count(*) AS rows FROM ${table} WHERE sync_id = ?`).get(snapshot.sync.id),
          "rows"
        ))
      const entries: ReadonlyArray<readonly [string, string | Record<string, string>]> = [
        ["resourceTypes", count("v1_resource_types")],
        ["resources", count("v1_resources")],
        ["entitlements", count("v1_entitlements")],
        ["grants", count("v1_grants")],
        ["resourcesByResourceType", countsOf(store, "v1_resources", snapshot.sync.id)],
        ["grantsByResourceType", countsOf(store, "v1_grants", snapshot.sync.id)],
        ["entitlementsByResourceType", countsOf(store, "v1_entitlements", snapshot.sync.id)],
        ["assets", count("v1_assets")]
      ]
      const set = entries.filter(([, value]) =>
        typeof value === "string" ? value !== "0" : Object.keys(value).length > 0
      )
      const row = store.database.prepare("SELECT * FROM v1_sync_runs WHERE sync_id = ?").get(snapshot.sync.id)
      return Buffer.from(
        JSON.stringify({ ...row === undefined ? {} : runOf(row), stats: Object.fromEntries(set) })
      )
    }))
  })
