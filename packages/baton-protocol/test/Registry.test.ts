/** Our .proto files say the same as the descriptor set of baton-sdk v0.25.0, which is kept in `fixtures/`. */
import { Registry } from "@access-kit/baton-protocol"
import {
  createFileRegistry,
  type DescEnum,
  type DescField,
  type DescMessage,
  type DescService,
  fromBinary,
  type Registry as BufRegistry,
  ScalarType,
  toJson
} from "@bufbuild/protobuf"
import { BinaryReader } from "@bufbuild/protobuf/wire"
import { type FileDescriptorSet, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt"
import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"

const set: FileDescriptorSet = fromBinary(
  FileDescriptorSetSchema,
  readFileSync(new URL("./fixtures/baton.binpb", import.meta.url))
)
const given = createFileRegistry(set)

const ours = (typeName: string): boolean => !typeName.startsWith("google.protobuf.")

/** Extension values of an options message, decoded with the extensions that the registry itself declares. */
const options = (
  registry: BufRegistry,
  value: { readonly $unknown?: ReadonlyArray<{ no: number; data: Uint8Array }> | undefined } | undefined,
  extendee: string
) =>
  Object.fromEntries((value?.$unknown ?? []).map((unknown) => {
    for (const type of registry) {
      if (type.kind === "extension" && type.number === unknown.no && type.extendee.typeName === extendee) {
        const reader = new BinaryReader(unknown.data)
        return type.message === undefined
          ? [type.typeName, reader.bool()]
          : [type.typeName, toJson(type.message, fromBinary(type.message, reader.bytes()))]
      }
    }
    throw new Error(`nothing declares option ${unknown.no} of ${extendee}`)
  }))

const fieldFacts = (registry: BufRegistry, field: DescField) => ({
  number: field.number,
  name: field.name,
  json: field.jsonName,
  kind: field.fieldKind,
  element: field.fieldKind === "list" ? field.listKind : field.fieldKind === "map" ? field.mapKind : undefined,
  key: field.fieldKind === "map" ? field.mapKey : undefined,
  scalar: field.scalar === undefined ? undefined : ScalarType[field.scalar],
  message: field.message?.typeName,
  enum: field.enum?.typeName,
  oneof: field.oneof?.name,
  presence: field.presence,
  packed: field.fieldKind === "list" ? field.packed : undefined,
  deprecated: field.deprecated,
  options: options(registry, field.proto.options, "google.protobuf.FieldOptions")
})

const messageFacts = (registry: BufRegistry, message: DescMessage) => ({
  fields: [...message.fields].sort((a, b) => a.number - b.number).map((field) => fieldFacts(registry, field)),
  oneofs: message.oneofs.map((oneof) => ({
    name: oneof.name,
    options: options(registry, oneof.proto.options, "google.protobuf.OneofOptions")
  })),
  reserved: [
    message.proto.reservedRange.map((range) => [range.start, range.end]),
    message.proto.reservedName
  ],
  deprecated: message.deprecated,
  options: options(registry, message.proto.options, "google.protobuf.MessageOptions")
})

const enumFacts = (type: DescEnum) => ({
  values: type.values.map((value) => [value.number, value.name, value.deprecated]),
  reserved: type.proto.reservedRange.map((range) => [range.start, range.end]),
  open: type.open
})

const serviceFacts = (service: DescService) =>
  service.methods.map((method) => [method.name, method.methodKind, method.input.typeName, method.output.typeName])

const facts = (registry: BufRegistry): Map<string, unknown> => {
  const all = new Map<string, unknown>()
  for (const type of registry) {
    if (!ours(type.typeName) || type.typeName.startsWith("validate.")) continue
    switch (type.kind) {
      case "message":
        all.set(`message ${type.typeName}`, messageFacts(registry, type))
        break
      case "enum":
        all.set(`enum ${type.typeName}`, enumFacts(type))
        break
      case "service":
        all.set(`service ${type.typeName}`, serviceFacts(type))
        break
      case "extension":
        all.set(`extension ${type.typeName}`, [type.extendee.typeName, type.number, type.message?.typeName])
        break
    }
  }
  return all
}

describe("Registry", () => {
  it("holds every type of the given descriptor set and no other", () => {
    const expected = facts(given)
    const actual = facts(Registry.registry)
    assert.deepStrictEqual([...actual.keys()].sort(), [...expected.keys()].sort())
    const kinds = [...expected.keys()].map((key) => key.slice(0, key.indexOf(" ")))
    const count = (kind: string) => kinds.filter((other) => other === kind).length
    // The number of types of the SDK release; a loader that loses files would compare less without anybody noticing.
    assert.deepStrictEqual([count("message"), count("enum"), count("service")], [438, 35, 27])
  })

  it("says the same about each of them, field by field", () => {
    const actual = facts(Registry.registry)
    for (const [key, value] of facts(given)) {
      assert.deepStrictEqual(actual.get(key), value, key)
    }
  })

  it("gives validation rules the numbers of the original vocabulary", () => {
    let compared = 0
    for (const type of Registry.registry) {
      if (type.kind !== "message" || !type.typeName.startsWith("validate.")) continue
      const original = given.getMessage(type.typeName)
      for (const field of type.fields) {
        const other = original?.fields.find((candidate) => candidate.name === field.name)
        assert.deepStrictEqual(
          [field.number, field.fieldKind, field.scalar, field.message?.typeName, field.oneof?.name],
          [other?.number, other?.fieldKind, other?.scalar, other?.message?.typeName, other?.oneof?.name],
          `${type.typeName}.${field.name}`
        )
        compared++
      }
    }
    assert.isAbove(compared, 30)
  })

  it("notices a changed field: the comparison is not empty", () => {
    const copy = fromBinary(
      FileDescriptorSetSchema,
      readFileSync(new URL("./fixtures/baton.binpb", import.meta.url))
    )
    const grant = copy.file.find((file) => file.name === "c1/connector/v2/grant.proto")
      ?.messageType.find((message) => message.name === "Grant")
    const sources = grant?.field.find((field) => field.name === "sources")
    if (sources === undefined) throw new Error("the fixture has no Grant.sources")
    sources.number = 6
    const key = "message c1.connector.v2.Grant"
    assert.notDeepEqual(facts(createFileRegistry(copy)).get(key), facts(Registry.registry).get(key))
  })

  it("finds annotations by the name that an Any carries", () => {
    assert.strictEqual(Registry.registry.getMessage("c1.connector.v2.UserTrait")?.field["login"]?.number, 6)
  })
})
