/** The command, as people and programs in other languages use it. */
import { NodeServices } from "@effect/platform-node"
import { expect, it } from "@effect/vitest"
import { Effect, Redacted, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { connect, hello, hostId, upload } from "./Connector.ts"

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))

const start = Effect.fnUntraced(function*(...args: ReadonlyArray<string>) {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const lines: Array<string> = []
  const waiting = new Set<() => void>()
  const handle = yield* spawner.spawn(ChildProcess.make(process.execPath, [main, ...args], { stderr: "inherit" }))
  yield* Effect.forkScoped(
    handle.stdout.pipe(
      Stream.decodeText(),
      Stream.splitLines,
      Stream.runForEach((line) =>
        Effect.sync(() => {
          lines.push(line)
          for (const look of waiting) look()
        })
      )
    )
  )
  const line = (predicate: (line: string) => boolean) =>
    Effect.callback<string>((resume) => {
      const look = () => {
        const found = lines.find(predicate)
        if (found === undefined) return
        waiting.delete(look)
        resume(Effect.succeed(found))
      }
      waiting.add(look)
      look()
    })
  /** Everything that is to be said: the input is at its end then. */
  const say = (...words: ReadonlyArray<string>) =>
    Stream.run(Stream.encodeText(Stream.make(`${words.join("\n")}\n`)), handle.stdin)
  return { handle, line, lines, say }
})

it.live("speaks JSON to programs: credentials, requests, answers", () =>
  Effect.gen(function*() {
    const { handle, line, say } = yield* start("--output", "ndjson", "--next-poll", "50")
    const { caPath, clientId, clientSecret, host } = JSON.parse(yield* line((text) => text.includes("clientId")))
    const address = { url: `https://${host}`, caPath, clientId, clientSecret: Redacted.make(clientSecret) }
    const client = yield* connect(address)
    yield* Effect.promise(() => client.hello(hello))
    const said = JSON.parse(yield* line((text) => text.includes("\"Hello\"")))
    expect(said.request).toMatchObject({ method: "Hello", status: "OK", request: { hostId } })
    yield* say(
      "sync debug",
      "create jane@example.com Jane Smith",
      "grant jane@example.com Engineering",
      "task {\"listEventFeeds\":{}}",
      "task {}",
      "fault {\"name\":\"rpcError\",\"method\":\"Hello\"}",
      "fault {\"name\":\"nothing\"}",
      "clear rpcError",
      "clear what",
      "cancel x",
      "nonsense",
      "",
      "tasks",
      "quit"
    )
    const answer = (word: string) =>
      Effect.map(line((text) => text.startsWith(`{"said":"${word}`)), (text) => JSON.parse(text))
    const sync = yield* answer("sync")
    expect(sync).toEqual({ said: "sync debug", ok: true, task: expect.stringMatching(/^\w{27}$/) })
    expect((yield* answer("create")).ok).toBe(true)
    expect(yield* answer("grant")).toMatchObject({ ok: false, message: expect.stringContaining("No account") })
    expect((yield* answer("fault {\\\"name\\\":\\\"rpcError")).ok).toBe(true)
    expect(yield* answer("fault {\\\"name\\\":\\\"nothing")).toMatchObject({
      ok: false,
      message: expect.stringContaining("dropReply")
    })
    expect((yield* answer("clear rpcError")).ok).toBe(true)
    expect((yield* answer("clear what")).ok).toBe(false)
    expect((yield* answer("cancel")).ok).toBe(false)
    expect(yield* answer("nonsense")).toMatchObject({ ok: false, message: expect.stringContaining("help") })
    expect((yield* answer("tasks")).tasks).toMatchObject([{ kind: "syncFull", state: "queued" }, {
      kind: "createAccount"
    }, { kind: "listEventFeeds" }])
    expect(yield* handle.exitCode).toBe(0)
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))

it.live("tells people what to type, and what the connector does", () =>
  Effect.gen(function*() {
    const { handle, line, lines, say } = yield* start("--next-poll", "50")
    const value = (name: string) =>
      Effect.map(line((text) => text.includes(`export ${name}=`)), (text) => /'(.*)'/.exec(text)?.[1] ?? "")
    const clientId = yield* value("BATON_CLIENT_ID")
    const url = `https://${/@([^/]+)/.exec(clientId)?.[1]}`
    const c1 = {
      url,
      caPath: yield* value("SSL_CERT_FILE"),
      clientId,
      clientSecret: Redacted.make(yield* value("BATON_CLIENT_SECRET"))
    }
    const client = yield* connect(c1)
    yield* Effect.promise(() => client.hello(hello))
    yield* line((text) => text.endsWith("sandbox-client says hello"))
    yield* Effect.promise(() => client.getTask({ hostId }))
    yield* say("sync", "tasks", "help", "up", "hello", "revoke-client", "restore-client", "uploads")
    yield* line((text) => text === "Nothing was uploaded.")
    const { task } = yield* Effect.promise(() => client.getTask({ hostId }))
    const id = task?.id ?? ""
    yield* Effect.promise(() =>
      client.uploadAsset(upload(id, readFileSync(new URL("../../c1z/test/fixtures/v1-sync.c1z", import.meta.url))))
    )
    yield* line((text) => text.endsWith(`has uploaded for ${id}`))
    expect(lines.filter((text) => text.includes("takes a task"))).toHaveLength(1)
    expect(lines.some((text) => text.includes("syncFull  queued"))).toBe(true)
    // The input is at its end, and it runs on.
    yield* Effect.promise(() => client.getTask({ hostId }))
    yield* handle.kill({ killSignal: "SIGTERM" })
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
