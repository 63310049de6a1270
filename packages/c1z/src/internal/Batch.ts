/**
 * Gathers records for the worker: messages as bytes in one buffer, and beside them the few strings that tables and indexes are made of.
 */
import { type Grant, makeId } from "@access-kit/connector-model/Grant"
import * as Holders from "@access-kit/connector-model/Holders"
import type { ResourceRecord } from "@access-kit/connector-model/Page"
import type { ResourceId } from "@access-kit/connector-model/Resource"
import type { ResourceType } from "@access-kit/connector-model/ResourceType"
import {
  writeEntitlement,
  writeExpandable,
  writeGrant,
  writeGrantedEntitlement,
  writeResource,
  writeResourceType
} from "./ModelEncoding.ts"
import type { GrantsRows, ResourcesRows, Rows } from "./Protocol.ts"
import { ProtoWriter } from "./ProtoWriter.ts"

/** Bytes after which a batch is handed over: large enough to be rare, small enough that a few of them are no memory. */
const FULL = 256 * 1024

/** Bytes up to which a batch is copied when it is handed over. */
const SPARSE = FULL / 4

/** With room for what the last record puts over the limit. */
const STORAGE = FULL + 64 * 1024

const NO_HOLDERS: ReadonlyArray<Holders.Holders> = []

/** The same for grants, whose rows are larger than what is sent. */
const FULL_ROWS = 5_000

export interface Taken {
  readonly storage: ArrayBuffer
  /** Bytes of the storage that are in use, from its start. */
  readonly used: number
  readonly rows: ReadonlyArray<Rows>
  readonly count: number
}

export class Batch {
  private readonly types = new Map<string, ResourceType>()
  private readonly encodedTypes = new Map<string, Uint8Array>()
  private readonly spare: Array<ArrayBuffer> = []
  private storage = new ArrayBuffer(STORAGE)
  private readonly writer = new ProtoWriter(this.storage)
  private rows: Array<Rows> = []
  private resources: ResourcesRows | undefined
  private count = 0

  constructor(types: ReadonlyArray<ResourceType>) {
    for (const type of types) this.types.set(type.id, type)
  }

  get isFull(): boolean {
    return this.writer.position >= FULL || this.count >= FULL_ROWS
  }

  /** Rows gathered since the last {@link take}. */
  get size(): number {
    return this.count
  }

  /** Takes what was gathered out, for transfer. */
  take(): Taken {
    const { count, rows, writer } = this
    this.rows = []
    this.resources = undefined
    this.count = 0
    const used = writer.position
    // Grants are mostly ids, beside the buffer: a copy of the little that is in it, rather than all of it, waits for the worker.
    if (used < SPARSE) {
      const storage = writer.storage.slice(0, used)
      writer.position = 0
      return { storage, used, rows, count }
    }
    const storage = writer.storage
    writer.empty(this.spare.pop() ?? new ArrayBuffer(STORAGE))
    return { storage, used, rows, count }
  }

  /** Takes a buffer back that the worker is done with. */
  reuse(storage: ArrayBuffer): void {
    if (storage.byteLength === STORAGE && this.spare.length < 4) this.spare.push(storage)
  }

  add(record: ResourceRecord): void {
    const { entitlements, resource } = record
    const { holders, others } = Holders.of(record) ?? { holders: NO_HOLDERS, others: record.grants }
    const { writer } = this
    const start = writer.position
    writeResource(writer, resource, this.types.get(resource.id.resourceType)?.traits)
    this.addResource(resource.id, resource.parent, start)
    if (entitlements.length === 0 && holders.length === 0 && others.length === 0) return
    // A copy: the writer may move while the messages that hold it are written.
    const encoded = writer.slice(start, writer.position).slice()
    for (const entitlement of entitlements) {
      const from = writer.position
      writeEntitlement(
        writer,
        entitlement,
        encoded,
        entitlement.grantableTo.map((type) => this.encodedType(type))
      )
      this.push({
        kind: "entitlement",
        id: entitlement.id,
        resource: entitlement.resource,
        start: from,
        end: writer.position
      })
    }
    for (const each of holders) this.addHolders(record, each, encoded)
    if (others.length > 0) this.addGrants(record, others, encoded)
  }

  private push(rows: Rows): void {
    this.rows.push(rows)
    this.resources = undefined
    this.count++
  }

  private addResource(id: ResourceId, parent: ResourceId | undefined, start: number): void {
    const end = this.writer.position
    if (parent !== undefined) {
      this.push({ kind: "child", id, parent, start, end })
      return
    }
    let { resources } = this
    if (resources === undefined || resources.resourceType !== id.resourceType) {
      resources = { kind: "resources", resourceType: id.resourceType, ids: [], start, ends: [] }
      this.rows.push(resources)
      this.resources = resources
    }
    resources.ids.push(id.resource)
    resources.ends.push(end)
    this.count++
  }

  /** A type that the header does not name is known by its id alone. */
  private encodedType(id: string): Uint8Array {
    const known = this.encodedTypes.get(id)
    if (known !== undefined) return known
    const writer = new ProtoWriter(new ArrayBuffer(1024))
    writeResourceType(writer, this.types.get(id) ?? { id, displayName: "", traits: [] })
    const encoded = writer.slice(0, writer.position)
    this.encodedTypes.set(id, encoded)
    return encoded
  }

  private addHolders(
    { entitlements, resource }: ResourceRecord,
    { entitlementId, principalType, principals }: Holders.Holders,
    encoded: Uint8Array
  ): void {
    const { writer } = this
    const start = writer.position
    writeGrantedEntitlement(writer, entitlementId, encoded)
    this.rows.push({
      kind: "grants",
      entitlementId,
      resource: entitlements.find((each) => each.id === entitlementId)?.resource ?? resource.id,
      principalType,
      principals,
      start,
      end: writer.position
    })
    this.resources = undefined
    this.count += principals.length
  }

  private addGrants(
    { entitlements, resource }: ResourceRecord,
    grants: ReadonlyArray<Grant>,
    encoded: Uint8Array
  ): void {
    const { writer } = this
    let rows: GrantsRows & { readonly principals: Array<string> } | undefined
    const started = new Map<string, Array<NonNullable<typeof rows>>>()
    for (const grant of grants) {
      const { entitlementId, expandable, principal } = grant
      if (rows === undefined || rows.entitlementId !== entitlementId || rows.principalType !== principal.resourceType) {
        const same = started.get(entitlementId)
        rows = same?.find((each) => each.principalType === principal.resourceType)
        if (rows === undefined) {
          const start = same?.[0]?.start ?? writer.position
          if (same === undefined) writeGrantedEntitlement(writer, entitlementId, encoded)
          rows = {
            kind: "grants",
            entitlementId,
            resource: entitlements.find((each) => each.id === entitlementId)?.resource ?? resource.id,
            principalType: principal.resourceType,
            principals: [],
            start,
            end: same?.[0]?.end ?? writer.position
          }
          if (same === undefined) started.set(entitlementId, [rows])
          else same.push(rows)
        }
      }
      const plain = expandable === undefined && isMadeId(grant, rows.principals.length)
      if (plain) {
        rows.principals.push(principal.resource)
        this.count++
        continue
      }
      const entitlement = writer.slice(rows.start, rows.end).slice()
      const start = writer.position
      writeGrant(writer, grant, entitlement)
      const end = writer.position
      const row = {
        kind: "grant" as const,
        id: grant.id,
        entitlementId,
        resource: rows.resource,
        principal,
        start,
        end
      }
      if (expandable?.entitlementIds.some((id) => id.trim() !== "") === true) {
        writeExpandable(writer, expandable)
        this.push({ ...row, expansion: { start: end, end: writer.position } })
      } else {
        this.push(row)
      }
    }
    for (const all of started.values()) {
      for (const each of all) if (each.principals.length > 0) this.rows.push(each)
    }
    this.resources = undefined
  }
}

/** Of so many grants one is compared in full. */
const SAMPLE = 64

/**
 * Whether an id is the one that `Grant.makeId` makes of the parts, and so need not be sent. The contract says that it is; what is looked for here is
 * a connector that does otherwise throughout. Comparing every id in full would cost as much as everything else here together, because it
 * makes JavaScript join the strings that they were concatenated from.
 */
const isMadeId = ({ entitlementId, id, principal }: Grant, index: number): boolean =>
  id.length === entitlementId.length + principal.resourceType.length + principal.resource.length + 2
  && (index % SAMPLE !== 0 || id === makeId(entitlementId, principal))
