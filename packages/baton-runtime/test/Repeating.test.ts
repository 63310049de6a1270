import { ConnectorService } from "@access-kit/baton-protocol/gen/c1/connector/v2/connector_pb"
import { GrantManagerService } from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import { BatonServices } from "@access-kit/baton-runtime"
import { ConnectorError } from "@access-kit/connector-model"
import { Connector } from "@access-kit/connector-model/Connector"
import { createRouterTransport } from "@connectrpc/connect"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as BatonClient from "../src/BatonClient.ts"
import * as Directory from "./Directory.ts"
import { settle } from "./Settling.ts"

const failing = Effect.fnUntraced(function*(reason: ConnectorError.Reason) {
  const asked: Array<string> = []
  const connector = Directory.make({
    content: Directory.sample(),
    before: (operation) =>
      Effect.suspend(() => {
        asked.push(operation)
        return Effect.fail(ConnectorError.make(operation, reason))
      })
  })
  const services = yield* BatonServices.make({ provisioning: true }).pipe(Effect.provideService(Connector, connector))
  const client = BatonClient.fromTransport(
    createRouterTransport(services.routes, { router: services.routerOptions })
  )
  return { asked, client }
})

const grant = {
  entitlement: { id: "group:g1:member", slug: "member", resource: { id: { resourceType: "group", resource: "g1" } } },
  principal: { id: { resourceType: "user", resource: "u3" } }
}

/** Checks that a call is made again after just these pauses, and then fails. */
const pauses = Effect.fnUntraced(function*<E>(
  call: Effect.Effect<unknown, E>,
  asked: ReadonlyArray<string>,
  seconds: ReadonlyArray<number>
) {
  const running = yield* Effect.forkChild(Effect.flip(call))
  yield* settle
  assert.strictEqual(asked.length, 1)
  for (const [index, pause] of seconds.entries()) {
    yield* TestClock.adjust(`${pause * 1000 - 1} millis`)
    yield* settle
    assert.strictEqual(asked.length, index + 1, `${pause} s is too long`)
    yield* TestClock.adjust("1 millis")
    yield* settle
    assert.strictEqual(asked.length, index + 2, `${pause} s is too short`)
  }
  return yield* Fiber.join(running)
})

describe("A source that is away for a moment", () => {
  it.effect("is asked three times more to grant, 15 seconds apart and more", () =>
    Effect.gen(function*() {
      const { asked, client } = yield* failing(new ConnectorError.Unavailable({ message: "It is down." }))
      const failed = yield* pauses(client.call(GrantManagerService.method.grant, grant), asked, [15, 30, 45])
      assert.deepStrictEqual([failed.codeName, failed.message], ["Unavailable", "grant failed: It is down."])
    }))

  it.effect("is asked five times more to validate, a second apart and more", () =>
    Effect.gen(function*() {
      const { asked, client } = yield* failing(new ConnectorError.Timeout({ message: "No answer." }))
      const failed = yield* pauses(client.call(ConnectorService.method.validate, {}), asked, [1, 2, 3, 4, 5])
      assert.deepStrictEqual([failed.codeName, failed.message], ["DeadlineExceeded", "validate failed: No answer."])
    }))

  it.effect("is given the time that it asks for, up to a minute", () =>
    Effect.gen(function*() {
      const { asked, client } = yield* failing(
        new ConnectorError.RateLimited({ message: "Slow down.", retryAfterMillis: 7_000 })
      )
      yield* pauses(client.call(GrantManagerService.method.grant, grant), asked, [7, 7, 7])
      const slow = yield* failing(
        new ConnectorError.RateLimited({ message: "Slow down.", retryAfterMillis: 3_600_000 })
      )
      yield* pauses(slow.client.call(GrantManagerService.method.grant, grant), slow.asked, [60, 60, 60])
    }))

  it.effect("is not asked again where that can't help", () =>
    Effect.gen(function*() {
      const { asked, client } = yield* failing(new ConnectorError.PermissionDenied({ message: "No." }))
      const failed = yield* pauses(client.call(GrantManagerService.method.grant, grant), asked, [])
      assert.strictEqual(failed.codeName, "PermissionDenied")
    }))
})
