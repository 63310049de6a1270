/**
 * A sync that is followed as server-sent events.
 */
import { ServerClient } from "@access-kit/server-api/ServerClient"
import type { SyncEvent } from "@access-kit/server-api/Syncs"
import { assert, layer } from "@effect/vitest"
import { Duration, Effect, Layer, Queue, Redacted, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { Control, idOf, syncOf } from "./FakeServices.ts"
import { layer as serverLayer, TestServer } from "./TestServer.ts"

const log = (sequence: number): SyncEvent => ({
  type: "log",
  entry: { sequence, at: "2026-11-25T16:00:00.000Z", level: "info", message: `line ${sequence}` }
})

const state = (name: "running" | "succeeded"): SyncEvent => ({ type: "sync", sync: syncOf(idOf(7), name) })

layer(serverLayer({ limits: { heartbeat: Duration.millis(20), eventStreams: 1 } }), { excludeTestServices: true })(
  "Events",
  (it) => {
    const open = (headers: Readonly<Record<string, string>> = {}) =>
      Effect.gen(function*() {
        const server = yield* TestServer
        const controller = new AbortController()
        yield* Effect.addFinalizer(() => Effect.sync(() => controller.abort()))
        const response = yield* Effect.promise(() =>
          fetch(`${server.url}/v1/syncs/${idOf(7)}/events`, {
            headers: { authorization: `Bearer ${server.admin}`, ...headers },
            signal: controller.signal
          })
        )
        const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
        let received = ""
        return {
          response,
          until: (text: string) =>
            Effect.promise(async () => {
              while (!received.includes(text)) {
                const next = await reader?.read()
                if (next === undefined || next.done) break
                received += next.value
              }
              return received
            })
        }
      })

    /** Closing a stream reaches the server when it does, so its place may be taken for a while. */
    const opened = Effect.repeat(Effect.map(open(), ({ response }) => response.status), {
      until: (status) => status === 200
    })

    it.effect("the typed client reads them", () =>
      Effect.gen(function*() {
        const server = yield* TestServer
        const { events } = yield* Control
        yield* Queue.offerAll(events, [state("running"), log(1), log(2), state("succeeded")])
        const got = yield* Effect.gen(function*() {
          const client = yield* ServerClient
          const stream = yield* client.syncs.events({ params: { syncId: idOf(7) }, headers: {} })
          return yield* Stream.runCollect(Stream.take(stream, 4))
        }).pipe(
          Effect.provide(
            ServerClient.layer({ baseUrl: server.url, token: Redacted.make(server.admin) }).pipe(
              Layer.provide(FetchHttpClient.layer)
            )
          ),
          Effect.scoped
        )
        assert.deepStrictEqual(got, [state("running"), log(1), log(2), state("succeeded")])
      }))

    it.effect("numbers them, keeps a quiet stream alive, and goes on where a caller was", () =>
      Effect.gen(function*() {
        const { events } = yield* Control
        const stream = yield* open({ "last-event-id": "2" })
        assert.strictEqual(stream.response.headers.get("content-type"), "text/event-stream")
        yield* Queue.offerAll(events, [state("running"), log(1), log(2), log(3)])
        const received = yield* stream.until("line 3")
        assert.match(received, /^: open\n\n/)
        assert.include(received, "id: 2\nevent: message\ndata: {\"type\":\"sync\"")
        assert.notInclude(received, "line 2")
        assert.include(received, "id: 3\nevent: message\ndata: {\"type\":\"log\"")
        assert.include(yield* stream.until(": still here\n\n"), ": still here\n\n")
      }).pipe(Effect.scoped))

    it.effect("bounds how many are open, and gives the place back", () =>
      Effect.gen(function*() {
        const server = yield* TestServer
        yield* Effect.scoped(Effect.gen(function*() {
          yield* opened
          const second = yield* server.send("GET", `/v1/syncs/${idOf(7)}/events`)
          assert.strictEqual(second.status, 503)
        }))
        const { events } = yield* Control
        yield* Effect.scoped(opened)
        yield* Queue.clear(events)
        assert.strictEqual((yield* server.send("GET", `/v1/syncs/${idOf(8)}/events`)).status, 404)
      }))
  }
)
