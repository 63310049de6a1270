/** The life of tasks, over real TLS and real gRPC. */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { C1Sandbox } from "../src/index.ts"
import { connect } from "./Connector.ts"

const hostId = "host"
const metadata = { displayName: "Test" }
const whole = {
  hostId,
  connectorMetadata: metadata,
  buildInfo: { langVersion: "1", package: "p", packageVersion: "1" },
  osInfo: {
    hostname: "h",
    os: "linux",
    platform: "p",
    platformVersion: "1",
    platformFamily: "f",
    kernelVersion: "k",
    kernelArch: "a",
    virtualizationSystem: "none"
  }
}

it.live("says hello, takes a task and finishes it", () =>
  Effect.gen(function*() {
    const sandbox = yield* C1Sandbox.make({ nextPoll: "20 millis" })
    const client = yield* connect(sandbox)
    yield* Effect.promise(() => client.hello(whole))
    const id = yield* sandbox.enqueue({
      case: "deleteResource",
      value: { resourceId: { resourceType: "user", resource: "u" } }
    })
    const { nextPoll, task } = yield* Effect.promise(() => client.getTask({ hostId }))
    expect(task?.id).toBe(id)
    expect(id).toMatch(/^[0-9A-Za-z]{27}$/)
    expect(nextPoll?.nanos).toBe(20_000_000)
    expect((yield* Effect.promise(() => client.getTask({ hostId }))).task).toBeUndefined()
    yield* Effect.promise(() => client.finishTask({ hostId, taskId: id, finalState: { case: "success", value: {} } }))
    const done = yield* sandbox.awaitFinished(id)
    expect(done.outcome?._tag).toBe("Succeeded")
    const { entries } = sandbox.log
    yield* sandbox.log.awaitEntry((entry) => entry.method === "FinishTask")
    expect((yield* entries).map((entry) => [entry.method, entry.status, entry.remarks])).toEqual([
      ["token", "OK", []],
      ["Hello", "OK", []],
      ["GetTask", "OK", []],
      ["GetTask", "OK", []],
      ["FinishTask", "OK", []]
    ])
  }).pipe(Effect.scoped))
