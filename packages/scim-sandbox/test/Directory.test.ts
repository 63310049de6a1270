import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import * as fc from "fast-check"
import * as Directory from "../src/Directory.ts"

const memberships = (directory: Directory.Directory): number =>
  directory.groups.reduce((sum, group) => sum + group.members.length, 0)

describe("Directory.generate", () => {
  it.effect("makes the demo directory exactly as large as asked, with every kind of person in it", () =>
    Effect.gen(function*() {
      const directory = yield* Directory.generate(Directory.demo)
      const { groups, users } = directory
      assert.strictEqual(users.length, 1_200)
      assert.strictEqual(groups.length, 40)
      assert.strictEqual(memberships(directory), 9_000)
      assert.strictEqual(users.filter((user) => !user.active).length, 72)
      const written = users.map((user) => user.formatted).join(" ")
      const scripts = [
        "Latin",
        "Cyrillic",
        "Greek",
        "Arabic",
        "Hebrew",
        "Devanagari",
        "Bengali",
        "Tamil",
        "Han",
        "Hiragana",
        "Hangul",
        "Thai",
        "Georgian",
        "Armenian",
        "Ethiopic"
      ]
      for (const script of scripts) assert.match(written, new RegExp(`\\p{Script=${script}}`, "u"), script)
      assert.isTrue(users.some((user) => user.familyName === undefined), "one-word name")
      assert.isTrue(users.some((user) => user.displayName === undefined), "no displayName")
      assert.isTrue(users.some((user) => user.externalId === undefined), "no externalId")
      assert.isTrue(users.some((user) => user.formatted.length > 100), "long name")
      assert.isTrue(users.some((user) => user.formatted.includes("'")), "apostrophe")
      assert.isTrue(users.some((user) => user.formatted.includes("\"")), "quotes")
      assert.isTrue(users.some((user) => user.userName !== user.userName.toLowerCase()), "capital in userName")
      assert.isTrue(groups.some((group) => group.members.length === 0), "a group without members")
      assert.isTrue(groups.some((group) => group.members.length >= users.length * 0.85), "most of the company")
    }))

  it.effect("makes the same directory from the same seed and another one from another", () =>
    Effect.gen(function*() {
      const options = { users: 300, groups: 12, memberships: 900 }
      const first = yield* Directory.generate({ ...options, seed: 3 })
      assert.deepStrictEqual(yield* Directory.generate({ ...options, seed: 3 }), first)
      assert.notDeepEqual(yield* Directory.generate({ ...options, seed: 4 }), first)
    }))

  it("keeps its promises at every size", () => {
    fc.assert(
      fc.property(
        fc.record({
          users: fc.integer({ min: 1, max: 400 }),
          groups: fc.integer({ min: 1, max: 90 }),
          fullness: fc.double({ min: 0, max: 1, noNaN: true }),
          seed: fc.integer(),
          disabledRatio: fc.double({ min: 0, max: 1, noNaN: true })
        }),
        ({ disabledRatio, fullness, groups, seed, users }) => {
          const wanted = Math.floor(users * groups * fullness)
          const directory = Effect.runSync(
            Directory.generate({ users, groups, memberships: wanted, seed, disabledRatio })
          )
          const ids = new Set(directory.users.map((user) => user.id))
          assert.strictEqual(directory.users.length, users)
          assert.strictEqual(ids.size, users)
          assert.strictEqual(directory.groups.length, groups)
          assert.strictEqual(memberships(directory), wanted)
          assert.strictEqual(new Set(directory.groups.map((group) => group.displayName)).size, groups)
          assert.strictEqual(new Set(directory.users.map((user) => user.email.toLowerCase())).size, users)
          assert.strictEqual(
            directory.users.filter((user) => !user.active).length,
            Math.round(users * disabledRatio)
          )
          for (const user of directory.users) assert.match(user.email, /^[a-z0-9.]+@[a-z0-9.-]+$/)
          for (const group of directory.groups) {
            assert.strictEqual(new Set(group.members).size, group.members.length)
            assert.isTrue(group.members.every((member) => ids.has(member)))
          }
        }
      ),
      { numRuns: 150 }
    )
  })

  it.effect("says why a directory can't be made", () =>
    Effect.gen(function*() {
      const tooMany = yield* Effect.flip(Directory.generate({ users: 2, groups: 2, memberships: 5 }))
      assert.strictEqual(
        tooMany.message,
        "No such directory can be made: 5 memberships do not fit 2 groups of 2 people; at most 4 do"
      )
      for (const bad of [{ users: -1 }, { groups: 1.5 }, { disabledRatio: 2 }]) {
        const exit = yield* Effect.exit(Directory.generate({ users: 1, groups: 1, memberships: 0, ...bad }))
        assert.isTrue(Exit.isFailure(exit))
      }
    }))

  it.effect("can make an empty directory", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Directory.generate({ users: 0, groups: 0, memberships: 0 }), Directory.empty)
    }))
})
