/**
 * The bundle of `claude-enterprise-server` as a process of its own, with a data directory that goes with it.
 */
import { ServerClient } from "@access-kit/server-api/ServerClient"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { spawn } from "node:child_process"
import { randomBytes } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import type * as Bundle from "./Bundle.ts"

const bundle = fileURLToPath(new URL("../../../apps/http-server/dist/claude-enterprise-server.mjs", import.meta.url))

/**
 * The server ended, or never was ready.
 */
export class ServerFailed extends Schema.TaggedError<ServerFailed>()("ServerFailed", { reason: Schema.String }) {
  override get message(): string {
    return `claude-enterprise-server did not do what is measured: ${this.reason}`
  }
}

const Ready = Schema.fromJsonString(Schema.Struct({
  message: Schema.Literal("claude-enterprise-server is ready"),
  annotations: Schema.Struct({ url: Schema.String })
}))
const decode = Schema.decodeUnknownOption(Ready)

/** A running server. */
export interface Running {
  readonly url: string
  /** Has all scopes. */
  readonly token: Redacted.Redacted<string>
  readonly pid: number
}

const freePort: Effect.Effect<number> = Effect.callback((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(address !== null && typeof address === "object" ? address.port : 0)))
  })
})

/** Limits that no benchmark comes near; everything else is as users have it. */
const unthrottled = ["--requests-per-minute", "10000000", "--max-concurrent-requests", "10000"]

/**
 * Starts a server on SQLite, or on the PostgreSQL that `database` names. It ends with the scope.
 */
export const start = Effect.fn("ServerProcess.start")(function*(database: string | undefined) {
  const data = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "bench-server-"))),
    (made) => Effect.sync(() => rmSync(made, { recursive: true, force: true }))
  )
  const shared = database === undefined
    ? { args: [], env: {} }
    : {
      args: ["--runner-address", `127.0.0.1:${yield* freePort}`],
      env: {
        CLAUDE_ENTERPRISE_SERVER_DATABASE_URL: database,
        CLAUDE_ENTERPRISE_SERVER_ENCRYPTION_KEY: randomBytes(32).toString("hex")
      }
    }
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(
        process.execPath,
        [bundle, "serve", "--listen", "127.0.0.1:0", "--data-dir", data, ...unthrottled, ...shared.args],
        { env: { PATH: process.env["PATH"] ?? "", ...shared.env }, stdio: ["ignore", "pipe", "pipe"] }
      )
    ),
    (running) =>
      Effect.callback<void>((resume) => {
        if (running.exitCode !== null || running.signalCode !== null) return resume(Effect.void)
        running.once("exit", () => resume(Effect.void))
        running.kill("SIGKILL")
      })
  )
  const running = yield* Effect.callback<Running, ServerFailed>((resume) => {
    let out = ""
    let said = ""
    let url: string | undefined
    const look = () => {
      const token = /cesrv_[0-9a-f]{72}/.exec(said)?.[0]
      if (url === undefined || token === undefined) return
      // Its lines are taken off its hands and not looked at any more: one for each request would be work for this process, too.
      child.stdout.removeAllListeners("data").resume()
      child.stderr.removeAllListeners("data").resume()
      resume(Effect.succeed({ url, token: Redacted.make(token), pid: child.pid ?? 0 }))
    }
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString("utf8")
      for (const line of out.split("\n")) {
        const ready = decode(line)
        if (Option.isSome(ready)) url = ready.value.annotations.url
      }
      look()
    })
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString("utf8")
      look()
    })
    child.once("error", (error) => resume(new ServerFailed({ reason: error.message })))
    child.once("exit", (code) => resume(new ServerFailed({ reason: `it ended with ${code}. ${said}` })))
  })
  return running
})

/**
 * The typed client of a running server.
 */
export const client = ({ token, url }: Running): Layer.Layer<ServerClient> =>
  ServerClient.layer({ baseUrl: url, token }).pipe(Layer.provide(NodeHttpClient.layerUndici), Layer.fresh)

/**
 * Adds a connector to a SCIM server and waits until its first sync has ended. No guard stands in the way of a change.
 */
export const connect = Effect.fn("ServerProcess.connect")(function*(source: Bundle.Target) {
  const server = yield* ServerClient
  const { body: { id } } = yield* server.connectors.create({
    headers: {},
    payload: {
      name: "bench",
      kind: "claude-enterprise",
      settings: { "scim-url": source.url, "scim-token": Redacted.value(source.token) },
      schedule: { type: "manual" },
      guards: { maxChangesPerHour: 1_000_000, maxDeletionsPerHour: 1_000_000, maxShrinkPercent: 100 }
    }
  })
  while (true) {
    const { body } = yield* server.connectors.get({ params: { connectorId: id } })
    if (body.status === "connected") return id
    if (body.status === "failing") return yield* new ServerFailed({ reason: body.statusDetail ?? "the sync failed" })
    yield* Effect.sleep("200 millis")
  }
})
