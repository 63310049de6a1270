/**
 * The command as an operator uses it: settings, tokens, keys, the document, and a server that is asked to end.
 */
import * as SandboxDirectory from "@access-kit/scim-sandbox/Directory"
import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import * as Postgres from "@access-kit/tooling-postgres/Postgres"
import { assert } from "@effect/vitest"
import { Effect, FileSystem, Redacted } from "effect"
import { createServer, type Server } from "node:http"
import { request } from "node:https"
import { connect } from "node:net"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Bundle, withBundle } from "./Bundle.ts"
import { temporaryDirectory } from "./Databases.ts"

const get = (url: string, token?: string) =>
  Effect.promise(async () => {
    const response = await fetch(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } })
    return { status: response.status, text: await response.text() }
  })

withBundle("The command", (it) => {
  it.effect("says what it can do", () =>
    Effect.gen(function*() {
      const { run } = yield* Bundle
      const help = yield* run(["--help"])
      assert.strictEqual(help.code, 0)
      for (
        const word of [
          "serve",
          "token",
          "key",
          "migrate",
          "openapi",
          "--listen",
          "--database-url-file",
          "--encryption-key-file",
          "CLAUDE_ENTERPRISE_SERVER_DATA_DIR",
          "default 127.0.0.1:8080",
          "PortUnavailable"
        ]
      ) {
        assert.include(help.stdout, word)
      }
      assert.match((yield* run(["--version"])).stdout, /^\d+\.\d+\.\d+/)
      const document = JSON.parse((yield* run(["openapi"])).stdout)
      assert.strictEqual(document.openapi, "3.1.0")
    }))

  it.effect("ends with a number and a sentence where it can't", () =>
    Effect.gen(function*() {
      const { run, serve } = yield* Bundle
      const directory = yield* temporaryDirectory
      const wrong = yield* run(["--listen", "x", "--log-level", "info"], {
        CLAUDE_ENTERPRISE_SERVER_REQUESTS_PER_MINUTE: "0"
      })
      assert.strictEqual(wrong.code, 3)
      assert.include(wrong.stderr, "--listen")
      assert.include(wrong.stderr, "CLAUDE_ENTERPRISE_SERVER_REQUESTS_PER_MINUTE")
      assert.strictEqual(wrong.stdout, "")
      assert.strictEqual((yield* run(["--nonsense"])).code, 2)
      const dir = ["--data-dir", join(directory, "data")]
      const server = yield* serve(dir)
      const second = yield* run(["serve", "--listen", "127.0.0.1:0", ...dir])
      assert.strictEqual(second.code, 9)
      assert.include(second.stderr, "Another process")
      const other = ["--data-dir", join(directory, "other")]
      const taken = yield* run(["serve", "--listen", new URL(server.url).host, ...other])
      assert.strictEqual(taken.code, 33)
      assert.include(taken.stderr, "in use by another process")
      assert.strictEqual((yield* run(["token", "revoke", "nobody", ...dir])).code, 6)
      const unreachable = yield* run(["migrate", "--runner-address", "127.0.0.1:1"], {
        CLAUDE_ENTERPRISE_SERVER_DATABASE_URL: "postgres://user:hush-hush@127.0.0.1:1/none",
        CLAUDE_ENTERPRISE_SERVER_ENCRYPTION_KEY: "a".repeat(64)
      })
      assert.strictEqual(unreachable.code, 12)
      assert.include(unreachable.stderr, "can't be reached")
      assert.notInclude(unreachable.stderr, "hush-hush")
    }).pipe(Effect.scoped))

  it.effect("prints the first admin token once, and makes, lists and revokes others while the server runs", () =>
    Effect.gen(function*() {
      const { run, serve } = yield* Bundle
      const dir = ["--data-dir", join(yield* temporaryDirectory, "data")]
      const server = yield* serve(dir)
      const admin = server.firstToken
      assert.isDefined(admin)
      assert.strictEqual((yield* get(`${server.url}/v1/connectors`, admin)).status, 200)
      assert.strictEqual((yield* get(`${server.url}/readyz`)).status, 200)
      assert.strictEqual((yield* get(`${server.url}/docs`)).status, 200)

      const made = yield* run([
        "token",
        "create",
        "--name",
        "reports",
        "--scope",
        "read",
        "--expires-in",
        "90d",
        ...dir
      ])
      assert.strictEqual(made.code, 0)
      const token = made.stdout.trim()
      assert.match(token, /^cesrv_[0-9a-f]{72}$/)
      assert.strictEqual((yield* get(`${server.url}/v1/connectors`, token)).status, 200)
      assert.strictEqual((yield* get(`${server.url}/v1/audit`, token)).status, 403)
      const again = yield* run(["token", "create", "--name", "reports", "--scope", "read", ...dir])
      assert.strictEqual(again.code, 9)

      const listed = JSON.parse((yield* run(["token", "list", "-o", "json", ...dir])).stdout)
      assert.deepStrictEqual(listed.map((row: { readonly name: string }) => row.name).sort(), ["admin", "reports"])
      assert.match((yield* run(["token", "list", ...dir])).stdout, /reports\s+read\s+2\d{3}-.*valid until/)
      assert.strictEqual((yield* run(["token", "revoke", "reports", ...dir])).code, 0)
      yield* Effect.repeat(get(`${server.url}/v1/connectors`, token), { until: ({ status }) => status === 401 })

      const audit = JSON.parse((yield* get(`${server.url}/v1/audit`, admin)).text)
      assert.deepStrictEqual(
        audit.items.map((entry: { readonly actor: string; readonly action: string }) =>
          `${entry.actor} ${entry.action}`
        ),
        ["cli token.revoked", "cli token.created", "first start token.created"]
      )

      yield* server.kill("SIGTERM")
      const end = yield* server.finished
      assert.strictEqual(end.code, 0)
      assert.include(end.stdout, "Stopping")
      for (const secret of [admin ?? "", token]) assert.notInclude(end.stdout, secret.slice(6, 40))
      for (const line of end.stdout.trim().split("\n")) JSON.parse(line)

      const restarted = yield* serve(dir)
      assert.isUndefined(restarted.firstToken)
      assert.strictEqual((yield* get(`${restarted.url}/v1/connectors`, admin)).status, 200)
    }).pipe(Effect.scoped))

  it.effect("keeps its data to its user, and rotates the key", () =>
    Effect.gen(function*() {
      const { run, serve } = yield* Bundle
      const files = yield* FileSystem.FileSystem
      const data = join(yield* temporaryDirectory, "data")
      const dir = ["--data-dir", data]
      yield* Effect.scoped(serve(dir))
      const mode = (path: string) => Effect.map(files.stat(path), (info) => (info.mode & 0o777).toString(8))
      assert.strictEqual(yield* mode(data), "700")
      assert.strictEqual(yield* mode(join(data, "server.db")), "600")
      const keyFile = join(data, "encryption-key")
      assert.strictEqual(yield* mode(keyFile), "600")
      const old = (yield* files.readFileString(keyFile)).trim()
      const rotated = yield* run(["key", "rotate", ...dir])
      assert.strictEqual(rotated.code, 0)
      const lines = (yield* files.readFileString(keyFile)).trim().split("\n")
      assert.strictEqual(lines.length, 2)
      assert.strictEqual(lines[1], old)
      assert.notStrictEqual(lines[0], old)
      assert.strictEqual(yield* mode(keyFile), "600")
      assert.notInclude(rotated.stdout + rotated.stderr, lines[0] ?? "")
      yield* serve(dir)
      assert.match((yield* run(["key", "generate"])).stdout, /^[A-Za-z0-9+/]{43}=\n$/)
      assert.strictEqual((yield* run(["key", "rotate", "--file", join(data, "nowhere")])).code, 21)
    }).pipe(Effect.scoped))

  it.effect("speaks HTTPS with a certificate, and says what is wrong with one", () =>
    Effect.gen(function*() {
      const { run, serve } = yield* Bundle
      const fixture = (name: string) => fileURLToPath(new URL(`fixtures/self-signed.${name}`, import.meta.url))
      const dir = ["--data-dir", join(yield* temporaryDirectory, "data")]
      const server = yield* serve([...dir, "--tls-cert-file", fixture("crt"), "--tls-key-file", fixture("key")])
      assert.match(server.url, /^https:\/\/127\.0\.0\.1:\d+$/)
      const ca = yield* Effect.flatMap(FileSystem.FileSystem, (files) => files.readFileString(fixture("crt")))
      const answer = yield* Effect.callback<{ readonly status: number | undefined; readonly hsts: unknown }>(
        (resume) => {
          request(`${server.url}/healthz`, { ca }, (response) => {
            response.resume()
            resume(Effect.succeed({ status: response.statusCode, hsts: response.headers["strict-transport-security"] }))
          }).end()
        }
      )
      assert.deepStrictEqual(answer, { status: 200, hsts: "max-age=31536000" })
      const swapped = yield* run([
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--data-dir",
        join(yield* temporaryDirectory, "data"),
        "--tls-cert-file",
        fixture("key"),
        "--tls-key-file",
        fixture("crt")
      ])
      assert.strictEqual(swapped.code, 33)
      assert.include(swapped.stderr, "Both must be PEM files, and belong together.")
    }).pipe(Effect.scoped))

  it.effect("sends traces and logs to a collector, without anything secret", () =>
    Effect.gen(function*() {
      const { serve } = yield* Bundle
      const received = new Map<string, string>()
      const collector = yield* Effect.acquireRelease(
        Effect.callback<Server>((resume) => {
          const server = createServer((request, response) => {
            request.setEncoding("utf8")
            const path = `${request.headers["x-tenant"]} ${request.url}`
            request.on("data", (text: string) => received.set(path, (received.get(path) ?? "") + text))
            request.on("end", () => response.end("{}"))
          })
          server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
        }),
        (server) => Effect.sync(() => server.close())
      )
      const address = collector.address()
      const port = address !== null && typeof address === "object" ? address.port : 0
      const server = yield* serve(
        ["--data-dir", join(yield* temporaryDirectory, "data"), "--otlp-endpoint", `http://127.0.0.1:${port}`],
        { CLAUDE_ENTERPRISE_SERVER_OTLP_HEADERS: "x-tenant=mine" }
      )
      const token = server.firstToken ?? ""
      yield* get(`${server.url}/v1/connectors`, token)
      yield* server.kill("SIGTERM")
      // What was not sent yet is sent at the end.
      assert.strictEqual((yield* server.finished).code, 0)
      const traces = received.get("mine /v1/traces") ?? ""
      assert.include(traces, "\"http.route\"")
      assert.include(traces, "/v1/connectors")
      assert.include(traces, "Connectors.list")
      assert.include(received.get("mine /v1/logs") ?? "", "claude-enterprise-server is ready")
      for (const text of received.values()) assert.notInclude(text, token.slice(6, 40))
    }).pipe(Effect.scoped))

  it.effect.skipIf(!Postgres.isInstalled())(
    "needs nothing but the database to make a token on PostgreSQL",
    () =>
      Effect.gen(function*() {
        const { run } = yield* Bundle
        const postgres = yield* Effect.orDie(Postgres.start)
        const environment = { CLAUDE_ENTERPRISE_SERVER_DATABASE_URL: yield* Effect.orDie(postgres.database) }
        const data = join(yield* temporaryDirectory, "data")
        const made = yield* run(["token", "create", "--name", "ci", "--scope", "read", "--data-dir", data], environment)
        assert.match(made.stdout, /^cesrv_/, made.stderr)
        assert.include((yield* run(["token", "list", "--data-dir", data], environment)).stdout, "ci")
        assert.strictEqual((yield* run(["migrate", "--data-dir", data], environment)).code, 0)
        assert.isFalse(yield* (yield* FileSystem.FileSystem).exists(data))
        const refused = yield* run(["serve", "--data-dir", data], environment)
        assert.strictEqual(refused.code, 3)
        assert.match(refused.stderr, /Encryption key is missing[\s\S]*Runner address is missing/)
      }).pipe(Effect.scoped),
    120_000
  )

  it.effect("closes a connection on which nothing moves, and none whose answer is still to come", () =>
    Effect.gen(function*() {
      const { serve } = yield* Bundle
      const server = yield* serve(["--data-dir", join(yield* temporaryDirectory, "data"), "--idle-timeout", "1s"])
      const port = Number(new URL(server.url).port)
      /** What came until the server closed the connection. */
      const until = (sent: string) =>
        Effect.callback<string>((resume) => {
          let received = ""
          const socket = connect(port, "127.0.0.1", () => {
            if (sent !== "") socket.write(sent)
          })
          socket.on("data", (data) => {
            received += data.toString()
          })
          socket.on("close", () => resume(Effect.succeed(received)))
          socket.on("error", () => {})
        })
      assert.strictEqual(yield* until(""), "")
      assert.match(yield* until("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"), /^HTTP\/1\.1 200 /)

      // Nothing moves on this one for longer than that, because the server is waited for.
      const sandbox = yield* Sandbox.make({
        directory: yield* SandboxDirectory.generate({ users: 3, groups: 1, memberships: 2 }),
        faults: [{ name: "latency", ms: 3_500 }]
      })
      const tested = yield* Effect.promise(() =>
        fetch(`${server.url}/v1/connectors/test`, {
          method: "POST",
          headers: { authorization: `Bearer ${server.firstToken}`, "content-type": "application/json" },
          body: JSON.stringify({
            kind: "claude-enterprise",
            settings: { "scim-url": sandbox.baseUrl, "scim-token": Redacted.value(sandbox.token) }
          })
        })
      )
      assert.strictEqual(tested.status, 200)
    }).pipe(Effect.scoped))

  it.effect("gives a connection up that sends too slowly", () =>
    Effect.gen(function*() {
      const { serve } = yield* Bundle
      const server = yield* serve(["--data-dir", join(yield* temporaryDirectory, "data"), "--request-timeout", "1s"])
      const answer = yield* Effect.callback<string>((resume) => {
        let received = ""
        const socket = connect(Number(new URL(server.url).port), "127.0.0.1", () =>
          socket.write("GET /v1/connectors HTTP/1.1\r\nHos"))
        socket.on("data", (data) => {
          received += data.toString()
        })
        socket.on("close", () =>
          resume(Effect.succeed(received)))
        socket.on("error", () => {})
      })
      assert.match(answer, /^HTTP\/1\.1 408 /)
      assert.include(answer, "application/problem+json")
    }).pipe(Effect.scoped))
})
