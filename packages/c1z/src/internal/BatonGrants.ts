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
 * What {@link BatonGrants.write} takes, in this order. The message is left out where it is what the columns say with the two parts that
 * {@link BatonGrants.parts} has: a blob for each of hundreds of thousands of rows is what reading them costs most.
 */
export const COLUMNS = `entitlement_id, principal_resource_type_id, principal_resource_id,
  CASE WHEN expansion IS NULL AND data = CAST(? || principal_resource_id || ? || external_id AS BLOB) THEN NULL ELSE data END,
  expansion, resource_type_id, resource_id, external_id, id`

const EXPANDABLE = "\"@type\":\"type.googleapis.com/c1.connector.v2.GrantExpandable\""

const ID = Buffer.from("\"}},\"id\":\"")
const CLOSE = Buffer.from("\"}")
const END = Buffer.from("}")

const textAt = (row: ReadonlyArray<unknown>, index: number): string => {
  const value = row[index]
  return typeof value === "string" ? value : ""
}

/** The lengths up to which a length is one byte. */
const SHORT = 0x80

export class BatonGrants {
  private readonly store: Store
  private readonly lookup: BatonLookup
  private entitlementId: string | undefined
  private principalType = ""
  /** Content of the last grant's field for its entitlement. */
  private before = new Uint8Array(0)
  private entitlement = ""
  /** From the beginning of a grant to the id of its principal. */
  private head = Buffer.alloc(0)
  /** From the end of a grant's own message to its principal. */
  private middle = Buffer.alloc(0)

  constructor(store: Store, lookup: BatonLookup) {
    this.store = store
    this.lookup = lookup
  }

  write(output: JsonOutput, row: ReadonlyArray<unknown>): void {
    const entitlementId = textAt(row, 0)
    const type = textAt(row, 1)
    const principal = textAt(row, 2)
    const data = row[3]
    if (data === null && this.head.length > 0 && entitlementId === this.entitlementId) {
      return this.known(output, type, principal, textAt(row, 7))
    }
    if (!(data instanceof Uint8Array)) throw new Error("no data")
    const expansion = row[4] instanceof Uint8Array ? row[4] : undefined
    if (entitlementId !== this.entitlementId) this.turnTo(entitlementId, textAt(row, 5), textAt(row, 6))
    if (type !== this.principalType) {
      this.principalType = type
      this.before = new Uint8Array(0)
    }
    // Baton puts the annotation of expandable grants back for v3 files only.
    if ((expansion !== undefined && this.store.format === "v3") || !this.fast(output, data, type, principal)) {
      output.text("{\"grant\":")
      output.text(this.slow(row, data, this.store.format === "v3" ? expansion : undefined))
    }
    output.part(this.middle, 0, this.middle.length)
    output.place(this.lookup.resource(type, principal))
    output.part(END, 0, END.length)
  }

  /** A grant that is like the one before but for its ids. */
  private known(output: JsonOutput, type: string, principal: string, id: string): void {
    output.part(this.head, 0, this.head.length)
    output.text(JSON.stringify(principal).slice(1))
    output.text(`}},"id":${JSON.stringify(id)}}`)
    output.part(this.middle, 0, this.middle.length)
    output.place(this.lookup.resource(type, principal))
    output.part(END, 0, END.length)
  }

  /** Before and after the id of the principal in the message that was last written, if others may be like it. */
  parts: readonly [before: Uint8Array, after: Uint8Array] = [new Uint8Array(0), new Uint8Array(0)]

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
  }

  /**
   * A grant that is its entitlement, a principal of which the id only is there, and its id, in this order. Answers false, having written nothing, for any
   * other.
   */
  private fast(output: JsonOutput, data: Uint8Array, type: string, principal: string): boolean {
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
      this.entitlement = encode(EntitlementSchema, this.before)
      this.head = Buffer.from(
        `{"grant":{"entitlement":${this.entitlement},"principal":{"id":{"resourceType":${
          JSON.stringify(type)
        },"resource":"`
      )
    }
    this.parts = [data.slice(0, id), data.slice(idStop, grantStart)]
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
  private slow(row: ReadonlyArray<unknown>, data: Uint8Array, expandable: Uint8Array | undefined): string {
    const named = {
      entitlement_id: textAt(row, 0),
      principal_resource_type_id: textAt(row, 1),
      principal_resource_id: textAt(row, 2),
      resource_type_id: textAt(row, 5),
      resource_id: textAt(row, 6),
      external_id: textAt(row, 7)
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

/** Whether text is the same in JSON as it is. */
const isPlain = (bytes: Uint8Array, start: number, stop: number): boolean => {
  for (let index = start; index < stop; index++) {
    const byte = bytes[index] ?? 0
    if (byte < 0x20 || byte > 0x7e || byte === 0x22 || byte === 0x5c) return false
  }
  return true
}
