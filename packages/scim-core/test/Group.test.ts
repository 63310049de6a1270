import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Group from "../src/Group.ts"
import * as Schemas from "../src/Schemas.ts"
import { Findings } from "../src/ScimResource.ts"

const decoded = (
  input: unknown
): { readonly group: Group.Group; readonly findings: ReadonlyArray<readonly [string, string]> } => {
  const findings = new Findings()
  const group = Group.decode(input, findings)
  assert(group !== undefined, "no group")
  return { group, findings: findings.toArray().map(({ attribute, kind }) => [attribute, kind]) }
}

const member = (value: string, rest: Partial<Group.Member> = {}): Group.Member => ({
  value,
  display: undefined,
  type: undefined,
  ref: undefined,
  ...rest
})

const known = (members: ReadonlyArray<Group.Member>, unreadable = 0): Group.Members => ({
  _tag: "Known",
  members,
  unreadable
})

const membersOf = (members: unknown): Group.Members => decoded({ id: "g", members }).group.members

describe("Group", () => {
  describe("decode", () => {
    it("reads the group of RFC 7643 §8.4 without a finding", () => {
      const input = {
        schemas: [Schemas.Group],
        id: "e9e30dba",
        displayName: "Tour Guides",
        members: [
          { value: "2819c223", $ref: "https://example.com/v2/Users/2819c223", display: "Babs Jensen" },
          { value: "902c246b", $ref: "https://example.com/v2/Groups/902c246b", display: "Nested", type: "Group" }
        ],
        meta: { resourceType: "Group", version: "W/\"3694e05e9dff592\"" }
      }
      const { findings, group } = decoded(input)
      assert.deepStrictEqual(findings, [])
      assert.strictEqual(group.displayName, "Tour Guides")
      assert.strictEqual(group.raw, input)
      assert.strictEqual(group.meta?.version, "W/\"3694e05e9dff592\"")
      assert.deepStrictEqual(
        group.members,
        known([
          member("2819c223", { display: "Babs Jensen", type: "User", ref: "https://example.com/v2/Users/2819c223" }),
          member("902c246b", { display: "Nested", type: "Group", ref: "https://example.com/v2/Groups/902c246b" })
        ])
      )
    })

    it("case 29: absent and null members are unknown, [] is empty", () => {
      assert.deepStrictEqual(decoded({ id: "g" }).group.members, { _tag: "Unknown" })
      assert.deepStrictEqual(membersOf(null), { _tag: "Unknown" })
      assert.deepStrictEqual(membersOf([]), known([]))
    })

    it("case 29: members that cannot be read are unknown, never empty", () => {
      for (const unreadable of ["", "u1", 5, true, {}, [{}], [{ display: "x" }], [true, {}], [{ value: "" }], [""]]) {
        const { findings, group } = decoded({ id: "g", members: unreadable })
        assert.deepStrictEqual(group.members, { _tag: "Unknown" }, JSON.stringify(unreadable))
        assert.isAbove(findings.length, 0)
      }
    })

    it("a list of which one entry cannot be read says so", () => {
      const { findings, group } = decoded({ id: "g", members: [{ value: "u1" }, { display: "no id" }] })
      assert.deepStrictEqual(group.members, known([member("u1")], 1))
      assert.deepStrictEqual(findings, [["Group.members.value", "MissingId"]])
    })

    it("case 30: bare ids, and ids from $ref", () => {
      const { findings, group } = decoded({
        id: "g",
        members: ["u1", 42, { $ref: "https://example.com/scim/v2/Users/u%202?x=1" }, { $ref: "/Groups/g2/" }, {
          value: null,
          $ref: "u5"
        }]
      })
      assert.deepStrictEqual(
        group.members,
        known([
          member("u1"),
          member("42"),
          member("u 2", { type: "User", ref: "https://example.com/scim/v2/Users/u%202?x=1" }),
          member("g2", { type: "Group", ref: "/Groups/g2/" }),
          member("u5", { ref: "u5" })
        ])
      )
      assert.includeDeepMembers([...findings], [["Group.members", "BareValue"], [
        "Group.members.value",
        "ReferenceOnly"
      ]])
    })

    it("a $ref with a stray percent sign is meant literally, one with several bytes is UTF-8", () => {
      const value = ($ref: string) => {
        const members = membersOf([{ $ref }])
        return members._tag === "Known" ? members.members[0]?.value : undefined
      }
      assert.strictEqual(value("/Users/100%"), "100%")
      assert.strictEqual(value("/Users/%zz"), "%zz")
      assert.strictEqual(value("/Users/%E2%82%AC%2F"), "€/")
      assert.strictEqual(value("/Users/%ff"), "\ufffd")
      assert.strictEqual(value("///"), undefined)
      assert.strictEqual(value("https://example.com/Users/x#y"), "x")
    })

    it("case 31: a $ref to Groups makes a nested group; the type itself counts more", () => {
      const type = (entry: object) => {
        const members = membersOf([{ value: "x", ...entry }])
        return members._tag === "Known" ? members.members[0]?.type : undefined
      }
      assert.strictEqual(type({}), undefined)
      assert.strictEqual(type({ $ref: "https://example.com/scim/Groups/x" }), "Group")
      assert.strictEqual(type({ $ref: "../groups/x" }), "Group")
      assert.strictEqual(type({ $ref: "Users/x" }), "User")
      assert.strictEqual(type({ $ref: "https://example.com/Things/x" }), undefined)
      assert.strictEqual(type({ type: "User", $ref: "/Groups/x" }), "User")
      assert.strictEqual(type({ type: "group" }), "Group")
      assert.strictEqual(type({ type: "direct", $ref: "/Groups/x" }), "Group")
      assert.strictEqual(type({ type: null, $ref: null }), undefined)
      assert.strictEqual(type({ TYPE: "Group" }), "Group")
    })

    it("case 32: duplicated members are there once, the first of them", () => {
      const { findings, group } = decoded({
        id: "g",
        members: [{ value: "a", display: "A" }, { value: "b" }, { value: "a" }, "b"]
      })
      assert.deepStrictEqual(group.members, known([member("a", { display: "A" }), member("b")]))
      assert.includeDeepMembers([...findings], [["Group.members", "Duplicate"]])
    })

    it("ids that differ in case are different members", () => {
      assert.deepStrictEqual(membersOf([{ value: "a" }, { value: "A" }]), known([member("a"), member("A")]))
    })

    it("case 27: nulls in the list are left out", () => {
      assert.deepStrictEqual(membersOf([null, { value: "a", display: null }]), known([member("a")]))
      assert.deepStrictEqual(membersOf([null]), known([]))
    })

    it("case 28: one member as an object", () => {
      assert.deepStrictEqual(membersOf({ value: "a" }), known([member("a")]))
    })

    it("case 25: names in any case", () => {
      const { group } = decoded({ ID: 7, DisplayName: "G", MEMBERS: [{ Value: "a", DISPLAY: "A", $REF: "/Users/a" }] })
      assert.strictEqual(group.id, "7")
      assert.strictEqual(group.displayName, "G")
      assert.deepStrictEqual(group.members, known([member("a", { display: "A", type: "User", ref: "/Users/a" })]))
    })

    it("has no group without an id", () => {
      for (const input of [{}, { id: null }, { id: "" }, null, [], "g", 1, undefined]) {
        const findings = new Findings()
        assert.strictEqual(Group.decode(input, findings), undefined)
        assert.isFalse(findings.isEmpty)
      }
    })

    it("case 42: half a million members", () => {
      const members = Array.from({ length: 500_000 }, (_, index) => ({ value: `user-${index}` }))
      const result = Group.decodeMembers(members)
      assert.strictEqual(result._tag === "Known" ? result.members.length : 0, 500_000)
    })

    it("never throws, never repeats a member, never calls an unreadable list empty", () => {
      const entry = fc.oneof(
        fc.jsonValue(),
        fc.dictionary(
          fc.constantFrom("value", "VALUE", "$ref", "type", "display", "__proto__"),
          fc.oneof(fc.jsonValue(), fc.constantFrom("a", "b", "/Users/a", "/Groups/b", "User"))
        )
      )
      fc.assert(
        fc.property(fc.oneof(fc.jsonValue(), fc.array(entry)), (members) => {
          const input: unknown = JSON.parse(JSON.stringify({ id: "g", members }))
          const result = Group.decode(input, new Findings())?.members
          assert(result !== undefined)
          if (result._tag === "Known") {
            const ids = result.members.map(({ value }) => value)
            assert.strictEqual(new Set(ids).size, ids.length)
            assert.isTrue(ids.every((id) => id !== ""))
            if (ids.length === 0) {
              assert.isTrue(Array.isArray(members) && members.every((item) => item === null))
            }
          }
        }),
        { numRuns: 500 }
      )
    })
  })

  describe("create", () => {
    it("writes what is given and nothing else", () => {
      assert.deepStrictEqual(Group.create({ displayName: "G" }), { schemas: [Schemas.Group], displayName: "G" })
      assert.deepStrictEqual(
        Group.create({
          displayName: "G",
          externalId: "7",
          members: ["a", { value: "b", type: "Group" }, { value: "c", type: undefined }],
          extensions: { "urn:example:ext": { a: 1 } }
        }),
        {
          schemas: [Schemas.Group, "urn:example:ext"],
          displayName: "G",
          externalId: "7",
          members: [{ value: "a" }, { value: "b", type: "Group" }, { value: "c" }],
          "urn:example:ext": { a: 1 }
        }
      )
      assert.deepStrictEqual(Group.create({ displayName: "G", members: [] })["members"], [])
    })

    it("is read back as it was written", () => {
      fc.assert(fc.property(fc.string(), fc.uniqueArray(fc.string({ minLength: 1 })), (displayName, ids) => {
        const body = JSON.parse(JSON.stringify(Group.create({ displayName, members: ids })))
        const { findings, group } = decoded({ ...body, id: "g" })
        assert.deepStrictEqual(findings, [])
        assert.strictEqual(group.displayName, displayName)
        assert.deepStrictEqual(group.members, known(ids.map((id) => member(id))))
      }))
    })
  })
})
