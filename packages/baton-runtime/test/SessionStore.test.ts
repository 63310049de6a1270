import { BatonSessionService } from "@access-kit/baton-protocol/gen/c1/connectorapi/baton/v1/session_pb"
import { createRouterTransport } from "@connectrpc/connect"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as BatonClient from "../src/BatonClient.ts"
import * as RequestValidation from "../src/RequestValidation.ts"
import * as SessionStore from "../src/SessionStore.ts"

const syncId = "2Pq9".padEnd(27, "x")
const otherId = "3Pq9".padEnd(27, "x")

const { method } = BatonSessionService

const make = () =>
  BatonClient.fromTransport(createRouterTransport(SessionStore.make().routes, {
    router: { interceptors: [RequestValidation.interceptor] }
  }))

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

const text = (value: Uint8Array): string => Buffer.from(value).toString()

describe("SessionStore", () => {
  it.live("keeps values of one sync apart from those of another", () =>
    Effect.gen(function*() {
      const client = make()
      yield* client.call(method.set, { syncId, key: "k", value: bytes("v") })
      const found = yield* client.call(method.get, { syncId, key: "k" })
      assert.deepStrictEqual([found.found, text(found.value)], [true, "v"])
      assert.isFalse((yield* client.call(method.get, { syncId: otherId, key: "k" })).found)
      yield* client.call(method.set, { syncId, key: "empty", value: new Uint8Array() })
      assert.isTrue((yield* client.call(method.get, { syncId, key: "empty" })).found)
    }))

  it.live("takes a prefix for the beginning of keys", () =>
    Effect.gen(function*() {
      const client = make()
      yield* client.call(method.setMany, { syncId, prefix: "a", values: { "1": bytes("one"), b2: bytes("two") } })
      yield* client.call(method.set, { syncId, key: "other", value: bytes("x") })
      assert.strictEqual(text((yield* client.call(method.get, { syncId, key: "a1" })).value), "one")
      const all = yield* client.call(method.getAll, { syncId, prefix: "a" })
      assert.deepStrictEqual(all.items.map((item) => [item.key, text(item.value)]), [["1", "one"], ["b2", "two"]])
      assert.deepStrictEqual(
        (yield* client.call(method.getMany, { syncId, prefix: "ab", keys: ["2", "3"] })).items.map((item) => item.key),
        ["2"]
      )
      yield* client.call(method.clear, { syncId, prefix: "ab" })
      assert.deepStrictEqual(
        (yield* client.call(method.getAll, { syncId })).items.map((item) => item.key),
        ["a1", "other"]
      )
      yield* client.call(method.deleteMany, { syncId, keys: ["a1", "nothing"] })
      yield* client.call(method.delete, { syncId, key: "other" })
      assert.deepStrictEqual((yield* client.call(method.getAll, { syncId })).items, [])
    }))

  it.live("hands out large values in parts", () =>
    Effect.gen(function*() {
      const client = make()
      const keys = ["a", "b", "c", "d"]
      for (const key of keys) yield* client.call(method.set, { syncId, key, value: new Uint8Array(2_000_000) })
      const some = yield* client.call(method.getMany, { syncId, keys })
      assert.deepStrictEqual([some.items.map((item) => item.key), some.unprocessedKeys], [["a", "b"], ["c", "d"]])
      const found: Array<string> = []
      let pageToken = ""
      do {
        const page = yield* client.call(method.getAll, { syncId, pageToken })
        for (const item of page.items) found.push(item.key)
        pageToken = page.pageToken
      } while (pageToken !== "")
      assert.deepStrictEqual(found, keys)
    }))

  it.live("is full at some point, and has room again after a deletion", () =>
    Effect.gen(function*() {
      const client = make()
      const value = new Uint8Array(4_000_000)
      let stored = 0
      while (stored < 100) {
        const result = yield* Effect.result(client.call(method.set, { syncId, key: `k${stored}`, value }))
        if (result._tag === "Failure") {
          assert.strictEqual(result.failure.codeName, "ResourceExhausted")
          break
        }
        stored++
      }
      assert.isBelow(stored, 100)
      yield* client.call(method.delete, { syncId, key: "k0" })
      yield* client.call(method.set, { syncId, key: "again", value })
      // The same key takes the same room.
      yield* client.call(method.set, { syncId, key: "again", value })
    }))

  it.live("refuses sync ids that are none and too many keys", () =>
    Effect.gen(function*() {
      const client = make()
      assert.strictEqual(
        (yield* Effect.flip(client.call(method.get, { syncId: "x", key: "k" }))).codeName,
        "InvalidArgument"
      )
      const keys = Array.from({ length: 101 }, (_, index) => `k${index}`)
      assert.strictEqual(
        (yield* Effect.flip(client.call(method.getMany, { syncId, keys }))).codeName,
        "InvalidArgument"
      )
    }))
})
