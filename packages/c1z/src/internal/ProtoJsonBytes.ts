/**
 * From protobuf bytes to the bytes of their JSON, for the thousands of messages of a listing: texts are copied as they are, and no string is made of
 * any of them.
 *
 * Only messages as writers make them are handled here: each field in one piece, and nothing in it that has to be merged. For whatever else
 * {@link ProtoJson} is asked, which takes any message.
 */
import { registry } from "@access-kit/baton-protocol/Registry"
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf"
import type { JsonBytes } from "./JsonBytes.ts"
import * as ProtoJson from "./ProtoJson.ts"
import { BYTES, ProtoReader, VARINT } from "./ProtoReader.ts"

/** Thrown where a message is not as writers make it. */
const unusual = new Error("an unusual message")

const COMMA = 0x2c

/** Writes what the reader stands at; false, having written nothing, for what has no JSON. */
type Write = (out: JsonBytes, reader: ProtoReader) => boolean

interface Field {
  readonly key: Uint8Array
  readonly kind: "one" | "list" | "map"
  /** Whether the default is left out. */
  readonly implicit: boolean
  readonly wire: number
  readonly packed: boolean
  /** A bit for the group of fields of which one only may be set; 0 for any other field. */
  readonly oneof: number
  readonly write: Write
}

/** Fields with larger numbers are unusual: their presence is kept in the bits of one integer. */
const LARGEST = 30

const WIRES: Readonly<Partial<Record<ScalarType, number>>> = {
  [ScalarType.STRING]: BYTES,
  [ScalarType.BYTES]: BYTES,
  [ScalarType.DOUBLE]: 1,
  [ScalarType.FIXED64]: 1,
  [ScalarType.SFIXED64]: 1,
  [ScalarType.FLOAT]: 5,
  [ScalarType.FIXED32]: 5,
  [ScalarType.SFIXED32]: 5
}

const scalar = (type: ScalarType): Write => {
  if (type === ScalarType.STRING) {
    return (out, { bytes, start, stop }) => {
      out.quoted(bytes, start, stop)
      return true
    }
  }
  const json = ProtoJson.scalarOf(type)
  return (out, reader) => {
    out.text(json(reader))
    return true
  }
}

const enumerated = (field: Parameters<typeof ProtoJson.enumOf>[0]): Write => {
  const json = ProtoJson.enumOf(field)
  return (out, reader) => {
    out.text(json(reader))
    return true
  }
}

const writeOf = (field: DescField): Write => {
  switch (field.fieldKind) {
    case "scalar":
      return scalar(field.scalar)
    case "enum":
      return enumerated(field)
    case "message":
      return messageWriter(field.message)
    case "list":
      return field.listKind === "scalar"
        ? scalar(field.scalar)
        : field.listKind === "enum"
        ? enumerated(field)
        : messageWriter(field.message)
    case "map": {
      const value = field.mapKind === "scalar"
        ? scalar(field.scalar)
        : field.mapKind === "enum"
        ? enumerated(field)
        : messageWriter(field.message)
      // Values that are no text or message are rare, and so are other keys.
      if (field.mapKey !== ScalarType.STRING || field.mapKind !== "message") return rejected
      return (out, reader) => entry(out, reader, value)
    }
  }
}

const rejected: Write = () => {
  throw unusual
}

const COLON = 0x3a

/** Goes on to the next field, which must be this one: a text or a message. */
const step = (reader: ProtoReader, field: number): void => {
  if (!reader.next() || reader.field !== field || reader.wire !== BYTES) throw unusual
}

/** An entry of a map: a key, then a value, as writers have them. */
const entry = (out: JsonBytes, reader: ProtoReader, value: Write): boolean => {
  const inner = reader.inside()
  step(inner, 1)
  const { length } = out
  out.quoted(inner.bytes, inner.start, inner.stop)
  out.byte(COLON)
  step(inner, 2)
  if (!value(out, inner)) out.length = length
  if (inner.next()) throw unusual
  return out.length > length
}

const wireOf = (field: DescField): number =>
  field.fieldKind === "message" || field.fieldKind === "map" ||
    (field.fieldKind === "list" && field.listKind === "message")
    ? BYTES
    : field.fieldKind === "enum" || (field.fieldKind === "list" && field.listKind === "enum")
    ? VARINT
    : field.scalar === undefined
    ? -1
    : WIRES[field.scalar] ?? VARINT

const isZero = (reader: ProtoReader): boolean => {
  for (let index = reader.start; index < reader.stop; index++) {
    if (((reader.bytes[index] ?? 0) & (reader.wire === VARINT ? 0x7f : 0xff)) !== 0) return false
    if (reader.wire === BYTES) return false
  }
  return true
}

/** Ends a list or map that is being written, or takes it back where nothing is in it. Answers whether it is there. */
const closed = (out: JsonBytes, field: Field | null, before: number, elements: number): boolean => {
  if (field === null || field.kind === "one") return false
  if (elements === 0) out.length = before
  else out.byte(field.kind === "list" ? 0x5d : 0x7d)
  return elements > 0
}

class Plan {
  private readonly desc: DescMessage
  private readonly known: Array<Field | null | undefined> = []

  constructor(desc: DescMessage) {
    this.desc = desc
  }

  /** Made when a message first has the field, since message types can hold themselves. */
  field(number: number): Field | null {
    const known = this.known[number]
    if (known !== undefined) return known
    const field = this.desc.fields.find((each) => each.number === number)
    const oneof = field?.oneof === undefined ? -1 : this.desc.oneofs.indexOf(field.oneof)
    const made: Field | null = field === undefined ? null : {
      key: Buffer.from(`${JSON.stringify(field.jsonName)}:`),
      kind: field.fieldKind === "list" ? "list" : field.fieldKind === "map" ? "map" : "one",
      implicit: field.presence === ProtoJson.IMPLICIT && (field.fieldKind === "scalar" || field.fieldKind === "enum"),
      wire: wireOf(field),
      packed: field.fieldKind === "list" && wireOf(field) !== BYTES,
      oneof: oneof < 0 ? 0 : 1 << oneof,
      write: writeOf(field)
    }
    this.known[number] = made
    return made
  }

  /** The fields of a message, without braces. `some` says whether others stand before them. */
  fields(out: JsonBytes, bytes: Uint8Array, start: number, stop: number, some: boolean): void {
    const reader = new ProtoReader(bytes, start, stop)
    let seen = 0
    let oneofs = 0
    let number = 0
    let field: Field | null = null
    let any = some
    let before = 0
    let elements = 0
    while (reader.next()) {
      if (reader.field !== number) {
        if (closed(out, field, before, elements)) any = true
        number = reader.field
        if (number > LARGEST || (seen & (1 << number)) !== 0) throw unusual
        seen |= 1 << number
        field = this.field(number)
        if (field === null) continue
        before = out.length
        if (field.oneof !== 0) {
          if ((oneofs & field.oneof) !== 0) throw unusual
          oneofs |= field.oneof
        }
        if (reader.wire !== field.wire || field.packed) throw unusual
        if (field.kind === "one" && field.implicit && isZero(reader)) continue
        if (any) out.byte(COMMA)
        out.bytes(field.key)
        if (field.kind === "one") {
          if (field.write(out, reader)) any = true
          else out.length = before
          continue
        }
        out.byte(field.kind === "list" ? 0x5b : 0x7b)
        elements = 0
      } else if (field === null) {
        continue
      } else if (field.kind === "one" || reader.wire !== field.wire) {
        throw unusual
      }
      const { length } = out
      if (elements > 0) out.byte(COMMA)
      if (field.write(out, reader)) elements++
      else out.length = length
    }
    closed(out, field, before, elements)
  }
}

/** Deeper than any message of a snapshot. */
const DEEPEST = 100

let depth = 0

const structure = (out: JsonBytes, reader: ProtoReader): boolean => {
  if (++depth > DEEPEST) throw unusual
  const each = reader.inside()
  out.byte(0x7b)
  for (let first = true; each.next(); first = false) {
    if (each.field !== 1 || each.wire !== BYTES) throw unusual
    if (!first) out.byte(COMMA)
    entry(out, each, structValue)
  }
  out.byte(0x7d)
  depth--
  return true
}

const NULL = Buffer.from("null")
const TRUE = Buffer.from("true")
const FALSE = Buffer.from("false")

const structValue: Write = (out, reader) => {
  const value = reader.inside()
  if (!value.next()) throw unusual
  switch (value.field) {
    case 1:
      out.bytes(NULL)
      break
    case 2:
      if (value.wire !== 1) throw unusual
      out.text(ProtoJson.scalarOf(ScalarType.DOUBLE)(value))
      break
    case 3:
      if (value.wire !== BYTES) throw unusual
      out.quoted(value.bytes, value.start, value.stop)
      break
    case 4:
      out.bytes(value.number() === 0 ? FALSE : TRUE)
      break
    case 5:
      structure(out, value)
      break
    case 6:
      values(out, value)
      break
    default:
      throw unusual
  }
  if (value.next()) throw unusual
  return true
}

const values = (out: JsonBytes, reader: ProtoReader): boolean => {
  if (++depth > DEEPEST) throw unusual
  const each = reader.inside()
  out.byte(0x5b)
  for (let first = true; each.next(); first = false) {
    if (each.field !== 1 || each.wire !== BYTES) throw unusual
    if (!first) out.byte(COMMA)
    structValue(out, each)
  }
  out.byte(0x5d)
  depth--
  return true
}

interface Type {
  readonly url: Uint8Array
  /** Absent for a type that nobody knows. */
  readonly plan: Plan | undefined
  readonly head: Uint8Array
}

/** Types that annotations had; found by their bytes. */
const types: Array<Type> = []

const MOST_TYPES = 64

const typeOf = (bytes: Uint8Array, start: number, stop: number): Type => {
  search: for (const type of types) {
    if (type.url.length !== stop - start) continue
    // Types differ in their last letters.
    for (let index = stop - start - 1; index >= 0; index--) {
      if (type.url[index] !== bytes[start + index]) continue search
    }
    return type
  }
  const url = Buffer.from(bytes.slice(start, stop))
  const text = url.toString("utf8")
  const desc = registry.getMessage(text.slice(text.lastIndexOf("/") + 1))
  if (desc !== undefined && ProtoJson.isSpecial(desc)) throw unusual
  const type = {
    url,
    plan: desc === undefined ? undefined : planOf(desc),
    head: Buffer.from(`{"@type":${JSON.stringify(text)}`)
  }
  if (types.length < MOST_TYPES) types.push(type)
  return type
}

const any: Write = (out, reader) => {
  const inner = reader.inside()
  step(inner, 1)
  const { head, plan } = typeOf(inner.bytes, inner.start, inner.stop)
  if (plan === undefined) {
    // What nobody knows must still be a message.
    while (inner.next());
    return false
  }
  if (++depth > DEEPEST) throw unusual
  out.bytes(head)
  if (inner.position < inner.end) {
    step(inner, 2)
    plan.fields(out, inner.bytes, inner.start, inner.stop, true)
    if (inner.next()) throw unusual
  }
  out.byte(0x7d)
  depth--
  return true
}

const plans = new Map<string, Plan>()

const planOf = (desc: DescMessage): Plan => {
  let known = plans.get(desc.typeName)
  if (known === undefined) {
    known = new Plan(desc)
    plans.set(desc.typeName, known)
  }
  return known
}

const messageWriter = (desc: DescMessage): Write => {
  switch (desc.typeName) {
    case "google.protobuf.Any":
      return any
    case "google.protobuf.Struct":
      return structure
    case "google.protobuf.Value":
      return structValue
    case "google.protobuf.ListValue":
      return values
  }
  if (ProtoJson.isSpecial(desc)) {
    const encode = ProtoJson.encoderOf(desc)
    return (out, { bytes, start, stop }) => {
      const json = encode(bytes, start, stop)
      if (json !== undefined) out.text(json)
      return json !== undefined
    }
  }
  const plan = planOf(desc)
  return (out, { bytes, start, stop }) => {
    if (++depth > DEEPEST) throw unusual
    out.byte(0x7b)
    plan.fields(out, bytes, start, stop, false)
    out.byte(0x7d)
    depth--
    return true
  }
}

/** Appends the JSON of a whole message. */
export const encode = (out: JsonBytes, desc: DescMessage, bytes: Uint8Array): void => {
  const { length } = out
  depth = 0
  try {
    out.byte(0x7b)
    planOf(desc).fields(out, bytes, 0, bytes.length, false)
    out.byte(0x7d)
  } catch {
    // What looks damaged may be a part that a later one replaces, which shows at the end only. Then it is unusual, too.
    out.length = length
    out.text(ProtoJson.encode(desc, bytes))
  }
}
