/** What goes wrong on purpose, as a client sees it; and a C1 that goes away and comes back. */
import { expect, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { readFileSync } from "node:fs"
import { describe } from "vitest"
import { C1Sandbox, type Fault } from "../src/index.ts"
import { connect, hello, hostId, statusOf, token, upload } from "./Connector.ts"

const start = Effect.fnUntraced(function*(options: C1Sandbox.Options = {}) {
  const c1 = yield* C1Sandbox.make(options)
  const client = yield* connect(c1)
  const poll = statusOf(() => client.getTask({ hostId }))
  return { c1, client, poll }
})

const finished = (taskId: string) => ({ hostId, taskId, finalState: { case: "success" as const, value: {} } })
const noTask = { case: "listEventFeeds" as const, value: {} }

describe("faults", () => {
  const failing: ReadonlyArray<readonly [Fault.Fault, RegExp]> = [
    [{ name: "rpcError", times: 1 }, /^Unavailable: a fault on purpose/],
    [{ name: "rpcError", code: 7, message: "no", times: 1 }, /^PermissionDenied: no/],
    [{ name: "httpStatus", times: 1 }, /^Unavailable/],
    [{ name: "httpStatus", status: 401, times: 1 }, /^Unauthenticated/],
    [{ name: "resetStream", times: 1 }, /^(Internal|Unavailable|Aborted|Canceled)/],
    [{ name: "dropConnection", times: 1 }, /^(Internal|Unavailable|Aborted|Canceled)/],
    [{ name: "dropReply", times: 1 }, /^(Internal|Unavailable|Aborted|Canceled)/]
  ]

  it.live.each(failing)("%j strikes once and is over", ([fault, expected]) =>
    Effect.gen(function*() {
      const { c1, poll } = yield* start()
      yield* c1.faults.set(fault)
      expect(yield* poll).toMatch(expected)
      expect(yield* c1.faults.active).toEqual([])
      expect(yield* poll).toBe("OK")
      const struck = yield* c1.log.awaitEntry((entry) => entry.faults.length > 0)
      expect([struck.method, struck.faults]).toEqual(["GetTask", [fault.name]])
    }).pipe(Effect.scoped))

  it.live("strike a method, after some requests, some times", () =>
    Effect.gen(function*() {
      const { c1, client, poll } = yield* start({
        faults: [{ name: "rpcError", method: "GetTask", after: 1, times: 2 }]
      })
      expect(yield* statusOf(() => client.hello(hello))).toBe("OK")
      const polls = yield* Effect.forEach([1, 2, 3, 4], () => poll)
      expect(polls.map((status) => status.split(":")[0])).toEqual(["OK", "Unavailable", "Unavailable", "OK"])
      yield* c1.faults.set({ name: "rpcError" }, { name: "goAway" })
      yield* c1.faults.clear("rpcError")
      expect(yield* c1.faults.active).toEqual([{ name: "goAway" }])
      yield* c1.faults.clear()
      expect(yield* c1.faults.active).toEqual([])
    }).pipe(Effect.scoped))

  it.live("lose the answer to FinishTask, and not what it said", () =>
    Effect.gen(function*() {
      const { c1, client } = yield* start()
      const id = yield* c1.enqueue(noTask)
      yield* Effect.promise(() => client.getTask({ hostId }))
      yield* c1.faults.set({ name: "dropReply", method: "FinishTask", times: 1 })
      expect(yield* statusOf(() => client.finishTask(finished(id)))).not.toBe("OK")
      expect((yield* c1.awaitFinished(id)).finishes).toBe(1)
      expect(yield* statusOf(() => client.finishTask(finished(id)))).toBe("OK")
      expect((yield* c1.awaitFinished(id)).finishes).toBe(2)
      expect((yield* c1.log.awaitEntry((entry) => entry.faults.includes("dropReply"))).status).toBe("no answer")
    }).pipe(Effect.scoped))

  it.live("hand out a task twice, and cancel one in its midst", () =>
    Effect.gen(function*() {
      const { c1, client } = yield* start()
      const id = yield* c1.enqueue(noTask)
      const take = Effect.map(Effect.promise(() => client.getTask({ hostId })), ({ task }) => task?.id)
      expect(yield* take).toBe(id)
      yield* c1.faults.set({ name: "duplicateTask", times: 1 }, { name: "cancel", after: 1, times: 1 })
      expect(yield* take).toBe(id)
      expect(yield* take).toBeUndefined()
      const beat = Effect.map(Effect.promise(() => client.heartbeat({ hostId, taskId: id })), ({ cancelled }) =>
        cancelled)
      expect([yield* beat, yield* beat, yield* beat]).toEqual([false, true, true])
    }).pipe(Effect.scoped))

  it.live("cut an upload after some pieces", () =>
    Effect.gen(function*() {
      const { c1, client } = yield* start()
      const id = yield* c1.enqueue({ case: "syncFull", value: {} })
      yield* Effect.promise(() => client.getTask({ hostId }))
      yield* c1.faults.set({ name: "cutUpload", chunks: 2, times: 1 })
      const bytes = readFileSync(new URL("../../c1z/test/fixtures/v1-sync.c1z", import.meta.url))
      const send = statusOf(() => client.uploadAsset(upload(id, bytes, { chunk: 500 })))
      expect(yield* send).not.toBe("OK")
      const cut = yield* c1.log.awaitEntry((entry) => entry.faults.includes("cutUpload"))
      expect(cut.request).toMatchObject({ chunks: 2, bytes: 1000 })
      expect(yield* send).toBe("OK")
      expect(yield* c1.uploads).toHaveLength(1)
    }).pipe(Effect.scoped))

  it.live("hang until the client gives up, and only then are in the log", () =>
    Effect.gen(function*() {
      const { c1, client } = yield* start()
      yield* c1.faults.set({ name: "hang", method: "GetTask" })
      const controller = new AbortController()
      const call = yield* Effect.forkChild(statusOf(() => client.getTask({ hostId }, { signal: controller.signal })))
      yield* Effect.sync(() => controller.abort())
      expect(yield* Fiber.join(call)).toMatch(/^Canceled/)
    }).pipe(Effect.scoped))

  it.live("are slow on purpose", () =>
    Effect.gen(function*() {
      const { c1, poll } = yield* start()
      yield* c1.faults.set({ name: "latency", ms: 30 })
      expect(yield* poll).toBe("OK")
      expect((yield* c1.log.awaitEntry((entry) => entry.method === "GetTask")).millis).toBeGreaterThanOrEqual(29)
    }).pipe(Effect.scoped))

  it.live("are there for the token endpoint, too", () =>
    Effect.gen(function*() {
      const { c1 } = yield* start()
      // Signed anew each time: an assertion is good for one answer, also one that was lost.
      const ask = Effect.map(Effect.suspend(() => token(c1, c1)), ({ body, status }) => [status, body.slice(0, 25)])
      yield* c1.faults.set({ name: "tokenRefused", times: 1 })
      expect(yield* ask).toEqual([401, "{\"error\":\"invalid_client\""])
      yield* c1.faults.set({ name: "tokenBody", body: "{\"access_token\":\"\"}", times: 1 })
      expect(yield* ask).toEqual([200, "{\"access_token\":\"\"}"])
      yield* c1.faults.set({ name: "rpcError", method: "token", times: 1 })
      expect((yield* ask)[0]).toBe(503)
      yield* c1.faults.set({ name: "httpStatus", status: 502, method: "token", times: 1 })
      expect((yield* ask)[0]).toBe(502)
      yield* c1.faults.set({ name: "dropReply", method: "token", times: 1 })
      expect((yield* Effect.flip(ask)).message).not.toBe("")
      expect((yield* ask)[0]).toBe(200)
    }).pipe(Effect.scoped))
})

describe("the network", () => {
  it.live("goes and comes back on the same port", () =>
    Effect.gen(function*() {
      const { c1, poll } = yield* start()
      const id = yield* c1.enqueue(noTask)
      yield* c1.network.down
      yield* c1.network.down
      expect(yield* poll).not.toBe("OK")
      expect((yield* c1.log.stats).open).toBe(0)
      yield* c1.network.up
      yield* c1.network.up
      expect(yield* poll).toBe("OK")
      expect((yield* c1.task(id))._tag).toBe("Some")
    }).pipe(Effect.scoped))

  it.live("breaks connections, or closes them with good manners", () =>
    Effect.gen(function*() {
      const { c1, poll } = yield* start()
      expect([yield* poll, yield* poll]).toEqual(["OK", "OK"])
      const connections = Effect.map(c1.log.entries, (entries) =>
        entries.filter((entry) => entry.method === "GetTask").map((entry) => entry.connection))
      // One for the token and one for everything else.
      expect(new Set(yield* connections).size).toBe(1)
      // A request that crosses the farewell on its way is refused, and may be made again.
      const soon = Effect.repeat(poll, {
        until: (status) =>
          status === "OK"
      })
      yield* c1.network.goAway
      yield* soon
      expect(new Set(yield* connections).size).toBe(2)
      yield* c1.network.breakConnections
      yield* soon
      expect(new Set(yield* connections).size).toBe(3)
      yield* c1.faults.set({ name: "goAway", times: 1 })
      expect(yield* poll).toBe("OK")
      yield* soon
      expect(new Set(yield* connections).size).toBe(4)
    }).pipe(Effect.scoped))

  it.live("says why it can't be used", () =>
    Effect.gen(function*() {
      const { c1 } = yield* start()
      const taken = yield* Effect.flip(C1Sandbox.make({ port: c1.port }))
      expect([taken.reason, taken.message]).toEqual(["AddressInUse", expect.stringContaining(`127.0.0.1:${c1.port}`)])
      const unwritable = yield* Effect.flip(C1Sandbox.make({ directory: "/dev/null/x" }))
      expect([unwritable.reason, unwritable.message]).toEqual(["CannotWrite", expect.stringContaining("/dev/null/x")])
      const nowhere = yield* Effect.flip(C1Sandbox.make({ listen: "192.0.2.1" }))
      expect(nowhere.reason).toBe("CannotListen")
    }).pipe(Effect.scoped))
})
