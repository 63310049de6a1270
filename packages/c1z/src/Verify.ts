/**
 * Looks for what is wrong in a snapshot: rows that name others which are not there, ids that come twice, resources without the traits of their type,
 * addresses that are none, rows that can't be decoded. Checksums and the shape of the file are looked at when it is opened.
 *
 * @since 0.1.0
 */
import { EntitlementSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import { GrantSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import { ResourceType_Trait, ResourceTypeSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import { fromBinary } from "@bufbuild/protobuf"
import type * as Stream from "effect/Stream"
import type * as C1zError from "./C1zError.ts"
import { edgesOf } from "./internal/Expansion.ts"
import { dataOf } from "./internal/Names.ts"
import { integer, type Row, text } from "./internal/Row.ts"
import { storeOf } from "./internal/Store.ts"
import * as ResourceRow from "./ResourceRow.ts"
import type { Snapshot } from "./Snapshot.ts"

/**
 * @since 0.1.0
 */
export type Check =
  | "unfinished-sync"
  | "duplicate-id"
  | "undecodable"
  | "wrong-id"
  | "missing-resource-type"
  | "missing-resource"
  | "missing-parent"
  | "missing-entitlement"
  | "missing-principal"
  | "missing-trait"
  | "bad-email"
  | "shared-email"
  | "wrong-counts"

/**
 * @since 0.1.0
 */
export interface Finding {
  /** A warning is odd; an error makes readers show something wrong or fail. */
  readonly severity: "error" | "warning"
  readonly check: Check
  readonly kind: "sync" | "resource type" | "resource" | "entitlement" | "grant"
  /** Of the row, or of what rows name and is not there. */
  readonly id: string
  /** How many rows it is about. */
  readonly rows: number
  readonly message: string
}

/** The traits that readers insist on. */
const TRAITS: Readonly<Record<number, string>> = {
  [ResourceType_Trait.USER]: "user",
  [ResourceType_Trait.GROUP]: "group",
  [ResourceType_Trait.ROLE]: "role",
  [ResourceType_Trait.APP]: "app"
}

/** Wider than any standard: one at sign, something on both sides, no blanks. */
const ADDRESS = /^[^\s@<>]+@[^\s@<>]+\.[^\s@<>.]+$|^[^\s@<>]+@localhost$/

/** Findings with gaps, in which others get their turn. */
type Findings = Generator<Finding | undefined>

const STEP = 200

const decoded = <A>(data: Uint8Array | undefined, decode: (data: Uint8Array) => A): A | undefined => {
  if (data === undefined) return undefined
  try {
    return decode(data)
  } catch {
    return undefined
  }
}

class Verifier {
  private readonly snapshot: Snapshot
  private readonly store
  private readonly syncId: string

  constructor(snapshot: Snapshot) {
    this.snapshot = snapshot
    this.store = storeOf(snapshot.file)
    this.syncId = snapshot.sync.id
  }

  private query(sql: string): Iterable<Row> {
    return this.store.database.prepare(sql).iterate(this.syncId)
  }

  *all(): Findings {
    yield* this.sync()
    yield* this.duplicates()
    const traits = new Map<string, ReadonlyArray<string>>()
    yield* this.types(traits)
    yield* this.resources(traits)
    yield* this.entitlements()
    yield* this.grants()
    yield* this.references()
  }

  private *sync(): Findings {
    const { sync } = this.snapshot
    const finding = (check: Check, severity: Finding["severity"], message: string): Finding => ({
      severity,
      check,
      kind: "sync",
      id: sync.id,
      rows: 1,
      message
    })
    if (sync.endedAt === undefined) {
      yield finding("unfinished-sync", "warning", "The sync was not finished, so rows may be missing. Sync again.")
    }
    if (sync.stats === undefined) return
    let said: unknown
    try {
      said = JSON.parse(sync.stats)
    } catch {
      said = undefined
    }
    const counts: Readonly<Record<string, string>> = {
      resources: "v1_resources",
      entitlements: "v1_entitlements",
      grants: "v1_grants"
    }
    for (const [name, table] of Object.entries(counts)) {
      const [row] = this.query(`SELECT count(*) AS rows FROM ${table} WHERE sync_id = ?`)
      const rows = integer(row, "rows")
      const told = typeof said === "object" && said !== null ? Reflect.get(said, name) ?? 0 : undefined
      if (told !== rows) {
        yield finding(
          "wrong-counts",
          "warning",
          `The file says that it has ${
            String(told)
          } ${name}, and it has ${rows}. Tools that trust the count show a wrong one.`
        )
      }
    }
  }

  private *duplicates(): Findings {
    for (
      const [table, kind] of [
        ["v1_resource_types", "resource type"],
        ["v1_resources", "resource"],
        ["v1_entitlements", "entitlement"],
        ["v1_grants", "grant"]
      ] as const
    ) {
      const rows = this.query(
        `SELECT external_id AS id, count(*) AS rows FROM ${table} WHERE sync_id = ? GROUP BY 1 HAVING rows > 1 ORDER BY 1`
      )
      for (const row of rows) {
        yield {
          severity: "error",
          check: "duplicate-id",
          kind,
          id: text(row, "id"),
          rows: integer(row, "rows"),
          message: `The ${kind} is there ${integer(row, "rows")} times.`
        }
      }
      yield undefined
    }
  }

  private undecodable(kind: Finding["kind"], id: string): Finding {
    return { severity: "error", check: "undecodable", kind, id, rows: 1, message: `The ${kind} can't be decoded.` }
  }

  private *types(traits: Map<string, ReadonlyArray<string>>): Findings {
    for (
      const row of this.query("SELECT external_id AS id, data FROM v1_resource_types WHERE sync_id = ? ORDER BY id")
    ) {
      const id = text(row, "id")
      const type = decoded(dataOf(row), (data) => fromBinary(ResourceTypeSchema, data))
      if (type === undefined) {
        yield this.undecodable("resource type", id)
        continue
      }
      traits.set(id, type.traits.flatMap((trait) => TRAITS[trait] ?? []))
    }
  }

  private *resources(traits: ReadonlyMap<string, ReadonlyArray<string>>): Findings {
    const addresses = new Map<string, string>()
    let count = 0
    const rows = this.query(
      "SELECT external_id AS id, resource_type_id AS type, data FROM v1_resources WHERE sync_id = ? ORDER BY id"
    )
    for (const row of rows) {
      if (++count % STEP === 0) yield undefined
      const id = text(row, "id")
      const resource = decoded(dataOf(row), ResourceRow.fromBytes)
      const finding = (severity: Finding["severity"], check: Check, message: string): Finding => ({
        severity,
        check,
        kind: "resource",
        id,
        rows: 1,
        message
      })
      if (resource === undefined) {
        yield this.undecodable("resource", id)
        continue
      }
      if (`${resource.type}:${resource.id}` !== id) {
        yield finding("error", "wrong-id", `The row is filed under another id than ${resource.type}:${resource.id}.`)
      }
      for (const trait of traits.get(text(row, "type")) ?? []) {
        if (resource.traits.includes(trait)) continue
        yield finding(
          "error",
          "missing-trait",
          `Its type has the trait "${trait}", and it does not. Readers refuse it.`
        )
      }
      for (const { address } of resource.emails) {
        if (!ADDRESS.test(address)) {
          yield finding("warning", "bad-email", `${JSON.stringify(address)} is no e-mail address.`)
          continue
        }
        const folded = address.toLowerCase()
        const other = addresses.get(folded)
        if (other !== undefined && other !== id) {
          yield finding("warning", "shared-email", `${other} has the same address ${JSON.stringify(address)}.`)
        } else {
          addresses.set(folded, id)
        }
      }
    }
  }

  private *entitlements(): Findings {
    let count = 0
    for (const row of this.query("SELECT external_id AS id, data FROM v1_entitlements WHERE sync_id = ? ORDER BY id")) {
      if (++count % STEP === 0) yield undefined
      const id = text(row, "id")
      const entitlement = decoded(dataOf(row), (data) => fromBinary(EntitlementSchema, data))
      if (entitlement === undefined) yield this.undecodable("entitlement", id)
      else if (entitlement.id !== id) {
        yield {
          severity: "error",
          check: "wrong-id",
          kind: "entitlement",
          id,
          rows: 1,
          message: `The row is filed under another id than ${JSON.stringify(entitlement.id)}.`
        }
      }
    }
  }

  private *grants(): Findings {
    let count = 0
    const rows = this.query(
      `SELECT external_id AS id, entitlement_id AS entitlement, principal_resource_type_id AS type,
         principal_resource_id AS principal, data FROM v1_grants WHERE sync_id = ? ORDER BY id`
    )
    for (const row of rows) {
      if (++count % STEP === 0) yield undefined
      const id = text(row, "id")
      const grant = decoded(dataOf(row), (data) => fromBinary(GrantSchema, data))
      if (grant === undefined) {
        yield this.undecodable("grant", id)
        continue
      }
      const { entitlement, principal } = grant
      const wrong = (grant.id !== "" && grant.id !== id)
        || (entitlement !== undefined && entitlement.id !== text(row, "entitlement"))
        || (principal?.id !== undefined
          && (principal.id.resourceType !== text(row, "type") || principal.id.resource !== text(row, "principal")))
      if (wrong) {
        yield {
          severity: "error",
          check: "wrong-id",
          kind: "grant",
          id,
          rows: 1,
          message: "The grant and the columns beside it name different ids."
        }
      }
    }
  }

  private *references(): Findings {
    const missing = (
      check: Check,
      kind: Finding["kind"],
      severity: Finding["severity"],
      what: string,
      sql: string
    ): Findings => {
      const rows = this.query(sql)
      return (function*() {
        for (const row of rows) {
          const count = integer(row, "rows")
          yield {
            severity,
            check,
            kind,
            id: text(row, "id"),
            rows: count,
            message: `${count === 1 ? `A ${kind} names` : `${count} ${kind}s name`} the ${what} "${
              text(row, "id")
            }", which is not in the snapshot.`
          }
        }
        yield undefined
      })()
    }
    const absent = (table: string, id: string) =>
      `NOT EXISTS (SELECT 1 FROM ${table} t WHERE t.external_id = ${id} AND t.sync_id = r.sync_id)`
    const from = (table: string, id: string, target: string, and = "") =>
      `SELECT ${id} AS id, count(*) AS rows FROM ${table} r WHERE sync_id = ? ${and} GROUP BY 1 HAVING ${
        absent(target, id)
      } ORDER BY 1`
    const resource = "r.resource_type_id || ':' || r.resource_id"
    const principal = "r.principal_resource_type_id || ':' || r.principal_resource_id"
    const parent = "r.parent_resource_type_id || ':' || r.parent_resource_id"
    yield* missing(
      "missing-resource-type",
      "resource",
      "error",
      "resource type",
      from("v1_resources", "r.resource_type_id", "v1_resource_types")
    )
    yield* missing(
      "missing-parent",
      "resource",
      "warning",
      "parent",
      from("v1_resources", parent, "v1_resources", "AND coalesce(parent_resource_id, '') <> ''")
    )
    yield* missing(
      "missing-resource",
      "entitlement",
      "error",
      "resource",
      from("v1_entitlements", resource, "v1_resources")
    )
    yield* missing(
      "missing-entitlement",
      "grant",
      "error",
      "entitlement",
      from("v1_grants", "r.entitlement_id", "v1_entitlements")
    )
    yield* missing("missing-resource", "grant", "error", "resource", from("v1_grants", resource, "v1_resources"))
    yield* missing("missing-principal", "grant", "error", "principal", from("v1_grants", principal, "v1_resources"))
    const known = this.store.database.prepare("SELECT 1 FROM v1_entitlements WHERE external_id = ? AND sync_id = ?")
    for (const [source, edges] of edgesOf(this.store, this.syncId).from) {
      if (known.get(source, this.syncId) !== undefined) continue
      yield {
        severity: "warning",
        check: "missing-entitlement",
        kind: "grant",
        id: source,
        rows: edges.length,
        message: `A grant passes on to whoever holds "${source}", which is not in the snapshot.`
      }
    }
  }
}

/**
 * What is wrong, as it is found. A snapshot without findings is sound.
 *
 * @since 0.1.0
 */
export const findings = (snapshot: Snapshot): Stream.Stream<Finding, C1zError.C1zError> =>
  storeOf(snapshot.file).generated(() => new Verifier(snapshot).all())
