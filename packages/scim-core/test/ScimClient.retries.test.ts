import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Metric, Redacted } from "effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import { TestClock } from "effect/testing"
import * as Auth from "../src/Auth.ts"
import * as RetryPolicy from "../src/RetryPolicy.ts"
import * as ScimClient from "../src/ScimClient.ts"
import * as ScimMetrics from "../src/ScimMetrics.ts"
import { connect, type Handler, scimError, serve, token, users } from "./loopback.ts"

const user = { id: "u1", userName: "a@example.com" }

interface Scripted {
  readonly status: number
  readonly headers?: { readonly [name: string]: string }
  readonly body?: unknown
}

/** A client on the test clock: answers come from a script, at once, and each request's time is noted. */
const scripted = (answers: (index: number) => Scripted, options?: Partial<ScimClient.Options>) =>
  Effect.gen(function*() {
    const times: Array<number> = []
    const http = HttpClient.make((request) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        const answer = answers(times.length)
        times.push(now)
        return HttpClientResponse.fromWeb(
          request,
          new Response(answer.body === undefined ? null : JSON.stringify(answer.body), answer)
        )
      })
    )
    const scim = yield* ScimClient.make({
      baseUrl: "https://example.com/scim",
      auth: Auth.bearer(Redacted.make(token)),
      retry: RetryPolicy.make({ jitter: false }),
      ...options
    }).pipe(Effect.provideService(HttpClient.HttpClient, http))
    return { scim, times }
  })

/** Lets a fibre run to its end, however long it sleeps. */
const finish = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect)
    yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })

const epoch = Date.parse("2026-01-01T00:00:00Z")

/** Milliseconds between the first request, answered with these headers, and the second. */
const pauseAfter = (status: number, headers: { readonly [name: string]: string }) =>
  Effect.gen(function*() {
    yield* TestClock.setTime(epoch)
    const { scim, times } = yield* scripted((n) => n === 0 ? { status, headers } : { status: 200, body: user })
    yield* finish(scim.users.get("u1"))
    assert.strictEqual(times.length, 2)
    return (times[1] ?? 0) - (times[0] ?? 0)
  })

const at = (seconds: number) => new Date(epoch + seconds * 1000).toUTCString()

describe("A server that wants fewer requests", () => {
  const cases: ReadonlyArray<readonly [string, { readonly [name: string]: string }, number]> = [
    ["Retry-After: 2", { "retry-after": "2" }, 2000],
    ["Retry-After: 0", { "retry-after": "0" }, 0],
    ["Retry-After: 1.5", { "retry-after": "1.5" }, 1500],
    ["Retry-After as a date", { "retry-after": at(30) }, 30_000],
    ["Retry-After as a date of a server whose clock is wrong", { "retry-after": at(1030), date: at(1000) }, 30_000],
    ["Retry-After as a date that has passed", { "retry-after": at(-30) }, 0],
    ["Retry-After: abc", { "retry-after": "abc" }, 250],
    ["Retry-After: -5", { "retry-after": "-5" }, 250],
    ["no word about it", {}, 250],
    ["X-RateLimit-Reset in seconds", { "x-ratelimit-reset": "7" }, 7000],
    ["X-RateLimit-Reset as a time", { "x-ratelimit-reset": String(epoch / 1000 + 7) }, 7000],
    ["X-RateLimit-Reset as a time in milliseconds", { "x-ratelimit-reset": String(epoch + 7000) }, 7000],
    ["RateLimit-Reset", { "ratelimit-reset": "7" }, 7000],
    ["Retry-After and X-RateLimit-Reset", { "retry-after": "2", "x-ratelimit-reset": "7" }, 2000]
  ]
  for (const [name, headers, pause] of cases) {
    it.effect(`gets its pause: ${name}`, () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* pauseAfter(429, headers), pause)
        assert.strictEqual(yield* pauseAfter(503, headers), pause)
      }))
  }

  it.effect("for longer than the policy has patience gets a typed error at once", () =>
    Effect.gen(function*() {
      const { scim, times } = yield* scripted(() => ({ status: 429, headers: { "retry-after": "99999" } }))
      const error = yield* Effect.flip(scim.users.get("u1"))
      assert(error.reason._tag === "RateLimitExhausted")
      assert.strictEqual(error.retryAfterMillis, 99_999_000)
      assert.strictEqual(error.status, 429)
      assert.strictEqual(times.length, 1)
    }))

  it.effect("again and again gets its pauses until the budget is spent", () =>
    Effect.gen(function*() {
      const { scim, times } = yield* scripted(() => ({ status: 429, headers: { "retry-after": "20" } }), {
        retry: RetryPolicy.make({ jitter: false, maxRetries: 2, budget: "2 minutes" })
      })
      const error = yield* finish(Effect.flip(scim.users.get("u1")))
      assert(error.reason._tag === "RateLimitExhausted")
      assert.strictEqual(error.reason.waitedMillis, 120_000)
      assert.strictEqual(times.length, 7)
    }))

  it.effect("for no time at all does not keep the client in a loop", () =>
    Effect.gen(function*() {
      const { scim, times } = yield* scripted(() => ({ status: 429, headers: { "retry-after": "0" } }), {
        retry: RetryPolicy.make({ jitter: false, maxRetries: 3, budget: "10 seconds" })
      })
      yield* finish(Effect.flip(scim.users.get("u1")))
      assert.strictEqual(times.length, 14)
    }))

  it.effect("has all fibres pause", () =>
    Effect.gen(function*() {
      let limited = true
      const { scim, times } = yield* scripted(
        (n) => n === 3 && limited ? { status: 429, headers: { "retry-after": "10" } } : { status: 200, body: user },
        { concurrency: 2 }
      )
      const fiber = yield* Effect.forkChild(
        Effect.forEach(users(20), ({ id }) => Effect.andThen(scim.users.get(id), Effect.sleep(1)), { concurrency: 4 })
      )
      yield* TestClock.adjust("9 seconds")
      const before = times.length
      assert.isAtMost(before, 4 + 2)
      limited = false
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(fiber)
      assert.strictEqual(times.length, 21)
      // Nothing was sent between the refusal and the end of the pause.
      assert.deepStrictEqual(times.filter((time) => time > (times[3] ?? 0) + 2 && time < (times[3] ?? 0) + 10_000), [])
      assert.isAbove((yield* scim.stats).waitedMillis, 9999)
    }))

  it.effect("to a POST gets it again: nothing was carried out", () =>
    Effect.gen(function*() {
      const { scim, times } = yield* scripted((n) => n === 0 ? { status: 429 } : { status: 201, body: user })
      assert.strictEqual((yield* finish(scim.users.create({ userName: "a@example.com" }))).id, "u1")
      assert.strictEqual(times.length, 2)
    }))
})

describe("RetryPolicy", () => {
  const failing = (options: RetryPolicy.Options) =>
    Effect.gen(function*() {
      const { scim, times } = yield* scripted(() => ({ status: 500 }), { retry: RetryPolicy.make(options) })
      const error = yield* finish(Effect.flip(scim.users.get("u1")))
      assert.strictEqual(error.reason._tag, "ServerFailure")
      return times.slice(1).map((time, i) => time - (times[i] ?? 0))
    })

  it.effect("doubles the delay up to its cap, so many times", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* failing({ jitter: false }), [250, 500, 1000, 2000, 4000])
      assert.deepStrictEqual(
        yield* failing({ jitter: false, initialDelay: 100, factor: 10, maxDelay: "2 seconds", maxRetries: 4 }),
        [100, 1000, 2000, 2000]
      )
    }))

  it.effect("ends where the budget does", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* failing({ jitter: false, budget: "1 second" }), [250, 500])
    }))

  it.effect("varies the delays by a fifth", () =>
    Effect.gen(function*() {
      const delays = yield* failing({ initialDelay: 1000, factor: 1, maxRetries: 20 })
      assert.strictEqual(delays.length, 20)
      for (const delay of delays) assert.isTrue(delay >= 800 && delay <= 1200)
      assert.isAbove(new Set(delays).size, 1)
    }))

  it.effect("none sends everything once", () =>
    Effect.gen(function*() {
      for (const status of [429, 500, 503]) {
        const { scim, times } = yield* scripted(() => ({ status, headers: { "retry-after": "1" } }), {
          retry: RetryPolicy.none
        })
        yield* finish(Effect.flip(scim.users.get("u1")))
        assert.strictEqual(times.length, 1)
      }
    }))
})

describe("What is sent again", () => {
  const retried = (failure: ReturnType<Handler>) =>
    Effect.gen(function*() {
      const server = yield* serve((_, n) => n === 0 ? failure : { body: user })
      const scim = yield* connect(server)
      assert.strictEqual((yield* scim.users.get("u1")).id, "u1")
      assert.strictEqual(server.requests.length, 2)
      const stats = yield* scim.stats
      assert.deepStrictEqual([stats.requests, stats.retries], [2, 1])
    })

  it.live("a GET after 500, 502, 503, 504 and 408", () =>
    Effect.gen(function*() {
      for (const status of [408, 500, 502, 503, 504]) yield* retried(scimError(status, "x"))
    }))

  it.live("a GET after a broken connection, and after an answer that broke off", () =>
    Effect.gen(function*() {
      yield* retried((response) => response.socket?.resetAndDestroy())
      yield* retried({ body: `{"id": "u1", "userN` })
      yield* retried((response) => {
        response.writeHead(200, { "content-length": "1000" })
        response.write(`{"id":`, () => response.socket?.destroy())
      })
    }))

  it.live("nothing after a refusal that time does not heal", () =>
    Effect.gen(function*() {
      for (const status of [400, 401, 403, 404, 405, 409, 412, 413, 422, 501]) {
        const server = yield* serve(() => scimError(status, "x"))
        yield* Effect.flip((yield* connect(server)).users.get("u1"))
        assert.strictEqual(server.requests.length, 1, String(status))
      }
    }))

  it.live("HTML is not asked for again", () =>
    Effect.gen(function*() {
      const server = yield* serve(() => ({ headers: { "content-type": "text/html" }, body: "<html></html>" }))
      yield* Effect.flip((yield* connect(server)).users.get("u1"))
      assert.strictEqual(server.requests.length, 1)
    }))
})

describe("ScimMetrics", () => {
  it.live("counts what the clients of the process do", () =>
    Effect.gen(function*() {
      const read = Effect.all([
        Metric.value(ScimMetrics.requests),
        Metric.value(ScimMetrics.retries),
        Metric.value(ScimMetrics.throttled),
        Metric.value(ScimMetrics.bytesReceived),
        Metric.value(ScimMetrics.bytesSent)
      ])
      const before = (yield* read).map(({ count }) => count)
      const server = yield* serve((_, n) => n === 0 ? { status: 429 } : { body: user })
      const scim = yield* connect(server)
      yield* scim.users.replace("u1", { userName: "a@example.com" })
      const after = (yield* read).map(({ count }) => count)
      const sent = server.requests[0]?.body.length ?? 0
      assert.deepStrictEqual(after.map((count, i) => Number(count) - Number(before[i])), [
        2,
        1,
        1,
        JSON.stringify(user).length,
        2 * sent
      ])
    }))
})

describe("A cursor that the server no longer knows", () => {
  it.effect("is not asked for again, since it stays unknown", () =>
    Effect.gen(function*() {
      const { scim, times } = yield* scripted(() => ({ status: 400, body: { scimType: "expiredCursor" } }))
      const error = yield* finish(Effect.flip(scim.users.page({ cursor: "c1" })))
      assert.strictEqual(error.reason._tag, "CursorExpired")
      assert.isTrue(error.isRetryable)
      assert.strictEqual(times.length, 1)
    }))
})
