import * as ScimGroup from "@access-kit/scim-core/Group"
import { describe, expect, it } from "@effect/vitest"
import * as MemberList from "../src/internal/MemberList.ts"
import * as Service from "../src/internal/Service.ts"
import { dialects } from "../src/Settings.ts"

const group = (attributes: Record<string, unknown>): ScimGroup.Group => {
  const decoded = ScimGroup.decode({ id: "g", displayName: "G", ...attributes })
  if (decoded === undefined) throw new Error("the fixture is no group")
  return decoded
}

const ids = (list: MemberList.MemberList) =>
  list._tag === "Known" ? list.members.map((member) => member.value) : list._tag

describe("MemberList", () => {
  describe.each(dialects)("with the dialect %s", (name) => {
    const service = Service.named(name)

    it("knows a list", () => {
      const two = group({ members: [{ value: "a" }, { value: "b" }] })
      expect(MemberList.inList(service, two)?.map((member) => member.value)).toEqual(["a", "b"])
      expect(ids(MemberList.alone(service, two))).toEqual(["a", "b"])
    })

    it("knows an empty list of a group that was read on its own", () => {
      expect(ids(MemberList.alone(service, group({ members: [] })))).toEqual([])
    })

    it.each([
      ["absent", {}],
      ["null", { members: null }],
      ["a word", { members: "lots" }],
      ["a number", { members: 7 }],
      ["a list of nothing usable", { members: [{ display: "Alice" }] }],
      ["a list with a hole", { members: [{ value: "a" }, { display: "Bob" }] }]
    ])("asks for the group itself when the members in a list are %s", (_, attributes) => {
      expect(MemberList.inList(service, group(attributes))).toBeUndefined()
    })

    it.each([
      ["a word", { members: "lots" }],
      ["a word under a name in another case", { Members: "lots" }],
      ["a list of nothing usable", { members: [{ display: "Alice" }] }],
      ["a list with a hole", { members: [{ value: "a" }, { display: "Bob" }] }]
    ])("never takes %s for an empty or a shorter list", (_, attributes) => {
      expect(ids(MemberList.alone(service, group(attributes)))).toBe("Unreadable")
    })
  })

  it("takes an absent list of a group on its own for empty where that is known to be meant", () => {
    for (const attributes of [{}, { members: null }]) {
      expect(ids(MemberList.alone(Service.named("workos"), group(attributes)))).toEqual([])
      expect(ids(MemberList.alone(Service.named("standard"), group(attributes)))).toEqual([])
      expect(ids(MemberList.alone(Service.named("claude-government"), group(attributes)))).toBe("Unreadable")
    }
  })

  it("believes an empty list in a listing only where lists are known to carry members", () => {
    const empty = group({ members: [] })
    expect(MemberList.inList(Service.named("workos"), empty)).toEqual([])
    expect(MemberList.inList(Service.named("standard"), empty)).toBeUndefined()
    expect(MemberList.inList(Service.named("claude-government"), empty)).toBeUndefined()
  })
})
