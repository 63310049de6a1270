/**
 * Grants as baton prints them: two kibibytes for each, nearly all of it the same as for the grant before. What repeats is encoded once and copied.
 */
import { GrantExpandableSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_grant_pb"
import { EntitlementSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import { GrantSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import { toBinary } from "@bufbuild/protobuf"
import { type BatonLookup, bytesAt } from "./BatonLookup.ts"
import { messageOf } from "./Grants.ts"
import type { JsonOutput } from "./JsonOutput.ts"
import { encode } from "./ProtoJson.ts"
import { ProtoReader } from "./ProtoReader.ts"
import type { Store } from "./Store.ts"

/**
 * What {@link BatonGrants.write} takes, in this order, with {@link BatonGrants.bindings} for its parameters. What is as those say comes as a mark or as
 * null: making values of the blob and the texts of hundreds of thousands of rows is what reading them costs most.
 */
export const COLUMNS = `principal_resource_id, id,
  CASE WHEN expansion IS NULL AND data = CAST(?1 || principal_resource_id || ?2 || external_id AS BLOB) THEN 1 ELSE data END,
  CASE WHEN external_id = ?3 || principal_resource_id THEN NULL ELSE external_id END,
  nullif(entitlement_id, ?4), nullif(principal_resource_type_id, ?5), nullif(resource_type_id, ?6), nullif(resource_id, ?7), expansion`

const ROW = {
  principal: 0,
  message: 2,
  externalId: 3,
  entitlement: 4,
  type: 5,
  resourceType: 6,
  resource: 7,
  expansion: 8
}

/** What the rows to come are likely to say. */
export interface Bindings {
  /** The message of a grant before and after the id of its principal. */
  readonly before: Uint8Array
  readonly after: Uint8Array
  readonly idPrefix: string
  readonly entitlementId: string
  readonly principalType: string
  readonly resourceType: string
  readonly resourceId: string
}

const NOTHING: Bindings = {
  before: new Uint8Array(0),
  after: new Uint8Array(0),
  idPrefix: "",
  entitlementId: "",
  principalType: "",
  resourceType: "",
  resourceId: ""
}

/** In the order of their numbers. */
export const valuesOf = (bindings: Bindings) => [
  bindings.before,
  bindings.after,
  bindings.idPrefix,
  bindings.entitlementId,
  bindings.principalType,
  bindings.resourceType,
  bindings.resourceId
]

const EXPANDABLE = "\"@type\":\"type.googleapis.com/c1.connector.v2.GrantExpandable\""

const ID = Buffer.from("\"}},\"id\":\"")
const CLOSE = Buffer.from("\"}")
const END = Buffer.from("}")

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1)

/** The lengths up to which a length is one byte. */
const SHORT = 0x80

export class BatonGrants {
  private readonly store: Store
  private readonly lookup: BatonLookup
  private entitlementId: string | undefined
  private principalType = ""
  /** Content of the last grant's field for its entitlement. */
  private before = new Uint8Array(0)
  /** From the beginning of a grant to the id of its principal. */
  private head = Buffer.alloc(0)
  /** From the id of the principal to where it stands once more in the id of the grant. */
  private idHead = Buffer.alloc(0)
  /** From the end of a grant's own message to its principal. */
  private middle = Buffer.alloc(0)
  /** The same from the end of its id on. */
  private afterId = Buffer.alloc(0)
  /** What the statement that rows come from is bound to. */
  private bound = NOTHING
  /** What to bind the next one to: another object when another grant came, whose like may follow. */
  bindings = NOTHING

  constructor(store: Store, lookup: BatonLookup) {
    this.store = store
    this.lookup = lookup
  }

  /** Says that rows come from a statement that is bound to {@link bindings}. */
  rebound(): void {
    this.bound = this.bindings
  }

  private textAt(row: ReadonlyArray<unknown>, index: number, bound: string): string {
    const value = row[index]
    return typeof value === "string" ? value : value === null ? bound : ""
  }

  write(output: JsonOutput, row: ReadonlyArray<unknown>): void {
    const { bound } = this
    const principal = this.textAt(row, ROW.principal, "")
    const entitlementId = this.textAt(row, ROW.entitlement, bound.entitlementId)
    const type = this.textAt(row, ROW.type, bound.principalType)
    if (entitlementId !== this.entitlementId) {
      this.turnTo(
        entitlementId,
        this.textAt(row, ROW.resourceType, bound.resourceType),
        this.textAt(row, ROW.resource, bound.resourceId)
      )
    }
    const data = row[ROW.message]
    if (data === 1 && bound === this.bindings && type === bound.principalType) {
      return this.known(output, type, principal, row[ROW.externalId])
    }
    const externalId = this.textAt(row, ROW.externalId, bound.idPrefix + principal)
    const message = data === 1
      ? Buffer.concat([bound.before, Buffer.from(principal), bound.after, Buffer.from(externalId)])
      : data
    if (!(message instanceof Uint8Array)) throw new Error("no data")
    const carried = row[ROW.expansion]
    const expansion = carried instanceof Uint8Array ? carried : undefined
    if (type !== this.principalType) {
      this.principalType = type
      this.before = new Uint8Array(0)
    }
    // Baton puts the annotation of expandable grants back for v3 files only.
    if ((expansion !== undefined && this.store.format === "v3") || !this.fast(output, message, row, type, principal)) {
      output.text("{\"grant\":")
      output.text(this.slow(row, message, externalId, this.store.format === "v3" ? expansion : undefined))
    }
    output.part(this.middle, 0, this.middle.length)
    output.place(this.lookup.resource(type, principal))
    output.part(END, 0, END.length)
  }

  /** A grant that is like the one before but for its ids. */
  private known(output: JsonOutput, type: string, principal: string, externalId: unknown): void {
    output.part(this.head, 0, this.head.length)
    output.inString(principal)
    if (typeof externalId === "string") {
      output.part(ID, 0, ID.length)
      output.inString(externalId)
    } else {
      output.part(this.idHead, 0, this.idHead.length)
      output.inString(principal)
    }
    output.part(this.afterId, 0, this.afterId.length)
    output.place(this.lookup.resource(type, principal))
    output.part(END, 0, END.length)
  }

  private turnTo(entitlementId: string, type: string, resource: string): void {
    this.entitlementId = entitlementId
    this.middle = Buffer.concat([
      Buffer.from(",\"entitlement\":"),
      Buffer.from(bytesAt(this.lookup.entitlement(entitlementId))),
      Buffer.from(",\"resource\":"),
      Buffer.from(bytesAt(this.lookup.resource(type, resource))),
      Buffer.from(",\"resourceType\":"),
      Buffer.from(bytesAt(this.lookup.type(type))),
      Buffer.from(",\"principal\":")
    ])
    this.afterId = Buffer.concat([CLOSE, this.middle])
  }

  /**
   * A grant that is its entitlement, a principal of which the id only is there, and its id, in this order. Answers false, having written nothing, for any
   * other.
   */
  private fast(
    output: JsonOutput,
    data: Uint8Array,
    row: ReadonlyArray<unknown>,
    type: string,
    principal: string
  ): boolean {
    const reader = new ProtoReader(data)
    if (fieldOf(reader) !== 1) return false
    const same = this.before.length === reader.stop - reader.start
      && Buffer.compare(this.before, data.subarray(reader.start, reader.stop)) === 0
    const [start, stop] = [reader.start, reader.stop]
    if (fieldOf(reader) !== 2) return false
    const id = this.idStart(data, reader.start, reader.stop, type, principal)
    if (id === undefined) return false
    const idStop = reader.stop
    if (fieldOf(reader) !== 3) return false
    const [grantStart, grantStop] = [reader.start, reader.stop]
    if (reader.next() || !isPlain(data, id, idStop) || !isPlain(data, grantStart, grantStop)) return false
    if (!same) {
      this.before = data.slice(start, stop)
      this.head = Buffer.from(
        `{"grant":{"entitlement":${encode(EntitlementSchema, this.before)},"principal":{"id":{"resourceType":${
          JSON.stringify(type)
        },"resource":"`
      )
    }
    const { after, before, entitlementId } = this.bindings
    if (
      !same || entitlementId !== this.entitlementId || !equal(before, data, 0, id)
      || !equal(after, data, idStop, grantStart)
    ) {
      const idPrefix = `${this.entitlementId}:${type}:`
      this.idHead = Buffer.from(`"}},"id":"${inJson(idPrefix)}`)
      this.bindings = {
        before: data.slice(0, id),
        after: data.slice(idStop, grantStart),
        idPrefix,
        entitlementId: this.entitlementId ?? "",
        principalType: type,
        resourceType: this.textAt(row, ROW.resourceType, this.bound.resourceType),
        resourceId: this.textAt(row, ROW.resource, this.bound.resourceId)
      }
    }
    output.part(this.head, 0, this.head.length)
    output.part(data, id, idStop)
    output.part(ID, 0, ID.length)
    output.part(data, grantStart, grantStop)
    output.part(CLOSE, 0, CLOSE.length)
    return true
  }

  /** Where the id stands in a principal that is nothing but its type and id, with nothing that takes more than a byte. */
  private idStart(
    data: Uint8Array,
    start: number,
    stop: number,
    type: string,
    principal: string
  ): number | undefined {
    const at = start + 4 + type.length
    const plain = stop - start < SHORT
      && data[start] === 0x0a && data[start + 1] === stop - start - 2
      && data[start + 2] === 0x0a && data[start + 3] === type.length
      && data[at] === 0x12 && data[at + 1] === principal.length && at + 2 + principal.length === stop
    return plain ? at + 2 : undefined
  }

  /** Any grant: with sources, annotations, or without what the columns say. */
  private slow(
    row: ReadonlyArray<unknown>,
    data: Uint8Array,
    externalId: string,
    expandable: Uint8Array | undefined
  ): string {
    const { bound } = this
    const named = {
      entitlement_id: this.textAt(row, ROW.entitlement, bound.entitlementId),
      principal_resource_type_id: this.textAt(row, ROW.type, bound.principalType),
      principal_resource_id: this.textAt(row, ROW.principal, ""),
      resource_type_id: this.textAt(row, ROW.resourceType, bound.resourceType),
      resource_id: this.textAt(row, ROW.resource, bound.resourceId),
      external_id: externalId
    }
    const json = encode(GrantSchema, toBinary(GrantSchema, messageOf(named, data)))
    if (expandable === undefined) return json
    const inner = encode(GrantExpandableSchema, expandable).slice(1, -1)
    const annotation = `{${EXPANDABLE}${inner === "" ? "" : `,${inner}`}}`
    const own: unknown = JSON.parse(json)
    const annotations = typeof own === "object" && own !== null && "annotations" in own ? own.annotations : []
    const others = (Array.isArray(annotations) ? annotations : []).map((each) => JSON.stringify(each))
    const rest = JSON.stringify({ ...typeof own === "object" ? own : {}, annotations: undefined })
    return `${rest.slice(0, -1)},"annotations":[${[...others, annotation].join(",")}]}`
  }
}

/** Number of the next field; 0 at the end. */
const fieldOf = (reader: ProtoReader): number => reader.next() ? reader.field : 0

const equal = (whole: Uint8Array, bytes: Uint8Array, start: number, stop: number): boolean =>
  whole.length === stop - start && Buffer.compare(whole, bytes.subarray(start, stop)) === 0

/** Whether text is the same in JSON as it is. */
const isPlain = (bytes: Uint8Array, start: number, stop: number): boolean => {
  for (let index = start; index < stop; index++) {
    const byte = bytes[index] ?? 0
    if (byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c) return false
  }
  return true
}
