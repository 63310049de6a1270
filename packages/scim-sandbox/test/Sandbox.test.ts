import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Option, Redacted, Scope } from "effect"
import { spawn } from "node:child_process"
import * as Net from "node:net"
import { fileURLToPath } from "node:url"
import * as Directory from "../src/Directory.ts"
import * as Sandbox from "../src/Sandbox.ts"
import { ask, Unanswered, user } from "./RawClient.ts"

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))

describe("Sandbox.make", () => {
  it.effect("takes token, key and port, and keeps the token out of sight", () =>
    Effect.gen(function*() {
      const token = Redacted.make("se_secret_token")
      const sandbox = yield* Sandbox.make({ token, key: "acme" })
      assert.match(sandbox.baseUrl, /\/scim\/v2\.0\/acme$/)
      assert.strictEqual((yield* ask(sandbox, "GET", "/Users")).status, 200)
      const shown = JSON.stringify([sandbox, yield* sandbox.requests.entries]) + String(sandbox.token)
      assert.notInclude(shown, "se_secret_token")
    }))

  it.effect("makes a new token every time", () =>
    Effect.gen(function*() {
      const tokens = [yield* Sandbox.make(), yield* Sandbox.make()].map(({ token }) => Redacted.value(token))
      assert.notStrictEqual(tokens[0], tokens[1])
      assert.match(tokens[0] ?? "", /^se_[\w-]{32}$/)
    }))

  it.effect("says what is wrong with a port in use", () =>
    Effect.gen(function*() {
      const first = yield* Sandbox.make()
      const port = Number(new URL(first.baseUrl).port)
      const error = yield* Effect.flip(Sandbox.make({ port }))
      assert.strictEqual(
        error.message,
        `The sandbox can't listen on 127.0.0.1:${port}: the port is in use; choose another, or 0 for a free one`
      )
    }))

  it.effect("closes its sockets with the scope, a hanging request too", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const sandbox = yield* Scope.provide(Sandbox.make({ faults: [{ name: "hang", path: "/Groups" }] }), scope)
      assert.strictEqual((yield* ask(sandbox, "GET", "/Users")).status, 200)
      const hanging = yield* Effect.forkChild(Effect.flip(ask(sandbox, "GET", "/Groups")))
      while ((yield* sandbox.requests.stats).total < 2) yield* Effect.promise(() => new Promise(setImmediate))
      yield* Scope.close(scope, Exit.void)
      assert.instanceOf(yield* Fiber.join(hanging), Unanswered)
      assert.instanceOf(yield* Effect.flip(ask(sandbox, "GET", "/Users")), Unanswered)
    }))

  it.effect("lets a request in progress finish when the scope closes", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const sandbox = yield* Scope.provide(Sandbox.make({ faults: [{ name: "latency", ms: 100 }] }), scope)
      const slow = yield* Effect.forkChild(ask(sandbox, "GET", "/Users"))
      while ((yield* sandbox.requests.stats).inFlight < 1) yield* Effect.promise(() => new Promise(setImmediate))
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Fiber.join(slow)).status, 200)
    }))

  it.effect("counts requests in flight, and keeps the newest entries only", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make({ requestLogSize: 5, faults: [{ name: "latency", ms: 50, times: 4 }] })
      yield* Effect.all(Array.from({ length: 4 }, () => ask(sandbox, "GET", "/Users")), { concurrency: 4 })
      assert.strictEqual((yield* sandbox.requests.stats).maxInFlight, 4)
      for (let count = 0; count < 30; count++) yield* ask(sandbox, "GET", `/Users?count=${count}`)
      const entries = yield* sandbox.requests.entries
      assert.deepStrictEqual(entries.map((entry) => entry.query), [25, 26, 27, 28, 29].map((n) => `count=${n}`))
      assert.deepInclude(yield* sandbox.requests.stats, { total: 34, byStatus: { 200: 34 }, inFlight: 0 })
    }))

  it.effect("survives a client that goes away, and strange request targets", () =>
    Effect.gen(function*() {
      const sandbox = yield* Sandbox.make()
      const { port } = new URL(sandbox.baseUrl)
      const raw = (text: string) =>
        Effect.callback<string>((resume) => {
          const socket = Net.connect(Number(port), "127.0.0.1", () => socket.end(text))
          let answer = ""
          socket.on("data", (data) => (answer += data.toString()))
          socket.on("close", () => resume(Effect.succeed(answer)))
        })
      yield* raw("POST /scim/v2.0/sandbox/Users HTTP/1.1\r\nhost: x\r\ncontent-length: 500\r\n\r\n{")
      assert.match(
        yield* raw("GET //evil.example/x HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
        /^HTTP\/1\.1 404/
      )
      assert.strictEqual((yield* ask(sandbox, "GET", "/Users")).status, 200)
      assert.strictEqual((yield* sandbox.requests.stats).inFlight, 0)
    }))

  it.effect("gives tests a way to the directory past the client", () =>
    Effect.gen(function*() {
      const { directory } = yield* Sandbox.make({ directory: yield* Directory.generate(Directory.demo) })
      assert.deepInclude(yield* directory.counts, { users: 1_200, activeUsers: 1_128, groups: 40, memberships: 9_000 })
      const id = yield* directory.create("User", { ...user("new@x.example") })
      const failure = yield* Effect.flip(directory.create("User", { ...user("new@x.example") }))
      assert.strictEqual(failure.message, "409: Another user already exists with this username 'new@x.example'")
      const empty = yield* Effect.fromOption(Option.fromNullishOr((yield* directory.snapshot).groups[1]))
      yield* directory.setMembers(empty.id, [id])
      assert.deepInclude(yield* directory.group(empty.id), { value: { ...empty, members: [id] } })
      assert.isTrue(yield* directory.remove("User", id))
      assert.isFalse(yield* directory.remove("User", id))
      assert.isTrue(yield* directory.erase("User", id))
      assert.deepInclude(yield* directory.group(empty.id), { value: { ...empty, members: [] } })
      yield* directory.clear
      assert.deepInclude(yield* directory.counts, { users: 0, groups: 0 })
    }))
})

describe("main", () => {
  it.effect("runs as a process, prints one JSON line, and stops at SIGTERM", () =>
    Effect.gen(function*() {
      const child = spawn(process.execPath, [
        main,
        "--profile",
        "standard",
        "--users",
        "3",
        "--groups",
        "1",
        "--memberships",
        "2"
      ], {
        env: { ...process.env, SCIM_SANDBOX_TOKEN: "tok" },
        stdio: ["ignore", "pipe", "inherit"]
      })
      const line = yield* Effect.callback<string>((resume) => {
        child.stdout.once("data", (data: Buffer) => resume(Effect.succeed(data.toString())))
      })
      const { baseUrl, token }: { readonly baseUrl: string; readonly token: string } = JSON.parse(line)
      assert.strictEqual(token, "tok")
      const response = yield* Effect.promise(() =>
        fetch(`${baseUrl}/Users`, { headers: { authorization: `Bearer ${token}` } }).then((answer) => answer.text())
      )
      assert.match(response, /"totalResults":3/)
      const code = yield* Effect.callback<number | null>((resume) => {
        child.once("exit", (code) => resume(Effect.succeed(code)))
        child.kill("SIGTERM")
      })
      assert.isNotNull(code)
    }))
})
