/** What goes wrong between a connector and C1, and that no task is lost by it. */
import { ConnectorV2 } from "@access-kit/baton-protocol"
import { C1Sandbox } from "@access-kit/c1-sandbox"
import { ConnectorError } from "@access-kit/connector-model"
import { Connector } from "@access-kit/connector-model/Connector"
import { anyIs } from "@bufbuild/protobuf/wkt"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { describe, expect, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Fiber, FileSystem } from "effect"
import { TestClock } from "effect/testing"
import * as Directory from "../Directory.ts"
import { atPresent, grantTask, passing, requests, start, syncTask, together } from "./Connected.ts"

const quick = { nextPoll: "50 millis" } as const

/** A connector that stops in one operation until it is let go on, and tells how often it came there. */
const gated = Effect.fnUntraced(function*(operation: string) {
  const content = Directory.sample()
  const reached = yield* Deferred.make<void>()
  const release = yield* Deferred.make<void>()
  const entered = { times: 0, interrupted: 0 }
  const connector = Directory.make({
    content,
    before: (name) =>
      name === operation
        ? Effect.suspend(() => {
          entered.times++
          return Effect.andThen(Deferred.succeed(reached, undefined), Deferred.await(release))
        }).pipe(Effect.onInterrupt(() => Effect.sync(() => entered.interrupted++)))
        : Effect.void
  })
  return {
    connector,
    content,
    entered,
    reached: Deferred.await(reached),
    release: Deferred.succeed(release, undefined)
  }
})

describe("results", () => {
  it.live("are handed over again when the answer got lost, and the task is carried out once", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make({
        ...quick,
        faults: [{ name: "dropReply", method: "FinishTask", times: 1 }]
      })
      const gate = yield* gated("grant")
      yield* gate.release
      yield* start(sandbox, { connector: gate.connector })
      const id = yield* sandbox.enqueue(grantTask("g3", "u1"))
      const record = yield* sandbox.awaitTask(id, (task) => task.finishes >= 2)
      expect(record).toMatchObject({ state: "finished", outcome: { _tag: "Succeeded" } })
      expect(gate.entered.times).toBe(1)
      // It is heard of no more.
      yield* Effect.flatMap(sandbox.enqueue(grantTask("g3", "u2")), sandbox.awaitFinished)
      expect(yield* requests(sandbox, "FinishTask", 3)).toBe(3)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("are handed over again when C1 could not take them", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make({
        ...quick,
        faults: [
          { name: "resetStream", method: "FinishTask", times: 1 },
          { name: "rpcError", method: "FinishTask", code: 13, times: 1 }
        ]
      })
      yield* start(sandbox)
      const id = yield* sandbox.enqueue(grantTask("g3", "u1"))
      expect(yield* sandbox.awaitFinished(id)).toMatchObject({ outcome: { _tag: "Succeeded" }, finishes: 1 })
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("wait for C1 while it is away for an hour", () =>
    Effect.gen(function*() {
      yield* atPresent
      const sandbox = yield* C1Sandbox.make({ ...quick, finishWithin: "5 hours" })
      const gate = yield* gated("grant")
      yield* start(sandbox, { connector: gate.connector })
      const id = yield* sandbox.enqueue(grantTask("g3", "u1"))
      yield* passing(sandbox, gate.reached)
      yield* sandbox.network.down
      yield* gate.release
      yield* TestClock.withLive(Effect.andThen(
        Effect.sleep("1 millis"),
        Effect.repeat(Effect.sleep("1 millis"), { until: () => gate.content.teams[2]?.members.length === 1 })
      ))
      // An hour, in which it is tried time and again.
      for (let minute = 0; minute < 60; minute++) {
        yield* TestClock.withLive(Effect.sleep("5 millis"))
        yield* TestClock.adjust("1 minute")
      }
      expect(yield* sandbox.task(id)).toMatchObject({ value: { finishes: 0 } })
      const second = yield* sandbox.enqueue(grantTask("g3", "u2"))
      // The clocks of both go by the hour that has passed.
      yield* together(sandbox)
      yield* sandbox.network.up
      expect(yield* passing(sandbox, sandbox.awaitFinished(id))).toMatchObject({
        outcome: { _tag: "Succeeded" },
        finishes: 1,
        offers: [{ hostId: "test-host" }]
      })
      expect(yield* passing(sandbox, sandbox.awaitFinished(second))).toMatchObject({ outcome: { _tag: "Succeeded" } })
      expect(gate.entered.times).toBe(2)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("that C1 refuses for good are told in the log, and the service goes on", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make({
        ...quick,
        faults: [{ name: "rpcError", method: "FinishTask", code: 5, times: 1 }]
      })
      yield* start(sandbox)
      yield* sandbox.enqueue(grantTask("g3", "u1"))
      const next = yield* sandbox.enqueue(grantTask("g3", "u2"))
      expect((yield* sandbox.awaitFinished(next)).outcome?._tag).toBe("Succeeded")
    }).pipe(Effect.provide(NodeServices.layer)))
})

describe("a task that is given out twice", () => {
  it.live("while it is under way is carried out once", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make(quick)
      const gate = yield* gated("grant")
      yield* start(sandbox, { connector: gate.connector })
      const id = yield* sandbox.enqueue(grantTask("g3", "u1"))
      yield* gate.reached
      yield* sandbox.faults.set({ name: "duplicateTask", times: 1 })
      yield* sandbox.awaitTask(id, (task) => task.offers.length === 2)
      yield* gate.release
      expect(yield* sandbox.awaitFinished(id)).toMatchObject({ outcome: { _tag: "Succeeded" }, finishes: 1 })
      expect(gate.entered.times).toBe(1)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("after its end, since C1 did not hear of that, has its result handed over again", () =>
    Effect.gen(function*() {
      // C1 drops what it hears, and gives the task out again.
      const sandbox = yield* C1Sandbox.make({
        ...quick,
        faults: [{ name: "rpcError", method: "FinishTask", code: 5, times: 1 }]
      })
      const gate = yield* gated("grant")
      yield* gate.release
      yield* start(sandbox, { connector: gate.connector })
      const id = yield* sandbox.enqueue(grantTask("g3", "u1"))
      yield* sandbox.log.awaitEntry((entry) => entry.method === "FinishTask")
      yield* sandbox.expire(id)
      expect(yield* sandbox.awaitFinished(id)).toMatchObject({
        outcome: { _tag: "Succeeded" },
        finishes: 1,
        offers: [{}, {}]
      })
      expect(gate.entered.times).toBe(1)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("after a failure that may be repeated is carried out anew", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make({
        ...quick,
        attempts: 2,
        faults: [{ name: "rpcError", method: "UploadAsset", code: 14, times: 3 }]
      })
      yield* start(sandbox)
      const id = yield* sandbox.enqueue(syncTask)
      expect(yield* sandbox.awaitTask(id, (task) => task.outcome?._tag === "Succeeded")).toMatchObject({
        finishes: 2,
        offers: [{}, {}]
      })
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("as two tasks with one wish: the second says that there was nothing to do", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make(quick)
      yield* start(sandbox, { taskConcurrency: 1 })
      const first = yield* sandbox.enqueue(grantTask("g3", "u1"))
      const second = yield* sandbox.enqueue(grantTask("g3", "u1"))
      expect((yield* sandbox.awaitFinished(first)).outcome).toMatchObject({ _tag: "Succeeded", annotations: [] })
      const again = yield* sandbox.awaitFinished(second)
      expect(again.outcome?.annotations.map((any) => anyIs(any, ConnectorV2.GrantAlreadyExistsSchema))).toEqual([true])
    }).pipe(Effect.provide(NodeServices.layer)))
})

describe("heartbeats", () => {
  it.live("bring the word that a sync is cancelled; it stops, and says so", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const sandbox = yield* C1Sandbox.make(quick)
      const gate = yield* gated("list")
      const { directory } = yield* start(sandbox, { connector: gate.connector })
      const id = yield* sandbox.enqueue(syncTask)
      yield* gate.reached
      yield* sandbox.cancel(id)
      const record = yield* sandbox.awaitFinished(id)
      expect(record).toMatchObject({
        state: "cancelled",
        outcome: { _tag: "Failed", code: 1, nonRetryable: false, message: "the task was cancelled by ConductorOne" }
      })
      expect(gate.entered).toEqual({ times: 1, interrupted: 1 })
      expect(yield* sandbox.uploads).toEqual([])
      const left = yield* files.readDirectory(directory, { recursive: true })
      expect(left.filter((name) => name.includes("upload") || name.includes("c1z"))).toEqual([])
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("come before the work: a task that is cancelled by then is not begun", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make({ ...quick, faults: [{ name: "cancel", times: 1 }] })
      const gate = yield* gated("list")
      yield* start(sandbox, { connector: gate.connector })
      const id = yield* sandbox.enqueue(syncTask)
      expect(yield* sandbox.awaitFinished(id)).toMatchObject({ outcome: { _tag: "Failed", code: 1 } })
      expect(gate.entered.times).toBe(0)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("may fail eight times in a row, and not nine", () =>
    Effect.gen(function*() {
      yield* atPresent
      const lost = (times: number) => ({ name: "rpcError", method: "Heartbeat", code: 14, after: 1, times }) as const
      const sandbox = yield* C1Sandbox.make({
        ...quick,
        finishWithin: "5 hours",
        heartbeatWithin: "5 hours",
        faults: [lost(8)]
      })
      const gate = yield* gated("list")
      yield* start(sandbox, { connector: gate.connector })
      const id = yield* sandbox.enqueue(syncTask)
      yield* passing(sandbox, sandbox.awaitTask(id, (task) => task.heartbeats >= 3))
      expect(yield* requests(sandbox, "Heartbeat", 11)).toBeGreaterThanOrEqual(11)
      expect(gate.entered.interrupted).toBe(0)
      yield* sandbox.faults.set({ ...lost(9), after: 0 })
      expect(yield* passing(sandbox, sandbox.awaitFinished(id))).toMatchObject({
        outcome: { _tag: "Failed", code: 1, message: expect.stringContaining("task failed heartbeat: 9 in a row") }
      })
      expect(gate.entered.interrupted).toBe(1)
    }).pipe(Effect.provide(NodeServices.layer)))
})

describe("polling", () => {
  it.effect(
    "goes on after failures, with longer and longer pauses of a minute at the most",
    () =>
      Effect.gen(function*() {
        yield* atPresent
        const sandbox = yield* C1Sandbox.make({
          ...quick,
          finishWithin: "5 hours",
          faults: [{ name: "rpcError", method: "GetTask", code: 13, times: 10 }]
        })
        yield* start(sandbox)
        const id = yield* sandbox.enqueue(grantTask("g3", "u1"))
        yield* passing(sandbox, sandbox.awaitFinished(id))
        const polls = (yield* sandbox.log.entries).filter((entry) => entry.method === "GetTask")
        expect(polls.filter((entry) => entry.status === "Internal").length).toBe(10)
      }).pipe(Effect.provide(NodeServices.layer))
  )

  it.live("several at a time says which tasks are known, and takes as many as there is work for", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make(quick)
      const gate = yield* gated("grant")
      const ids = yield* Effect.forEach(
        ["u1", "u2", "u3", "u1", "u2", "u3"],
        (person) => sandbox.enqueue(grantTask("g3", person))
      )
      yield* start(sandbox, { connector: gate.connector, batch: true, taskConcurrency: 2 })
      yield* gate.reached
      const first = yield* sandbox.log.awaitEntry((entry) => entry.method === "GetTasks")
      expect(first.request).toMatchObject({ hostId: "test-host", pageSize: 4 })
      expect((yield* sandbox.tasks).map((task) => task.state)).toEqual([
        "taken",
        "taken",
        "taken",
        "taken",
        "queued",
        "queued"
      ])
      expect(gate.entered.times).toBeLessThanOrEqual(2)
      yield* gate.release
      for (const id of ids) expect((yield* sandbox.awaitFinished(id)).outcome?._tag).toBe("Succeeded")
      expect(gate.entered.times).toBe(6)
      const { byMethod } = yield* sandbox.log.stats
      expect(byMethod.GetTask).toBeUndefined()
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live(
    "goes on when the client is revoked and let in again, and nothing is lost meanwhile",
    () =>
      Effect.gen(function*() {
        const sandbox = yield* C1Sandbox.make(quick)
        const gate = yield* gated("grant")
        yield* start(sandbox, { connector: gate.connector })
        const id = yield* sandbox.enqueue(grantTask("g3", "u1"))
        yield* gate.reached
        yield* sandbox.clients.revoke()
        yield* gate.release
        yield* sandbox.log.awaitEntry((entry) => entry.method === "token" && entry.status !== "OK")
        yield* sandbox.clients.restore()
        expect(yield* sandbox.awaitFinished(id)).toMatchObject({ outcome: { _tag: "Succeeded" }, finishes: 1 })
        expect(gate.entered.times).toBe(1)
      }).pipe(Effect.provide(NodeServices.layer))
  )
})

describe("everything at once", () => {
  it.live("ends every task, and carries each out once, whatever breaks on the way", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make({
        nextPoll: "10 millis",
        // What was given out and not heard of is given out again soon.
        finishWithin: "3 seconds",
        faults: [
          { name: "dropReply", method: "GetTask", after: 2, times: 2 },
          { name: "dropReply", method: "FinishTask", after: 3, times: 4 },
          { name: "duplicateTask", after: 5, times: 12 },
          { name: "resetStream", after: 20, times: 3 },
          { name: "goAway", after: 30, times: 3 },
          { name: "dropConnection", after: 40, times: 2 },
          { name: "httpStatus", method: "FinishTask", status: 502, after: 25, times: 4 },
          { name: "rpcError", method: "FinishTask", code: 8, after: 30, times: 3 },
          { name: "rpcError", method: "token", times: 1 }
        ]
      })
      const carriedOut = new Map<string, number>()
      const content = {
        people: Array.from({ length: 60 }, (_, index) => Directory.person(index)),
        teams: [{ id: "g1", name: "All", members: [] }]
      }
      const whole = Directory.make({ content })
      const connector = Connector.of({
        ...whole,
        resourceTypes: whole.resourceTypes.map((handler) => {
          const { grant } = handler
          if (grant === undefined) return handler
          return {
            ...handler,
            grant: (request) => {
              const { resource } = request.principal
              carriedOut.set(resource, (carriedOut.get(resource) ?? 0) + 1)
              return grant(request)
            }
          }
        })
      })
      const ids = yield* Effect.forEach(content.people, ({ id }) => sandbox.enqueue(grantTask("g1", id)))
      yield* start(sandbox, { connector, taskConcurrency: 5 })
      for (const id of ids) {
        expect.soft(yield* sandbox.awaitFinished(id)).toMatchObject({ outcome: { _tag: "Succeeded", annotations: [] } })
      }
      expect([...carriedOut.values()]).toEqual(ids.map(() => 1))
      expect(carriedOut.size).toBe(60)
      expect(yield* sandbox.faults.active).toEqual([])
    }).pipe(Effect.provide(NodeServices.layer)))
})

describe("a source that is down", () => {
  it.effect("is asked again a few times for a change, which then fails for good", () =>
    Effect.gen(function*() {
      yield* atPresent
      const sandbox = yield* C1Sandbox.make({ ...quick, finishWithin: "5 hours" })
      let asked = 0
      const down = ConnectorError.make("grant", new ConnectorError.Unavailable({ message: "The source is down." }))
      const connector = Directory.make({
        content: Directory.sample(),
        before: (operation) =>
          operation === "grant" ? Effect.andThen(Effect.sync(() => asked++), Effect.fail(down)) : Effect.void
      })
      yield* start(sandbox, { connector })
      const id = yield* sandbox.enqueue(grantTask("g3", "u1"))
      expect((yield* passing(sandbox, sandbox.awaitFinished(id))).outcome).toMatchObject({
        _tag: "Failed",
        code: 14,
        nonRetryable: true,
        message: expect.stringContaining("grant failed: The source is down.")
      })
      expect(asked).toBe(4)
    }).pipe(Effect.provide(NodeServices.layer)))
})

describe("the end", () => {
  it.live("waits for a change, hands its result over, and takes no more tasks", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make(quick)
      const gate = yield* gated("grant")
      const running = yield* start(sandbox, { connector: gate.connector })
      const id = yield* sandbox.enqueue(grantTask("g3", "u1"))
      yield* gate.reached
      const stopping = yield* Effect.forkChild(running.stop)
      const late = yield* sandbox.enqueue(grantTask("g3", "u2"))
      yield* Effect.sleep("300 millis")
      yield* gate.release
      yield* Fiber.join(stopping)
      expect(yield* sandbox.task(id)).toMatchObject({
        value: { state: "finished", outcome: { _tag: "Succeeded" }, finishes: 1 }
      })
      // Queued, or given back before it was begun: not lost, and not carried out.
      expect(gate.entered.times).toBe(1)
      expect(yield* sandbox.task(late)).toMatchObject({ value: { state: expect.stringMatching(/queued|finished/) } })
      expect(running.undelivered()).toBe(0)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("cancels a sync and says so", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const sandbox = yield* C1Sandbox.make(quick)
      const gate = yield* gated("list")
      const running = yield* start(sandbox, { connector: gate.connector })
      const id = yield* sandbox.enqueue(syncTask)
      yield* gate.reached
      yield* running.stop
      expect(yield* sandbox.task(id)).toMatchObject({
        value: {
          outcome: {
            _tag: "Failed",
            code: 1,
            nonRetryable: false,
            message: "the task was cancelled: the connector is shutting down"
          }
        }
      })
      expect(yield* files.readDirectory(running.directory)).toEqual([])
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("cuts off a change that takes too long, and lets C1 repeat it", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make(quick)
      const gate = yield* gated("grant")
      const grace = { changes: Duration.millis(100), results: Duration.minutes(1) }
      const running = yield* start(sandbox, { connector: gate.connector, grace })
      const id = yield* sandbox.enqueue(grantTask("g3", "u1"))
      yield* gate.reached
      yield* running.stop
      expect(yield* sandbox.task(id)).toMatchObject({
        value: { outcome: { _tag: "Failed", code: 1, nonRetryable: false } }
      })
      expect(gate.entered.interrupted).toBe(1)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("comes in time when C1 is away, and says how many results are left", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make(quick)
      const gate = yield* gated("grant")
      const grace = { changes: Duration.minutes(1), results: Duration.millis(300) }
      const running = yield* start(sandbox, { connector: gate.connector, grace })
      yield* sandbox.enqueue(grantTask("g3", "u1"))
      yield* gate.reached
      yield* sandbox.network.down
      yield* gate.release
      yield* running.stop
      expect(running.undelivered()).toBe(1)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("waits for an answer that may bring a task, and gives that back", () =>
    Effect.gen(function*() {
      const latency = { name: "latency", method: "GetTask", ms: 1_000, times: 1 } as const
      const sandbox = yield* C1Sandbox.make({ ...quick, faults: [latency] })
      const id = yield* sandbox.enqueue(grantTask("g3", "u1"))
      const running = yield* start(sandbox)
      // It has struck as soon as the question has arrived.
      yield* Effect.repeat(Effect.delay(sandbox.faults.active, "1 millis"), { until: (left) => left.length === 0 })
      yield* running.stop
      expect(yield* sandbox.task(id)).toMatchObject({
        value: {
          outcome: { _tag: "Failed", code: 14, nonRetryable: false, message: expect.stringContaining("not begun") }
        }
      })
    }).pipe(Effect.provide(NodeServices.layer)))
})
