import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { generateKeyPairSync } from "node:crypto"
import * as C1Credentials from "../../src/service/C1Credentials.ts"

const keyOf = () => generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" })

const secretOf = (jwk: object): string =>
  `secret-token:conductorone.com:v1:${Buffer.from(JSON.stringify(jwk)).toString("base64url")}`

const jwk = keyOf()
const secret = secretOf(jwk)
const clientId = "brave-otter-12345@acme.conductor.one/ccc"

const parse = (id: string, text: string) => C1Credentials.parse(id, Redacted.make(text))

describe("C1Credentials", () => {
  it.effect("takes apart what C1 gives out", () =>
    Effect.gen(function*() {
      const parsed = yield* parse(clientId, secret)
      expect(parsed).toMatchObject({
        clientId,
        name: "brave-otter-12345",
        host: "acme.conductor.one",
        address: { host: "acme.conductor.one", port: 443 }
      })
      expect(Redacted.value(parsed.key)).toMatchObject({ d: jwk.d, x: jwk.x })
      expect(JSON.stringify(parsed)).not.toContain(jwk.d)
      const padded = yield* parse(` x@localhost:18443/y/z\n`, `${secret}==\n`)
      expect(padded).toMatchObject({
        clientId: "x@localhost:18443/y/z",
        host: "localhost",
        address: { host: "localhost", port: 18_443 }
      })
      expect((yield* parse("x@[::1]:8443/y", secret)).address).toEqual({ host: "::1", port: 8_443 })
    }))

  it.effect("says what is wrong with an id", () =>
    Effect.gen(function*() {
      for (
        const id of [
          "",
          "acme",
          "@acme.conductor.one/ccc",
          "otter@acme.conductor.one",
          "otter@acme.conductor.one/",
          "otter@/ccc",
          "otter@a b/ccc",
          "otter@acme:70000/ccc",
          "otter@acme:0/ccc",
          "otter@https://acme.conductor.one/ccc"
        ]
      ) {
        const error = yield* Effect.flip(parse(id, secret))
        expect.soft([id, error.reason]).toEqual([id, "InvalidClientId"])
        expect.soft(error.message).toContain("NAME@HOST/SUFFIX")
      }
      const exchanged = yield* Effect.flip(parse(secret, clientId))
      expect(exchanged.reason).toBe("InvalidClientId")
      expect(exchanged.message).toContain("exchanged")
      expect(exchanged.message).not.toContain(jwk.d)
    }))

  it.effect("says what is wrong with a secret, and nothing of it", () =>
    Effect.gen(function*() {
      const other = keyOf()
      const { d: _, ...open } = jwk
      const cases: ReadonlyArray<readonly [string, string]> = [
        ["", "1 parts"],
        ["secret-token:conductorone.com:v1", "3 parts"],
        [`${secret}:more`, "5 parts"],
        [secret.replace(":v1:", ":v2:"), "third part is not v1"],
        [`${secret}+/`, "not base64url"],
        ["a:b:v1:", "not base64url"],
        [secretOf(open), "no private Ed25519 key"],
        [secretOf({ ...jwk, crv: "X25519" }), "no private Ed25519 key"],
        [secretOf({ kty: "RSA", n: "1", e: "AQAB", d: jwk.d }), "no private Ed25519 key"],
        [secret.slice(0, -12), "no private Ed25519 key"],
        [secretOf({ ...jwk, d: "AAAA" }), "don't belong together"],
        [secretOf({ ...jwk, x: other.x }), "don't belong together"]
      ]
      for (const [text, words] of cases) {
        const error = yield* Effect.flip(parse(clientId, text))
        expect.soft(error.reason).toBe("InvalidClientSecret")
        expect.soft(error.message).toContain(words)
        for (const part of [jwk.d, jwk.x, text.split(":")[3]]) {
          if (part !== undefined && part !== "") expect.soft(error.message).not.toContain(part)
        }
        expect.soft(String(error.stack)).not.toContain(jwk.d)
      }
    }))

  it.effect("reads the address that replaces the host", () =>
    Effect.gen(function*() {
      expect(yield* C1Credentials.parseApiHost("c1.internal")).toEqual({ host: "c1.internal", port: 443 })
      expect(yield* C1Credentials.parseApiHost("127.0.0.1:9")).toEqual({ host: "127.0.0.1", port: 9 })
      for (const text of ["https://c1.internal", "c1.internal/", "c1:x", ":443"]) {
        const error = yield* Effect.flip(C1Credentials.parseApiHost(text))
        expect.soft([text, error.reason]).toEqual([text, "InvalidApiHost"])
      }
    }))
})
