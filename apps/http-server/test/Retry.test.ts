/**
 * A change whose server dies under it is sent again with its key, and happens once.
 */
import * as SandboxDirectory from "@access-kit/scim-sandbox/Directory"
import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import { assert } from "@effect/vitest"
import { Effect, Fiber, Redacted } from "effect"
import { join } from "node:path"
import { Bundle, withBundle } from "./Bundle.ts"
import { temporaryDirectory } from "./Databases.ts"

withBundle("A change that is sent again after kill -9", (it) => {
  it.effect("happens once, and is answered the same from then on", () =>
    Effect.gen(function*() {
      const { serve } = yield* Bundle
      const dir = ["--data-dir", join(yield* temporaryDirectory, "data")]
      const sandbox = yield* Sandbox.make({
        directory: yield* SandboxDirectory.generate({ users: 5, groups: 1, memberships: 3, seed: 1 })
      })
      const first = yield* serve(dir)
      const body = JSON.stringify({
        name: "once",
        kind: "claude-enterprise",
        settings: { "scim-url": sandbox.baseUrl, "scim-token": Redacted.value(sandbox.token) }
      })
      const create = (url: string) =>
        Effect.tryPromise(async () => {
          const response = await fetch(`${url}/v1/connectors`, {
            method: "POST",
            headers: {
              authorization: `Bearer ${first.firstToken}`,
              "content-type": "application/json",
              "idempotency-key": "only-once"
            },
            body
          })
          return { status: response.status, text: await response.text() }
        })

      // The server has begun, and waits for a source that does not answer.
      yield* sandbox.faults.set({ name: "hang" })
      const lost = yield* Effect.forkChild(Effect.exit(create(first.url)))
      yield* Effect.repeat(Effect.delay(sandbox.requests.stats, "20 millis"), { until: ({ total }) => total > 0 })
      yield* first.kill("SIGKILL")
      assert.strictEqual((yield* Fiber.join(lost))._tag, "Failure")
      yield* sandbox.faults.clear()

      const second = yield* serve(dir)
      const made = yield* create(second.url)
      assert.strictEqual(made.status, 201, made.text)
      // The answer was written down before it was given, so it outlives the process too.
      yield* second.kill("SIGKILL")
      yield* second.finished
      const third = yield* serve(dir)
      assert.deepStrictEqual(yield* create(third.url), made)
      const listed = yield* Effect.promise(async () => {
        const response = await fetch(`${third.url}/v1/connectors`, {
          headers: { authorization: `Bearer ${first.firstToken}` }
        })
        return response.text()
      })
      assert.strictEqual(JSON.parse(listed).items.length, 1)
    }).pipe(Effect.scoped))
})
