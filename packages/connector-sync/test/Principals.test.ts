/**
 * Grants whose principal is in no listing.
 */
import { ConnectorError } from "@access-kit/connector-model"
import { MemorySink } from "@access-kit/connector-sync"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Chaos from "./ChaosConnector.ts"
import * as SyncRun from "./SyncRun.ts"

const manner: Chaos.Options = { paging: "siblings", pageSize: 10, seed: 1 }

const grantsIn = Effect.fnUntraced(function*(memory: MemorySink.MemorySink) {
  return (yield* SyncRun.storeOf(memory))?.grants.map(([id]) => id)
})

/** Adds people to the directory, and to the first group, when the listing of groups begins. */
const joinLate = (directory: Chaos.Directory, people: ReadonlyArray<Chaos.User>) => {
  let joined = false
  return (answer: Chaos.Answer) =>
    Effect.sync(() => {
      if (joined || answer.resourceType !== "group") return
      joined = true
      directory.users = [...directory.users, ...people]
      directory.groups = directory.groups.map((group, number) =>
        number === 0 ? { ...group, members: [...group.members, ...people.map((person) => person.id)] } : group
      )
    })
}

describe("a principal that no listing has", () => {
  for (const concurrency of [1, 8]) {
    it.effect(`was created between the listings: it is fetched and counted (${concurrency})`, () =>
      Effect.gen(function*() {
        const directory = Chaos.directory(20, 2)
        const memory = MemorySink.make()
        const late = [1, 2, 3].map((number): Chaos.User => ({ id: `late${number}`, status: "disabled" }))
        const told = SyncRun.progress()
        const { answers, connector, running } = Chaos.make(directory, { ...manner, before: joinLate(directory, late) })
        const report = yield* SyncRun.run(connector, memory.sink, { ...told.options, concurrency })
        assert.deepStrictEqual(report.summary.resources, { user: 23, group: 2 })
        assert.strictEqual(report.recoveredPrincipals, 3)
        assert.strictEqual(report.accounts.disabled, 4 + 3)
        assert.strictEqual(report.rewalks, 0)
        assert.strictEqual(report.notes.find((note) => note.code === "principal-fetched-singly")?.count, 3)
        assert.strictEqual(answers.filter((answer) => answer.operation === "get").length, 3)
        assert.isAtMost(running.most, concurrency)
        assert.deepStrictEqual(
          told.tags().slice(-6),
          ["TypeFinished", "Settling", "LookingUpPrincipals", "Settling", "Publishing", "Finished"]
        )
      }))
  }

  it.effect("does not exist any more: its grants are left out and counted", () =>
    Effect.gen(function*() {
      const directory = Chaos.directory(20, 4)
      directory.groups = directory.groups.map((group) => ({ ...group, members: [...group.members, "gone"] }))
      const memory = MemorySink.make()
      const { connector } = Chaos.make(directory, manner)
      const report = yield* SyncRun.run(connector, memory.sink)
      assert.deepStrictEqual(report.stalePrincipals, { principals: 1, grants: 4 })
      assert.isFalse((yield* grantsIn(memory))?.some((id) => id.endsWith(":gone")))
      assert.deepStrictEqual(
        report.notes.filter((note) => note.code === "stale-principal-left-out").map((note) => note.count),
        [1]
      )
      assert.strictEqual(report.summary.grants, (yield* grantsIn(memory))?.length)
    }))

  it.effect("is of a type that the connector does not read: its grants are kept, however many", () =>
    Effect.gen(function*() {
      const robots = Array.from({ length: 50 }, (_, number) => `robot:r${number}`)
      const directory = Chaos.directory(20, 1)
      directory.groups = directory.groups.map((group) => ({ ...group, members: [...group.members, ...robots, "gone"] }))
      const memory = MemorySink.make()
      const { answers, connector } = Chaos.make(directory, manner)
      const report = yield* SyncRun.run(connector, memory.sink, { limits: { missingPrincipals: 5 } })
      assert.strictEqual((yield* grantsIn(memory))?.filter((id) => id.includes(":robot:")).length, 50)
      assert.deepStrictEqual(report.stalePrincipals, { principals: 1, grants: 1 })
      assert.strictEqual(answers.filter((answer) => answer.operation === "get").length, 1)
    }))

  it.effect("is a group in a group, which brings a principal of its own", () =>
    Effect.gen(function*() {
      const directory = Chaos.directory(20, 2)
      const memory = MemorySink.make()
      let opened = false
      const { connector } = Chaos.make(directory, {
        ...manner,
        before: (answer) =>
          Effect.sync(() => {
            if (opened || answer.resourceType !== "group") return
            opened = true
            directory.groups = directory.groups.map((group, number) =>
              number === 0 ? { ...group, members: [...group.members, "group:inner"] } : group
            )
          }),
        after: (answer) =>
          Effect.sync(() => {
            if (answer.resourceType === "group" && !directory.groups.some((group) => group.id === "inner")) {
              directory.groups = [...directory.groups, { id: "inner", members: ["newcomer"] }]
              directory.users = [...directory.users, { id: "newcomer", status: "enabled" }]
            }
          })
      })
      const report = yield* SyncRun.run(connector, memory.sink)
      assert.deepStrictEqual(report.summary.resources, { user: 21, group: 3 })
      assert.strictEqual(report.recoveredPrincipals, 2)
      assert.isTrue((yield* grantsIn(memory))?.includes("group:inner:member:user:newcomer"))
    }))
})

describe("more missing principals than the limit", () => {
  it.effect("is drift: the accounts are read again, and then nobody is missing", () =>
    Effect.gen(function*() {
      const directory = Chaos.directory(20, 2)
      const memory = MemorySink.make({ commitEvery: 5 })
      const late = Array.from({ length: 11 }, (_, number): Chaos.User => ({ id: `late${number}`, status: "enabled" }))
      const { answers, connector } = Chaos.make(directory, { ...manner, before: joinLate(directory, late) })
      const report = yield* SyncRun.run(connector, memory.sink, { limits: { missingPrincipals: 10 } })
      assert.deepStrictEqual(report.summary.resources, { user: 31, group: 2 })
      assert.deepStrictEqual([report.rewalks, report.recoveredPrincipals], [1, 0])
      assert.strictEqual(answers.filter((answer) => answer.operation === "get").length, 0)
    }))

  it.effect("for good ends the sync with an error that names the limit", () =>
    Effect.gen(function*() {
      const directory = Chaos.directory(20, 1)
      const ghosts = Array.from({ length: 7 }, (_, number) => `ghost${number}`)
      directory.groups = directory.groups.map((group) => ({ ...group, members: [...group.members, ...ghosts] }))
      const memory = MemorySink.make()
      const { connector } = Chaos.make(directory, manner)
      const error = yield* Effect.flip(SyncRun.run(connector, memory.sink, { limits: { missingPrincipals: 5 } }))
      assert.deepInclude(error.reason, { _tag: "TooManyMissingPrincipals", found: 6, limit: 5 })
      assert.match(error.message, /At least 6 principals hold grants .* the limit is 5/)
      assert.isUndefined(yield* SyncRun.storeOf(memory))

      const patient = yield* SyncRun.run(connector, memory.sink, { limits: { missingPrincipals: 7 } })
      assert.deepStrictEqual(patient.stalePrincipals, { principals: 7, grants: 7 })
    }))
})

describe("when a principal can't be fetched", () => {
  it.effect("the sync fails, and the next run needs no listing", () =>
    Effect.gen(function*() {
      const directory = Chaos.directory(20, 2)
      directory.groups = directory.groups.map((group) => ({ ...group, members: [...group.members, "gone"] }))
      const memory = MemorySink.make({ commitEvery: 1 })
      const failing = Chaos.make(directory, {
        ...manner,
        before: (answer) => answer.operation === "get" ? Effect.fail(Chaos.unavailable) : Effect.void
      })
      assert.strictEqual(yield* Effect.flip(SyncRun.run(failing.connector, memory.sink)), Chaos.unavailable)
      const { answers, connector } = Chaos.make(directory, manner)
      const report = yield* SyncRun.run(connector, memory.sink)
      assert.deepStrictEqual(report.stalePrincipals, { principals: 1, grants: 2 })
      // A look at both totals, and the principal.
      assert.deepStrictEqual(
        answers.map(({ cursor, operation, resourceType }) => [operation, resourceType, cursor]),
        [["list", "user", undefined], ["list", "group", undefined], ["get", "user", undefined]]
      )
      assert.isTrue(report.resumed)
    }))

  it.effect("because the connector answers with another resource, it is told so", () =>
    Effect.gen(function*() {
      const directory = Chaos.directory(20, 1)
      directory.groups = directory.groups.map((group) => ({ ...group, members: [...group.members, "U00001"] }))
      const memory = MemorySink.make()
      const { connector } = Chaos.make(directory, manner)
      const folding = {
        ...connector,
        resourceTypes: connector.resourceTypes.map((handler) => ({
          ...handler,
          get: (id: string) => handler.get(id.toLowerCase())
        }))
      }
      const error = yield* Effect.flip(SyncRun.run(folding, memory.sink))
      assert.deepInclude(error.reason, { _tag: "ContractViolation", resourceType: "user" })
      assert.match(error.message, /Asked for user "U00001", the connector answered with user "u00001"/)
      assert.isUndefined(yield* SyncRun.storeOf(memory))
    }))

  it.effect("only NotFound means that it does not exist", () =>
    Effect.gen(function*() {
      const directory = Chaos.directory(20, 1)
      directory.groups = directory.groups.map((group) => ({ ...group, members: [...group.members, "gone"] }))
      const denied = ConnectorError.make("get", new ConnectorError.PermissionDenied({ message: "Not for you." }))
      const memory = MemorySink.make()
      const { connector } = Chaos.make(directory, {
        ...manner,
        before: (answer) => answer.operation === "get" ? Effect.fail(denied) : Effect.void
      })
      assert.strictEqual(yield* Effect.flip(SyncRun.run(connector, memory.sink)), denied)
      assert.isUndefined(yield* SyncRun.storeOf(memory))
    }))
})
