/** Who gets an access token, and what it is good for. */
import { expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto"
import { readFileSync } from "node:fs"
import { describe } from "vitest"
import { C1Sandbox } from "../src/index.ts"
import { type Assertion, assertion, connect, form, hello, hostId, post, statusOf, token } from "./Connector.ts"

const now = () => Math.floor(Date.now() / 1000)

describe("the token endpoint", () => {
  it.live("gives a bearer token for an assertion of the SDK's form", () =>
    Effect.gen(function*() {
      const c1 = yield* C1Sandbox.make({ tokenLifetime: "90 seconds" })
      const answer = yield* token(c1, c1)
      expect(answer.status).toBe(200)
      expect(JSON.parse(answer.body)).toEqual({
        access_token: expect.stringMatching(/^\S{20,}$/),
        token_type: "bearer",
        expires_in: 90
      })
    }).pipe(Effect.scoped))

  it.live("hands out credentials of the form that C1 shows", () =>
    Effect.gen(function*() {
      const c1 = yield* C1Sandbox.make()
      expect(c1.clientId).toBe(`sandbox-client@localhost:${c1.port}/sandbox`)
      const parts = Redacted.value(c1.clientSecret).split(":")
      expect(parts.slice(0, 3)).toEqual(["secret-token", "conductorone.com", "v1"])
      const jwk = JSON.parse(Buffer.from(parts[3] ?? "", "base64url").toString("utf8"))
      expect(jwk).toEqual({ kty: "OKP", crv: "Ed25519", d: expect.any(String), x: expect.any(String) })
      expect(createPublicKey(createPrivateKey({ key: jwk, format: "jwk" })).asymmetricKeyType).toBe("ed25519")
      expect(String(c1.clientSecret)).not.toContain(parts[3])
      const authority = new X509Certificate(readFileSync(c1.caPath))
      expect([authority.ca, authority.subject]).toEqual([true, authority.issuer])
    }).pipe(Effect.scoped))

  const wrong: ReadonlyArray<readonly [string, Assertion, RegExp]> = [
    ["another algorithm", { header: { alg: "none" } }, /not with EdDSA/],
    ["another issuer", { claims: { iss: "x" } }, /iss and sub/],
    ["another subject", { claims: { sub: "x" } }, /iss and sub/],
    ["an audience with a port", { claims: { aud: "localhost:443" } }, /aud has to be the host name without port/],
    ["a missing claim", { claims: { nbf: undefined } }, /claim is missing/],
    ["a claim as text", { claims: { exp: "tomorrow" } }, /claim is missing/],
    ["a clock that is late", { now: now() - 600 }, /expired .* clock/],
    ["a clock that is early", { now: now() + 600 }, /clock/],
    ["a life that is too long", { claims: { exp: now() + 86_400 } }, /too long/],
    ["no nonce", { header: { nonce: undefined } }, /nonce/],
    ["a nonce of another form", { header: { nonce: "1" } }, /nonce/]
  ]

  it.live.each(wrong)("refuses %s", ([, options, expected]) =>
    Effect.gen(function*() {
      const c1 = yield* C1Sandbox.make()
      const answer = yield* token(c1, c1, options)
      expect(answer.status).toBe(401)
      const { error, error_description } = JSON.parse(answer.body)
      expect(error).toBe("invalid_client")
      expect(error_description).toMatch(expected)
      expect((yield* c1.log.awaitEntry(() => true)).message).toBe(error_description)
    }).pipe(Effect.scoped))

  it.live("refuses the same assertion twice, a foreign key, an unknown client, a changed claim and rubbish", () =>
    Effect.gen(function*() {
      const c1 = yield* C1Sandbox.make()
      const ask = (clientId: string, text: string) =>
        Effect.map(
          post(c1, "/auth/v1/token", form(clientId, text)),
          ({ body, status }) => `${status} ${JSON.parse(body).error_description ?? ""}`
        )
      const once = assertion(c1)
      expect(yield* ask(c1.clientId, once)).toBe("200 ")
      expect(yield* ask(c1.clientId, once)).toMatch(/^401 .*used before/)
      const other = yield* c1.clients.issue()
      const foreign = assertion({ clientId: c1.clientId, clientSecret: other.clientSecret })
      expect(yield* ask(c1.clientId, foreign)).toMatch(/^401 .*not from the client's key/)
      expect(yield* ask("nobody@localhost/x", assertion({ ...c1, clientId: "nobody@localhost/x" }))).toMatch(
        /no such client/
      )
      const [head, , signature] = assertion(c1).split(".")
      const forged = Buffer.from(JSON.stringify({ iss: other.clientId })).toString("base64url")
      expect(yield* ask(c1.clientId, `${head}.${forged}.${signature}`)).toMatch(/not from the client's key/)
      expect(yield* ask(c1.clientId, "rubbish")).toMatch(/not a compact JWS/)
      expect(yield* ask(c1.clientId, "a.b.c")).toMatch(/header .* can't be read/)
    }).pipe(Effect.scoped))

  it.live("refuses requests of another form", () =>
    Effect.gen(function*() {
      const c1 = yield* C1Sandbox.make()
      const ask = (body: string, options = {}) =>
        Effect.map(post(c1, "/auth/v1/token", body, options), ({ body, status }) => [status, JSON.parse(body).error])
      const good = form(c1.clientId, assertion(c1))
      expect(yield* ask(good, { contentType: "application/json" })).toEqual([400, "invalid_request"])
      expect(yield* ask(form(c1.clientId, "x", { grant_type: "password" }))).toEqual([400, "unsupported_grant_type"])
      expect(yield* ask(form(c1.clientId, "x", { client_assertion_type: "x" }))).toEqual([400, "invalid_request"])
      expect(yield* ask("grant_type=client_credentials")).toEqual([400, "invalid_request"])
      expect(yield* ask("x=".padEnd(100_000, "x"))).toEqual([400, "invalid_request"])
      expect(yield* ask("", { method: "PUT" })).toEqual([405, "invalid_request"])
    }).pipe(Effect.scoped))

  it.live("tolerates clocks as far as it was told", () =>
    Effect.gen(function*() {
      const c1 = yield* C1Sandbox.make({ clockSkew: "10 minutes", clockOffset: -500_000 })
      expect((yield* token(c1, c1)).status).toBe(200)
      yield* c1.setClockOffset(900_000)
      expect((yield* token(c1, c1)).status).toBe(401)
      yield* c1.setClockOffset(0)
      expect((yield* token(c1, c1)).status).toBe(200)
    }).pipe(Effect.scoped))
})

describe("access tokens", () => {
  it.live("are asked for in every call", () =>
    Effect.gen(function*() {
      const c1 = yield* C1Sandbox.make({ tokenLifetime: "1 hour" })
      const status = (authorization?: string) =>
        Effect.flatMap(connect(c1, authorization), (client) => statusOf(() => client.getTask({ hostId })))
      expect(yield* status("")).toMatch(/^Unauthenticated: .*no bearer token/)
      expect(yield* status("Basic x")).toMatch(/^Unauthenticated: .*no bearer token/)
      expect(yield* status("Bearer x")).toMatch(/^Unauthenticated: .*not known/)
      const { access_token } = JSON.parse((yield* token(c1, c1)).body)
      expect(yield* status(`bearer ${access_token}`)).toBe("OK")
      yield* c1.setClockOffset(3_600_000)
      expect(yield* status(`Bearer ${access_token}`)).toMatch(/^Unauthenticated: .*expired/)
      yield* c1.setClockOffset(0)
      yield* c1.clients.expireTokens
      expect(yield* status(`Bearer ${access_token}`)).toMatch(/not known/)
      expect(JSON.stringify(yield* c1.log.entries)).not.toContain(access_token)
    }).pipe(Effect.scoped))

  it.live("and assertions are worth nothing for a revoked client, until it is taken back", () =>
    Effect.gen(function*() {
      const c1 = yield* C1Sandbox.make()
      const client = yield* connect(c1)
      expect(yield* statusOf(() => client.hello(hello))).toBe("OK")
      expect(yield* c1.clients.revoke()).toBe(true)
      expect(yield* statusOf(() => client.hello(hello))).toMatch(/^Unauthenticated: .*revoked/)
      expect((yield* token(c1, c1)).body).toContain("revoked")
      expect(yield* c1.clients.revoke("nobody")).toBe(false)
      yield* c1.clients.restore()
      expect(yield* statusOf(() => client.hello(hello))).toBe("OK")
    }).pipe(Effect.scoped))

  it.live("are for the new secret after a rotation", () =>
    Effect.gen(function*() {
      const c1 = yield* C1Sandbox.make()
      const rotated = yield* c1.clients.issue(c1.clientId)
      expect((yield* token(c1, c1)).status).toBe(401)
      expect((yield* token(c1, rotated)).status).toBe(200)
    }).pipe(Effect.scoped))
})
