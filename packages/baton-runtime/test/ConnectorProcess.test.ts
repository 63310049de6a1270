import { ConnectorService } from "@access-kit/baton-protocol/gen/c1/connector/v2/connector_pb"
import { ResourceManagerService } from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import { ConnectorProcess } from "@access-kit/baton-runtime"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { spawn } from "node:child_process"
import { fileURLToPath } from "node:url"

const main = fileURLToPath(new URL("child.ts", import.meta.url))

const command = (...args: ReadonlyArray<string>): ConnectorProcess.Options => ({
  command: process.execPath,
  args: [main, ...args]
})

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe("ConnectorProcess", () => {
  it.live("starts a child on an inherited socket and ends it with the scope", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const child = yield* ConnectorProcess.start(command()).pipe(Scope.provide(scope))
      const validated = yield* child.client.call(ConnectorService.method.validate, {})
      assert.strictEqual(validated.sdkVersion, "v0.25.0")
      assert.isTrue(isAlive(child.pid))
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(isAlive(child.pid))
      // By itself, because its input ended, and not by a signal.
      assert.strictEqual((yield* Effect.flip(child.ended)).exitCode, 0)
    }))

  it.live("leaves no child behind when the parent is killed", () =>
    Effect.gen(function*() {
      const parent = spawn(process.execPath, [fileURLToPath(new URL("parent.ts", import.meta.url))], {
        stdio: ["ignore", "pipe", "inherit"]
      })
      const pid = yield* Effect.callback<number>((resume) => {
        parent.stdout.once("data", (chunk) => resume(Effect.succeed(Number(String(chunk)))))
      })
      assert.isTrue(isAlive(pid))
      parent.kill("SIGKILL")
      yield* Effect.repeat(Effect.sleep("20 millis"), { until: () => !isAlive(pid) })
    }))

  it.live("says that the program is missing, or may not be run", () =>
    Effect.gen(function*() {
      const missing = yield* Effect.flip(ConnectorProcess.start({ command: "/nowhere/baton-nothing" }))
      assert.strictEqual(missing.reason, "CannotStart")
      assert.include(missing.message, "/nowhere/baton-nothing")
      const unrunnable = yield* Effect.flip(ConnectorProcess.start({ command: main }))
      assert.strictEqual(unrunnable.reason, "CannotStart")
    }).pipe(Effect.scoped))

  it.live("fails calls when the child ends, with its exit code", () =>
    Effect.gen(function*() {
      const child = yield* ConnectorProcess.start(command("--crash"))
      const failed = yield* Effect.flip(child.client.call(ConnectorService.method.validate, {}))
      assert.strictEqual(failed.codeName, "Unavailable")
      assert.strictEqual((yield* Effect.flip(child.ended)).exitCode, 7)
    }).pipe(Effect.scoped))

  it.live("fails a call that is under way when the child dies of it", () =>
    Effect.gen(function*() {
      const child = yield* ConnectorProcess.start(command("--provisioning"))
      const failed = yield* Effect.flip(child.client.call(ResourceManagerService.method.deleteResource, {
        resourceId: { resourceType: "user", resource: "u1" }
      }))
      assert.strictEqual(failed.codeName, "Unavailable")
      assert.strictEqual((yield* Effect.flip(child.ended)).exitCode, 9)
    }).pipe(Effect.scoped))
})
