import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as fc from "fast-check"
import { patchBodyValidation, scimPatch } from "scim-patch"
import type { ScimPatch, ScimResource } from "scim-patch"
import * as Filter from "../src/Filter.ts"
import * as Patch from "../src/Patch.ts"
import * as Schemas from "../src/Schemas.ts"

const make = (...operations: ReadonlyArray<Patch.Operation>): Patch.Patch => Result.getOrThrow(Patch.make(operations))

const operations = (patch: Patch.Patch): unknown => Patch.encode(patch)["Operations"]

const problem = (...operations: ReadonlyArray<Patch.Operation>): string => {
  const result = Patch.make(operations)
  assert(Result.isFailure(result), "the PATCH was accepted")
  return result.failure.message
}

describe("Patch", () => {
  describe("encode", () => {
    it("writes schemas and lower-case operations", () => {
      assert.deepStrictEqual(
        Patch.encode(make(
          Patch.addMember("a"),
          Patch.removeMember("b"),
          Patch.replace("displayName", "New"),
          Patch.remove("title"),
          Patch.setActive(false),
          Patch.add("emails", [{ value: "x@example.com", type: "work", primary: true }]),
          Patch.addAttributes({ nickName: "Z" }),
          Patch.replaceAttributes({ active: true, title: undefined })
        )),
        {
          schemas: [Schemas.PatchOp],
          Operations: [
            { op: "add", path: "members", value: [{ value: "a" }] },
            { op: "remove", path: "members[value eq \"b\"]" },
            { op: "replace", path: "displayName", value: "New" },
            { op: "remove", path: "title" },
            { op: "replace", path: "active", value: false },
            { op: "add", path: "emails", value: [{ value: "x@example.com", type: "work", primary: true }] },
            { op: "add", value: { nickName: "Z" } },
            { op: "replace", value: { active: true } }
          ]
        }
      )
    })

    it("adds members in one operation, each once", () => {
      assert.deepStrictEqual(operations(make(Patch.addMembers(["a", "b", "a"]))), [
        { op: "add", path: "members", value: [{ value: "a" }, { value: "b" }] }
      ])
    })

    it("escapes ids, so that no id selects another member", () => {
      fc.assert(fc.property(fc.string({ unit: "binary", minLength: 1 }), (id) => {
        const [operation] = make(Patch.removeMember(id)).operations
        assert(operation._tag === "Remove")
        // A PATCH value path is a value path of the filter grammar.
        const filter = Result.getOrThrow(Filter.parse(operation.path))
        assert.deepStrictEqual(filter, Filter.valuePath("members", Filter.eq("value", id)))
      }))
    })

    it("writes the dangerous form only by its own name", () => {
      assert.deepStrictEqual(operations(make(Patch.removeMembersByValueDangerously(["a", "b"]))), [
        { op: "remove", path: "members", value: [{ value: "a" }, { value: "b" }] }
      ])
    })
  })

  describe("make", () => {
    it("refuses an empty PATCH", () => {
      assert.match(problem(), /at least one operation/)
    })

    it("names the operation that is wrong", () => {
      const result = Patch.make([Patch.setActive(true), Patch.add("", 1)])
      assert(Result.isFailure(result))
      assert.strictEqual(result.failure.operation, 1)
      assert.strictEqual(result.failure._tag, "InvalidPatch")
    })

    it("refuses read-only attributes, however they are named", () => {
      for (
        const operation of [
          Patch.replace("id", "x"),
          Patch.replace("ID", "x"),
          Patch.replace("meta.version", "x"),
          Patch.remove("meta"),
          Patch.add("schemas", ["urn:x:y"]),
          Patch.replace("urn:ietf:params:scim:schemas:core:2.0:User:id", "x"),
          Patch.replaceAttributes({ displayName: "x", Id: "y" }),
          Patch.addAttributes({ "meta.location": "x" }),
          Patch.addAttributes({ schemas: ["x"] })
        ]
      ) {
        assert.match(problem(operation), /read-only/)
      }
    })

    it("lets extensions have such names", () => {
      assert.isTrue(Result.isSuccess(Patch.make([Patch.replace("urn:example:ext:id", "x")])))
    })

    it("refuses null, undefined in lists, numbers without JSON form and functions, at any depth", () => {
      // What callers without a type checker may pass.
      const foreign: ReadonlyArray<unknown> = [
        null,
        undefined,
        [null],
        { a: null },
        { a: [{ b: null }] },
        [undefined],
        Number.NaN,
        { a: Number.POSITIVE_INFINITY },
        () => 1,
        Symbol.iterator,
        10n
      ]
      for (const value of foreign) {
        const operation = Object.assign({}, Patch.replace("title", "x"), { value })
        assert.match(problem(operation), /null is not sent|no JSON form/)
      }
    })

    it("refuses booleans as text where a boolean belongs, and only there", () => {
      assert.match(problem(Patch.replace("active", "True")), /JSON boolean/)
      assert.match(problem(Patch.replace("urn:ietf:params:scim:schemas:core:2.0:User:active", "false")), /JSON boolean/)
      assert.match(problem(Patch.replaceAttributes({ active: "false" })), /JSON boolean/)
      assert.match(
        problem(Patch.replaceAttributes({ "urn:ietf:params:scim:schemas:core:2.0:User:active": "false" })),
        /JSON boolean/
      )
      assert.match(problem(Patch.add("emails", [{ value: "a", primary: "true" }])), /JSON boolean/)
      assert.match(problem(Patch.replace("emails[type eq \"work\"].primary", "true")), /JSON boolean/)
      assert.isTrue(Result.isSuccess(Patch.make([Patch.replace("displayName", "True")])))
    })

    it("refuses empty ids and values that say nothing", () => {
      assert.match(problem(Patch.addMember("")), /id of a member is empty/)
      assert.match(problem(Patch.removeMember("")), /id is empty/)
      assert.match(problem(Patch.removeMembersByValueDangerously([""])), /id of a member is empty/)
      assert.match(problem(Patch.removeMembersByValueDangerously([])), /without values/)
      assert.match(problem(Patch.addMembers([])), /empty/)
      assert.match(problem(Patch.addAttributes({})), /empty/)
      assert.match(problem(Patch.replaceAttributes({ title: undefined })), /empty/)
    })

    it("lets replace empty a plural attribute", () => {
      assert.deepStrictEqual(operations(make(Patch.replace("members", []))), [{
        op: "replace",
        path: "members",
        value: []
      }])
    })

    it("refuses paths that are none and says why", () => {
      const cases: ReadonlyArray<readonly [string, RegExp]> = [
        ["", /attribute path/],
        ["a b", /"\["/],
        ["members[", /sub-attribute/],
        ["members[value eq \"a\"", /"\]"/],
        ["members[value eq a]", /JSON value/],
        ["members[value eq \"a\"]x", /"\."/],
        ["members[value eq \"a\"].", /name of a sub-attribute/],
        ["members[value eq \"a\"].b.c", /name of a sub-attribute/],
        ["members[value eq \"a\"].b ", /end of the path/],
        ["a.b.c", /attribute path/]
      ]
      for (const [path, expected] of cases) {
        assert.match(problem(Patch.remove(path)), expected, path)
      }
    })

    it("takes every path of RFC 7644 §3.5.2", () => {
      for (
        const path of [
          "members",
          "name.familyName",
          "addresses[type eq \"work\"]",
          "members[value eq \"2819c223-7f76-453a-919d-413861904646\"]",
          "members[value eq \"2819c223-7f76-453a-919d-413861904646\"].displayName",
          "emails[type eq \"work\" and value ew \"example.com\"]",
          "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
          "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
        ]
      ) {
        assert.isTrue(Result.isSuccess(Patch.make([Patch.replace(path, "x")])), path)
      }
    })

    it("takes attributes by URN without a path", () => {
      const value = {
        [Schemas.EnterpriseUser]: { department: "R&D" },
        [`${Schemas.EnterpriseUser}:division`]: "x",
        "name.familyName": "y"
      }
      assert.isTrue(Result.isSuccess(Patch.make([Patch.replaceAttributes(value)])))
      assert.match(problem(Patch.replaceAttributes({ "a b": 1 })), /no attribute path/)
      assert.match(problem({ _tag: "Add", path: undefined, value: "x" }), /object of attributes/)
    })

    it("copies values, so that later changes of the caller's do not reach the request", () => {
      const value = [{ value: "a" }]
      const patch = make(Patch.replace("members", value))
      value.push({ value: "b" })
      assert.deepStrictEqual(operations(patch), [{ op: "replace", path: "members", value: [{ value: "a" }] }])
    })

    it("ends on values nested without end", () => {
      const loop: Record<string, unknown> = {}
      loop["a"] = loop
      assert.match(problem(Object.assign({}, Patch.replace("x", 1), { value: loop })), /32 levels/)
    })

    it("never throws and never lets null through, whatever it is given", () => {
      fc.assert(fc.property(fc.string(), fc.anything(), (path, value) => {
        const result = Patch.make([Object.assign({}, Patch.replace(path, 1), { value })])
        if (Result.isSuccess(result)) {
          const json = JSON.stringify(Patch.encode(result.success))
          assert.deepStrictEqual(withNull(JSON.parse(json)), false)
        }
      }))
    })
  })

  describe("split", () => {
    const ids = (count: number, prefix = "u") => Array.from({ length: count }, (_, index) => `${prefix}${index}`)

    it("leaves what fits as it is", () => {
      const patch = make(Patch.addMember("a"), Patch.removeMember("b"))
      assert.deepStrictEqual(Patch.split(patch, {}), [patch])
      assert.deepStrictEqual(Patch.split(patch, { maxOperations: 2, maxValues: 2 }), [patch])
    })

    it("cuts by operations, in order", () => {
      const patch = make(...Patch.removeMembers(ids(5)))
      assert.deepStrictEqual(
        Patch.split(patch, { maxOperations: 2 }).map((part) => part.operations.length),
        [2, 2, 1]
      )
    })

    it("cuts value arrays", () => {
      const parts = Patch.split(make(Patch.addMembers(ids(250))), { maxValues: 100 })
      assert.deepStrictEqual(parts.map(sizes), [[100], [100], [50]])
      const removals = Patch.split(make(Patch.removeMembersByValueDangerously(ids(3))), { maxValues: 2 })
      assert.deepStrictEqual(removals.map(sizes), [[2], [1]])
    })

    it("continues a replace with adds, so that the later parts do not undo the first", () => {
      const parts = Patch.split(make(Patch.replace("members", ids(5).map((value) => ({ value })))), { maxValues: 2 })
      assert.deepStrictEqual(parts.map((part) => part.operations.map((operation) => operation._tag)), [
        ["Replace"],
        ["Add"],
        ["Add"]
      ])
    })

    it("takes nonsense limits as 1, and none as none", () => {
      const patch = make(Patch.addMember("a"), Patch.addMember("b"))
      for (const maxOperations of [0, -1, 0.5, 1]) {
        assert.strictEqual(Patch.split(patch, { maxOperations }).length, 2)
      }
      assert.strictEqual(Patch.split(patch, { maxOperations: Number.NaN }).length, 1)
      assert.strictEqual(Patch.split(patch, { maxOperations: Number.POSITIVE_INFINITY }).length, 1)
    })

    it("loses nothing, keeps the order and the limits", () => {
      const operation = fc.oneof(
        fc.integer({ min: 1, max: 30 }).map((count) => Patch.addMembers(ids(count))),
        fc.integer({ min: 1, max: 30 }).map((count) => Patch.removeMembersByValueDangerously(ids(count))),
        fc.nat(9).map((n) => Patch.removeMember(`u${n}`)),
        fc.string().map((title) => Patch.replace("title", title))
      )
      const limit = fc.option(fc.integer({ min: 1, max: 12 }), { nil: undefined })
      fc.assert(fc.property(fc.array(operation, { minLength: 1 }), limit, limit, (list, maxOperations, maxValues) => {
        const patch = make(...list)
        const parts = Patch.split(patch, { maxOperations, maxValues })
        assert.deepStrictEqual(parts.flatMap(singles), singles(patch))
        for (const part of parts) {
          assert.isAtMost(part.operations.length, maxOperations ?? Number.POSITIVE_INFINITY)
          assert.isAtMost(sizes(part).reduce((a, b) => a + b, 0), maxValues ?? Number.POSITIVE_INFINITY)
        }
      }))
    })
  })

  describe("applied by scim-patch, the npm library that servers use", () => {
    it("the last removal takes the members attribute away, and the next one is refused", () => {
      const removal = make(Patch.removeMember("a"))
      const group = applied({ ...emptyGroup, members: [{ value: "a", display: "A" }] }, removal)
      assert.isFalse(Object.hasOwn(group, "members"))
      assert.throws(() => applied(group, removal), /mono valued/)
    })

    it("adding to a group without members creates the list", () => {
      assert.deepStrictEqual(members(applied(emptyGroup, make(Patch.addMember("a")))), [{ value: "a" }])
    })

    it("the safe removal finds a member with display, the dangerous one does not", () => {
      const group = { ...emptyGroup, members: [{ value: "a", display: "A" }, { value: "b" }] }
      assert.deepStrictEqual(members(applied(group, make(Patch.removeMember("a")))), [{ value: "b" }])
      assert.deepStrictEqual(members(applied(group, make(Patch.removeMembersByValueDangerously(["a"])))), group.members)
    })

    it("setActive and its form without a path do the same", () => {
      const user = { ...emptyGroup, active: true }
      assert.deepStrictEqual(
        applied(user, make(Patch.setActive(false))),
        applied(user, make(Patch.replaceAttributes({ active: false })))
      )
    })

    // What the library cannot read in a path is left out of the ids: it splits paths at ":", "\" and "]" without regard to quotes. Ids of
    // servers that use it have none of these.
    const id = fc.oneof(
      fc.constantFrom("a", "b", "A", "a.b", "a\"b", "a b", "a/b", "100%", "é", "😀", "(", "and"),
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }).filter((text) =>
        !/[:\\[\]\p{Cc}\p{Cs}]/u.test(text) && text.trim() !== ""
      )
    )
    const change = fc.oneof(
      fc.record({ kind: fc.constant("add" as const), ids: fc.array(id, { minLength: 1, maxLength: 4 }) }),
      fc.record({ kind: fc.constant("remove" as const), ids: fc.array(id, { minLength: 1, maxLength: 1 }) }),
      fc.record({ kind: fc.constant("replace" as const), ids: fc.uniqueArray(id, { maxLength: 4 }) }),
      fc.record({ kind: fc.constant("rename" as const), ids: fc.array(id, { minLength: 1, maxLength: 1 }) })
    )
    type Change = { readonly kind: "add" | "remove" | "replace" | "rename"; readonly ids: ReadonlyArray<string> }

    const toOperation = ({ ids, kind }: Change): Patch.Operation => {
      const [first = ""] = ids
      switch (kind) {
        case "add":
          return Patch.addMembers(ids)
        case "remove":
          return Patch.removeMember(first)
        case "replace":
          return Patch.replace("members", ids.map((value) => ({ value })))
        case "rename":
          return Patch.replace("displayName", first)
      }
    }

    interface Model {
      readonly displayName: string
      readonly members: ReadonlyArray<string> | undefined
    }

    /** What a group is after a change; `undefined` where the library answers 400, since there is no list to search. */
    const step = (model: Model, { ids, kind }: Change): Model | undefined => {
      switch (kind) {
        case "add":
          return { ...model, members: [...new Set([...model.members ?? [], ...ids])] }
        case "remove": {
          if (model.members === undefined) {
            return undefined
          }
          const rest = model.members.filter((member) => !ids.includes(member))
          return { ...model, members: rest.length === 0 ? undefined : rest }
        }
        case "replace":
          return { ...model, members: ids }
        case "rename":
          return { ...model, displayName: ids[0] ?? "" }
      }
    }

    it("does to a group what a small model says, request after request", () => {
      fc.assert(
        fc.property(
          fc.option(fc.uniqueArray(id), { nil: undefined }),
          fc.array(change, { maxLength: 12 }),
          (start, changes) => {
            let model: Model = { displayName: "G", members: start }
            let group: TestGroup = groupOf(model)
            for (const change of changes) {
              const patch = make(toOperation(change))
              const next = step(model, change)
              if (next === undefined) {
                assert.throws(() => applied(group, patch), /mono valued/)
                continue
              }
              group = applied(group, patch)
              model = next
              assert.deepStrictEqual(group, groupOf(model))
            }
          }
        ),
        { numRuns: 300 }
      )
    })

    it("gives the same whether it is sent whole or in parts", () => {
      fc.assert(
        fc.property(
          fc.array(change.filter(({ kind }) => kind !== "remove"), { minLength: 1, maxLength: 8 }),
          fc.integer({ min: 1, max: 4 }),
          fc.integer({ min: 1, max: 4 }),
          (changes, maxOperations, maxValues) => {
            const patch = make(...changes.map(toOperation))
            const parts = Patch.split(patch, { maxOperations, maxValues })
            assert.deepStrictEqual(
              parts.reduce((group, part) => applied(group, part), emptyGroup),
              applied(emptyGroup, patch)
            )
          }
        )
      )
    })
  })
})

const sizes = (patch: Patch.Patch): ReadonlyArray<number> =>
  patch.operations.map((operation) =>
    operation._tag === "RemoveValues"
      ? operation.values.length
      : operation._tag !== "Remove" && Array.isArray(operation.value)
      ? operation.value.length
      : 1
  )

/** Every value of every operation by itself, for comparing what two lists of operations say. */
const singles = (patch: Patch.Patch): ReadonlyArray<unknown> =>
  patch.operations.flatMap((operation) =>
    operation._tag === "RemoveValues"
      ? operation.values.map((value) => ["remove", operation.path, value])
      : operation._tag === "Remove"
      ? [["remove", operation.path]]
      : Array.isArray(operation.value)
      ? operation.value.map((value) => [operation._tag, operation.path, value])
      : [[operation._tag, operation.path, operation.value]]
  )

const withNull = (value: unknown): boolean =>
  value === null || (typeof value === "object" && Object.values(value).some(withNull))

interface TestGroup extends ScimResource {
  readonly displayName?: string
  readonly active?: boolean
  readonly members?: ReadonlyArray<{ readonly value: string; readonly display?: string }>
}

const emptyGroup: TestGroup = {
  schemas: [Schemas.Group],
  id: "g",
  displayName: "G",
  meta: { created: new Date(0), lastModified: new Date(0), location: "/Groups/g" }
}

const groupOf = (
  model: { readonly displayName: string; readonly members: ReadonlyArray<string> | undefined }
): TestGroup => ({
  ...emptyGroup,
  displayName: model.displayName,
  ...(model.members === undefined ? {} : { members: model.members.map((value) => ({ value })) })
})

const members = (group: TestGroup): unknown => group.members

/** Applies the body that we would send, as it arrives after JSON; the group given is left alone. */
const applied = (group: TestGroup, patch: Patch.Patch): TestGroup => {
  const body: ScimPatch = JSON.parse(JSON.stringify(Patch.encode(patch)))
  patchBodyValidation(body)
  return scimPatch(structuredClone(group), body.Operations)
}
