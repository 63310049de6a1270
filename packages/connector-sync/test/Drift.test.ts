/**
 * The directory moves under the listing. The outcome is the directory as it was at some reading of the whole listing, or a typed error:
 * never less.
 */
import { ConnectorError, type Page } from "@access-kit/connector-model"
import { MemorySink } from "@access-kit/connector-sync"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Chaos from "./ChaosConnector.ts"
import * as SyncRun from "./SyncRun.ts"

const ids = (users: ReadonlyArray<Chaos.User>) => users.map((user) => user.id)

const accountsIn = Effect.fnUntraced(function*(memory: MemorySink.MemorySink) {
  const store = yield* SyncRun.storeOf(memory)
  return store?.resources.filter(([, resource]) => resource._tag === "Account").map(([, { id }]) => id.resource)
})

/** Runs `change` once, before the answer with this number. */
const once = (number: number, change: () => void) => (answer: Chaos.Answer) =>
  Effect.sync(() => {
    if (answer.number === number) change()
  })

describe("the announced total changes", () => {
  for (const paging of ["siblings", "chain"] as const) {
    for (const concurrency of [1, 4, 8]) {
      it.effect(`because somebody is added: the listing is read again (${paging}, ${concurrency})`, () =>
        Effect.gen(function*() {
          const directory = Chaos.directory(40, 3)
          const memory = MemorySink.make({ commitEvery: 5 })
          const told = SyncRun.progress()
          const { connector } = Chaos.make(directory, {
            paging,
            pageSize: 6,
            seed: concurrency,
            before: once(4, () => {
              directory.users = [{ id: "a-first", status: "enabled" }, ...directory.users]
            })
          })
          const report = yield* SyncRun.run(connector, memory.sink, { ...told.options, concurrency })
          assert.deepStrictEqual(yield* accountsIn(memory), ids(directory.users))
          assert.strictEqual(report.rewalks, 1)
          assert.strictEqual(
            report.accounts.enabled,
            directory.users.filter((user) => user.status === "enabled").length
          )
          assert.strictEqual(report.notes.find((note) => note.code === "listing-read-again")?.count, 1)
          // Notes of the reading that was thrown away are thrown away with it.
          assert.strictEqual(report.notes.find((note) => note.code === "page-read")?.count, 7 + 1)
          const again = told.events.find((event) => event._tag === "ReadingAgain")
          assert.deepInclude(again, { resourceType: "user", attempt: 1, limit: 2 })
          assert.match(
            again?._tag === "ReadingAgain" ? again.reason : "",
            /40 resources of type "user" at first and 41/
          )
        }))

      it.effect(`because somebody is removed: nobody else is missed (${paging}, ${concurrency})`, () =>
        Effect.gen(function*() {
          const directory = Chaos.directory(40, 3)
          const memory = MemorySink.make({ commitEvery: 5 })
          const { connector } = Chaos.make(directory, {
            paging,
            pageSize: 6,
            seed: concurrency,
            before: once(3, () => {
              directory.users = directory.users.slice(1)
            })
          })
          const report = yield* SyncRun.run(connector, memory.sink, { concurrency })
          assert.deepStrictEqual(yield* accountsIn(memory), ids(directory.users))
          assert.strictEqual(report.rewalks, 1)
        }))
    }
  }

  it.effect("between two runs: the one that takes up reads again", () =>
    Effect.gen(function*() {
      const directory = Chaos.directory(40, 3)
      const memory = MemorySink.make({ commitEvery: 5 })
      const cut = Chaos.make(directory, {
        paging: "siblings",
        pageSize: 6,
        seed: 1,
        before: (answer) => answer.number === 5 ? Effect.fail(Chaos.unavailable) : Effect.void
      })
      yield* Effect.flip(SyncRun.run(cut.connector, memory.sink))
      directory.users = directory.users.slice(3)
      const { connector } = Chaos.make(directory, { paging: "siblings", pageSize: 6, seed: 1 })
      const report = yield* SyncRun.run(connector, memory.sink)
      assert.deepStrictEqual([report.resumed, report.rewalks], [true, 1])
      assert.deepStrictEqual(yield* accountsIn(memory), ids(directory.users))
    }))

  for (const paging of ["siblings", "chain"] as const) {
    it.effect(`between two runs, of a listing that was at its end: that listing is read again (${paging})`, () =>
      Effect.gen(function*() {
        const directory = Chaos.directory(40, 30)
        const memory = MemorySink.make({ commitEvery: 5 })
        const cut = Chaos.make(directory, {
          paging,
          pageSize: 6,
          seed: 1,
          before: (answer) =>
            answer.resourceType === "group" && answer.cursor === "12" ? Effect.fail(Chaos.unavailable) : Effect.void
        })
        const stopped = SyncRun.progress()
        yield* Effect.flip(SyncRun.run(cut.connector, memory.sink, stopped.options))
        assert.deepInclude(stopped.events.at(-1), { kept: { rows: 46, pages: 8, finishedTypes: ["user"] } })
        // Gone since: nothing else would show it, and whoever left would stay in the snapshot.
        directory.users = directory.users.slice(1)
        directory.groups = directory.groups.map((group) => ({
          ...group,
          members: group.members.filter((id) => id !== "u00000")
        }))
        const told = SyncRun.progress()
        const { connector } = Chaos.make(directory, { paging, pageSize: 6, seed: 1 })
        const report = yield* SyncRun.run(connector, memory.sink, { ...told.options, limits: { rewalks: 0 } })
        assert.deepStrictEqual([report.resumed, report.rewalks], [true, 1])
        assert.deepStrictEqual(yield* accountsIn(memory), ids(directory.users))
        assert.strictEqual(report.accounts.enabled, directory.users.filter((user) => user.status === "enabled").length)
        assert.deepInclude(told.events[1], { _tag: "ReadingAgain", resourceType: "user", attempt: 0 })
        assert.strictEqual(told.tags().filter((tag) => tag === "ReadingAgain").length, 1)
      }))
  }

  it.effect("at every reading: DirectoryChanged, with both numbers; the old snapshot stays; the next run has new patience", () =>
    Effect.gen(function*() {
      const directory = Chaos.directory(40, 3)
      const memory = MemorySink.make({ commitEvery: 5 })
      const calm = Chaos.make(directory, { paging: "siblings", pageSize: 6, seed: 1 })
      yield* SyncRun.run(calm.connector, memory.sink)
      const before = yield* SyncRun.storeOf(memory)

      let added = 0
      const restless = Chaos.make(directory, {
        paging: "siblings",
        pageSize: 6,
        seed: 1,
        before: () =>
          Effect.sync(() => {
            added += 1
            directory.users = [...directory.users, { id: `v${String(added).padStart(5, "0")}`, status: "enabled" }]
          })
      })
      const told = SyncRun.progress()
      const error = yield* Effect.flip(SyncRun.run(restless.connector, memory.sink, told.options))
      assert.strictEqual(error._tag, "ConnectorError")
      assert.deepInclude(error.reason, { _tag: "DirectoryChanged", resourceType: "user" })
      assert.match(error.message, /announced \d+ resources of type "user" at first and \d+ while they were read/)
      assert.strictEqual(told.tags().filter((tag) => tag === "ReadingAgain").length, 2)
      assert.deepStrictEqual(yield* SyncRun.storeOf(memory), before)
      assert.deepStrictEqual(told.events.at(-1), {
        _tag: "Stopped",
        reason: "failed",
        kept: { rows: 0, pages: 0, finishedTypes: [] }
      })

      const settled = Chaos.make(directory, { paging: "siblings", pageSize: 6, seed: 1 })
      const report = yield* SyncRun.run(settled.connector, memory.sink)
      assert.deepStrictEqual(yield* accountsIn(memory), ids(directory.users))
      assert.strictEqual(report.rewalks, 2)
    }))

  it.effect("of groups: accounts are not read again", () =>
    Effect.gen(function*() {
      const directory = Chaos.directory(12, 20)
      const memory = MemorySink.make()
      const { answers, connector } = Chaos.make(directory, {
        paging: "chain",
        pageSize: 6,
        seed: 1,
        before: once(3, () => {
          directory.groups = directory.groups.slice(0, 19)
        })
      })
      const report = yield* SyncRun.run(connector, memory.sink)
      assert.deepStrictEqual(report.summary.resources, { user: 12, group: 19 })
      assert.strictEqual(answers.filter((answer) => answer.resourceType === "user").length, 2)
    }))
})

describe("as many come as go, so that the total stays", () => {
  it.effect("rows that came twice give it away, and the listing is read again", () =>
    Effect.gen(function*() {
      const directory = Chaos.directory(30, 1)
      directory.groups = []
      const memory = MemorySink.make({ commitEvery: 5 })
      const { connector } = Chaos.make(directory, {
        paging: "chain",
        pageSize: 10,
        seed: 1,
        // One in front, which moves everybody down: the last of page one comes again, and the last of all is gone.
        before: once(1, () => {
          directory.users = [{ id: "a-first", status: "enabled" }, ...directory.users.slice(0, 29)]
        })
      })
      const report = yield* SyncRun.run(connector, memory.sink)
      assert.strictEqual(report.rewalks, 1)
      assert.deepStrictEqual(yield* accountsIn(memory), ids(directory.users))
    }))

  it.effect("at every reading: IncompleteListing with what was expected and what arrived", () =>
    Effect.gen(function*() {
      const directory = Chaos.directory(30, 1)
      const memory = MemorySink.make({ commitEvery: 5 })
      const { answers, connector } = Chaos.make(directory, {
        paging: "siblings",
        pageSize: 10,
        seed: 1,
        alter: (page, answer) =>
          answer.cursor === "20" ? { ...page, items: page.items.with(0, page.items[1] ?? fail()) } : page
      })
      const error = yield* Effect.flip(SyncRun.run(connector, memory.sink))
      assert.strictEqual(error._tag, "ConnectorError")
      assert.deepInclude(error.reason, { _tag: "IncompleteListing", resourceType: "user", expected: 30, received: 29 })
      assert.match(error.message, /^30 resources of type "user" were expected and 29 different ones arrived/)
      // Three readings of three pages of people; groups were read before the first settling and did not have to be again.
      assert.strictEqual(answers.filter((answer) => answer.resourceType === "user").length, 9)
      assert.strictEqual(answers.filter((answer) => answer.resourceType === "group").length, 1)
      assert.isUndefined(yield* SyncRun.storeOf(memory))
    }))
})

const fail = (): never => {
  throw new Error("the page has no second row")
}

describe("rows are missing from a listing that announced them", () => {
  for (const concurrency of [1, 8]) {
    it.effect(`every time: IncompleteListing (concurrency ${concurrency})`, () =>
      Effect.gen(function*() {
        const memory = MemorySink.make()
        const { connector } = Chaos.make(Chaos.directory(30, 1), {
          paging: "siblings",
          pageSize: 10,
          seed: 1,
          alter: (page, answer) => answer.cursor === "10" ? { ...page, items: page.items.slice(0, 7) } : page
        })
        const error = yield* Effect.flip(SyncRun.run(connector, memory.sink, { concurrency }))
        assert.deepInclude(error.reason, { _tag: "IncompleteListing", expected: 30, received: 27 })
        assert.isUndefined(yield* SyncRun.storeOf(memory))
      }))
  }

  it.effect("limits.rewalks says how often it is tried", () =>
    Effect.gen(function*() {
      for (const rewalks of [0, 1, 4]) {
        const { answers, connector } = Chaos.make(Chaos.directory(30, 1), {
          paging: "chain",
          pageSize: 10,
          seed: 1,
          alter: (page) => ({ ...page, total: 31 })
        })
        const error = yield* Effect.flip(SyncRun.run(connector, MemorySink.make().sink, { limits: { rewalks } }))
        assert.deepInclude(error.reason, { _tag: "IncompleteListing", expected: 31, received: 30 })
        assert.strictEqual(answers.length, 3 * (1 + rewalks))
      }
    }))
})

describe("the connector notices by itself", () => {
  it.effect("DirectoryChanged once: the listing is read again", () =>
    Effect.gen(function*() {
      const directory = Chaos.directory(30, 1)
      const memory = MemorySink.make()
      const { connector } = Chaos.make(directory, {
        paging: "keyset",
        pageSize: 10,
        seed: 1,
        before: (answer) => answer.number === 2 ? Effect.fail(Chaos.changed) : Effect.void
      })
      const report = yield* SyncRun.run(connector, memory.sink)
      assert.strictEqual(report.rewalks, 1)
      assert.deepStrictEqual(yield* accountsIn(memory), ids(directory.users))
    }))

  it.effect("every time: its own error comes through", () =>
    Effect.gen(function*() {
      const { connector } = Chaos.make(Chaos.directory(30, 1), {
        paging: "keyset",
        pageSize: 10,
        seed: 1,
        before: (answer) => answer.cursor === undefined ? Effect.void : Effect.fail(Chaos.changed)
      })
      assert.strictEqual(yield* Effect.flip(SyncRun.run(connector, MemorySink.make().sink)), Chaos.changed)
    }))

  it.effect("a cursor that is refused when a sync is taken up: the listing begins again", () =>
    Effect.gen(function*() {
      const directory = Chaos.directory(30, 1)
      const memory = MemorySink.make({ commitEvery: 5 })
      const cut = Chaos.make(directory, {
        paging: "keyset",
        pageSize: 10,
        seed: 1,
        before: (answer) => answer.number === 2 ? Effect.fail(Chaos.unavailable) : Effect.void
      })
      yield* Effect.flip(SyncRun.run(cut.connector, memory.sink))
      const expired = ConnectorError.make(
        "list",
        new ConnectorError.InvalidInput({ field: "cursor", message: "The cursor has expired. Begin again." })
      )
      const { answers, connector } = Chaos.make(directory, {
        paging: "keyset",
        pageSize: 10,
        seed: 1,
        before: (answer) => answer.number === 0 ? Effect.fail(expired) : Effect.void
      })
      const report = yield* SyncRun.run(connector, memory.sink)
      assert.deepStrictEqual([report.resumed, report.rewalks], [true, 1])
      assert.deepStrictEqual(answers.slice(0, 2).map((answer) => answer.cursor), ["u00009", undefined])
      assert.deepStrictEqual(yield* accountsIn(memory), ids(directory.users))
    }))
})

describe("rows that come again", () => {
  /** Every page but the first begins with the last row of the page before. */
  const overlapping = (
    page: Page.Page<Page.ResourceRecord>,
    answer: Chaos.Answer,
    previous: Map<string, Page.ResourceRecord>
  ) => {
    const last = page.items.at(-1)
    if (last !== undefined) previous.set(last.resource.id.resource, last)
    const carried = answer.cursor === undefined ? undefined : previous.get(answer.cursor)
    return carried === undefined ? page : { ...page, items: [carried, ...page.items] }
  }

  it.effect("in a listing without a total: kept once, counted once, and said so", () =>
    Effect.gen(function*() {
      const directory = Chaos.directory(30, 1)
      const memory = MemorySink.make()
      const previous = new Map<string, Page.ResourceRecord>()
      const { connector } = Chaos.make(directory, {
        paging: "keyset",
        pageSize: 10,
        seed: 1,
        alter: (page, answer) => overlapping(page, answer, previous)
      })
      const report = yield* SyncRun.run(connector, memory.sink)
      assert.deepStrictEqual(yield* accountsIn(memory), ids(directory.users))
      assert.strictEqual(report.rewalks, 2)
      assert.strictEqual(Object.values(report.accounts).reduce((sum, count) => sum + count, 0), 30)
      assert.strictEqual(report.notes.find((note) => note.code === "repeated-row")?.count, 2)
    }))

  it.effect("with a total that all distinct rows make up: the same", () =>
    Effect.gen(function*() {
      const directory = Chaos.directory(30, 1)
      const memory = MemorySink.make()
      const previous = new Map<string, Page.ResourceRecord>()
      const { connector } = Chaos.make(directory, {
        paging: "keyset",
        pageSize: 10,
        seed: 1,
        alter: (page, answer) => ({
          ...overlapping(page, answer, previous),
          total: answer.resourceType === "user" ? 30 : 1
        })
      })
      const report = yield* SyncRun.run(connector, memory.sink)
      assert.deepStrictEqual(yield* accountsIn(memory), ids(directory.users))
      assert.deepStrictEqual(report.accounts, { enabled: 12, disabled: 6, unknown: 6, deleted: 6 })
    }))

  for (const length of [1, 2, 5]) {
    it.effect(`a listing that goes in a circle of ${length} ends with an error`, () =>
      Effect.gen(function*() {
        const { answers, connector } = Chaos.make(Chaos.directory(200, 1), {
          paging: "keyset",
          pageSize: 10,
          seed: 1,
          // After a few pages it leads back: the cursor is the last id of some page before.
          alter: (page, answer) =>
            answer.cursor === "u00099" ? { ...page, next: `u${String(99 - 10 * (length - 1)).padStart(5, "0")}` } : page
        })
        const error = yield* Effect.flip(SyncRun.run(connector, MemorySink.make().sink, { limits: { rewalks: 0 } }))
        assert.deepInclude(error.reason, { _tag: "IncompleteListing", resourceType: "user" })
        assert.match(error.message, /comes back to a page that it already had/)
        assert.isAtMost(answers.length, 40)
      }))
  }
})
