import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as RunnerAddress from "../../src/jobs/RunnerAddress.ts"

describe("RunnerAddress", () => {
  it("tells private addresses from those that anybody reaches", () => {
    for (
      const ip of [
        "127.0.0.1",
        "10.1.2.3",
        "172.31.255.255",
        "192.168.0.1",
        "100.64.0.1",
        "169.254.1.1",
        "::1",
        "fd00::1",
        "fe80::1"
      ]
    ) {
      assert.isTrue(RunnerAddress.isPrivate(ip), ip)
    }
    for (const ip of ["0.0.0.0", "::", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2001:db8::1", "::ffff:8.8.8.8"]) {
      assert.isFalse(RunnerAddress.isPrivate(ip), ip)
    }
  })

  it.effect("refuses what is not private, by name too, and says why", () =>
    Effect.gen(function*() {
      yield* RunnerAddress.requirePrivate({ host: "localhost", port: 1 })
      yield* RunnerAddress.requirePrivate({ host: "10.0.0.7", port: 1 })
      const open = yield* Effect.flip(RunnerAddress.requirePrivate({ host: "0.0.0.0", port: 1 }))
      assert.match(open.message, /"0\.0\.0\.0" is not private\..*not encrypted/)
      const unknown = yield* Effect.flip(RunnerAddress.requirePrivate({ host: "no-such-host.invalid", port: 1 }))
      assert.match(unknown.message, /has no IP address/)
    }))
})
