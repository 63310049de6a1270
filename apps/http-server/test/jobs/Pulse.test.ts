import * as FreePort from "@access-kit/tooling-vitest/FreePort"
import { assert } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import * as Engine from "../../src/jobs/Engine.ts"
import { Pulse } from "../../src/jobs/Pulse.ts"
import { Standstill } from "../../src/jobs/Standstill.ts"
import * as Database from "../../src/storage/Database.ts"
import { until } from "../CoreServices.ts"
import { onEachDatabase, TestDatabase } from "../Databases.ts"

onEachDatabase("Pulse", (it) => {
  it.effect("is there while the engine works, and gone with it", () =>
    Effect.gen(function*() {
      const location = yield* (yield* TestDatabase).fresh
      const runner = {
        address: { host: "127.0.0.1", port: yield* FreePort.find },
        secrets: [Redacted.make("secret")] as const
      }
      const left = yield* Effect.gen(function*() {
        const pulse = yield* Pulse
        yield* until(pulse.check("2 seconds"), (reason) => reason === undefined)
        return pulse
      }).pipe(
        Effect.provide(
          Pulse.layer.pipe(
            Layer.provide([Engine.layer({ location, runner }), Standstill.layer]),
            Layer.provide(Database.layer(location)),
            Layer.orDie
          )
        )
      )
      assert.match((yield* left.check("2 seconds")) ?? "", /^The job engine/)
    }))
})
