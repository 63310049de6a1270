/** Rows are written straight into a response; these are the bytes that the message objects would have. */
import { EntitlementsServiceListEntitlementsResponseSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import { GrantsServiceListGrantsResponseSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import { ResourcesServiceListResourcesResponseSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import type { Entitlement, Grant, Page, Resource } from "@access-kit/connector-model"
import {
  create,
  type DescMessage,
  type JsonObject,
  type Message,
  type MessageShape,
  toBinary
} from "@bufbuild/protobuf"
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { ListWriter } from "../src/internal/ListWriter.ts"
import * as Rows from "../src/internal/Rows.ts"
import * as ToMessage from "../src/ToMessage.ts"

const string = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: "grapheme", maxLength: 60 }) },
  { weight: 1, arbitrary: fc.string({ unit: "binary", minLength: 100, maxLength: 400 }) }
)

// Message objects hold a profile as an object, in which numbers come before all other keys, wherever they belong.
const key = fc.string({ unit: "grapheme", maxLength: 20 }).filter((text) => !/^\d+$/.test(text))
const { object: profile } = fc.letrec<{ value: JsonObject[string]; object: JsonObject }>((
  tie
) => ({
  value: fc.oneof(
    { depthSize: "small" },
    string,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 4 }),
    tie("object")
  ),
  object: fc.dictionary(key, tie("value"), { maxKeys: 6 })
}))

const time = fc.oneof(
  fc.date({ min: new Date("1960-01-01T00:00:00Z"), max: new Date("2200-01-01T00:00:00Z"), noInvalidDate: true })
    .map((date) => date.toISOString()),
  fc.constant("never")
)

const id = fc.record({ resourceType: string, resource: string })

const common = { id, displayName: string }
const commonOptional = { description: string, parent: id, profile }

const account = fc.record({
  _tag: fc.constant("Account" as const),
  ...common,
  ...commonOptional,
  status: fc.constantFrom("enabled", "disabled", "deleted", "unknown"),
  accountType: fc.constantFrom("human", "service", "system", "unknown"),
  login: string,
  emails: fc.array(fc.record({ address: string, primary: fc.boolean() }), { maxLength: 3 }),
  statusDetails: string,
  givenName: string,
  familyName: string,
  employeeIds: fc.array(string, { maxLength: 2 }),
  createdAt: time
}, { requiredKeys: ["_tag", "id", "displayName", "status", "accountType", "login", "emails"] })

const other = <const Tag extends "Group" | "Item">(tag: Tag) =>
  fc.record({ _tag: fc.constant(tag), ...common, ...commonOptional }, { requiredKeys: ["_tag", "id", "displayName"] })

const resource = fc.oneof(account, other("Group"), other("Item")) as fc.Arbitrary<Resource.Resource>

const traits = fc.subarray(["user", "group", "role", "app"] as const)

const entitlement: fc.Arbitrary<Entitlement.Entitlement> = fc.record({
  id: string,
  resource: id,
  slug: string,
  displayName: string,
  description: string,
  purpose: fc.constantFrom("assignment", "permission", "ownership"),
  grantableTo: fc.array(fc.oneof(string, fc.constantFrom("user", "group")), { maxLength: 3 })
})

const grant = fc.record({
  id: string,
  entitlementId: fc.oneof(string, fc.constantFrom("a", "b")),
  principal: id,
  expandable: fc.record({
    entitlementIds: fc.array(string, { maxLength: 3 }),
    shallow: fc.boolean(),
    resourceTypes: fc.array(string, { maxLength: 3 })
  })
}, { requiredKeys: ["id", "entitlementId", "principal"] }) as fc.Arbitrary<Grant.Grant>

const records: fc.Arbitrary<ReadonlyArray<Page.ResourceRecord>> = fc.array(
  fc.record({
    resource,
    entitlements: fc.array(entitlement, { maxLength: 3 }),
    grants: fc.array(grant, { maxLength: 5 })
  }),
  { maxLength: 4 }
)

const types = new Map(
  (["user", "group"] as const).map((each) => [
    each,
    ToMessage.resourceType({ id: each, displayName: `Some ${each}`, description: "A type", traits: [each] })
  ])
)

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex")

const same = <Desc extends DescMessage>(
  schema: Desc,
  rows: Rows.Rows,
  empty: MessageShape<Desc> & Message,
  expected: MessageShape<Desc>
) => {
  const list = new ListWriter()
  for (let index = 0; index < rows.length; index++) rows.write(index, list)
  empty.$unknown = list.fields
  assert.strictEqual(hex(toBinary(schema, empty)), hex(toBinary(schema, expected)))
}

describe("the rows of a response are the bytes of its messages", () => {
  it("resources", () => {
    fc.assert(
      fc.property(records, traits, (page, declared) => {
        const schema = ResourcesServiceListResourcesResponseSchema
        const list = page.map((record) => ToMessage.resource(record.resource, declared))
        const rows = Rows.resources(page, declared)
        assert.strictEqual(rows.length, page.length)
        same(schema, rows, create(schema), create(schema, { list }))
      }),
      { numRuns: 400 }
    )
  })

  it("entitlements, to be granted to types that are known and to others", () => {
    fc.assert(
      fc.property(records, traits, (page, declared) => {
        const schema = EntitlementsServiceListEntitlementsResponseSchema
        const list = page.flatMap((record) =>
          record.entitlements.map((each) =>
            ToMessage.entitlement(each, ToMessage.resource(record.resource, declared), types)
          )
        )
        same(schema, Rows.entitlements(page, declared, types), create(schema), create(schema, { list }))
      }),
      { numRuns: 200 }
    )
  })

  it("grants, those that expand among others", () => {
    fc.assert(
      fc.property(records, traits, (page, declared) => {
        const schema = GrantsServiceListGrantsResponseSchema
        const list = page.flatMap((record) =>
          record.grants.map((each) =>
            ToMessage.grant(
              each,
              ToMessage.grantedEntitlement(each.entitlementId, ToMessage.resource(record.resource, declared))
            )
          )
        )
        same(schema, Rows.grants(page, declared), create(schema), create(schema, { list }))
      }),
      { numRuns: 200 }
    )
  })
})
