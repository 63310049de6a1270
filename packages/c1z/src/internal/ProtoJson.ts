/**
 * From protobuf bytes to their JSON without messages in between: what a field needs is worked out once per message type, and then only bytes are
 * walked. Follows the JSON mapping of protobuf, with the well-known types that snapshots hold.
 */
import { registry } from "@access-kit/baton-protocol/Registry"
import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf"
import { ProtoReader, utf8 } from "./ProtoReader.ts"

/** JSON of a range of bytes; undefined for what has no JSON, such as a message of a type that nobody knows. */
type Encode = (bytes: Uint8Array, start: number, stop: number) => string | undefined

type Scalar = (reader: ProtoReader) => string

interface Plan {
  readonly key: string
  readonly kind: "one" | "list" | "map"
  /** Content that stands for "not set" and is left out. */
  readonly zero: string | undefined
  readonly value: Scalar | { readonly encode: Encode }
  /** Of a map: its keys as JSON strings. */
  readonly mapKey: Scalar | undefined
  /** Numbers of a list may come packed into one field. */
  readonly packed: "varint" | "fixed32" | "fixed64" | undefined
}

const bigVarint = (reader: ProtoReader): bigint => {
  let value = BigInt(0)
  let shift = BigInt(0)
  for (let index = reader.start; index < reader.stop; index++) {
    value |= BigInt((reader.bytes[index] ?? 0) & 0x7f) << shift
    shift += BigInt(7)
  }
  return value
}

const view = (reader: ProtoReader): DataView =>
  new DataView(reader.bytes.buffer, reader.bytes.byteOffset + reader.start, reader.stop - reader.start)

const floating = (value: number): string =>
  Number.isFinite(value) ? (Object.is(value, -0) ? "-0" : String(value)) : JSON.stringify(String(value))

const int32 = (reader: ProtoReader): number => {
  const value = reader.number()
  return value <= 0x7fffffff ? value : Number(BigInt.asIntN(32, bigVarint(reader)))
}

const zigzag = (value: bigint): bigint => (value >> BigInt(1)) ^ -(value & BigInt(1))

const SCALARS: Readonly<Record<ScalarType, Scalar>> = {
  [ScalarType.STRING]: (reader) => JSON.stringify(reader.text()),
  [ScalarType.BOOL]: (reader) => reader.number() === 0 ? "false" : "true",
  [ScalarType.BYTES]: (reader) => `"${Buffer.from(reader.content()).toString("base64")}"`,
  [ScalarType.INT32]: (reader) => String(int32(reader)),
  [ScalarType.UINT32]: (reader) => String(reader.number()),
  [ScalarType.SINT32]: (reader) => String(zigzag(bigVarint(reader))),
  [ScalarType.INT64]: (reader) => `"${BigInt.asIntN(64, bigVarint(reader))}"`,
  [ScalarType.UINT64]: (reader) => `"${BigInt.asUintN(64, bigVarint(reader))}"`,
  [ScalarType.SINT64]: (reader) => `"${zigzag(bigVarint(reader))}"`,
  [ScalarType.FIXED32]: (reader) => String(view(reader).getUint32(0, true)),
  [ScalarType.SFIXED32]: (reader) => String(view(reader).getInt32(0, true)),
  [ScalarType.FIXED64]: (reader) => `"${view(reader).getBigUint64(0, true)}"`,
  [ScalarType.SFIXED64]: (reader) => `"${view(reader).getBigInt64(0, true)}"`,
  [ScalarType.FLOAT]: (reader) => floating(Number(view(reader).getFloat32(0, true).toPrecision(8))),
  [ScalarType.DOUBLE]: (reader) => floating(view(reader).getFloat64(0, true))
}

/** What turns a field of a scalar type into JSON. */
export const scalarOf = (type: ScalarType): Scalar => SCALARS[type]

const ZERO: Readonly<Record<string, string>> = {
  string: "\"\"",
  bool: "false",
  bytes: "\"\"",
  big: "\"0\"",
  other: "0"
}

const BIG: ReadonlySet<ScalarType> = new Set([
  ScalarType.INT64,
  ScalarType.UINT64,
  ScalarType.SINT64,
  ScalarType.FIXED64,
  ScalarType.SFIXED64
])

const FIXED_64: ReadonlySet<ScalarType> = new Set([ScalarType.FIXED64, ScalarType.SFIXED64, ScalarType.DOUBLE])
const FIXED_32: ReadonlySet<ScalarType> = new Set([ScalarType.FIXED32, ScalarType.SFIXED32, ScalarType.FLOAT])

const zeroOf = (scalar: ScalarType): string | undefined =>
  scalar === ScalarType.STRING || scalar === ScalarType.BYTES
    ? ZERO["string"]
    : scalar === ScalarType.BOOL
    ? ZERO["bool"]
    : BIG.has(scalar)
    ? ZERO["big"]
    : ZERO["other"]

const packedOf = (scalar: ScalarType): Plan["packed"] =>
  scalar === ScalarType.STRING || scalar === ScalarType.BYTES
    ? undefined
    : FIXED_64.has(scalar)
    ? "fixed64"
    : FIXED_32.has(scalar)
    ? "fixed32"
    : "varint"

/** Implicit presence in the descriptors of protobuf-es. */
export const IMPLICIT = 2

/** Deeper than any message of a snapshot; a hostile one must not exhaust the stack. */
const DEEPEST = 100

let depth = 0

const nested = (encode: Encode, bytes: Uint8Array, start: number, stop: number): string | undefined => {
  if (depth >= DEEPEST) throw new Error("a message is nested too deeply")
  depth++
  try {
    return encode(bytes, start, stop)
  } finally {
    depth--
  }
}

export const enumOf = (
  field: { readonly enum: { readonly value: Readonly<Record<number, { readonly name: string } | undefined>> } }
): Scalar => {
  const names = new Map<number, string>()
  return (reader) => {
    const number = int32(reader)
    let name = names.get(number)
    if (name === undefined) {
      const known = field.enum.value[number]?.name
      name = known === undefined ? String(number) : JSON.stringify(known)
      names.set(number, name)
    }
    return name
  }
}

const planOf = (field: DescField): Plan => {
  const key = `${JSON.stringify(field.jsonName)}:`
  const implicit = field.presence === IMPLICIT
  switch (field.fieldKind) {
    case "scalar":
      return {
        key,
        kind: "one",
        zero: implicit ? zeroOf(field.scalar) : undefined,
        value: SCALARS[field.scalar],
        mapKey: undefined,
        packed: undefined
      }
    case "enum": {
      const zero = field.enum.value[0]?.name
      return {
        key,
        kind: "one",
        zero: implicit && zero !== undefined ? JSON.stringify(zero) : undefined,
        value: enumOf(field),
        mapKey: undefined,
        packed: undefined
      }
    }
    case "message":
      return {
        key,
        kind: "one",
        zero: undefined,
        value: { encode: encoderOf(field.message) },
        mapKey: undefined,
        packed: undefined
      }
    case "list":
      return {
        key,
        kind: "list",
        zero: undefined,
        value: field.listKind === "scalar"
          ? SCALARS[field.scalar]
          : field.listKind === "enum"
          ? enumOf(field)
          : { encode: encoderOf(field.message) },
        mapKey: undefined,
        packed: field.listKind === "scalar" ? packedOf(field.scalar) : field.listKind === "enum" ? "varint" : undefined
      }
    case "map":
      return {
        key,
        kind: "map",
        zero: undefined,
        value: field.mapKind === "scalar"
          ? SCALARS[field.scalar]
          : field.mapKind === "enum"
          ? enumOf(field)
          : { encode: encoderOf(field.message) },
        mapKey: SCALARS[field.mapKey],
        packed: undefined
      }
  }
}

const valueOf = (plan: Plan, reader: ProtoReader): string | undefined =>
  typeof plan.value === "function"
    ? plan.value(reader)
    : nested(plan.value.encode, reader.bytes, reader.start, reader.stop)

const unpack = (plan: Plan, reader: ProtoReader, into: Array<string>): void => {
  if (typeof plan.value !== "function") return
  const { bytes, start, stop } = reader
  const each = new ProtoReader(bytes, start, stop)
  for (let at = start; at < stop;) {
    each.start = at
    if (plan.packed === "varint") {
      while (at < stop && (bytes[at] ?? 0) >= 0x80) at++
      at++
    } else {
      at += plan.packed === "fixed64" ? 8 : 4
    }
    if (at > stop) throw new Error("a packed list does not end")
    each.stop = at
    into.push(plan.value(each))
  }
}

const emptyOf = (scalar: Plan): string => typeof scalar.value === "function" ? scalar.zero ?? "null" : "{}"

const entryOf = (plan: Plan, entry: ProtoReader): string | undefined => {
  let key = "\"\""
  let value: string | undefined = emptyOf(plan)
  while (entry.next()) {
    if (entry.field === 1 && plan.mapKey !== undefined) {
      const found = plan.mapKey(entry)
      key = found.startsWith("\"") ? found : JSON.stringify(found)
    } else if (entry.field === 2) value = valueOf(plan, entry)
  }
  return value === undefined ? undefined : `${key}:${value}`
}

/** The plain mapping: an object with the fields that are set. */
const objectOf = (
  desc: DescMessage
): { readonly fields: (bytes: Uint8Array, start: number, stop: number) => string } => {
  const plans: Array<Plan> = []
  /** By field number; a plan is made when a message first has the field, since message types can hold themselves. */
  const places = new Map<number, number>()
  const place = (number: number): number | undefined => {
    const known = places.get(number)
    if (known !== undefined) return known
    const field = desc.fields.find((each) => each.number === number)
    if (field === undefined) return undefined
    const index = plans.push(planOf(field)) - 1
    places.set(number, index)
    return index
  }
  const oneofs = new Map(
    desc.oneofs.flatMap((oneof) => oneof.fields.map((field) => [field.number, oneof.fields] as const))
  )
  return {
    fields: (bytes, start, stop) => {
      const reader = new ProtoReader(bytes, start, stop)
      const values: Array<string | undefined> = []
      const lists: Array<Array<string> | undefined> = []
      const contents: Array<Uint8Array | undefined> = []
      while (reader.next()) {
        const index = place(reader.field)
        if (index === undefined) continue
        const plan = plans[index]
        if (plan === undefined) continue
        if (plan.kind === "one") {
          const before = contents[index]
          if (typeof plan.value !== "function" && before !== undefined) {
            // A message that comes in two parts is both of them together.
            const whole = Buffer.concat([before, reader.content()])
            contents[index] = whole
            values[index] = nested(plan.value.encode, whole, 0, whole.length)
            continue
          }
          const value = valueOf(plan, reader)
          if (typeof plan.value !== "function") contents[index] = reader.content()
          const others = oneofs.get(reader.field)
          if (others !== undefined) {
            for (const other of others) {
              const at = places.get(other.number)
              if (at !== undefined && at !== index) values[at] = contents[at] = undefined
            }
          }
          values[index] = value === plan.zero ? undefined : value
          continue
        }
        const list = lists[index] ??= []
        if (plan.kind === "map") {
          const entry = entryOf(plan, reader.inside())
          if (entry !== undefined) list.push(entry)
        } else if (plan.packed !== undefined && reader.wire === 2) {
          unpack(plan, reader, list)
        } else {
          const value = valueOf(plan, reader)
          if (value !== undefined) list.push(value)
        }
      }
      let json = ""
      for (let index = 0; index < plans.length; index++) {
        const plan = plans[index]
        if (plan === undefined) continue
        const list = lists[index]
        const value = list === undefined || list.length === 0
          ? values[index]
          : plan.kind === "map"
          ? `{${list.join(",")}}`
          : `[${list.join(",")}]`
        if (value !== undefined) json += (json === "" ? "" : ",") + plan.key + value
      }
      return json
    }
  }
}

const timestamp: Encode = (bytes, start, stop) => {
  const reader = new ProtoReader(bytes, start, stop)
  let seconds = 0
  let nanos = 0
  while (reader.next()) {
    if (reader.field === 1) seconds = Number(BigInt.asIntN(64, bigVarint(reader)))
    else if (reader.field === 2) nanos = int32(reader)
  }
  if (Math.abs(seconds) > 8_640_000_000_000) throw new Error("a time is out of range")
  const text = new Date(seconds * 1000).toISOString().slice(0, 19)
  const digits = nanos === 0 ? "" : String(nanos).padStart(9, "0").replace(/(000){1,2}$/, "")
  return `"${text}${digits === "" ? "" : `.${digits}`}Z"`
}

const duration: Encode = (bytes, start, stop) => {
  const reader = new ProtoReader(bytes, start, stop)
  let seconds = BigInt(0)
  let nanos = 0
  while (reader.next()) {
    if (reader.field === 1) seconds = BigInt.asIntN(64, bigVarint(reader))
    else if (reader.field === 2) nanos = int32(reader)
  }
  const digits = nanos === 0 ? "" : `.${String(Math.abs(nanos)).padStart(9, "0").replace(/(000){1,2}$/, "")}`
  return `"${seconds === BigInt(0) && nanos < 0 ? "-" : ""}${seconds}${digits}s"`
}

const structValue: Encode = (bytes, start, stop) => {
  const reader = new ProtoReader(bytes, start, stop)
  let json = "null"
  while (reader.next()) {
    switch (reader.field) {
      case 1:
        json = "null"
        break
      case 2:
        json = floating(view(reader).getFloat64(0, true))
        break
      case 3:
        json = JSON.stringify(reader.text())
        break
      case 4:
        json = reader.number() === 0 ? "false" : "true"
        break
      case 5:
        json = nested(struct, bytes, reader.start, reader.stop) ?? "null"
        break
      case 6:
        json = nested(listValue, bytes, reader.start, reader.stop) ?? "null"
        break
      default:
    }
  }
  return json
}

const struct: Encode = (bytes, start, stop) => {
  const reader = new ProtoReader(bytes, start, stop)
  const entries = new Map<string, string>()
  while (reader.next()) {
    if (reader.field !== 1) continue
    const entry = reader.inside()
    let key = ""
    let value = "null"
    while (entry.next()) {
      if (entry.field === 1) key = entry.text()
      else if (entry.field === 2) value = nested(structValue, bytes, entry.start, entry.stop) ?? "null"
    }
    entries.set(key, value)
  }
  let json = ""
  for (const [key, value] of entries) json += `${json === "" ? "" : ","}${JSON.stringify(key)}:${value}`
  return `{${json}}`
}

const listValue: Encode = (bytes, start, stop) => {
  const reader = new ProtoReader(bytes, start, stop)
  const values: Array<string> = []
  while (reader.next()) {
    if (reader.field === 1) values.push(nested(structValue, bytes, reader.start, reader.stop) ?? "null")
  }
  return `[${values.join(",")}]`
}

/** A message that stands for its one value. */
const wrapper = (desc: DescMessage): Encode => {
  const field = desc.fields[0]
  if (field?.fieldKind !== "scalar") return () => undefined
  const scalar = SCALARS[field.scalar]
  const zero = zeroOf(field.scalar)
  return (bytes, start, stop) => {
    const reader = new ProtoReader(bytes, start, stop)
    let json = zero
    while (reader.next()) if (reader.field === 1) json = scalar(reader)
    return json
  }
}

/** A message with a type of its own; one of a type that nobody knows has no JSON. */
const any: Encode = (bytes, start, stop) => {
  const reader = new ProtoReader(bytes, start, stop)
  let url = ""
  let from = 0
  let to = 0
  while (reader.next()) {
    if (reader.field === 1) url = utf8(bytes, reader.start, reader.stop)
    else if (reader.field === 2) {
      from = reader.start
      to = reader.stop
    }
  }
  const desc = registry.getMessage(url.slice(url.lastIndexOf("/") + 1))
  if (desc === undefined) return undefined
  const type = `"@type":${JSON.stringify(url)}`
  const special = SPECIAL.get(desc.typeName) ?? (WRAPPER.test(desc.typeName) ? encoderOf(desc) : undefined)
  if (special !== undefined && desc.typeName !== "google.protobuf.Empty") {
    return `{${type},"value":${nested(special, bytes, from, to) ?? "null"}}`
  }
  if (depth >= DEEPEST) throw new Error("a message is nested too deeply")
  depth++
  try {
    const fields = plainOf(desc).fields(bytes, from, to)
    return fields === "" ? `{${type}}` : `{${type},${fields}}`
  } finally {
    depth--
  }
}

const WRAPPER = /^google\.protobuf\.(?:\w+)Value$/

const SPECIAL: ReadonlyMap<string, Encode> = new Map([
  ["google.protobuf.Timestamp", timestamp],
  ["google.protobuf.Duration", duration],
  ["google.protobuf.Struct", struct],
  ["google.protobuf.Value", structValue],
  ["google.protobuf.ListValue", listValue],
  ["google.protobuf.Any", any]
])

/** Whether messages of a type have JSON of their own kind. */
export const isSpecial = (desc: DescMessage): boolean => SPECIAL.has(desc.typeName) || WRAPPER.test(desc.typeName)

const plain = new Map<string, ReturnType<typeof objectOf>>()

const plainOf = (desc: DescMessage): ReturnType<typeof objectOf> => {
  let known = plain.get(desc.typeName)
  if (known === undefined) {
    known = objectOf(desc)
    plain.set(desc.typeName, known)
  }
  return known
}

const encoders = new Map<string, Encode>()

/** What turns messages of a type into JSON. */
export const encoderOf = (desc: DescMessage): Encode => {
  let known = encoders.get(desc.typeName)
  if (known === undefined) {
    const special = SPECIAL.get(desc.typeName)
    if (special !== undefined) known = special
    else if (WRAPPER.test(desc.typeName)) known = wrapper(desc)
    else {
      const object = plainOf(desc)
      known = (bytes, start, stop) => `{${object.fields(bytes, start, stop)}}`
    }
    encoders.set(desc.typeName, known)
  }
  return known
}

/** JSON of a whole message. */
export const encode = (desc: DescMessage, bytes: Uint8Array): string => encoderOf(desc)(bytes, 0, bytes.length) ?? "{}"
