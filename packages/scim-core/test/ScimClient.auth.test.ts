import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { TestClock } from "effect/testing"
import * as Auth from "../src/Auth.ts"
import * as ScimClient from "../src/ScimClient.ts"
import { type Answer, connect, serve, type Server } from "./loopback.ts"

const user = { id: "u1", userName: "a@example.com" }
const secret = "cl1ent:secret/+="

const oauth = (
  token: (index: number, server: () => Server) => Answer,
  api: (authorization: string | undefined) => Answer,
  options: Partial<Parameters<typeof Auth.clientCredentials>[0]> = {}
) =>
  Effect.gen(function*() {
    let issued = 0
    let self: Server | undefined
    const server = yield* serve((request) =>
      request.path === "/token" && self !== undefined
        ? token(issued++, () => self as Server)
        : api(request.headers.authorization)
    )
    self = server
    const scim = yield* connect(server, {
      auth: Auth.clientCredentials({
        tokenUrl: new URL("/token", server.url).href,
        clientId: "my client",
        clientSecret: Redacted.make(secret),
        ...options
      })
    })
    return { scim, server, tokens: () => server.requests.filter(({ path }) => path === "/token") }
  })

const grant = (n: number, expires: unknown = 3600): Answer => ({
  headers: { "content-type": "application/json" },
  body: { access_token: `access-${n}`, token_type: "Bearer", expires_in: expires }
})

describe("Auth.clientCredentials", () => {
  it.live("asks for one token, whatever the number of fibres, and keeps it", () =>
    Effect.gen(function*() {
      const { scim, server, tokens } = yield* oauth((n) => grant(n), () => ({ body: user }))
      yield* Effect.forEach(Array.from({ length: 20 }, (_, i) => `u${i}`), (id) => scim.users.get(id), {
        concurrency: 8
      })
      assert.strictEqual(tokens().length, 1)
      for (const { headers, path } of server.requests) {
        if (path !== "/token") assert.strictEqual(headers.authorization, "Bearer access-0")
      }
      const [request] = tokens()
      assert.strictEqual(request?.method, "POST")
      assert.strictEqual(request?.headers["content-type"], "application/x-www-form-urlencoded")
      assert.strictEqual(request?.body, "grant_type=client_credentials")
      const basic = Buffer.from((request?.headers.authorization ?? "").slice("Basic ".length), "base64").toString()
      assert.deepStrictEqual(basic.split(":").map(decodeURIComponent), ["my client", secret])
    }))

  it.live("sends the credentials in the body where that is wanted, with scope and audience", () =>
    Effect.gen(function*() {
      const { scim, tokens } = yield* oauth((n) => grant(n), () => ({ body: user }), {
        style: "body",
        scope: "scim:read scim:write",
        audience: "https://api.example.com"
      })
      yield* scim.users.get("u1")
      const [request] = tokens()
      assert.isUndefined(request?.headers.authorization)
      assert.deepStrictEqual(Object.fromEntries(new URLSearchParams(request?.body)), {
        grant_type: "client_credentials",
        scope: "scim:read scim:write",
        audience: "https://api.example.com",
        client_id: "my client",
        client_secret: secret
      })
    }))

  it.effect("asks for a new token shortly before the old one ends", () =>
    Effect.gen(function*() {
      const { scim, tokens } = yield* oauth((n) => grant(n, n === 0 ? "3600" : 10), () => ({ body: user }))
      yield* scim.users.get("u1")
      yield* TestClock.adjust("3539 seconds")
      yield* scim.users.get("u1")
      assert.strictEqual(tokens().length, 1)
      yield* TestClock.adjust("2 seconds")
      yield* scim.users.get("u1")
      assert.strictEqual(tokens().length, 2)
      yield* TestClock.adjust("9 seconds")
      yield* scim.users.get("u1")
      assert.strictEqual(tokens().length, 3)
    }))

  it.live("asks for another token once when the server no longer takes the old one", () =>
    Effect.gen(function*() {
      let revoked = "none"
      const { scim, tokens } = yield* oauth(
        (n) => grant(n),
        (authorization) => authorization === `Bearer ${revoked}` ? { status: 401 } : { body: user }
      )
      yield* scim.users.get("u1")
      revoked = "access-0"
      yield* Effect.forEach(["a", "b", "c", "d"], (id) => scim.users.get(id), { concurrency: 4 })
      assert.strictEqual(tokens().length, 2)
    }))

  it.live("does not go on asking when no token is taken", () =>
    Effect.gen(function*() {
      const { scim, tokens } = yield* oauth((n) => grant(n), () => ({ status: 401 }))
      const error = yield* Effect.flip(scim.users.get("u1"))
      assert.strictEqual(error.reason._tag, "Unauthorized")
      assert.strictEqual(tokens().length, 2)
    }))

  it.live("fails with what the token endpoint says", () =>
    Effect.gen(function*() {
      const refused = { status: 401, body: { error: "invalid_client", error_description: `no ${secret}` } }
      const { scim } = yield* oauth(() => refused, () => ({ body: user }))
      const error = yield* Effect.flip(scim.users.get("u1"))
      assert(error.reason._tag === "TokenRequestFailed")
      assert.strictEqual(error.reason.error, "invalid_client")
      assert.notInclude(JSON.stringify(error), secret)
    }))

  const useless: ReadonlyArray<readonly [string, Answer]> = [
    ["no token", { body: { token_type: "Bearer" } }],
    ["HTML", { body: "<html></html>" }],
    ["a token of another type", { body: { access_token: "x", token_type: "mac" } }],
    ["a token that no header can hold", { body: { access_token: "a\nb" } }]
  ]
  for (const [name, answer] of useless) {
    it.live(`fails when the token endpoint answers with ${name}`, () =>
      Effect.gen(function*() {
        const { scim } = yield* oauth(() => answer, () => ({ body: user }))
        assert.strictEqual((yield* Effect.flip(scim.users.get("u1"))).reason._tag, "TokenRequestFailed")
      }))
  }

  it.live("tries again when the token endpoint is down for a moment", () =>
    Effect.gen(function*() {
      const { scim, tokens } = yield* oauth((n) => n === 0 ? { status: 503 } : grant(n), () => ({ body: user }))
      yield* scim.users.get("u1")
      assert.strictEqual(tokens().length, 2)
    }))

  it.live("does not follow a redirect with the client secret", () =>
    Effect.gen(function*() {
      const elsewhere = yield* serve(() => grant(0))
      const { scim } = yield* oauth(
        () => ({ status: 307, headers: { location: elsewhere.url } }),
        () => ({ body: user })
      )
      assert.strictEqual((yield* Effect.flip(scim.users.get("u1"))).reason._tag, "RedirectRefused")
      assert.strictEqual(elsewhere.requests.length, 0)
    }))

  it.live("refuses a token URL that would show the secret to the network", () =>
    Effect.gen(function*() {
      for (const tokenUrl of ["http://login.example.com/token", "login.example.com", "file:///etc/passwd", ""]) {
        const error = yield* ScimClient.make({
          baseUrl: "https://example.com",
          auth: Auth.clientCredentials({ tokenUrl, clientId: "x", clientSecret: Redacted.make("y") })
        }).pipe(Effect.provide(NodeHttpClient.layerUndici), Effect.flip)
        assert.strictEqual(error.reason._tag, "InvalidConfiguration")
      }
    }))
})
