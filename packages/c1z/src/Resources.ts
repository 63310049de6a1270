/**
 * Resource types, resources, and the principals among them.
 *
 * @since 0.1.0
 */
import {
  ResourceType_TraitSchema,
  ResourceTypeSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import { fromBinary } from "@bufbuild/protobuf"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import type * as C1zError from "./C1zError.ts"
import { dataOf, Names } from "./internal/Names.ts"
import { integer, text } from "./internal/Row.ts"
import { storeOf } from "./internal/Store.ts"
import type { Positioned } from "./Page.ts"
import * as QueryError from "./QueryError.ts"
import * as ResourceRow from "./ResourceRow.ts"
import type { Snapshot } from "./Snapshot.ts"

/**
 * @since 0.1.0
 */
export interface ResourceTypeRow extends Positioned {
  readonly id: string
  readonly displayName: string
  readonly description: string
  /** Lower case, without prefix. */
  readonly traits: ReadonlyArray<string>
}

/**
 * All resource types in the order of the file.
 *
 * @since 0.1.0
 */
export const types = (
  snapshot: Snapshot,
  options: { readonly after?: string } = {}
): Stream.Stream<ResourceTypeRow, C1zError.C1zError> =>
  storeOf(snapshot.file).rows(
    "v1_resource_types",
    { syncId: snapshot.sync.id, after: Number(options.after ?? 0) },
    (row) => {
      const message = fromBinary(ResourceTypeSchema, dataOf(row) ?? new Uint8Array(0))
      return {
        cursor: String(integer(row, "id")),
        id: text(row, "external_id"),
        displayName: message.displayName,
        description: message.description,
        traits: message.traits.map((trait) =>
          (ResourceType_TraitSchema.value[trait]?.name ?? String(trait)).replace(/^TRAIT_/, "").toLowerCase()
        )
      }
    }
  )

/**
 * @since 0.1.0
 */
export interface Filter extends ResourceRow.Filter {
  readonly type?: string
}

/**
 * @since 0.1.0
 */
export interface Row extends ResourceRow.ResourceRow, Positioned {}

/**
 * The resources in the order of the file.
 *
 * @since 0.1.0
 */
export const list = (
  snapshot: Snapshot,
  options: Filter & { readonly after?: string } = {}
): Stream.Stream<Row, C1zError.C1zError> => {
  const rows = storeOf(snapshot.file).rows(
    "v1_resources",
    {
      syncId: snapshot.sync.id,
      columns: "id, data",
      after: Number(options.after ?? 0),
      ...(options.type === undefined ? {} : { where: "resource_type_id = ?3", values: [options.type] })
    },
    (row): Row => ({
      ...ResourceRow.fromBytes(dataOf(row) ?? new Uint8Array(0)),
      cursor: String(integer(row, "id"))
    })
  )
  return ResourceRow.isEmpty(options) ? rows : Stream.filter(rows, ResourceRow.matcher(options))
}

/**
 * The resources in the order of their types and ids: for whoever wants neighbours together.
 *
 * @since 0.1.0
 */
export const sorted = (snapshot: Snapshot): Stream.Stream<ResourceRow.ResourceRow, C1zError.C1zError> =>
  storeOf(snapshot.file).sorted(
    "v1_resources",
    { syncId: snapshot.sync.id, columns: "data" },
    (row): ResourceRow.ResourceRow => ResourceRow.fromBytes(dataOf(row) ?? new Uint8Array(0))
  )

/**
 * A resource that holds at least one grant.
 *
 * @since 0.1.0
 */
export interface Principal extends Row {
  /** How many it holds. */
  readonly grants: number
}

/**
 * @since 0.1.0
 */
export interface PrincipalFilter extends Filter {
  /** Only who holds this entitlement. */
  readonly entitlementId?: string
  /** Only who holds something on this resource. */
  readonly resource?: { readonly type: string; readonly id: string }
}

const PAGE = 512

/**
 * Whoever holds a grant, each once, by type and id.
 *
 * @since 0.1.0
 */
export const principals = (
  snapshot: Snapshot,
  options: PrincipalFilter & { readonly after?: string } = {}
): Stream.Stream<Principal, C1zError.C1zError> =>
  Stream.suspend(() => {
    const store = storeOf(snapshot.file)
    const names = new Names(store, snapshot.sync.id)
    const conditions: Array<string> = []
    const values: Array<string> = []
    const where = (condition: string, ...given: ReadonlyArray<string>) => {
      conditions.push(condition)
      values.push(...given)
    }
    if (options.type !== undefined) where("principal_resource_type_id = ?", options.type)
    if (options.entitlementId !== undefined) where("entitlement_id = ?", options.entitlementId)
    if (options.resource !== undefined) {
      where("resource_type_id = ? AND resource_id = ?", options.resource.type, options.resource.id)
    }
    const statement = store.database.prepare(
      `SELECT principal_resource_type_id AS type, principal_resource_id AS principal, count(*) AS grants FROM v1_grants
       WHERE sync_id = ? AND (principal_resource_type_id, principal_resource_id) > (?, ?) ${
        conditions.map((condition) => `AND ${condition}`).join(" ")
      } GROUP BY 1, 2 ORDER BY 1, 2 LIMIT ${PAGE}`
    )
    const first = cursorOf(options.after)
    const pages = Stream.paginate(first, ([type, id]) =>
      store.attempt("its grants can't be read", () => {
        const rows = statement.all(snapshot.sync.id, type, id, ...values)
        const found = rows.map((row): Principal => {
          const key = [text(row, "type"), text(row, "principal")] as const
          return {
            ...(names.resource(...key) ?? ResourceRow.missing(...key)),
            grants: integer(row, "grants"),
            cursor: JSON.stringify(key)
          }
        })
        const last = found.at(-1)
        return [
          found,
          last === undefined || found.length < PAGE ? Option.none() : Option.some([last.type, last.id] as const)
        ] as const
      }))
    return ResourceRow.isEmpty(options) ? pages : Stream.filter(pages, ResourceRow.matcher(options))
  })

const cursorOf = (after: string | undefined): readonly [type: string, id: string] => {
  if (after === undefined) return ["", ""]
  const parts: unknown = JSON.parse(after)
  return Array.isArray(parts) && Predicate.isString(parts[0]) && Predicate.isString(parts[1])
    ? [parts[0], parts[1]]
    : ["", ""]
}

/**
 * The one resource that a name fits: `<type>:<id>`, an id, an address, a login or a display name, tried in this order. Addresses and logins are
 * compared whatever the case.
 *
 * @since 0.1.0
 */
export const find = Effect.fn("Resources.find")(function*(
  snapshot: Snapshot,
  name: string,
  options: { readonly type?: string } = {}
): Effect.fn.Return<ResourceRow.ResourceRow, C1zError.C1zError | QueryError.QueryError> {
  const store = storeOf(snapshot.file)
  const exact = yield* store.attempt("its resources can't be read", () =>
    store.database.prepare(
      `SELECT data FROM v1_resources WHERE sync_id = ?1 AND (?3 IS NULL OR resource_type_id = ?3) AND external_id = ?2
       UNION ALL
       SELECT data FROM v1_resources WHERE sync_id = ?1 AND (?3 IS NULL OR resource_type_id = ?3)
         AND external_id IN (SELECT external_id || ':' || ?2 FROM v1_resource_types WHERE sync_id = ?1)
       LIMIT 20`
    ).all(snapshot.sync.id, name, options.type ?? null).flatMap((row) => {
      const data = dataOf(row)
      return data === undefined ? [] : [ResourceRow.fromBytes(data)]
    }))
  const wanted = name.normalize("NFKC").toLowerCase()
  const same = (text: string) => text.normalize("NFKC").toLowerCase() === wanted
  const all = exact.length > 0 ? [] : yield* Stream.runCollect(
    list(snapshot, options.type === undefined ? {} : { type: options.type }).pipe(
      Stream.filter((row) =>
        same(row.login) || same(row.displayName) || row.emails.some((email) => same(email.address))
      )
    )
  )
  const steps: ReadonlyArray<ReadonlyArray<ResourceRow.ResourceRow>> = [
    exact,
    all.filter((row) => row.emails.some((email) => same(email.address))),
    all.filter((row) => same(row.login)),
    all
  ]
  const found = steps.find((step) => step.length > 0) ?? []
  const [only] = found
  if (only !== undefined && found.length === 1) return only
  const ids = found.map((row) => `${row.type}:${row.id}`)
  return yield* new QueryError.QueryError({
    reason: only === undefined
      ? new QueryError.NotFound({ message: `Nobody and nothing in the snapshot is called "${name}".` })
      : new QueryError.Ambiguous({
        message: `"${name}" fits several: ${ids.join(", ")}. Give one of these.`,
        matches: ids
      })
  })
})
