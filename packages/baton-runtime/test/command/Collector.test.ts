/** The command as a process of its own, between a SCIM server, perhaps a C1, and an OpenTelemetry collector. */
import * as CollectorLayer from "@access-kit/baton-runtime/command/Collector"
import type * as Given from "@access-kit/baton-runtime/command/Given"
import { C1Sandbox } from "@access-kit/c1-sandbox"
import * as Directory from "@access-kit/scim-sandbox/Directory"
import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import * as FreePort from "@access-kit/tooling-vitest/FreePort"
import { NodeServices } from "@effect/platform-node"
import { expect, layer } from "@effect/vitest"
import { Effect, FileSystem, Layer, Redacted, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { fileURLToPath } from "node:url"
import type { Span } from "../../src/gen/opentelemetry/proto/trace/v1/trace_pb.ts"
import * as Collector from "./CollectorServer.ts"

const program = fileURLToPath(new URL("program.ts", import.meta.url))

/** The command with a directory to read; nothing of what it says has the token in it. */
const begin = Effect.fnUntraced(
  function*(args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) {
    const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
    const files = yield* FileSystem.FileSystem
    const directory = yield* files.makeTempDirectoryScoped({ prefix: "collector-test-" })
    const sandbox = yield* Sandbox.make({
      directory: yield* Directory.generate({ users: 130, groups: 6, memberships: 300, seed: 7 })
    })
    const token = Redacted.value(sandbox.token)
    const child = yield* spawner.spawn(ChildProcess.make(process.execPath, [program, ...args], {
      cwd: directory,
      stdin: "ignore",
      extendEnv: false,
      env: { BATON_SCIM_URL: sandbox.baseUrl, BATON_SCIM_TOKEN: token, ...env },
      forceKillAfter: "10 seconds"
    }))
    const finished = Effect.gen(function*() {
      const [stdout, stderr] = yield* Effect.all([
        Stream.mkString(Stream.decodeText(child.stdout)),
        Stream.mkString(Stream.decodeText(child.stderr))
      ], { concurrency: 2 })
      const code = yield* child.exitCode
      expect(stdout + stderr).not.toContain(token)
      return { code, stderr, written: yield* files.exists(`${directory}/sync.c1z`) }
    })
    return { child, finished, token }
  }
)

const ran = Effect.fnUntraced(function*(args: ReadonlyArray<string>, env?: Readonly<Record<string, string>>) {
  const { finished, token } = yield* begin(args, env)
  return { token, ...(yield* finished) }
})

const about = { name: "baton-test", version: "1.2.3" }

const givenOf = (texts: Readonly<Record<string, string>>): Given.Given => ({
  has: (name) => Object.hasOwn(texts, name),
  text: (name) => texts[name],
  isOn: (name) => texts[name] === "true",
  integer: () => 0,
  list: () => []
})

const insecure = (endpoint: string) => [
  "--otel-collector-endpoint",
  endpoint,
  "--otel-collector-endpoint-tls-insecure"
]

/** What was asked of the SCIM server. */
const readingsOf = (spans: ReadonlyArray<Span>) => spans.filter((span) => span.name.startsWith("ScimClient."))

/** Names of spans below one that never came. */
const orphansOf = (spans: ReadonlyArray<Span>) => {
  const ids = new Set(spans.map((span) => Collector.idOf(span.spanId)))
  return spans.flatMap(({ name, parentSpanId }) =>
    parentSpanId.length > 0 && !ids.has(Collector.idOf(parentSpanId)) ? [name] : []
  )
}

const warnings = (stderr: string) =>
  stderr.split("\n").filter((line) => line.includes("The OpenTelemetry collector at"))

layer(NodeServices.layer, { excludeTestServices: true, timeout: "2 minutes" })("an OpenTelemetry collector", (it) => {
  it.effect("gets the spans of a sync as one trace, and its log lines; nothing secret", () =>
    Effect.gen(function*() {
      const collector = yield* Collector.start()
      const { code, stderr, token, written } = yield* ran(insecure(collector.endpoint))
      expect(stderr).not.toContain("OpenTelemetry")
      expect({ code, written }).toEqual({ code: 0, written: true })
      expect([...collector.services]).toEqual(["baton-claude-enterprise-server"])

      const roots = collector.spans.filter((span) => span.parentSpanId.length === 0)
      expect(roots.map((span) => span.name)).toContain("Task.run")
      expect(orphansOf(collector.spans)).toEqual([])
      const ofSync = roots.find((span) => span.name === "Task.run")
      expect(readingsOf(collector.spans).length).toBeGreaterThan(2)
      for (const reading of readingsOf(collector.spans)) expect(reading.traceId).toEqual(ofSync?.traceId)
      const lines = stderr.trimEnd().split("\n").map((line) => JSON.parse(line).msg)
      expect(collector.logs.map(Collector.bodyOf)).toEqual(lines)
      expect(lines.length).toBeGreaterThan(0)

      expect(collector.heard()).toContain("Task.run")
      expect(collector.heard()).not.toContain(token)
      expect(collector.heard()).not.toContain(token.slice(0, 12))
    }))

  it.effect("gets the failure of a run, without the token that was refused", () =>
    Effect.gen(function*() {
      const collector = yield* Collector.start()
      const token = "a-token-that-nobody-may-see"
      const { code, written } = yield* ran([...insecure(collector.endpoint), "--log-level", "debug"], {
        BATON_SCIM_TOKEN: token
      })
      expect(code).not.toBe(0)
      expect(written).toBe(false)
      const failed = collector.spans.find((span) => span.name === "Task.run")
      expect(failed?.status?.code).toBe(2)
      expect(collector.logs.length).toBeGreaterThan(0)
      expect(collector.heard()).not.toContain(token)
    }))

  it.effect("is known by the authority that the flags name, as a file or in base64url, and gets only what is not turned off", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const collector = yield* Collector.start({ tls: true })
      const path = `${yield* files.makeTempDirectoryScoped()}/authority.pem`
      yield* files.writeFileString(path, collector.authority)
      const endpoint = ["--otel-collector-endpoint", `dns:///${collector.endpoint}`]

      const byFile = yield* ran([
        ...endpoint,
        "--otel-collector-endpoint-tls-cert-path",
        path,
        "--otel-logging-disabled"
      ])
      expect(byFile.code).toBe(0)
      const spans = collector.spans.length
      expect(spans).toBeGreaterThan(0)
      expect(collector.logs).toHaveLength(0)

      const byText = {
        BATON_OTEL_COLLECTOR_ENDPOINT_TLS_CERT: Buffer.from(collector.authority).toString("base64url")
      }
      expect((yield* ran([...endpoint, "--otel-tracing-disabled"], byText)).code).toBe(0)
      expect(collector.spans).toHaveLength(spans)
      expect(collector.logs.length).toBeGreaterThan(0)

      const calls = collector.calls()
      yield* ran([...endpoint, "--otel-logging-disabled", "--otel-tracing-disabled"], byText)
      expect(collector.calls()).toBe(calls)

      const unknown = yield* ran(endpoint)
      expect({ code: unknown.code, written: unknown.written }).toEqual({ code: 0, written: true })
      expect(warnings(unknown.stderr)).toHaveLength(1)
      expect(collector.calls()).toBe(calls)
    }))

  it.effect("stops no sync when it is down", () =>
    Effect.gen(function*() {
      const { code, stderr, written } = yield* ran(insecure(`127.0.0.1:${yield* FreePort.find}`))
      expect({ code, written }).toEqual({ code: 0, written: true })
      expect(warnings(stderr)).toHaveLength(1)
    }))

  it.effect("stops no sync when it refuses everything", () =>
    Effect.gen(function*() {
      const busy = yield* Collector.start({ answer: Collector.refusing })
      const { code, stderr, written } = yield* ran(insecure(busy.endpoint))
      expect({ code, written }).toEqual({ code: 0, written: true })
      expect(warnings(stderr)).toHaveLength(1)
      expect(warnings(stderr)[0]).toContain("too much at once")
    }))

  it.effect("stops no sync when it never answers", () =>
    Effect.gen(function*() {
      const silent = yield* Collector.start({ answer: () => new Promise(() => {}) })
      const { code, written } = yield* ran(insecure(silent.endpoint))
      expect({ code, written }).toEqual({ code: 0, written: true })
      expect(silent.calls()).toBeGreaterThan(0)
    }))

  it.effect("that can't be right is told before anything is done", () =>
    Effect.gen(function*() {
      const endpoint = "otel-collector-endpoint"
      const file = `${endpoint}-tls-cert-path`
      const text = `${endpoint}-tls-cert`
      const cases: ReadonlyArray<readonly [Readonly<Record<string, string>>, string]> = [
        [{ [endpoint]: "http://collector:4318" }, "is not HOST:PORT"],
        [{ [endpoint]: "collector:99999" }, "is not HOST:PORT"],
        [{ [endpoint]: "c:4317", [file]: "nowhere.pem" }, "can't be read (NotFound)"],
        [{ [endpoint]: "c:4317", [file]: program }, "has no certificate in PEM"],
        [{ [endpoint]: "c:4317", [text]: "bm8gY2VydGlmaWNhdGU" }, "is no certificate in PEM"],
        [{ [endpoint]: "c:4317", [text]: "x", [file]: program }, "exclude each other"]
      ]
      for (const [texts, message] of cases) {
        const error = yield* Effect.flip(Effect.scoped(Layer.build(CollectorLayer.layer(givenOf(texts), about))))
        expect(error.message).toContain(message)
      }
      const { code, stderr, written } = yield* ran(["--otel-collector-endpoint", "http://collector:4318"])
      expect(stderr).toContain("is not HOST:PORT")
      expect({ code, written }).toEqual({ code: 2, written: false })
    }))

  it.effect("gets a trace for each task of service mode, without the client's secret", () =>
    Effect.gen(function*() {
      const collector = yield* Collector.start()
      const c1 = yield* C1Sandbox.make({ nextPoll: "50 millis" })
      const { child, finished, token } = yield* begin(insecure(collector.endpoint), {
        BATON_CLIENT_ID: c1.clientId,
        BATON_CLIENT_SECRET: Redacted.value(c1.clientSecret),
        SSL_CERT_FILE: c1.caPath,
        BATON_HOST_ID: "test-host"
      })
      const sync = yield* c1.enqueue({ case: "syncFull", value: {} })
      const hello = yield* c1.enqueue({ case: "hello", value: {} })
      yield* Effect.forEach([sync, hello], (id) => c1.awaitFinished(id))
      yield* Effect.ignore(child.kill({ killSignal: "SIGTERM" }))
      expect((yield* finished).code).toBe(0)

      const tasks = collector.spans.filter((span) => span.name === "TaskLoop.carryOut")
      expect(tasks.length).toBeGreaterThanOrEqual(2)
      expect(tasks.every((span) => span.parentSpanId.length === 0)).toBe(true)
      expect(new Set(tasks.map((span) => Collector.idOf(span.traceId))).size).toBe(tasks.length)
      const ofTasks = new Set(tasks.map((span) => Collector.idOf(span.traceId)))
      const reads = readingsOf(collector.spans)
      expect(reads.filter((span) => ofTasks.has(Collector.idOf(span.traceId))).length).toBeGreaterThan(2)
      // The one way from a task to the connector is a call in memory.
      const asked = collector.spans.filter((span) => span.name.startsWith("c1.connector.v2.ConnectorService/"))
      expect(asked.filter((span) => ofTasks.has(Collector.idOf(span.traceId))).map((span) => span.name))
        .toContain("c1.connector.v2.ConnectorService/GetMetadata")
      expect(orphansOf(collector.spans)).toEqual([])
      expect(collector.logs.map(Collector.bodyOf)).toContain("task begun")

      const secret = Redacted.value(c1.clientSecret)
      for (const hidden of [token, secret, ...secret.split(":").filter((part) => part.length > 20)]) {
        expect(collector.heard()).not.toContain(hidden)
      }
      expect(collector.heard()).not.toMatch(/eyJ[\w-]{20,}\./)
    }))
})
