/** The life of tasks, over real TLS and real gRPC. */
import { expect, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { describe } from "vitest"
import { C1Sandbox } from "../src/index.ts"
import { connect, hello, hostId, statusOf } from "./Connector.ts"

const deletion = { case: "deleteResource" as const, value: { resourceId: { resourceType: "user", resource: "u" } } }

const success = (taskId: string) => ({ hostId, taskId, finalState: { case: "success" as const, value: {} } })
const failure = (taskId: string, nonRetryable: boolean) => ({
  hostId,
  taskId,
  status: { code: 5, message: "gone" },
  finalState: { case: "error" as const, value: { nonRetryable } }
})

/** A sandbox, a client, and calls that have to be fine. */
const start = Effect.fnUntraced(function*(options: C1Sandbox.Options = {}) {
  const c1 = yield* C1Sandbox.make({ nextPoll: "20 millis", ...options })
  const client = yield* connect(c1)
  const take = Effect.map(Effect.promise(() => client.getTask({ hostId })), ({ task }) => task?.id)
  const beat = (taskId: string) => Effect.promise(() => client.heartbeat({ hostId, taskId }))
  const state = (id: string) => Effect.map(c1.task(id), (record) => Option.getOrUndefined(record)?.state)
  return { beat, c1, client, state, take }
})

describe("tasks", () => {
  it.live("go from the queue through work to their end", () =>
    Effect.gen(function*() {
      const { beat, c1, client, state, take } = yield* start({ nextHeartbeat: "7 seconds" })
      yield* Effect.promise(() => client.hello(hello))
      expect((yield* c1.awaitHello()).request.connectorMetadata?.displayName).toBe("Test")
      const id = yield* c1.enqueue({ case: "syncFull", value: { skipGrants: true } }, { debug: true })
      expect(id).toMatch(/^[0-9A-Za-z]{27}$/)
      expect(yield* state(id)).toBe("queued")
      const { nextHeartbeat, nextPoll, task } = yield* Effect.promise(() => client.getTask({ hostId }))
      expect([task?.id, task?.debug, task?.taskType.case]).toEqual([id, true, "syncFull"])
      expect([nextPoll?.nanos, nextHeartbeat?.seconds]).toEqual([20_000_000, BigInt(7)])
      expect(yield* state(id)).toBe("taken")
      expect(yield* take).toBeUndefined()
      expect((yield* beat(id)).cancelled).toBe(false)
      expect(yield* state(id)).toBe("running")
      yield* Effect.promise(() => client.finishTask(success(id)))
      const done = yield* c1.awaitFinished(id)
      expect([done.state, done.outcome?._tag, done.heartbeats, done.finishes]).toEqual(["finished", "Succeeded", 1, 1])
      expect(done.offers).toEqual([{ at: expect.any(Number), clientId: c1.clientId, hostId }])
      yield* c1.log.awaitEntry((entry) => entry.method === "FinishTask")
      expect((yield* c1.log.entries).map(({ method, remarks, status }) => [method, status, ...remarks])).toEqual([
        ["token", "OK"],
        ["Hello", "OK"],
        ["GetTask", "OK"],
        ["GetTask", "OK"],
        ["Heartbeat", "OK"],
        ["FinishTask", "OK"]
      ])
    }).pipe(Effect.scoped))

  it.live("are handed out in their order, and many at once to who asks for many", () =>
    Effect.gen(function*() {
      const { c1, client, take } = yield* start()
      const ids = yield* Effect.forEach(Array.from({ length: 5 }), () => c1.enqueue(deletion))
      expect(yield* take).toBe(ids[0])
      const ask = (pageSize: number, knownTaskIds: Array<string> = []) =>
        Effect.map(
          Effect.promise(() => client.getTasks({ hostId, pageSize, knownTaskIds })),
          ({ tasks }) => tasks.map((task) => task.id)
        )
      expect(yield* ask(2)).toEqual([ids[1], ids[2]])
      // What a client says to know is not given to it again, even when C1 has lost sight of it.
      yield* c1.expire(ids[1] ?? "")
      expect(yield* ask(100, [ids[1] ?? ""])).toEqual([ids[3], ids[4]])
      expect(yield* ask(100)).toEqual([ids[1]])
    }).pipe(Effect.scoped))

  it.live("of nothing are over when they are handed out, and those of hello with the hello", () =>
    Effect.gen(function*() {
      const { c1, client, state, take } = yield* start()
      const none = yield* c1.enqueue({ case: "none", value: {} })
      expect(yield* take).toBe(none)
      expect(yield* state(none)).toBe("finished")
      const again = yield* c1.enqueue({ case: "hello", value: {} })
      expect(yield* take).toBe(again)
      yield* Effect.promise(() => client.hello({ ...hello, taskId: again }))
      expect((yield* c1.awaitFinished(again)).outcome?._tag).toBe("Succeeded")
      expect(yield* statusOf(() => client.hello({ ...hello, taskId: again }))).toMatch(/^FailedPrecondition/)
    }).pipe(Effect.scoped))

  it.live("come again when nobody hears of them: taken by time, and by hand", () =>
    Effect.gen(function*() {
      const { beat, c1, client, state, take } = yield* start({
        finishWithin: "1 minute",
        heartbeatWithin: "10 seconds"
      })
      const id = yield* c1.enqueue(deletion)
      yield* take
      yield* c1.setClockOffset(61_000)
      expect(yield* state(id)).toBe("queued")
      expect(yield* take).toBe(id)
      // With heartbeats it is the pause between two that counts.
      yield* beat(id)
      yield* c1.setClockOffset(69_000)
      yield* beat(id)
      yield* c1.setClockOffset(78_000)
      expect(yield* state(id)).toBe("running")
      yield* c1.setClockOffset(80_000)
      expect(yield* state(id)).toBe("queued")
      expect(yield* statusOf(() => client.heartbeat({ hostId, taskId: id }))).toMatch(/^FailedPrecondition/)
      expect(yield* take).toBe(id)
      expect(yield* c1.expire(id)).toBe(true)
      expect(yield* c1.expire(id)).toBe(false)
      // Whoever was slow may still say how it ended.
      expect(yield* statusOf(() => client.finishTask(success(id)))).toBe("OK")
      const record = yield* c1.awaitFinished(id)
      expect([record.offers.length, record.heartbeats]).toEqual([3, 2])
    }).pipe(Effect.scoped))

  it.live("are cancelled in the queue, with a heartbeat, or by their end", () =>
    Effect.gen(function*() {
      const { beat, c1, client, state, take } = yield* start()
      const queued = yield* c1.enqueue(deletion)
      expect(yield* c1.cancel(queued)).toBe(true)
      expect(yield* c1.cancel(queued)).toBe(false)
      expect(yield* c1.cancel("x")).toBe(false)
      expect([yield* state(queued), yield* take]).toEqual(["cancelled", undefined])

      const running = yield* c1.enqueue(deletion)
      yield* take
      yield* c1.cancel(running)
      expect((yield* beat(running)).cancelled).toBe(true)
      expect(yield* state(running)).toBe("running")
      yield* Effect.promise(() => client.finishTask(failure(running, false)))
      expect((yield* c1.awaitFinished(running)).state).toBe("cancelled")
      expect((yield* beat(running)).cancelled).toBe(true)

      // The one of the Go SDK that ends without a word, and one that was quicker than the cancellation.
      const silent = yield* c1.enqueue(deletion)
      const quick = yield* c1.enqueue(deletion)
      yield* take
      yield* take
      yield* c1.cancel(silent)
      yield* c1.cancel(quick)
      yield* c1.expire(silent)
      expect(yield* state(silent)).toBe("cancelled")
      yield* Effect.promise(() => client.finishTask(success(quick)))
      expect((yield* c1.awaitFinished(quick)).state).toBe("finished")
    }).pipe(Effect.scoped))

  it.live("may be finished twice with the same words, and never with others", () =>
    Effect.gen(function*() {
      const { c1, client, take } = yield* start()
      const id = yield* c1.enqueue(deletion)
      expect(yield* statusOf(() => client.finishTask(success(id)))).toMatch(/^FailedPrecondition: .*not handed out/)
      yield* take
      const finish = (message: ReturnType<typeof success> | ReturnType<typeof failure>) =>
        statusOf(() => client.finishTask(message))
      expect(yield* finish(failure(id, true))).toBe("OK")
      expect(yield* finish(failure(id, true))).toBe("OK")
      expect(yield* finish(failure(id, false))).toMatch(/^FailedPrecondition: .*another outcome/)
      expect(yield* finish(success(id))).toMatch(/^FailedPrecondition/)
      const { finishes, outcome } = yield* c1.awaitFinished(id)
      expect(finishes).toBe(2)
      expect(outcome).toMatchObject({ _tag: "Failed", code: 5, message: "gone", nonRetryable: true })
      expect(yield* finish(success("x".repeat(27)))).toMatch(/^NotFound/)
    }).pipe(Effect.scoped))

  it.live("are tried again as often as allowed, where their failure may be", () =>
    Effect.gen(function*() {
      const { c1, client, state, take } = yield* start({ attempts: 2 })
      const id = yield* c1.enqueue(deletion)
      yield* take
      yield* Effect.promise(() => client.finishTask(failure(id, false)))
      expect(yield* state(id)).toBe("queued")
      expect(yield* take).toBe(id)
      yield* Effect.promise(() => client.finishTask(failure(id, false)))
      expect(yield* state(id)).toBe("finished")
      const hopeless = yield* c1.enqueue(deletion)
      yield* take
      yield* Effect.promise(() => client.finishTask(failure(hopeless, true)))
      expect(yield* state(hopeless)).toBe("finished")
    }).pipe(Effect.scoped))

  it.live("of several are kept by one heartbeat", () =>
    Effect.gen(function*() {
      const { c1, client, take } = yield* start()
      const [one = "", two = ""] = yield* Effect.all([c1.enqueue(deletion), c1.enqueue(deletion)])
      yield* take
      yield* take
      yield* c1.cancel(two)
      const { cancelled, cancelledTaskIds } = yield* Effect.promise(() =>
        client.heartbeat({ hostId, taskId: one, taskIds: [one, two] })
      )
      expect([cancelled, cancelledTaskIds]).toEqual([false, [two]])
    }).pipe(Effect.scoped))
})

describe("requests", () => {
  it.live("are held to the rules of the protocol, with the field that breaks one", () =>
    Effect.gen(function*() {
      const { client } = yield* start()
      expect(yield* statusOf(() => client.getTask({}))).toBe(
        "InvalidArgument: invalid BatonServiceGetTaskRequest.host_id: value length must be at least 1 characters"
      )
      expect(yield* statusOf(() => client.hello({ hostId }))).toMatch(/connector_metadata: value is required/)
      expect(yield* statusOf(() => client.getTasks({ hostId, pageSize: 101 }))).toMatch(/page_size/)
      expect(yield* statusOf(() => client.heartbeat({ hostId, taskId: "x" }))).toMatch(/task_id: value does not match/)
      expect(yield* statusOf(() => client.finishTask({ hostId, taskId: "x".repeat(27) }))).toMatch(
        /final_state: value is required/
      )
    }).pipe(Effect.scoped))

  it.live("that do otherwise than the SDK are remarked on", () =>
    Effect.gen(function*() {
      const { c1, client, take } = yield* start()
      yield* Effect.promise(() => client.hello({ ...hello, osInfo: { ...hello.osInfo, kernelVersion: "" } }))
      const id = yield* c1.enqueue(deletion)
      yield* take
      yield* Effect.promise(() => client.finishTask({ ...success(id), hostId: "other" }))
      yield* c1.log.awaitEntry((entry) => entry.method === "FinishTask")
      const remarks = (yield* c1.log.entries).flatMap((entry) => entry.remarks)
      expect(remarks).toEqual([
        expect.stringContaining("kernelVersion"),
        "the task was given to the host \"host\" and this is \"other\""
      ])
    }).pipe(Effect.scoped))

  it.live("of other services and paths are not answered as if they were known", () =>
    Effect.gen(function*() {
      const { c1, client } = yield* start()
      expect((yield* Effect.promise(() => client.startDebugging({}))).status).toBe(true)
      expect((yield* c1.log.stats).byMethod).toEqual({ token: 1, StartDebugging: 1 })
    }).pipe(Effect.scoped))
})
