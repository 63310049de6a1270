/**
 * Holds messages to the rules that they carry as options (protoc-gen-validate), as a Go server does: the whole message, embedded ones included.
 *
 * @since 0.1.0
 */
import { type DescField, type DescMessage, getOption, hasOption, isFieldSet, type Message } from "@bufbuild/protobuf"
import { isReflectMessage, reflect, type ReflectMessage } from "@bufbuild/protobuf/reflect"
import { type FieldRules, required, rules, type StringRules } from "./gen/validate/validate_pb.ts"
import {
  BytesRulesSchema,
  Int64RulesSchema,
  RepeatedRulesSchema,
  UInt32RulesSchema
} from "./gen/validate/validate_pb.ts"

/**
 * What is wrong with a message: the path of the field and the rule that it breaks.
 *
 * @since 0.1.0
 */
export interface Violation {
  /** Field names as in the `.proto` file, for example `resource.id.resource_type`. */
  readonly path: string
  /** For example `value length must be at most 1024 bytes`. */
  readonly rule: string
}

const ZERO = BigInt(0)

const utf8 = (text: string): number => Buffer.byteLength(text)

const characters = (text: string): number => {
  let count = 0
  for (const _ of text) count++
  return count
}

/** RE2 patterns of the protocol are anchored character classes, which mean the same to JavaScript. */
const patterns = new Map<string, RegExp>()

const matches = (pattern: string, text: string): boolean => {
  let compiled = patterns.get(pattern)
  if (compiled === undefined) {
    compiled = new RegExp(pattern, "u")
    patterns.set(pattern, compiled)
  }
  return compiled.test(text)
}

const HOST_LABEL = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?$/

const isHostname = (host: string): boolean =>
  host.length <= 253 &&
  host.replace(/\.$/, "").split(".").every((label) => label.length <= 63 && HOST_LABEL.test(label))

/** A bare address, or one behind a display name in angle brackets; at most 254 characters, 64 before the at sign. */
const isEmail = (text: string): boolean => {
  const angle = /^[^<>]*<([^<>]+)>$/.exec(text)
  const address = angle?.[1] ?? text
  if (address.length > 254) return false
  const at = address.lastIndexOf("@")
  if (at < 1 || at > 64) return false
  const local = address.slice(0, at)
  const atom = /^[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u
  const quoted = /^"(?:[^"\\\p{Cc}]|\\[^\p{Cc}])*"$/u
  return (atom.test(local) || quoted.test(local)) && isHostname(address.slice(at + 1))
}

/** Absolute: with a scheme. */
const isUri = (text: string): boolean => /^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(text) && URL.canParse(text)

const stringFault = (rule: StringRules, text: string): string | undefined => {
  if (rule.ignoreEmpty && text === "") return undefined
  if (rule.minLen > ZERO || rule.maxLen > ZERO) {
    const length = BigInt(characters(text))
    if (length < rule.minLen) return `value length must be at least ${rule.minLen} characters`
    if (rule.maxLen > ZERO && length > rule.maxLen) return `value length must be at most ${rule.maxLen} characters`
  }
  if (rule.minBytes > ZERO || rule.maxBytes > ZERO) {
    const length = BigInt(utf8(text))
    if (length < rule.minBytes) return `value length must be at least ${rule.minBytes} bytes`
    if (rule.maxBytes > ZERO && length > rule.maxBytes) return `value length must be at most ${rule.maxBytes} bytes`
  }
  if (rule.prefix !== "" && !text.startsWith(rule.prefix)) return `value does not have prefix "${rule.prefix}"`
  if (rule.in.length > 0 && !rule.in.includes(text)) return `value must be in list [${rule.in.join(" ")}]`
  if (rule.wellKnown.case === "email" && rule.wellKnown.value && !isEmail(text)) {
    return "value must be a valid email address"
  }
  if (rule.wellKnown.case === "uri" && rule.wellKnown.value && !isUri(text)) return "value must be absolute"
  if (rule.pattern !== "" && !matches(rule.pattern, text)) return `value does not match regex pattern "${rule.pattern}"`
  return undefined
}

const bytesFault = (rule: Extract<FieldRules["type"], { case: "bytes" }>["value"], value: Uint8Array) => {
  const length = BigInt(value.length)
  if (isFieldSet(rule, BytesRulesSchema.field.len) && length !== rule.len) {
    return `value length must be ${rule.len} bytes`
  }
  if (length < rule.minLen) return `value length must be at least ${rule.minLen} bytes`
  if (isFieldSet(rule, BytesRulesSchema.field.maxLen) && length > rule.maxLen) {
    return `value length must be at most ${rule.maxLen} bytes`
  }
  return undefined
}

/** What a single value lacks, by the rules of its type. */
const valueFault = (rule: FieldRules, value: unknown, field: DescField): string | undefined => {
  const { type } = rule
  switch (type.case) {
    case "string":
      return typeof value === "string" ? stringFault(type.value, value) : undefined
    case "bytes":
      return value instanceof Uint8Array ? bytesFault(type.value, value) : undefined
    case "uint32": {
      if (typeof value !== "number" || (type.value.ignoreEmpty && value === 0)) return undefined
      const { gt, gte, lte } = type.value
      const { field: known } = UInt32RulesSchema
      if (isFieldSet(type.value, known.lte) && value > lte) return `value must be less than or equal to ${lte}`
      if (isFieldSet(type.value, known.gte) && value < gte) return `value must be greater than or equal to ${gte}`
      if (isFieldSet(type.value, known.gt) && value <= gt) return `value must be greater than ${gt}`
      return undefined
    }
    case "int64": {
      if (typeof value !== "bigint") return undefined
      const { gte, lte } = type.value
      const { field: known } = Int64RulesSchema
      if (isFieldSet(type.value, known.lte) && value > lte) return `value must be less than or equal to ${lte}`
      if (isFieldSet(type.value, known.gte) && value < gte) return `value must be greater than or equal to ${gte}`
      return undefined
    }
    case "enum": {
      const known = field.enum?.values
      return type.value.definedOnly && known !== undefined && !known.some((candidate) => candidate.number === value)
        ? "value must be one of the defined enum values"
        : undefined
    }
    case "duration": {
      const given = isReflectMessage(value) ? secondsOf(value.message) : undefined
      const { gte, lte } = type.value
      if (given === undefined) return undefined
      if (lte !== undefined && given > Number(lte.seconds)) return `value must be less than or equal to ${lte.seconds}s`
      if (gte !== undefined && given < Number(gte.seconds)) {
        return `value must be greater than or equal to ${gte.seconds}s`
      }
      return undefined
    }
    default:
      return undefined
  }
}

const secondsOf = (duration: Message): number | undefined =>
  "seconds" in duration && typeof duration.seconds === "bigint" && "nanos" in duration &&
    typeof duration.nanos === "number"
    ? Number(duration.seconds) + duration.nanos / 1e9
    : undefined

const rulesOf = (field: DescField): FieldRules | undefined =>
  hasOption(field, rules) ? getOption(field, rules) : undefined

const embedded = (value: unknown, path: string): Violation | undefined =>
  isReflectMessage(value) ? firstIn(value, `${path}.`) : undefined

const listFault = (message: ReflectMessage, field: DescField & { fieldKind: "list" }, path: string) => {
  const list = message.get(field)
  const rule = rulesOf(field)?.type
  const repeated = rule?.case === "repeated" ? rule.value : undefined
  if (repeated !== undefined) {
    const size = BigInt(list.size)
    if (size < repeated.minItems) return { path, rule: `value must contain at least ${repeated.minItems} item(s)` }
    if (isFieldSet(repeated, RepeatedRulesSchema.field.maxItems) && size > repeated.maxItems) {
      return { path, rule: `value must contain no more than ${repeated.maxItems} item(s)` }
    }
    if (repeated.unique && new Set(list).size !== list.size) {
      return { path, rule: "repeated value must contain unique items" }
    }
  }
  let index = 0
  for (const item of list) {
    const at = `${path}[${index++}]`
    const fault = repeated?.items === undefined ? undefined : valueFault(repeated.items, item, field)
    if (fault !== undefined) return { path: at, rule: fault }
    const inside = embedded(item, at)
    if (inside !== undefined) return inside
  }
  return undefined
}

const mapFault = (message: ReflectMessage, field: DescField & { fieldKind: "map" }, path: string) => {
  const map = message.get(field)
  const rule = rulesOf(field)?.type
  const pairs = rule?.case === "map" ? rule.value : undefined
  if (pairs !== undefined) {
    const size = BigInt(map.size)
    if (size < pairs.minPairs) return { path, rule: `value must contain at least ${pairs.minPairs} pair(s)` }
    if (pairs.maxPairs > ZERO && size > pairs.maxPairs) {
      return { path, rule: `value must contain no more than ${pairs.maxPairs} pair(s)` }
    }
  }
  for (const [key, value] of map) {
    const at = `${path}[${String(key)}]`
    const fault = (pairs?.keys === undefined ? undefined : valueFault(pairs.keys, key, field))
      ?? (pairs?.values === undefined ? undefined : valueFault(pairs.values, value, field))
    if (fault !== undefined) return { path: at, rule: fault }
    const inside = embedded(value, at)
    if (inside !== undefined) return inside
  }
  return undefined
}

const fieldFault = (message: ReflectMessage, field: DescField, prefix: string): Violation | undefined => {
  const path = prefix + field.name
  if (field.fieldKind === "list") return listFault(message, field, path)
  if (field.fieldKind === "map") return mapFault(message, field, path)
  const rule = rulesOf(field)
  if (field.fieldKind === "message") {
    if (!message.isSet(field)) return rule?.message?.required === true ? { path, rule: "value is required" } : undefined
    const value = message.get(field)
    const fault = rule === undefined ? undefined : valueFault(rule, value, field)
    return fault === undefined ? embedded(value, path) : { path, rule: fault }
  }
  if (rule === undefined) return undefined
  // A member of a oneof that is not the chosen one, or an optional field that is not there.
  if ((field.oneof !== undefined || field.proto.proto3Optional) && !message.isSet(field)) return undefined
  const fault = valueFault(rule, message.get(field), field)
  return fault === undefined ? undefined : { path, rule: fault }
}

const firstIn = (message: ReflectMessage, prefix: string): Violation | undefined => {
  // The well-known types carry no rules; what an Any holds is not looked at, as in Go.
  if (message.desc.typeName.startsWith("google.protobuf.")) return undefined
  for (const oneof of message.oneofs) {
    if (hasOption(oneof, required) && getOption(oneof, required) && message.oneofCase(oneof) === undefined) {
      return { path: prefix + oneof.name, rule: "value is required" }
    }
  }
  for (const field of message.fields) {
    const fault = fieldFault(message, field, prefix)
    if (fault !== undefined) return fault
  }
  return undefined
}

/**
 * The first rule that a message breaks, or nothing.
 *
 * @since 0.1.0
 */
export const check = (schema: DescMessage, message: Message): Violation | undefined =>
  firstIn(reflect(schema, message), "")
