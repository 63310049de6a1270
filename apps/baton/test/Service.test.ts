/** The program in service mode: a process of its own, between a C1 and a SCIM server that are sandboxes. */
import { ConnectorV2 } from "@access-kit/baton-protocol"
import { C1Sandbox } from "@access-kit/c1-sandbox"
import * as Directory from "@access-kit/scim-sandbox/Directory"
import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import * as FreePort from "@access-kit/tooling-vitest/FreePort"
import { anyIs } from "@bufbuild/protobuf/wkt"
import { expect } from "@effect/vitest"
import { Effect, FileSystem, Redacted, Schema } from "effect"
import { execFileSync } from "node:child_process"
import { company, Program, type Running, withProgram } from "./Program.ts"

type C1 = C1Sandbox.C1SandboxService
type TaskType = Parameters<C1["enqueue"]>[0]

const environment = (c1: C1, credentials: C1Sandbox.Credentials = c1) => ({
  BATON_CLIENT_ID: credentials.clientId,
  BATON_CLIENT_SECRET: Redacted.value(credentials.clientSecret),
  SSL_CERT_FILE: c1.caPath,
  BATON_HOST_ID: "test-host"
})

/** Both sides, and the program between them; nothing that it says has the secret in it. */
const cast = Effect.fnUntraced(function*(
  options: {
    readonly args?: ReadonlyArray<string>
    readonly env?: Readonly<Record<string, string>>
    readonly people?: Directory.GenerateOptions
    readonly c1?: C1Sandbox.Options
  } = {}
) {
  const program = yield* Program
  const c1 = yield* C1Sandbox.make({ nextPoll: "50 millis", ...options.c1 })
  const sandbox = yield* Sandbox.make({ directory: yield* Directory.generate(options.people ?? company) })
  const running = yield* program.start(options.args ?? ["--provisioning"], {
    sandbox,
    env: { ...environment(c1), ...options.env }
  })
  const secret = Redacted.value(c1.clientSecret).split(":")[3] ?? ""
  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      yield* running.kill("SIGTERM")
      yield* running.finished
      expect(running.said() + running.printed()).not.toContain(secret)
    })
  )
  return { c1, sandbox, running }
})

const outcomeOf = (c1: C1, task: TaskType) =>
  Effect.flatMap(c1.enqueue(task), (id) => Effect.map(c1.awaitFinished(id), (record) => record.outcome))

const memberOf = (group: string) => ({
  id: `group:${group}:member`,
  slug: "member",
  resource: { id: { resourceType: "group", resource: group } }
})

const grantTask = (group: string, user: string): TaskType => ({
  case: "grant",
  value: { entitlement: memberOf(group), principal: { id: { resourceType: "user", resource: user } } }
})

const revokeTask = (group: string, user: string): TaskType => ({
  case: "revoke",
  value: {
    grant: {
      // What C1 sends where it does not know the id.
      id: "🧸_UNKNOWN_GRANT_ID",
      entitlement: memberOf(group),
      principal: { id: { resourceType: "user", resource: user } }
    }
  }
})

const syncTask: TaskType = { case: "syncFull", value: {} }

const ended = (running: Running, signal: "SIGINT" | "SIGTERM") => Effect.andThen(running.kill(signal), running.finished)

withProgram("service mode", (it) => {
  it.effect("syncs, and carries out what C1 asks for, from an account that is made to one that is gone", () =>
    Effect.gen(function*() {
      const { c1, running, sandbox } = yield* cast()
      const hello = yield* c1.awaitHello()
      expect(hello.request).toMatchObject({ hostId: "test-host", buildInfo: { package: "baton-claude-enterprise" } })

      const sync = yield* c1.enqueue(syncTask)
      expect((yield* c1.awaitFinished(sync)).outcome).toMatchObject({ _tag: "Succeeded" })
      expect((yield* c1.awaitUpload(sync)).snapshot).toMatchObject({
        counts: { resourceTypes: 2, resources: 136, entitlements: 6, grants: 300 },
        findings: []
      })

      const created = yield* outcomeOf(c1, {
        case: "createAccount",
        value: {
          accountInfo: {
            login: "by-task@example.com",
            emails: [{ address: "by-task@example.com", isPrimary: true }],
            profile: { display_name: "By Task" }
          },
          credentialOptions: { options: { case: "randomPassword", value: { length: 20n } } }
        }
      })
      expect(created).toMatchObject({ _tag: "Succeeded" })
      const { groups, users } = yield* sandbox.directory.snapshot
      const user = users.find((one) => one.userName === "by-task@example.com")?.id ?? ""
      const group = groups[0]?.id ?? ""
      expect(yield* outcomeOf(c1, grantTask(group, user))).toMatchObject({ _tag: "Succeeded", annotations: [] })
      const members = Effect.map(
        sandbox.directory.snapshot,
        (now) => now.groups.find((one) => one.id === group)?.members ?? []
      )
      expect(yield* members).toContain(user)
      const again = yield* outcomeOf(c1, grantTask(group, user))
      expect(again?.annotations.map((any) => anyIs(any, ConnectorV2.GrantAlreadyExistsSchema))).toEqual([true])
      expect(yield* outcomeOf(c1, revokeTask(group, user))).toMatchObject({ _tag: "Succeeded" })
      expect(yield* members).not.toContain(user)
      const removal: TaskType = {
        case: "deleteResource",
        value: { resourceId: { resourceType: "user", resource: user } }
      }
      expect(yield* outcomeOf(c1, removal)).toMatchObject({ _tag: "Succeeded" })
      expect(yield* outcomeOf(c1, grantTask("nowhere", user))).toMatchObject({
        _tag: "Failed",
        code: 5,
        nonRetryable: true
      })

      expect(yield* ended(running, "SIGTERM")).toMatchObject({ code: 0, stdout: "" })
      const remarks = (yield* c1.log.entries).flatMap((entry) => entry.remarks)
      expect(remarks).toEqual([])
      // All of it over one connection, beside that of the token.
      const connections = (yield* c1.log.entries).filter((entry) => entry.method !== "token").map((entry) =>
        entry.connection
      )
      expect(new Set(connections).size).toBe(1)
    }))

  it.effect("finishes a change when it is asked to end, and hands over what came of it", () =>
    Effect.gen(function*() {
      const { c1, running, sandbox } = yield* cast()
      yield* c1.awaitHello()
      const { groups, users } = yield* sandbox.directory.snapshot
      yield* sandbox.faults.set({ name: "latency", ms: 400 })
      const stranger = users.find((user) => !(groups[0]?.members ?? []).includes(user.id))?.id ?? ""
      const id = yield* c1.enqueue(grantTask(groups[0]?.id ?? "", stranger))
      yield* c1.awaitTask(id, (task) => task.state === "taken")
      while (!running.said().includes("task begun")) yield* Effect.sleep("10 millis")
      expect(yield* ended(running, "SIGTERM")).toMatchObject({ code: 0 })
      expect((yield* c1.awaitFinished(id)).outcome).toMatchObject({ _tag: "Succeeded" })
      expect((yield* sandbox.directory.snapshot).groups[0]?.members).toContain(stranger)
    }))

  it.effect("cancels a sync when it is asked to end, says so, and leaves no file behind", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const directory = yield* files.makeTempDirectoryScoped()
      const { c1, running, sandbox } = yield* cast({ args: ["--c1z-temp-dir", directory] })
      yield* c1.awaitHello()
      yield* sandbox.faults.set({ name: "hang" })
      const id = yield* c1.enqueue(syncTask)
      while (!running.said().includes("sync started")) yield* Effect.sleep("10 millis")
      expect((yield* files.readDirectory(directory)).length).toBeGreaterThan(0)
      expect(yield* ended(running, "SIGINT")).toMatchObject({ code: 0 })
      expect((yield* c1.awaitFinished(id)).outcome).toMatchObject({ _tag: "Failed", code: 1, nonRetryable: false })
      expect(yield* files.readDirectory(directory)).toEqual([])
    }))

  it.effect("ends with 1 and says what was not handed over, when C1 is away at the end", () =>
    Effect.gen(function*() {
      const { c1, running, sandbox } = yield* cast()
      yield* c1.awaitHello()
      const { groups, users } = yield* sandbox.directory.snapshot
      const id = yield* c1.enqueue(grantTask(groups[0]?.id ?? "", users[0]?.id ?? ""))
      yield* c1.faults.set({ name: "rpcError", method: "FinishTask", code: 14 })
      yield* c1.log.awaitEntry((entry) => entry.method === "FinishTask")
      const { code, stderr } = yield* ended(running, "SIGTERM")
      expect(code).toBe(1)
      expect(stderr).toContain("The result of a task was not handed over before the end")
      expect(stderr).toContain(id)
    }))

  it.effect("ends at once when it is asked to while it waits for C1 to take it in", () =>
    Effect.gen(function*() {
      const { c1, running } = yield* cast({ c1: { faults: [{ name: "rpcError", method: "Hello", code: 14 }] } })
      while (!running.said().includes("has not taken the connector in yet")) yield* Effect.sleep("20 millis")
      expect(yield* ended(running, "SIGTERM")).toMatchObject({ code: 0 })
      expect(yield* c1.hellos).toEqual([])
    }))

  it.effect("is started anew after a kill, and finds done what it could not say that it had done", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const { c1, running, sandbox } = yield* cast()
      yield* c1.awaitHello()
      const { groups, users } = yield* sandbox.directory.snapshot
      const group = groups[0]?.id ?? ""
      const stranger = users.find((user) => !(groups[0]?.members ?? []).includes(user.id))?.id ?? ""
      yield* c1.faults.set({ name: "rpcError", method: "FinishTask", code: 14 })
      const id = yield* c1.enqueue(grantTask(group, stranger))
      yield* c1.log.awaitEntry((entry) => entry.method === "FinishTask")
      yield* running.kill("SIGKILL")
      yield* running.finished
      yield* c1.faults.clear()
      // C1 hears nothing of the task for too long.
      yield* c1.expire(id)
      const next = yield* program.start(["--provisioning"], { sandbox, env: environment(c1) })
      const record = yield* c1.awaitFinished(id)
      expect(record).toMatchObject({ outcome: { _tag: "Succeeded" }, offers: [{}, {}], finishes: 1 })
      expect(record.outcome?.annotations.map((any) => anyIs(any, ConnectorV2.GrantAlreadyExistsSchema))).toEqual([true])
      expect((yield* sandbox.directory.snapshot).groups[0]?.members.filter((member) => member === stranger)).toEqual([
        stranger
      ])
      expect(yield* ended(next, "SIGTERM")).toMatchObject({ code: 0 })
    }))

  it.effect("reports a sync of a SCIM server that is down, and the next one when it is up again", () =>
    Effect.gen(function*() {
      const { c1, sandbox } = yield* cast({ args: ["--provisioning", "--scim-retry-budget", "1s"] })
      yield* c1.awaitHello()
      yield* sandbox.faults.set({ name: "unavailable" })
      expect(yield* outcomeOf(c1, syncTask)).toMatchObject({ _tag: "Failed", code: 14, nonRetryable: false })
      yield* sandbox.faults.clear()
      expect(yield* outcomeOf(c1, syncTask)).toMatchObject({ _tag: "Succeeded" })
    }))

  it.effect("reports a disk that is full, cleans up, and syncs again when there is room", (context) =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const directory = yield* files.makeTempDirectoryScoped()
      const mounted = yield* Effect.try({
        try: () => execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", directory], { stdio: "pipe" }),
        catch: () => "not permitted" as const
      }).pipe(Effect.as(true), Effect.orElseSucceed(() => false))
      if (!mounted) return context.skip("mounting a small file system takes privileges")
      yield* Effect.addFinalizer(() => Effect.sync(() => execFileSync("umount", ["-l", directory])))
      const { c1 } = yield* cast({
        env: { BATON_TMPDIR: directory },
        people: { users: 6_000, groups: 20, memberships: 12_000, seed: 7 }
      })
      const outcome = yield* outcomeOf(c1, syncTask)
      expect(outcome).toMatchObject({ _tag: "Failed", code: 8, nonRetryable: false })
      expect(outcome?._tag === "Failed" ? outcome.message : "").toContain("Free some space")
      expect(yield* c1.uploads).toEqual([])
      const left = yield* files.readDirectory(directory, { recursive: true })
      expect(left.filter((name) => name.includes("c1z"))).toEqual([])
      execFileSync("mount", ["-o", "remount,size=100m", directory])
      const id = yield* c1.enqueue(syncTask)
      expect((yield* c1.awaitFinished(id)).outcome).toMatchObject({ _tag: "Succeeded" })
      expect((yield* c1.awaitUpload(id)).snapshot).toMatchObject({ counts: { resources: 6_020 } })
    }))

  it.effect("answers a task while another runs", () =>
    Effect.gen(function*() {
      const { c1, sandbox } = yield* cast({ args: ["--task-concurrency", "2"], env: { BATON_PROVISIONING: "true" } })
      yield* c1.awaitHello()
      yield* sandbox.faults.set({ name: "hang" })
      const sync = yield* c1.enqueue(syncTask)
      yield* c1.awaitTask(sync, (task) => task.heartbeats > 0)
      expect(yield* outcomeOf(c1, { case: "listEventFeeds", value: {} })).toMatchObject({ _tag: "Succeeded" })
      expect(yield* c1.task(sync)).toMatchObject({ value: { state: "running" } })
    }))

  it.effect("goes to the address in BATON_C1_API_HOST, by the name of the client id", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const c1 = yield* C1Sandbox.make()
      const sandbox = yield* Sandbox.make()
      const elsewhere = yield* c1.clients.issue("moved@localhost:1/sandbox")
      const running = yield* program.start([], {
        sandbox,
        env: { ...environment(c1, elsewhere), BATON_C1_API_HOST: `127.0.0.1:${c1.port}` }
      })
      expect((yield* c1.awaitHello()).clientId).toBe("moved@localhost:1/sandbox")
      expect((yield* ended(running, "SIGTERM")).code).toBe(0)
    }))

  it.effect("asks for several tasks at a time with BATON_GET_TASKS", () =>
    Effect.gen(function*() {
      const { c1 } = yield* cast({ env: { BATON_GET_TASKS: "true" } })
      expect(yield* outcomeOf(c1, { case: "listEventFeeds", value: {} })).toMatchObject({ _tag: "Succeeded" })
      const { byMethod } = yield* c1.log.stats
      expect(byMethod.GetTasks).toBeGreaterThan(0)
      expect(byMethod.GetTask).toBeUndefined()
    }))

  it.effect("uploads an empty snapshot with --skip-full-sync", () =>
    Effect.gen(function*() {
      const { c1 } = yield* cast({ args: ["--skip-full-sync"] })
      const id = yield* c1.enqueue(syncTask)
      expect((yield* c1.awaitUpload(id)).snapshot).toMatchObject({
        finished: true,
        counts: { resources: 0, grants: 0 }
      })
    }))
})

const Health = Schema.Struct({
  status: Schema.String,
  timestamp: Schema.String,
  details: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
})

withProgram("the health endpoint", (it) => {
  it.effect("tells what lives, what is ready and what is healthy", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const port = String(yield* FreePort.find)
      const { c1, running, sandbox } = yield* cast({
        args: ["--health-check", "--health-check-port", port, "--scim-retry-budget", "1s"],
        c1: { faults: [{ name: "rpcError", method: "Hello", code: 14 }] }
      })
      const check = (endpoint: string) =>
        Effect.map(
          program.run(["health-check", "--endpoint", endpoint, "--health-check-port", port, "--timeout", "30"], {
            sandbox
          }),
          ({ code }) => code
        )
      const body = (endpoint: string) =>
        Effect.gen(function*() {
          const response = yield* Effect.promise(() => fetch(`http://127.0.0.1:${port}/${endpoint}`))
          const text = yield* Effect.promise(() => response.text())
          expect(response.headers.get("content-type")).toContain("application/json")
          expect(text.endsWith("}\n")).toBe(true)
          const decoded = yield* Schema.decodeUnknownEffect(Schema.fromJsonString(Health))(text)
          expect(decoded.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
          return { code: response.status, ...decoded }
        })
      while (!running.said().includes("health is answered")) yield* Effect.sleep("20 millis")
      // C1 has not taken it in yet.
      expect(yield* check("live")).toBe(0)
      expect(yield* check("ready")).toBe(2)
      expect(yield* body("ready")).toMatchObject({ code: 503, status: "not_ready" })
      yield* c1.faults.clear()
      yield* outcomeOf(c1, { case: "listEventFeeds", value: {} })
      expect(yield* check("ready")).toBe(0)
      expect(yield* check("health")).toBe(0)
      expect(yield* body("live")).toMatchObject({ code: 200, status: "alive" })
      expect(yield* body("health")).toMatchObject({ code: 200, status: "healthy" })
      yield* sandbox.faults.set({ name: "unauthorized" })
      expect(yield* check("health")).toBe(2)
      expect(yield* body("health")).toMatchObject({
        code: 503,
        status: "unhealthy",
        details: { error: expect.any(String), validation_error: expect.stringContaining("token") }
      })
      expect(yield* check("live")).toBe(0)
    }))

  it.effect("that can't listen ends the program, and says why", () =>
    Effect.gen(function*() {
      const c1 = yield* C1Sandbox.make()
      const sandbox = yield* Sandbox.make()
      const program = yield* Program
      const { code, stderr } = yield* program.run(["--health-check", "--health-check-port", String(c1.port)], {
        sandbox,
        env: environment(c1)
      })
      expect(code).toBe(2)
      expect(stderr).toContain("another process does")
    }))
})

withProgram("service mode that does not start", (it) => {
  it.effect("says what is wrong with client id and secret, and nothing of the secret", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const c1 = yield* C1Sandbox.make()
      const sandbox = yield* Sandbox.make()
      const own = environment(c1)
      const secret = own.BATON_CLIENT_SECRET
      const other = yield* C1Sandbox.make()
      const wrongKey = Redacted.value(other.clientSecret)
      const cases: ReadonlyArray<readonly [Record<string, string>, number, string]> = [
        [{ ...own, BATON_CLIENT_ID: "no-host" }, 2, "NAME@HOST/SUFFIX"],
        [{ ...own, BATON_CLIENT_ID: secret, BATON_CLIENT_SECRET: own.BATON_CLIENT_ID }, 2, "exchanged"],
        [{ ...own, BATON_CLIENT_SECRET: secret.slice(0, -20) }, 2, "invalid client secret"],
        [{ ...own, BATON_CLIENT_SECRET: "hunter2" }, 2, "invalid client secret"],
        [{ ...own, BATON_CLIENT_SECRET: "" }, 2, "missing [client-secret]"],
        [{ ...own, BATON_C1_API_HOST: "https://c1" }, 2, "BATON_C1_API_HOST"],
        [{ ...own, BATON_GET_TASKS: "perhaps" }, 2, "BATON_GET_TASKS"],
        [{ ...own, BATON_TMPDIR: "/proc/self" }, 2, "There is no place for snapshots: \"/proc/self\""],
        [{ ...own, BATON_CLIENT_ID: `nobody@${c1.host}/sandbox` }, 16, "no such client"],
        [{ ...own, BATON_CLIENT_SECRET: wrongKey }, 16, "client id and client secret belong together"]
      ]
      for (const [env, code, words] of cases) {
        const finished = yield* program.run([], { sandbox, env })
        expect.soft([words, finished.code, finished.stdout]).toEqual([words, code, ""])
        expect.soft(finished.stderr).toContain(words)
        for (const whole of [secret, wrongKey]) {
          expect.soft(finished.stderr).not.toContain((whole.split(":")[3] ?? "").slice(0, 40))
        }
        expect.soft(finished.stderr).not.toContain("hunter2")
      }
    }))

  it.effect("says to compare the clocks when they differ, and that a client is revoked", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const c1 = yield* C1Sandbox.make({ clockOffset: 3_600_000 })
      const sandbox = yield* Sandbox.make()
      const late = yield* program.run([], { sandbox, env: environment(c1) })
      expect(late.code).toBe(16)
      expect(late.stderr).toMatch(/compare the clocks/i)
      yield* c1.setClockOffset(0)
      yield* c1.clients.revoke()
      const revoked = yield* program.run([], { sandbox, env: environment(c1) })
      expect(revoked.code).toBe(16)
      expect(revoked.stderr).toContain("revoked")
    }))
})
