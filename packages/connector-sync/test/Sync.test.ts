import { type Page, SnapshotSink } from "@access-kit/connector-model"
import type { ResourceTypeHandler } from "@access-kit/connector-model/Connector"
import { MemorySink, type ProgressEvent, type Sync } from "@access-kit/connector-sync"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, type Duration, Effect, Exit, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import * as Chaos from "./ChaosConnector.ts"
import * as SyncRun from "./SyncRun.ts"

const pagings: ReadonlyArray<Chaos.Paging> = ["siblings", "chain", "keyset"]

describe("a directory that holds still", () => {
  for (const paging of pagings) {
    for (const concurrency of [1, 4, 8]) {
      it.effect(`is in the snapshot as it is (${paging}, concurrency ${concurrency})`, () =>
        Effect.gen(function*() {
          const directory = Chaos.directory(53, 7)
          const memory = MemorySink.make()
          const watched = SyncRun.watch(memory.sink)
          const { answers, connector, running } = Chaos.make(directory, { paging, pageSize: 10, seed: concurrency })
          const report = yield* SyncRun.run(connector, watched.sink, { concurrency })

          const store = yield* SyncRun.storeOf(memory)
          assert.deepStrictEqual(store?.resources.map(([, resource]) => resource.id.resource), [
            ...directory.groups.map((group) => group.id),
            ...directory.users.map((user) => user.id)
          ])
          assert.deepStrictEqual(
            store?.grants.map(([id]) => id),
            directory.groups.flatMap((group) => group.members.map((id) => `group:${group.id}:member:user:${id}`)).sort()
          )
          assert.deepStrictEqual(
            store?.entitlements.map(([id]) => id),
            directory.groups.map((group) => `group:${group.id}:member`)
          )
          assert.deepStrictEqual(SyncRun.factsOf(report), {
            accounts: {
              enabled: directory.users.filter((user) => user.status === "enabled").length,
              disabled: directory.users.filter((user) => user.status === "disabled").length,
              unknown: directory.users.filter((user) => user.status === "unknown").length,
              deleted: directory.users.filter((user) => user.status === "deleted").length
            },
            resources: { user: 53, group: 7 },
            entitlements: 7,
            grants: store?.grants.length ?? 0,
            recovered: 0,
            stale: { principals: 0, grants: 0 },
            notes: [{ code: "page-read", message: "A page was read.", count: 7 }]
          })
          assert.deepStrictEqual([report.pages, report.rewalks, report.resumed], [7, 0, false])
          // Nothing is fetched twice, types come in the connector's order, and both limits hold.
          assert.strictEqual(answers.length, 7)
          assert.deepStrictEqual(answers.map((answer) => answer.resourceType), [...Array(6).fill("user"), "group"])
          assert.isAtMost(running.most, concurrency)
          assert.strictEqual(watched.busy.most, 1)
        }))
    }
  }

  it.effect("tells the sink when no more grants are expected, if anything else is", () =>
    Effect.gen(function*() {
      const seen = Effect.fnUntraced(function*(types: ReadonlyArray<string>) {
        const order: Array<string> = []
        const memory = MemorySink.make()
        const { connector } = Chaos.make(Chaos.directory(25, 3), { paging: "siblings", pageSize: 10, seed: 1 })
        const resourceTypes = connector.resourceTypes.filter(({ resourceType }) => types.includes(resourceType.id)).map(
          (handler): ResourceTypeHandler =>
            handler.resourceType.id === "group"
              ? { ...handler, entitlements: [{ slug: "member", purpose: "assignment", grantableTo: ["user"] }] }
              : handler
        )
        yield* SyncRun.run({ ...connector, resourceTypes }, {
          ...memory.sink,
          write: (records, checkpoint) => {
            order.push(...records.map((record) => record.resource.id.resourceType))
            return memory.sink.write(records, checkpoint)
          },
          grantsComplete: Effect.sync(() => void order.push("complete"))
        })
        return order.filter((each, at) => each !== order[at - 1])
      })
      assert.deepStrictEqual(yield* seen(["user", "group"]), ["group", "complete", "user"])
      assert.deepStrictEqual(yield* seen(["group"]), ["group"])
    }))

  it.effect("may be empty", () =>
    Effect.gen(function*() {
      const memory = MemorySink.make()
      const { connector } = Chaos.make(Chaos.directory(0, 0), { paging: "siblings", pageSize: 10, seed: 1 })
      const report = yield* SyncRun.run(connector, memory.sink)
      assert.deepStrictEqual(report.summary.resources, {})
      assert.deepStrictEqual((yield* SyncRun.storeOf(memory))?.resources, [])
    }))

  it.effect("is fetched with all the concurrency that siblings allow", () =>
    Effect.gen(function*() {
      const all = yield* Deferred.make<void>()
      let asked = 0
      const { connector, running } = Chaos.make(Chaos.directory(200, 1), {
        paging: "siblings",
        pageSize: 5,
        seed: 3,
        // No page but the first is answered before eight are asked for: with less concurrency this never ends.
        before: (answer) =>
          Effect.suspend(() => {
            asked += answer.cursor === undefined ? 0 : 1
            if (asked === 8) return Deferred.succeed(all, undefined)
            return answer.cursor === undefined ? Effect.void : Deferred.await(all)
          })
      })
      yield* SyncRun.run(connector, MemorySink.make().sink, { concurrency: 8 })
      assert.strictEqual(running.most, 8)
    }))

  it.effect("comes to the sink in the same order, whatever order the answers come in", () =>
    Effect.gen(function*() {
      const orders: Array<ReadonlyArray<string>> = []
      const arrivals: Array<ReadonlyArray<number>> = []
      const late = ["late1", "late2"].map((id): Chaos.User => ({ id, status: "enabled" }))
      for (let seed = 0; seed < 6; seed += 1) {
        const directory = Chaos.directory(120, 30)
        directory.groups = directory.groups.map((group) => ({
          ...group,
          members: [...group.members, "late1", "late2"]
        }))
        const arrived: Array<number> = []
        const { connector } = Chaos.make(directory, {
          paging: "siblings",
          pageSize: 5,
          seed,
          before: (answer) =>
            Effect.sync(() => {
              if (answer.resourceType === "group" && answer.cursor === undefined && answer.operation === "list") {
                directory.users = [...directory.users, ...late]
              }
            }),
          after: (answer) =>
            Effect.sync(() => {
              arrived.push(answer.number)
            })
        })
        const memory = MemorySink.make()
        const order: Array<string> = []
        yield* SyncRun.run(connector, {
          ...memory.sink,
          write: (records, checkpoint) => {
            order.push(...records.map((record) => record.resource.id.resource))
            return memory.sink.write(records, checkpoint)
          }
        }, { concurrency: seed === 0 ? 1 : 8 })
        orders.push(order)
        arrivals.push(arrived)
      }
      const { groups, users } = Chaos.directory(120, 30)
      const listed = [...users, ...groups].map((row) => row.id)
      for (const order of orders) assert.deepStrictEqual(order, [...listed, "late1", "late2"])
      // The answers did come in other orders.
      assert.isAtLeast(new Set(arrivals.map((arrived) => arrived.join())).size, 4)
    }))

  it.effect("is asked for everything, in pages of the size that was given", () =>
    Effect.gen(function*() {
      const requests: Array<unknown> = []
      const { connector } = Chaos.make(Chaos.directory(3, 1), { paging: "chain", pageSize: 10, seed: 1 })
      const spying = {
        ...connector,
        resourceTypes: connector.resourceTypes.map((handler) => ({
          ...handler,
          list: (request: Page.ListRequest) => {
            requests.push(request)
            return handler.list(request)
          }
        }))
      }
      yield* SyncRun.run(spying, MemorySink.make().sink, { pageSize: 77, concurrency: 0 })
      assert.deepStrictEqual(requests, [
        { include: "everything", pageSize: 77 },
        { include: "everything", pageSize: 77 }
      ])
    }))
})

describe("memory and overlap", () => {
  it.effect("no more pages than `concurrency` are between the connector and the sink, which is called once at a time", () =>
    Effect.gen(function*() {
      let held = 0
      let most = 0
      const { connector } = Chaos.make(Chaos.directory(20_000, 1), {
        paging: "siblings",
        pageSize: 10,
        seed: 11,
        after: () =>
          Effect.sync(() => {
            held += 1
            most = Math.max(most, held)
          })
      })
      const memory = MemorySink.make()
      // A sink that is slower than the source, so that pages would pile up if nothing held them back.
      const { busy, sink } = SyncRun.watch(memory.sink, { during: Effect.repeat(Effect.yieldNow, { times: 20 }) })
      const report = yield* SyncRun.run(connector, {
        ...sink,
        write: (records, checkpoint) =>
          Effect.tap(sink.write(records, checkpoint), () =>
            Effect.sync(() => {
              held -= 1
            }))
      }, { concurrency: 4 })
      assert.strictEqual(report.pages, 2_001)
      assert.strictEqual(most, 4)
      assert.strictEqual(busy.most, 1)
    }))

  it.effect("a page is fetched while another is written", () =>
    Effect.gen(function*() {
      const fetchedMeanwhile = yield* Deferred.make<void>()
      const { connector } = Chaos.make(Chaos.directory(30, 1), {
        paging: "siblings",
        pageSize: 10,
        seed: 1,
        before: (answer) => answer.number === 2 ? Deferred.succeed(fetchedMeanwhile, undefined) : Effect.void
      })
      const memory = MemorySink.make()
      let writes = 0
      // The second write waits until a further page was asked for: without overlap this never ends.
      yield* SyncRun.run(connector, {
        ...memory.sink,
        write: (records, checkpoint) =>
          Effect.suspend(() => {
            writes += 1
            return Effect.andThen(
              writes === 2 ? Deferred.await(fetchedMeanwhile) : Effect.void,
              memory.sink.write(records, checkpoint)
            )
          })
      }, { concurrency: 2 })
      assert.strictEqual(writes, 4)
    }))
})

describe("a source that fails", () => {
  it.effect("ends the sync with the connector's error, keeps what is durable and says so", () =>
    Effect.gen(function*() {
      const directory = Chaos.directory(100, 5)
      const memory = MemorySink.make({ commitEvery: 20 })
      const failing = Chaos.make(directory, {
        paging: "chain",
        pageSize: 10,
        seed: 1,
        before: (answer) => answer.number === 7 ? Effect.fail(Chaos.unavailable) : Effect.void
      })
      const told = SyncRun.progress()
      const error = yield* Effect.flip(SyncRun.run(failing.connector, memory.sink, told.options))
      assert.strictEqual(error, Chaos.unavailable)
      assert.isUndefined(yield* SyncRun.storeOf(memory))
      // The commit of page 6 came before the page counted, so five pages are kept.
      assert.deepStrictEqual(
        told.events.at(-1),
        { _tag: "Stopped", reason: "failed", kept: { rows: 50, pages: 5, finishedTypes: [] } }
      )

      const again = Chaos.make(directory, { paging: "chain", pageSize: 10, seed: 2 })
      const retold = SyncRun.progress()
      const report = yield* SyncRun.run(again.connector, memory.sink, { ...retold.options, concurrency: 3 })
      assert.isTrue(report.resumed)
      assert.deepStrictEqual(retold.events[0], {
        _tag: "Started",
        syncId: "memory-1",
        resumedFrom: { rows: 50, pages: 5, finishedTypes: [] }
      })
      // Five of ten pages of people, and one of groups.
      assert.strictEqual(again.answers.length, 6)
      assert.strictEqual(again.answers[0]?.cursor, "50")
      assert.strictEqual((yield* SyncRun.storeOf(memory))?.resources.length, 105)
    }))

  it.effect("before anything is durable leaves nothing to take up", () =>
    Effect.gen(function*() {
      const memory = MemorySink.make()
      const told = SyncRun.progress()
      const failing = Chaos.make(Chaos.directory(5, 1), {
        paging: "chain",
        pageSize: 10,
        seed: 1,
        before: () => Effect.fail(Chaos.unavailable)
      })
      yield* Effect.flip(SyncRun.run(failing.connector, memory.sink, told.options))
      assert.deepStrictEqual(told.tags(), ["Started", "TypeStarted", "Stopped"])
      assert.deepStrictEqual(told.events.at(-1), { _tag: "Stopped", reason: "failed" })
    }))

  it.effect("gives up the fetches that are under way", () =>
    Effect.gen(function*() {
      const memory = MemorySink.make()
      const failing = Chaos.make(Chaos.directory(100, 1), {
        paging: "siblings",
        pageSize: 10,
        seed: 1,
        before: (answer) =>
          answer.number === 0 ? Effect.void : answer.number === 4 ? Effect.fail(Chaos.unavailable) : Effect.never
      })
      const error = yield* Effect.flip(SyncRun.run(failing.connector, memory.sink, { concurrency: 4 }))
      assert.strictEqual(error, Chaos.unavailable)
      assert.deepStrictEqual(failing.running, { now: 0, most: 4, interrupted: 3 })
    }))
})

describe("interruption", () => {
  it.effect("stops the fetches at once, tells what is kept, and the next run goes on", () =>
    Effect.gen(function*() {
      const directory = Chaos.directory(100, 5)
      const memory = MemorySink.make({ commitEvery: 10 })
      const stuck = yield* Deferred.make<void>()
      const blocking = Chaos.make(directory, {
        paging: "siblings",
        pageSize: 10,
        seed: 1,
        before: (answer) =>
          answer.number < 4
            ? Effect.void
            : answer.number === 6
            ? Effect.andThen(Deferred.succeed(stuck, undefined), Effect.never)
            : Effect.never
      })
      const told = SyncRun.progress()
      const fiber = yield* Effect.forkChild(
        SyncRun.run(blocking.connector, memory.sink, { ...told.options, concurrency: 3 })
      )
      yield* Deferred.await(stuck)
      yield* Fiber.interrupt(fiber)
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(fiber)))
      assert.deepStrictEqual(blocking.running, { now: 0, most: 3, interrupted: 3 })
      assert.deepStrictEqual(told.events.at(-1), {
        _tag: "Stopped",
        reason: "interrupted",
        kept: { rows: 30, pages: 3, finishedTypes: [] }
      })

      const again = Chaos.make(directory, { paging: "siblings", pageSize: 10, seed: 5 })
      const report = yield* SyncRun.run(again.connector, memory.sink)
      assert.isTrue(report.resumed)
      assert.strictEqual(again.answers.length, 8)
      assert.deepStrictEqual(report.summary.resources, { user: 100, group: 5 })
    }))

  it.effect("lets the sink end what it has begun", () =>
    Effect.gen(function*() {
      const memory = MemorySink.make({ commitEvery: 1 })
      const writing = yield* Deferred.make<void>()
      const goOn = yield* Deferred.make<void>()
      let ended = 0
      const { connector } = Chaos.make(Chaos.directory(30, 1), { paging: "chain", pageSize: 10, seed: 1 })
      const fiber = yield* Effect.forkChild(SyncRun.run(connector, {
        ...memory.sink,
        write: (records, checkpoint) =>
          Effect.gen(function*() {
            yield* Deferred.succeed(writing, undefined)
            yield* Deferred.await(goOn)
            yield* memory.sink.write(records, checkpoint)
            ended += 1
          })
      }))
      yield* Deferred.await(writing)
      const interrupting = yield* Effect.forkChild(Fiber.interrupt(fiber))
      yield* Effect.yieldNow
      assert.strictEqual(ended, 0)
      yield* Deferred.succeed(goOn, undefined)
      yield* Fiber.await(interrupting)
      assert.strictEqual(ended, 1)
    }))
})

describe("checkpoints that can't be used", () => {
  const started = Effect.fnUntraced(function*(
    checkpoint: (valid: string) => string,
    version = "1.0.0"
  ) {
    const directory = Chaos.directory(30, 3)
    const memory = MemorySink.make({ commitEvery: 10 })
    const failing = Chaos.make(directory, {
      paging: "chain",
      pageSize: 10,
      seed: 1,
      before: (answer) => answer.number === 2 ? Effect.fail(Chaos.unavailable) : Effect.void
    })
    yield* Effect.flip(SyncRun.run(failing.connector, memory.sink))
    // Gone since: were the old rows kept, these people would still be in the snapshot.
    directory.users = directory.users.slice(5)
    directory.groups = directory.groups.map((group) => ({
      ...group,
      members: group.members.filter((id) => directory.users.some((user) => user.id === id))
    }))
    const { answers, connector } = Chaos.make(directory, { paging: "chain", pageSize: 10, seed: 1, version })
    const told = SyncRun.progress()
    const report = yield* SyncRun.run(connector, {
      ...memory.sink,
      begin: (header) =>
        Effect.map(
          memory.sink.begin(header),
          (start) => start.checkpoint === undefined ? start : { ...start, checkpoint: checkpoint(start.checkpoint) }
        )
    }, told.options)
    return { answers, report, told, store: yield* SyncRun.storeOf(memory) }
  })

  it.effect("are used when they can be: the control for the cases below", () =>
    Effect.gen(function*() {
      const { report, told } = yield* started((valid) => valid)
      assert.isTrue(report.resumed)
      assert.notInclude(told.tags(), "Noted")
    }))

  const cases: ReadonlyArray<readonly [string, (valid: string) => string, string, RegExp]> = [
    ["no JSON", () => "]", "1.0.0", /can't be read/],
    ["JSON of another shape", () => `{"version":1}`, "1.0.0", /can't be read/],
    ["of a later format", (valid) => valid.replace(`"version":1`, `"version":2`), "1.0.0", /can't be read/],
    ["with a count below zero", (valid) => valid.replace(/"rows":\d+/, `"rows":-1`), "1.0.0", /can't be read/],
    [
      "of another version of the connector",
      (valid) => valid,
      "1.1.0",
      /chaos 1\.0\.0 wrote it and this is chaos 1\.1\.0/
    ],
    ["of another connector", (valid) => valid.replace(`"chaos"`, `"other"`), "1.0.0", /other 1\.0\.0 wrote it/],
    ["with a type that is gone", (valid) => valid.replace(`"id":"user"`, `"id":"role"`), "1.0.0", /resource types/]
  ]
  for (const [name, checkpoint, version, reason] of cases) {
    it.effect(`${name}: everything is read anew, and the report says why`, () =>
      Effect.gen(function*() {
        const { answers, report, store, told } = yield* started(checkpoint, version)
        assert.isFalse(report.resumed)
        assert.isUndefined(answers[0]?.cursor)
        assert.deepStrictEqual(report.summary.resources, { user: 25, group: 3 })
        assert.strictEqual(store?.resources.length, 28)
        const note = report.notes.find((candidate) => candidate.code === "started-anew")
        assert.match(note?.message ?? "", reason)
        assert.deepStrictEqual(told.events.filter((event) => event._tag === "Noted").map((event) => event.note), [note])
      }))
  }
})

describe("an interrupted sync of long ago", () => {
  const runAfter = Effect.fnUntraced(function*(pause: Duration.Input, options: Sync.SyncOptions) {
    const directory = Chaos.directory(30, 3)
    const memory = MemorySink.make({ commitEvery: 10 })
    const failing = Chaos.make(directory, {
      paging: "keyset",
      pageSize: 10,
      seed: 1,
      before: (answer) => answer.number === 3 ? Effect.fail(Chaos.unavailable) : Effect.void
    })
    yield* Effect.flip(SyncRun.run(failing.connector, memory.sink, options))
    yield* TestClock.adjust(pause)
    const { connector } = Chaos.make(directory, { paging: "keyset", pageSize: 10, seed: 1 })
    return yield* SyncRun.run(connector, memory.sink, options)
  })

  it.effect("is taken up within a day", () =>
    Effect.gen(function*() {
      assert.isTrue((yield* runAfter("24 hours", {})).resumed)
    }))

  it.effect("begins anew after that, and says why", () =>
    Effect.gen(function*() {
      const report = yield* runAfter("25 hours", {})
      assert.isFalse(report.resumed)
      assert.deepStrictEqual(report.summary.resources, { user: 30, group: 3 })
      assert.match(report.notes.find((note) => note.code === "started-anew")?.message ?? "", /began more than 1d ago/)
    }))

  it.effect("is taken up within the time that was given", () =>
    Effect.gen(function*() {
      assert.isFalse((yield* runAfter("10 minutes", { resumeWithin: "5 minutes" })).resumed)
      assert.isTrue((yield* runAfter("10 minutes", { resumeWithin: "15 minutes" })).resumed)
    }))
})

describe("progress", () => {
  it.effect("tells each step in order, with rows, pages and the announced total", () =>
    Effect.gen(function*() {
      const told = SyncRun.progress()
      const { connector } = Chaos.make(Chaos.directory(12, 2), { paging: "chain", pageSize: 10, seed: 1 })
      const report = yield* SyncRun.run(connector, MemorySink.make().sink, told.options)
      const notes = [{ code: "page-read", message: "A page was read.", count: 1 }]
      const expected: ReadonlyArray<ProgressEvent.ProgressEvent> = [
        { _tag: "Started", syncId: "memory-1" },
        { _tag: "TypeStarted", resourceType: "user", rows: 0 },
        { _tag: "PageWritten", resourceType: "user", rows: 10, pages: 1, total: 12, notes },
        { _tag: "PageWritten", resourceType: "user", rows: 12, pages: 2, total: 12, notes },
        { _tag: "TypeFinished", resourceType: "user", rows: 12, pages: 2 },
        { _tag: "TypeStarted", resourceType: "group", rows: 0 },
        { _tag: "PageWritten", resourceType: "group", rows: 2, pages: 1, total: 2, notes },
        { _tag: "TypeFinished", resourceType: "group", rows: 2, pages: 1 },
        { _tag: "Settling" },
        { _tag: "Publishing" },
        { _tag: "Finished", summary: report.summary }
      ]
      assert.deepStrictEqual(told.events.map((event) => ({ ...event })), expected.map((event) => ({ ...event })))
      assert.deepStrictEqual(JSON.parse(JSON.stringify(told.events)), expected)
    }))
})

describe("the brake for emptied directories", () => {
  it.effect("publishes nothing when there is less than expected, and the next run looks afresh", () =>
    Effect.gen(function*() {
      const memory = MemorySink.make()
      const directory = Chaos.directory(50, 2)
      const whole = Chaos.make(directory, { paging: "siblings", pageSize: 10, seed: 1 })
      yield* SyncRun.run(whole.connector, memory.sink, { expectAtLeast: { user: 50, group: 2 } })
      const before = yield* SyncRun.storeOf(memory)

      const emptied = Chaos.make(Chaos.directory(3, 2), { paging: "siblings", pageSize: 10, seed: 1 })
      const told = SyncRun.progress()
      const error = yield* Effect.flip(
        SyncRun.run(emptied.connector, memory.sink, { ...told.options, expectAtLeast: { user: 50 } })
      )
      assert.strictEqual(error._tag, "SyncError")
      assert.deepInclude(error.reason, { _tag: "FewerThanExpected", resourceType: "user", expected: 50, received: 3 })
      assert.match(error.message, /has 3 resources of type "user" and at least 50 were expected/)
      assert.deepStrictEqual(yield* SyncRun.storeOf(memory), before)
      assert.deepStrictEqual(told.events.at(-1), {
        _tag: "Stopped",
        reason: "failed",
        kept: { rows: 0, pages: 0, finishedTypes: [] }
      })

      const restored = Chaos.make(directory, { paging: "siblings", pageSize: 10, seed: 2 })
      const report = yield* SyncRun.run(restored.connector, memory.sink, { expectAtLeast: { user: 50 } })
      assert.strictEqual(report.summary.resources["user"], 50)
    }))
})

describe("a connector that breaks its contract", () => {
  it.effect("by listing a resource of another type is told so", () =>
    Effect.gen(function*() {
      const memory = MemorySink.make()
      const { connector } = Chaos.make(Chaos.directory(5, 1), { paging: "chain", pageSize: 10, seed: 1 })
      const [users, groups] = connector.resourceTypes
      assert.isDefined(users)
      assert.isDefined(groups)
      const error = yield* Effect.flip(SyncRun.run({
        ...connector,
        resourceTypes: [{ ...users, list: groups.list }]
      }, memory.sink))
      assert.deepInclude(error.reason, { _tag: "ContractViolation", resourceType: "user" })
      assert.isTrue(Option.isNone(yield* memory.published))
    }))
})

describe("many kinds of notes", () => {
  it.effect("are counted by code, and the number of codes is bounded", () =>
    Effect.gen(function*() {
      const { connector } = Chaos.make(Chaos.directory(3_000, 1), {
        paging: "siblings",
        pageSize: 10,
        seed: 1,
        alter: (page, answer) => ({
          ...page,
          notes: [
            { code: `about-${answer.number}`, message: "An id in a code.", count: 2 },
            { code: "constant", message: `Of page ${answer.number}.`, count: 1 }
          ]
        })
      })
      const report = yield* SyncRun.run(connector, MemorySink.make().sink)
      assert.isAtMost(report.notes.length, 101)
      assert.strictEqual(report.notes.reduce((sum, note) => sum + note.count, 0), 301 * 3)
      assert.strictEqual(report.notes.find((note) => note.code === "constant")?.count, 301)
    }))
})

describe("errors of the sink", () => {
  it.effect("end the sync as they are, and what was durable before is taken up", () =>
    Effect.gen(function*() {
      const memory = MemorySink.make({ commitEvery: 10 })
      const directory = Chaos.directory(50, 1)
      const full = new SnapshotSink.SinkError({
        reason: new SnapshotSink.StorageFull({ location: "memory", message: "No room is left in memory. Make some." })
      })
      let writes = 0
      const filling = Chaos.make(directory, { paging: "chain", pageSize: 10, seed: 1 })
      const told = SyncRun.progress()
      const error = yield* Effect.flip(SyncRun.run(filling.connector, {
        ...memory.sink,
        write: (records, checkpoint) =>
          Effect.suspend(() => {
            writes += 1
            return writes === 4 ? Effect.fail(full) : memory.sink.write(records, checkpoint)
          })
      }, told.options))
      assert.strictEqual(error, full)
      assert.deepStrictEqual(told.events.at(-1), {
        _tag: "Stopped",
        reason: "failed",
        kept: { rows: 20, pages: 2, finishedTypes: [] }
      })
      const again = Chaos.make(directory, { paging: "chain", pageSize: 10, seed: 1 })
      const report = yield* SyncRun.run(again.connector, memory.sink)
      assert.isTrue(report.resumed)
      assert.strictEqual(again.answers[0]?.cursor, "20")
    }))
})
