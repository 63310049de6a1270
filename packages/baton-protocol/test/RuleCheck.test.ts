import { create, type DescMessage, getOption, hasOption, type MessageInitShape } from "@bufbuild/protobuf"
import { assert, describe, it } from "@effect/vitest"
import { InvokeActionRequestSchema } from "../src/gen/c1/connector/v2/action_pb.ts"
import { EntitlementSchema } from "../src/gen/c1/connector/v2/entitlement_pb.ts"
import { GrantManagerServiceGrantRequestSchema, GrantSchema } from "../src/gen/c1/connector/v2/grant_pb.ts"
import {
  CreateAccountRequestSchema,
  IssueCredentialRequestSchema,
  ResourceSchema,
  ResourcesServiceListResourcesRequestSchema,
  ResourceTypeSchema
} from "../src/gen/c1/connector/v2/resource_pb.ts"
import {
  DeleteManyRequestSchema,
  GetManyRequestSchema,
  SetManyRequestSchema,
  SetRequestSchema
} from "../src/gen/c1/connectorapi/baton/v1/session_pb.ts"
import { DoRequestSchema } from "../src/gen/c1/ratelimit/v1/ratelimit_pb.ts"
import { registry } from "../src/Registry.ts"
import * as RuleCheck from "../src/RuleCheck.ts"
import { rules } from "../src/Validate.ts"

const fault = <Desc extends DescMessage>(schema: Desc, message: MessageInitShape<Desc>): string | undefined => {
  const found = RuleCheck.check(schema, create(schema, message))
  return found === undefined ? undefined : `${found.path}: ${found.rule}`
}

const id = (resourceType: string, resource: string) => ({ id: { resourceType, resource } })

/** A message with a number that its enum doesn't have, as proto3 decodes it. */
const decoded = <Desc extends DescMessage>(
  schema: Desc,
  message: MessageInitShape<Desc>,
  odd: object
): string | undefined => {
  const found = RuleCheck.check(schema, Object.assign(create(schema, message), odd))
  return found === undefined ? undefined : `${found.path}: ${found.rule}`
}

const syncId = "2".repeat(27)

describe("RuleCheck", () => {
  it("lets good requests pass", () => {
    assert.isUndefined(fault(ResourcesServiceListResourcesRequestSchema, { resourceTypeId: "user", pageSize: 250 }))
    assert.isUndefined(fault(ResourcesServiceListResourcesRequestSchema, { resourceTypeId: "x".repeat(1024) }))
    assert.isUndefined(fault(GrantSchema, {
      id: "g",
      entitlement: { id: "e", resource: id("group", "1") },
      principal: id("user", "1")
    }))
    assert.isUndefined(fault(SetRequestSchema, { syncId, key: "k", value: new Uint8Array(4_132_864) }))
  })

  it("counts bytes and not characters where the rule says bytes", () => {
    assert.isUndefined(fault(ResourcesServiceListResourcesRequestSchema, { resourceTypeId: "é".repeat(512) }))
    assert.strictEqual(
      fault(ResourcesServiceListResourcesRequestSchema, { resourceTypeId: "é".repeat(513) }),
      "resource_type_id: value length must be at most 1024 bytes"
    )
    assert.isUndefined(fault(SetRequestSchema, { syncId, key: "🧸".repeat(512) }))
    assert.strictEqual(
      fault(SetRequestSchema, { syncId, key: "🧸".repeat(513) }),
      "key: value length must be at most 512 characters"
    )
  })

  it.each([
    ["an empty id", { resourceTypeId: "" }, "resource_type_id: value length must be at least 1 bytes"],
    [
      "a page that is too large",
      { resourceTypeId: "u", pageSize: 251 },
      "page_size: value must be less than or equal to 250"
    ],
    [
      "a token that is too long",
      { resourceTypeId: "u", pageToken: "x".repeat(1_048_577) },
      "page_token: value length must be at most 1048576 bytes"
    ],
    [
      "half an id inside",
      { resourceTypeId: "u", parentResourceId: { resourceType: "user" } },
      "parent_resource_id.resource: value length must be at least 1 bytes"
    ]
  ])("refuses %s", (_, message, expected) => {
    assert.strictEqual(fault(ResourcesServiceListResourcesRequestSchema, message), expected)
  })

  it("looks into messages of fields that have no rules, and into lists", () => {
    const principal = id("user", "1")
    const on = { id: "e", resource: id("group", "1") }
    assert.strictEqual(fault(GrantManagerServiceGrantRequestSchema, { principal }), "entitlement: value is required")
    assert.strictEqual(
      fault(GrantManagerServiceGrantRequestSchema, { principal, entitlement: { id: "e" } }),
      "entitlement.resource: value is required"
    )
    assert.strictEqual(
      fault(GrantManagerServiceGrantRequestSchema, {
        principal,
        entitlement: { ...on, grantableTo: [{ id: "user" }, { id: "" }] }
      }),
      "entitlement.grantable_to[1].id: value length must be at least 1 bytes"
    )
    assert.strictEqual(
      fault(GrantManagerServiceGrantRequestSchema, { entitlement: on, principal: id("user", "x".repeat(1025)) }),
      "principal.id.resource: value length must be at most 1024 bytes"
    )
    assert.strictEqual(
      fault(ResourceSchema, { ...id("user", "1"), description: "x".repeat(2049) }),
      "description: value length must be at most 2048 bytes"
    )
  })

  it("knows enums, unique lists, sizes of lists and of maps", () => {
    assert.strictEqual(
      decoded(EntitlementSchema, { id: "e", resource: id("a", "b") }, { purpose: 77 }),
      "purpose: value must be one of the defined enum values"
    )
    assert.strictEqual(
      fault(ResourceTypeSchema, { id: "t", traits: [1, 1] }),
      "traits: repeated value must contain unique items"
    )
    assert.strictEqual(
      decoded(ResourceTypeSchema, { id: "t" }, { traits: [1, 77] }),
      "traits[1]: value must be one of the defined enum values"
    )
    assert.strictEqual(fault(GetManyRequestSchema, { syncId }), "keys: value must contain at least 1 item(s)")
    assert.strictEqual(
      fault(DeleteManyRequestSchema, { syncId, keys: Array.from({ length: 201 }, (_, index) => `k${index}`) }),
      "keys: value must contain no more than 200 item(s)"
    )
    assert.strictEqual(
      fault(GetManyRequestSchema, { syncId, keys: ["a", ""] }),
      "keys[1]: value length must be at least 1 characters"
    )
    assert.strictEqual(fault(SetManyRequestSchema, { syncId }), "values: value must contain at least 1 pair(s)")
    assert.strictEqual(
      fault(SetManyRequestSchema, { syncId, values: { ["k".repeat(513)]: new Uint8Array() } }),
      `values[${"k".repeat(513)}]: value length must be at most 512 characters`
    )
    assert.strictEqual(
      fault(SetManyRequestSchema, { syncId, values: { k: new Uint8Array(4_132_865) } }),
      "values[k]: value length must be at most 4132864 bytes"
    )
    assert.strictEqual(
      fault(DoRequestSchema, { descriptors: {} }),
      "descriptors.entries: value must contain at least 1 item(s)"
    )
  })

  it("knows patterns, numbers of 64 bits and lengths of time", () => {
    assert.match(fault(SetRequestSchema, { syncId: "x", key: "k" }) ?? "", /^sync_id: value does not match/)
    assert.match(fault(IssueCredentialRequestSchema, { requestId: "a b" }) ?? "", /^request_id: value does not match/)
    const random = (length: number) => ({
      credentialOptions: { options: { case: "randomPassword" as const, value: { length: BigInt(length) } } }
    })
    assert.isUndefined(fault(CreateAccountRequestSchema, random(8)))
    assert.strictEqual(
      fault(CreateAccountRequestSchema, random(7)),
      "credential_options.random_password.length: value must be greater than or equal to 8"
    )
    assert.strictEqual(
      fault(CreateAccountRequestSchema, random(65)),
      "credential_options.random_password.length: value must be less than or equal to 64"
    )
    const waiting = (seconds: number) => ({ name: "x", inlineWait: { seconds: BigInt(seconds) } })
    assert.isUndefined(fault(InvokeActionRequestSchema, waiting(86_400)))
    assert.match(fault(InvokeActionRequestSchema, waiting(86_401)) ?? "", /^inline_wait: /)
    assert.match(fault(InvokeActionRequestSchema, waiting(-1)) ?? "", /^inline_wait: /)
  })

  it.each([
    "jane@example.com",
    "j.a+b_c@sub.example.co.uk",
    "Jane Smith <jane@example.com>",
    "\"jane smith\"@example.com",
    "jürgen@example.com",
    "a@localhost"
  ])("takes %s for an e-mail address", (address) => {
    assert.isUndefined(fault(CreateAccountRequestSchema, { accountInfo: { emails: [{ address }] } }))
  })

  it.each([
    "",
    "jane",
    "@example.com",
    "jane@",
    "jane@exa mple.com",
    "a..b@example.com",
    "jane@-a.com",
    `${"x".repeat(65)}@e.com`
  ])(
    "takes %s for none",
    (address) => {
      assert.strictEqual(
        fault(CreateAccountRequestSchema, { accountInfo: { emails: [{ address }] } }),
        "account_info.emails[0].address: value must be a valid email address"
      )
    }
  )

  it("knows every kind of rule that the protocol has", () => {
    const kinds = new Set<string>()
    for (const type of registry) {
      if (type.kind !== "message") continue
      for (const field of type.fields) {
        if (hasOption(field, rules)) kinds.add(getOption(field, rules).type.case ?? "message")
      }
    }
    assert.deepStrictEqual(
      [...kinds].sort(),
      ["bytes", "duration", "enum", "int64", "map", "message", "repeated", "string", "uint32"]
    )
  })
})
