/** The hand-written messages are, byte for byte, what protobuf-es makes of the same facts. */
import {
  EntitlementSchema,
  GrantExpandableSchema,
  GrantSchema,
  GroupTraitSchema,
  ResourceSchema,
  ResourceTypeSchema,
  RoleTraitSchema,
  UserTraitSchema
} from "@access-kit/baton-protocol/ConnectorV2"
import type { Entitlement, Grant, Resource, ResourceType } from "@access-kit/connector-model"
import { create, fromBinary, type JsonObject, toBinary } from "@bufbuild/protobuf"
import type { DescMessage, MessageShape } from "@bufbuild/protobuf"
import { type Any, AnySchema, anyUnpack, timestampFromMs } from "@bufbuild/protobuf/wkt"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import {
  writeEntitlement,
  writeExpandable,
  writeGrant,
  writeGrantedEntitlement,
  writeResource,
  writeResourceType
} from "../src/internal/ModelEncoding.ts"
import { ProtoWriter } from "../src/internal/ProtoWriter.ts"

const written = (write: (writer: ProtoWriter) => void): Uint8Array => {
  // Small, so that every test makes it grow.
  const writer = new ProtoWriter(new ArrayBuffer(8))
  write(writer)
  return Uint8Array.from(writer.slice(0, writer.position))
}

const any = <Desc extends DescMessage>(desc: Desc, message: MessageShape<Desc>): Any =>
  create(AnySchema, { typeUrl: `type.googleapis.com/${desc.typeName}`, value: toBinary(desc, message) })

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

/** JavaScript objects keep integer-like keys in front of others, whatever order they are built in; protobuf-es then writes them so. */
const sortedObject = (value: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.keys(value)
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .map((key) => [key, sortedValue(value[key] ?? null)])
  )

const sortedValue = (value: JsonObject[string]): JsonObject[string] =>
  Array.isArray(value)
    ? value.map(sortedValue)
    : typeof value === "object" && value !== null
    ? sortedObject(value)
    : value

// Wholly in the range that UTF-8 has words for; lone surrogates are their own test.
const string = fc.string({ unit: "grapheme", maxLength: 60 })
const longString = fc.string({ unit: "binary", minLength: 40, maxLength: 400 })
const anyString = fc.oneof({ weight: 4, arbitrary: string }, { weight: 1, arbitrary: longString })
const key = fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) => !/^\d+$/.test(text) && text !== "__proto__")
const json = fc.letrec<{ value: JsonObject[string]; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    anyString,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 4 }),
    tie("object")
  ),
  object: fc.dictionary(key, tie("value"), { maxKeys: 6 })
}))
const time = fc.date({
  min: new Date("1960-01-01T00:00:00Z"),
  max: new Date("2200-01-01T00:00:00Z"),
  noInvalidDate: true
})
  .map((date) => date.toISOString())

const optional = <A>(name: string, arbitrary: fc.Arbitrary<A>) =>
  fc.option(arbitrary, { nil: undefined }).map((value) => value === undefined ? {} : { [name]: value })

const merged = (...parts: ReadonlyArray<fc.Arbitrary<object>>): fc.Arbitrary<object> =>
  fc.tuple(...parts).map((all) => Object.assign({}, ...all))

const id = fc.record({ resourceType: string, resource: anyString })

const common = merged(
  fc.record({ id, displayName: anyString }),
  optional("description", anyString),
  optional("parent", id),
  optional("profile", json.object)
)

const account = merged(
  fc.record({
    _tag: fc.constant("Account"),
    status: fc.constantFrom("enabled", "disabled", "deleted", "unknown"),
    accountType: fc.constantFrom("human", "service", "system", "unknown"),
    login: anyString,
    emails: fc.array(fc.record({ address: anyString, primary: fc.boolean() }), { maxLength: 3 })
  }),
  common,
  optional("statusDetails", anyString),
  optional("givenName", string),
  optional("familyName", string),
  optional("employeeIds", fc.array(string, { maxLength: 2 })),
  optional("createdAt", time)
) as fc.Arbitrary<Resource.Account>

const group = merged(fc.record({ _tag: fc.constant("Group") }), common) as fc.Arbitrary<Resource.Group>
const item = merged(fc.record({ _tag: fc.constant("Item") }), common) as fc.Arbitrary<Resource.Item>

const STATUS = { unknown: 0, enabled: 1, disabled: 2, deleted: 3 } as const
const ACCOUNT_TYPE = { unknown: 0, human: 1, service: 2, system: 3 } as const
const TRAIT = { user: 1, group: 2, role: 3, app: 4 } as const
const PURPOSE = { assignment: 1, permission: 2, ownership: 3 } as const

/** The straightforward way to build the message, through protobuf-es. */
const reference = (resource: Resource.Resource, traits: ReadonlyArray<string>) => {
  const given = resource.profile as JsonObject | undefined
  const profile = given === undefined || Object.keys(given).length === 0 ? undefined : sortedObject(given)
  const withProfile = profile === undefined ? {} : { profile }
  const status = resource._tag === "Account" && (resource.status !== "unknown" || resource.statusDetails !== undefined)
    ? { status: { status: STATUS[resource.status], details: resource.statusDetails ?? "" } }
    : {}
  const createdAt = resource._tag === "Account" && resource.createdAt !== undefined
    ? { createdAt: timestampFromMs(Date.parse(resource.createdAt)) }
    : {}
  const annotations = traits.map((trait) => {
    if (trait === "role") return any(RoleTraitSchema, create(RoleTraitSchema, withProfile))
    if (trait === "group" || resource._tag !== "Account") {
      return any(GroupTraitSchema, create(GroupTraitSchema, withProfile))
    }
    return any(
      UserTraitSchema,
      create(UserTraitSchema, {
        emails: resource.emails.map((email) => ({ address: email.address, isPrimary: email.primary })),
        accountType: ACCOUNT_TYPE[resource.accountType],
        login: resource.login,
        employeeIds: [...resource.employeeIds ?? []],
        ...resource.givenName === undefined && resource.familyName === undefined
          ? {}
          : { structuredName: { givenName: resource.givenName ?? "", familyName: resource.familyName ?? "" } },
        ...status,
        ...withProfile,
        ...createdAt
      })
    )
  })
  return create(ResourceSchema, {
    id: { resourceType: resource.id.resourceType, resource: resource.id.resource },
    ...resource.parent === undefined ? {} : { parentResourceId: { ...resource.parent } },
    displayName: resource.displayName,
    description: resource.description ?? "",
    annotations,
    ...withProfile,
    ...status,
    ...createdAt
  })
}

describe("the same bytes as protobuf-es", () => {
  const same = (
    resource: Resource.Resource,
    declared: ReadonlyArray<ResourceType.Trait>,
    traits: ReadonlyArray<string>
  ) =>
    assert.strictEqual(
      hex(written((writer) => writeResource(writer, resource, declared))),
      hex(toBinary(ResourceSchema, reference(resource, traits)))
    )

  it("accounts", () => {
    fc.assert(fc.property(account, (resource) => same(resource, ["user"], ["user"])), { numRuns: 500 })
  })

  it("groups, also where the type does not declare the trait", () => {
    fc.assert(
      fc.property(group, fc.boolean(), (resource, declared) => same(resource, declared ? ["group"] : [], ["group"]))
    )
  })

  it("other resources, with the traits of their type", () => {
    fc.assert(fc.property(item, (resource) => same(resource, ["role"], ["role"])))
    fc.assert(fc.property(item, (resource) => same(resource, [], [])))
  })

  it("resource types", () => {
    const type = merged(
      fc.record({
        id: anyString,
        displayName: anyString,
        traits: fc.subarray(["user", "group", "role", "app"] as const)
      }),
      optional("description", anyString)
    ) as fc.Arbitrary<ResourceType.ResourceType>
    fc.assert(fc.property(type, (value) =>
      assert.strictEqual(
        hex(written((writer) => writeResourceType(writer, value))),
        hex(toBinary(
          ResourceTypeSchema,
          create(ResourceTypeSchema, {
            id: value.id,
            displayName: value.displayName,
            description: value.description ?? "",
            traits: value.traits.map((trait) => TRAIT[trait])
          })
        ))
      )))
  })

  it("entitlements", () => {
    const entitlement: fc.Arbitrary<Entitlement.Entitlement> = fc.record({
      id: anyString,
      resource: id,
      slug: string,
      displayName: anyString,
      description: anyString,
      purpose: fc.constantFrom("assignment", "permission", "ownership"),
      grantableTo: fc.array(string, { maxLength: 3 })
    })
    fc.assert(fc.property(entitlement, group, (value, resource) => {
      const types = value.grantableTo.map((type) => create(ResourceTypeSchema, { id: type }))
      assert.strictEqual(
        hex(written((writer) =>
          writeEntitlement(
            writer,
            value,
            written((inner) => writeResource(inner, resource, ["group"])),
            types.map((type) => toBinary(ResourceTypeSchema, type))
          )
        )),
        hex(toBinary(
          EntitlementSchema,
          create(EntitlementSchema, {
            resource: reference(resource, ["group"]),
            id: value.id,
            displayName: value.displayName,
            description: value.description,
            grantableTo: types,
            purpose: PURPOSE[value.purpose],
            slug: value.slug
          })
        ))
      )
    }))
  })

  it("grants and what they expand to", () => {
    const grant: fc.Arbitrary<Grant.Grant> = fc.record({ id: anyString, entitlementId: anyString, principal: id })
    fc.assert(fc.property(grant, group, (value, resource) => {
      const encoded = written((writer) => writeResource(writer, resource, ["group"]))
      assert.strictEqual(
        hex(
          written((writer) =>
            writeGrant(writer, value, written((inner) => writeGrantedEntitlement(inner, value.entitlementId, encoded)))
          )
        ),
        hex(toBinary(
          GrantSchema,
          create(GrantSchema, {
            entitlement: { id: value.entitlementId, resource: reference(resource, ["group"]) },
            principal: { id: { ...value.principal } },
            id: value.id
          })
        ))
      )
    }))
    const expandable = fc.record({
      entitlementIds: fc.array(anyString, { maxLength: 3 }),
      shallow: fc.boolean(),
      resourceTypes: fc.array(string, { maxLength: 3 })
    })
    fc.assert(fc.property(expandable, (value) =>
      assert.strictEqual(
        hex(written((writer) => writeExpandable(writer, value))),
        hex(toBinary(
          GrantExpandableSchema,
          create(GrantExpandableSchema, {
            entitlementIds: value.entitlementIds,
            shallow: value.shallow,
            resourceTypeIds: value.resourceTypes
          })
        ))
      )))
  })
})

describe("profiles", () => {
  const profileOf = (profile: Resource.Group["profile"]) => {
    const bytes = written((writer) =>
      writeResource(writer, {
        _tag: "Group",
        id: { resourceType: "group", resource: "g" },
        displayName: "G",
        ...profile === undefined ? {} : { profile }
      })
    )
    return { bytes, message: fromBinary(ResourceSchema, bytes) }
  }

  it("are the same bytes whatever order their keys come in, integer-like keys and surrogates included", () => {
    const keys = ["b", "a", "10", "9", "\u{1f600}", "\uffee", "\ud7ff", "", "é", "z"]
    fc.assert(fc.property(fc.shuffledSubarray(keys, { minLength: keys.length }), (order) => {
      const shuffled = Object.fromEntries(order.map((name) => [name, name]))
      const straight = Object.fromEntries(keys.map((name) => [name, name]))
      assert.strictEqual(hex(profileOf(shuffled).bytes), hex(profileOf(straight).bytes))
    }))
    const { message } = profileOf(Object.fromEntries(keys.map((name) => [name, name])))
    assert.deepStrictEqual(message.profile, Object.fromEntries(keys.map((name) => [name, name])))
  })

  it("stand in the trait and in the resource, as Go's builder leaves them", () => {
    const { message } = profileOf({ dept: "eng" })
    const [annotation] = message.annotations
    const trait = annotation === undefined ? undefined : anyUnpack(annotation, GroupTraitSchema)
    assert.deepStrictEqual(message.profile, { dept: "eng" })
    assert.deepStrictEqual(trait?.profile, { dept: "eng" })
  })

  it("keep a key named __proto__", () => {
    const { message } = profileOf(JSON.parse("{\"__proto__\":\"x\",\"a\":1}"))
    assert.deepStrictEqual(Object.keys(message.profile ?? {}).sort(), ["__proto__", "a"])
  })

  it("that nest without end become text at a depth that every decoder reads", () => {
    let deep: JsonObject = { end: true }
    for (let level = 0; level < 2000; level++) deep = { deep }
    const { message } = profileOf(deep)
    let value: unknown = message.profile
    let levels = 0
    while (typeof value === "object" && value !== null && "deep" in value) {
      value = value.deep
      levels++
    }
    assert.isString(value)
    assert.isBelow(levels, 40)
  })

  it("write lone surrogates as U+FFFD, which UTF-8 has a word for", () => {
    const { message } = profileOf({ name: "a\ud800b", long: `${"x".repeat(100)}\udc00` })
    assert.deepStrictEqual(message.profile, { name: "a\ufffdb", long: `${"x".repeat(100)}\ufffd` })
  })
})
