/**
 * What changed from one snapshot to another: two syncs of a file, or of two files. Compared is what rows mean, field by field. How a writer ordered a map,
 * when it discovered a row, and the copies that grants keep of their group are no changes; equal data are none, however often they are synced.
 *
 * @since 0.1.0
 */
import { GrantExpandableSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_grant_pb"
import { EntitlementSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import { GrantSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import { ResourceSchema, ResourceTypeSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import { type DescMessage, toBinary } from "@bufbuild/protobuf"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type * as C1zError from "./C1zError.ts"
import { messageOf } from "./internal/Grants.ts"
import { dataOf, Names } from "./internal/Names.ts"
import { encode } from "./internal/ProtoJson.ts"
import { type Row, text } from "./internal/Row.ts"
import { storeOf } from "./internal/Store.ts"
import type { Snapshot } from "./Snapshot.ts"

/**
 * @since 0.1.0
 */
export type Kind = "resource type" | "resource" | "entitlement" | "grant"

/**
 * @since 0.1.0
 */
export interface FieldChange {
  /** Names with dots between, as in `status.status`. */
  readonly path: string
  /** Absent where the field was not set. */
  readonly before: Schema.Json | undefined
  readonly after: Schema.Json | undefined
}

/**
 * @since 0.1.0
 */
export interface Change {
  readonly change: "created" | "deleted" | "modified"
  readonly kind: Kind
  readonly id: string
  /** For people: names where there are any. */
  readonly name: string
  /** Of a modified row. */
  readonly fields: ReadonlyArray<FieldChange>
  /** The row itself in protobuf's JSON: the one before of a deleted row, otherwise the one after. */
  readonly message: Schema.JsonObject
}

const isJson = Schema.is(Schema.Json)
const isObject = (value: unknown): value is Schema.JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const parse = (json: string): Schema.JsonObject => {
  const value: unknown = JSON.parse(json)
  if (!isJson(value) || !isObject(value)) throw new Error("no object")
  return value
}

interface Table {
  readonly kind: Kind
  readonly table: string
  /** JSON of a row, as baton prints it. */
  readonly json: (row: Row) => Schema.JsonObject
  /** What of it is compared. */
  readonly meaning: (message: Schema.JsonObject, row: Row) => Schema.JsonObject
}

const whole = (desc: DescMessage) => (row: Row) => parse(encode(desc, dataOf(row) ?? new Uint8Array(0)))

/** Annotations by type, so that their order is none. */
const byType = (annotations: Schema.Json | undefined): Record<string, Schema.Json> => {
  const found: Record<string, Schema.Json> = {}
  const list = Array.isArray(annotations) ? annotations : []
  for (const annotation of list) {
    if (!isObject(annotation)) continue
    const { "@type": type, ...rest } = annotation
    const name = String(type).replace(/^.*\./, "")
    let key = name
    for (let number = 2; key in found; number++) key = `${name}#${number}`
    found[key] = rest
  }
  return found
}

const withAnnotations = ({ annotations, ...rest }: Schema.JsonObject): Record<string, Schema.Json> => {
  const types = byType(annotations)
  return Object.keys(types).length === 0 ? { ...rest } : { ...rest, annotations: types }
}

/** What older writers say in the trait only and newer ones in both places is said once. */
const resourceMeaning = (message: Schema.JsonObject): Schema.JsonObject => {
  const result = withAnnotations(message)
  const { annotations } = result
  if (!isObject(annotations)) return result
  const traits: Record<string, Schema.Json> = {}
  for (const [name, trait] of Object.entries(annotations)) {
    if (!isObject(trait) || !name.endsWith("Trait")) {
      traits[name] = trait
      continue
    }
    const { createdAt, profile, status, ...rest } = trait
    if (profile !== undefined) result["profile"] ??= profile
    if (createdAt !== undefined) result["createdAt"] ??= createdAt
    if (isObject(status) && result["status"] === undefined) {
      result["status"] = { ...status, status: String(status["status"]).replace(/^STATUS_/, "RESOURCE_STATUS_") }
    }
    traits[name] = rest
  }
  return { ...result, annotations: traits }
}

const idOf = (resource: Schema.Json | undefined): Schema.Json => isObject(resource) ? resource["id"] ?? null : null

const entitlementMeaning = (message: Schema.JsonObject): Schema.JsonObject => {
  const { grantableTo, resource, ...rest } = withAnnotations(message)
  const types = (Array.isArray(grantableTo) ? grantableTo : []).map((type) => isObject(type) ? String(type["id"]) : "")
  return { ...rest, resource: idOf(resource), grantableTo: types.sort() }
}

const grantMeaning = (message: Schema.JsonObject, row: Row): Schema.JsonObject => {
  const { entitlement: _entitlement, principal: _principal, ...rest } = withAnnotations(message)
  const expansion = row["expansion"]
  return {
    ...rest,
    entitlement: text(row, "entitlement_id"),
    principal: `${text(row, "principal_resource_type_id")}:${text(row, "principal_resource_id")}`,
    ...(expansion instanceof Uint8Array ? { expandable: parse(encode(GrantExpandableSchema, expansion)) } : {})
  }
}

const TABLES: ReadonlyArray<Table> = [
  { kind: "resource type", table: "v1_resource_types", json: whole(ResourceTypeSchema), meaning: withAnnotations },
  { kind: "resource", table: "v1_resources", json: whole(ResourceSchema), meaning: resourceMeaning },
  { kind: "entitlement", table: "v1_entitlements", json: whole(EntitlementSchema), meaning: entitlementMeaning },
  {
    kind: "grant",
    table: "v1_grants",
    json: (row) => parse(encode(GrantSchema, toBinary(GrantSchema, messageOf(row, dataOf(row) ?? new Uint8Array(0))))),
    meaning: grantMeaning
  }
]

const canonical = (value: Schema.Json | undefined): string =>
  value === undefined
    ? ""
    : JSON.stringify(value, (_, inner: unknown) =>
      isObject(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => a < b ? -1 : 1))
        : inner)

/** Lists that are sets: what is in them counts, not where. */
const SETS: ReadonlySet<string> = new Set([
  "emails",
  "loginAliases",
  "employeeIds",
  "traits",
  "entitlementIds",
  "resourceTypeIds"
])

const asSet = (value: Schema.Json | undefined): Schema.Json | undefined =>
  Array.isArray(value) ? value.toSorted((a, b) => canonical(a) < canonical(b) ? -1 : 1) : value

const compare = (
  before: Schema.Json | undefined,
  after: Schema.Json | undefined,
  path: ReadonlyArray<string>,
  into: Array<FieldChange>
): void => {
  if (isObject(before) && isObject(after)) {
    for (const key of [...new Set([...Object.keys(before), ...Object.keys(after)])].sort()) {
      compare(before[key], after[key], [...path, key], into)
    }
    return
  }
  const set = SETS.has(path.at(-1) ?? "")
  const [left, right] = set ? [asSet(before), asSet(after)] : [before, after]
  if (canonical(left) === canonical(right)) return
  into.push({ path: path.join("."), before, after })
}

const sameBytes = (a: Row, b: Row, column: string): boolean => {
  const [left, right] = [a[column], b[column]]
  return left instanceof Uint8Array && right instanceof Uint8Array
    ? Buffer.compare(left, right) === 0
    : (left ?? null) === (right ?? null)
}

/** Order of SQLite's texts. */
const order = (a: string, b: string): number => a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b))

const STEP = 200

class Comparison {
  private readonly left: Snapshot
  private readonly right: Snapshot
  private readonly leftNames: Names
  private readonly rightNames: Names

  constructor(left: Snapshot, right: Snapshot) {
    this.left = left
    this.right = right
    this.leftNames = new Names(storeOf(left.file), left.sync.id)
    this.rightNames = new Names(storeOf(right.file), right.sync.id)
  }

  private rows(snapshot: Snapshot, table: string, after: string): Iterator<Row, unknown> {
    return storeOf(snapshot.file).database.prepare(
      `SELECT * FROM ${table} WHERE sync_id = ? AND external_id > ? ORDER BY external_id, id`
    ).iterate(snapshot.sync.id, after)
  }

  private name(kind: Kind, row: Row, message: Schema.JsonObject, names: Names): string {
    if (kind !== "grant") return typeof message["displayName"] === "string" ? message["displayName"] : ""
    const principal = names.resource(text(row, "principal_resource_type_id"), text(row, "principal_resource_id"))
    const resource = names.resource(text(row, "resource_type_id"), text(row, "resource_id"))
    const slug = names.entitlement(text(row, "entitlement_id"))?.slug ?? ""
    return `${principal?.displayName || text(row, "principal_resource_id")}: ${slug} of ${
      resource?.displayName || text(row, "resource_id")
    }`
  }

  private change(change: Change["change"], table: Table, row: Row, names: Names): Change {
    const message = table.json(row)
    const { kind } = table
    return {
      change,
      kind,
      id: text(row, "external_id"),
      name: this.name(kind, row, message, names),
      fields: [],
      message
    }
  }

  private modified(table: Table, before: Row, after: Row): Change | undefined {
    if (sameBytes(before, after, "data") && sameBytes(before, after, "expansion")) return undefined
    const fields: Array<FieldChange> = []
    const message = table.json(after)
    compare(table.meaning(table.json(before), before), table.meaning(message, after), [], fields)
    return fields.length === 0 ? undefined : { ...this.change("modified", table, after, this.rightNames), fields }
  }

  *all(kinds: ReadonlyArray<Kind>, after: Place | undefined): Generator<Change | undefined> {
    const first = TABLES.findIndex((table) => table.kind === after?.kind)
    for (const [position, table] of TABLES.entries()) {
      if (!kinds.includes(table.kind) || position < first) continue
      const from = position === first ? after?.id ?? "" : ""
      const lefts = this.rows(this.left, table.table, from)
      const rights = this.rows(this.right, table.table, from)
      let left = lefts.next()
      let right = rights.next()
      for (let count = 1; left.done !== true || right.done !== true; count++) {
        if (count % STEP === 0) yield undefined
        const place = left.done === true
          ? 1
          : right.done === true
          ? -1
          : order(text(left.value, "external_id"), text(right.value, "external_id"))
        if (place < 0 && left.done !== true) {
          yield this.change("deleted", table, left.value, this.leftNames)
          left = lefts.next()
        } else if (place > 0 && right.done !== true) {
          yield this.change("created", table, right.value, this.rightNames)
          right = rights.next()
        } else if (left.done !== true && right.done !== true) {
          const modified = this.modified(table, left.value, right.value)
          if (modified !== undefined) yield modified
          left = lefts.next()
          right = rights.next()
        }
      }
    }
  }
}

/**
 * @since 0.1.0
 */
export const kinds: ReadonlyArray<Kind> = ["resource type", "resource", "entitlement", "grant"]

/**
 * Where a listing of changes stands: kind and id of one of them.
 *
 * @since 0.1.0
 */
export interface Place {
  readonly kind: Kind
  readonly id: string
}

/**
 * The changes from `before` to `after`: resource types, resources, entitlements, grants, each by id. Memory does not grow with the files. With
 * `options.after`, only those that follow this one.
 *
 * @since 0.1.0
 */
export const changes = (
  before: Snapshot,
  after: Snapshot,
  options: { readonly kinds?: ReadonlyArray<Kind>; readonly after?: Place } = {}
): Stream.Stream<Change, C1zError.C1zError> =>
  storeOf(after.file).generated(() => new Comparison(before, after).all(options.kinds ?? kinds, options.after))
