/**
 * What ids stand for, as JSON in the words of baton, kept up to a bound since the same few are named again and again.
 */
import { EntitlementSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import { ResourceSchema, ResourceTypeSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import type { DescMessage } from "@bufbuild/protobuf"
import type { StatementSync } from "node:sqlite"
import { JsonBytes } from "./JsonBytes.ts"
import { dataOf } from "./Names.ts"
import { encode } from "./ProtoJsonBytes.ts"
import type { Store } from "./Store.ts"

/** Bytes of JSON that are kept. */
const CACHE = 48 * 1024 * 1024

/** Bytes of a slab. One object for many texts: tens of thousands of small ones are what the garbage collector would spend its time on. */
const SLAB = 1024 * 1024

/** Where a text is: the slab, the place in it, the length. */
export interface Place {
  readonly slab: Uint8Array
  readonly start: number
  readonly length: number
}

/** JSON by two keys. */
class Cache {
  private known = new Map<string, Map<string, number>>()
  private slabs: Array<Buffer> = []
  private used = SLAB
  private size = 0

  /** The place last found; changed by the next call. */
  readonly found: { slab: Uint8Array; start: number; length: number } = { slab: Buffer.alloc(0), start: 0, length: 0 }

  get(first: string, second: string): Place | undefined {
    const at = this.known.get(first)?.get(second)
    return at === undefined ? undefined : this.place(at)
  }

  /** A place as one number: the slab and the start in it, then the length. */
  private place(at: number): Place {
    const length = at % (SLAB * 2)
    const start = Math.floor(at / (SLAB * 2))
    this.found.slab = this.slabs[Math.floor(start / SLAB)] ?? this.found.slab
    this.found.start = start % SLAB
    this.found.length = length
    return this.found
  }

  get isFull(): boolean {
    return this.size >= CACHE
  }

  set(first: string, second: string, json: Uint8Array): Place {
    const { length } = json
    // What is larger than a slab is not kept.
    if (length > SLAB) {
      this.found.slab = Uint8Array.from(json)
      this.found.start = 0
      this.found.length = length
      return this.found
    }
    if (this.size + length > CACHE + SLAB) {
      this.known = new Map()
      this.slabs = []
      this.used = SLAB
      this.size = 0
    }
    if (this.used + length > SLAB) {
      this.slabs.push(Buffer.allocUnsafeSlow(SLAB))
      this.used = 0
    }
    const slab = this.slabs.length - 1
    this.slabs[slab]?.set(json, this.used)
    const at = (slab * SLAB + this.used) * SLAB * 2 + length
    this.used += length
    this.size += length
    let inner = this.known.get(first)
    if (inner === undefined) {
      inner = new Map()
      this.known.set(first, inner)
    }
    inner.set(second, at)
    return this.place(at)
  }
}

/** The text at a place. */
export const bytesAt = ({ length, slab, start }: Place): Uint8Array => slab.subarray(start, start + length)

export class BatonLookup {
  private readonly resources = new Cache()
  private readonly others = new Cache()
  private readonly scratch = new JsonBytes()
  private readonly statements: Readonly<Record<"resource" | "type" | "entitlement", StatementSync>>
  private readonly store: Store
  private readonly syncId: string

  constructor(store: Store, syncId: string) {
    this.store = store
    this.syncId = syncId
    const one = (table: string) =>
      store.database.prepare(`SELECT data FROM ${table} WHERE external_id = ? AND sync_id = ? LIMIT 1`)
    this.statements = {
      resource: one("v1_resources"),
      type: one("v1_resource_types"),
      entitlement: one("v1_entitlements")
    }
  }

  /** JSON of a message; good until the next call. */
  private json(desc: DescMessage, data: Uint8Array): Uint8Array {
    this.scratch.length = 0
    encode(this.scratch, desc, data)
    return this.scratch.buffer.subarray(0, this.scratch.length)
  }

  /** Reads resources in their order, as many as fit: a tenth of what asking for each of them takes. */
  prefetch(): void {
    const rows = this.store.database.prepare(
      `SELECT resource_type_id, substr(external_id, length(resource_type_id) + 2), data FROM v1_resources
       WHERE sync_id = ? ORDER BY id`
    )
    rows.setReturnArrays(true)
    for (const row of rows.iterate(this.syncId)) {
      if (!Array.isArray(row)) continue
      const [type, id, data]: ReadonlyArray<unknown> = row
      if (typeof type !== "string" || typeof id !== "string" || !(data instanceof Uint8Array)) continue
      this.resources.set(type, id, this.json(ResourceSchema, data))
      if (this.resources.isFull) return
    }
  }

  private find(
    cache: Cache,
    names: readonly [string, string],
    statement: StatementSync,
    key: string,
    desc: DescMessage,
    missing: () => unknown
  ): Place {
    const known = cache.get(...names)
    if (known !== undefined) return known
    const data = dataOf(statement.get(key, this.syncId))
    return cache.set(
      ...names,
      data === undefined ? Buffer.from(JSON.stringify(missing())) : this.json(desc, data)
    )
  }

  resource(type: string, id: string): Place {
    const known = this.resources.get(type, id)
    if (known !== undefined) return known
    const key = `${type}:${id}`
    return this.find(this.resources, [type, id], this.statements.resource, key, ResourceSchema, () => ({
      id: { resourceType: type, resource: id },
      displayName: `MISSING RESOURCE (${key})`
    }))
  }

  type(id: string): Place {
    return this.find(this.others, ["type", id], this.statements.type, id, ResourceTypeSchema, () => ({
      id,
      displayName: `MISSING RESOURCE TYPE (${id})`
    }))
  }

  entitlement(id: string): Place {
    return this.find(this.others, ["entitlement", id], this.statements.entitlement, id, EntitlementSchema, () => ({
      id,
      displayName: `MISSING ENTITLEMENT (${id})`
    }))
  }
}
