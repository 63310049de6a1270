/**
 * API tokens, on each database.
 */
import { assert } from "@effect/vitest"
import { Duration, Effect, Layer, Redacted } from "effect"
import { SqlClient } from "effect/sql"
import { AuditLog } from "../src/AuditLog.ts"
import { Tokens } from "../src/Tokens.ts"
import * as TokenText from "../src/TokenText.ts"
import { fresh, onEachDatabase } from "./Databases.ts"

const services = Tokens.layer.pipe(Layer.provideMerge(AuditLog.layer), Layer.provideMerge(fresh))

const cli = { name: "cli" }

onEachDatabase("Tokens", (it) => {
  it.effect("are verified by their text, of which nothing is kept", () =>
    Effect.gen(function*() {
      const tokens = yield* Tokens
      const sql = yield* SqlClient.SqlClient
      const { text, token } = yield* tokens.create(cli, { name: "reports", scopes: ["read", "provision"] })
      assert.match(Redacted.value(text), /^cesrv_[0-9a-f]{72}$/)
      assert.isTrue(TokenText.isWellFormed(text))
      const verified = yield* tokens.verify(text)
      assert.strictEqual(verified.id, token.id)
      assert.deepStrictEqual(verified.scopes, ["read", "provision"])
      assert.isString((yield* tokens.get(token.id)).lastUsedAt)
      const everything = JSON.stringify(yield* sql`SELECT * FROM api_tokens`)
        + JSON.stringify(yield* sql`SELECT * FROM audit_log`)
      assert.notInclude(everything, Redacted.value(text).slice(6, 40))
      assert.include(everything, "token.created")
    }).pipe(Effect.provide(services), Effect.scoped))

  it.effect("that are unknown, cut, expired or revoked are told apart", () =>
    Effect.gen(function*() {
      const tokens = yield* Tokens
      const said = (text: Redacted.Redacted<string>) =>
        Effect.map(Effect.flip(tokens.verify(text)), (error) => `${error._tag}: ${error.message}`)
      assert.match(yield* said(TokenText.make()), /^Unauthorized: This server has no such token/)
      const { text, token } = yield* tokens.create(cli, { name: "one", scopes: ["read"] })
      assert.match(yield* said(Redacted.make(Redacted.value(text).slice(0, -1))), /^Unauthorized: .*only a part of one/)
      const expired = yield* tokens.create(cli, { name: "short", scopes: ["read"], expiresIn: Duration.zero })
      assert.match(yield* said(expired.text), /^Unauthorized: The token "short" has expired/)
      yield* tokens.verify(text)
      yield* tokens.revoke(cli, token.id)
      // Remembered or not: whoever revoked it needs not wait.
      assert.match(yield* said(text), /^Unauthorized: The token "one" was revoked/)
      yield* tokens.revoke(cli, token.id)
      assert.strictEqual((yield* Effect.flip(tokens.revoke(cli, "0".repeat(27))))._tag, "NotFound")
    }).pipe(Effect.provide(services), Effect.scoped))

  it.effect("have names of their own, which are free again when they are revoked", () =>
    Effect.gen(function*() {
      const tokens = yield* Tokens
      const first = yield* tokens.create(cli, { name: "ci", scopes: ["read"] })
      assert.strictEqual((yield* Effect.flip(tokens.create(cli, { name: "ci", scopes: ["read"] })))._tag, "Conflict")
      yield* tokens.revoke(cli, first.token.id)
      const second = yield* tokens.create(cli, { name: "ci", scopes: ["read"] })
      assert.notStrictEqual(second.token.id, first.token.id)
    }).pipe(Effect.provide(services), Effect.scoped))

  it.effect("the last admin can't lock everybody out over HTTP, the operator can", () =>
    Effect.gen(function*() {
      const tokens = yield* Tokens
      const one = yield* tokens.create(cli, { name: "one", scopes: ["admin"] })
      const two = yield* tokens.create(cli, { name: "two", scopes: ["admin"] })
      yield* tokens.create(cli, { name: "gone", scopes: ["admin"], expiresIn: Duration.zero })
      const http = { name: "one", tokenId: one.token.id }
      yield* tokens.revoke(http, two.token.id)
      assert.strictEqual((yield* Effect.flip(tokens.revoke(http, one.token.id)))._tag, "Conflict")
      yield* tokens.revoke(cli, one.token.id)
    }).pipe(Effect.provide(services), Effect.scoped))

  it.effect("two admins who revoke each other leave one", () =>
    Effect.gen(function*() {
      const tokens = yield* Tokens
      const one = yield* tokens.create(cli, { name: "one", scopes: ["admin"] })
      const two = yield* tokens.create(cli, { name: "two", scopes: ["admin"] })
      const revoke = (by: string, id: string) => Effect.exit(tokens.revoke({ name: by, tokenId: by }, id))
      const exits = yield* Effect.all([
        revoke(one.token.id, two.token.id),
        revoke(two.token.id, one.token.id)
      ], { concurrency: 2 })
      assert.deepStrictEqual(exits.map(({ _tag }) => _tag).sort(), ["Failure", "Success"])
    }).pipe(Effect.provide(services), Effect.scoped))

  it.effect("are made for the first start once, however many processes start", () =>
    Effect.gen(function*() {
      const tokens = yield* Tokens
      const made = yield* Effect.all([tokens.bootstrap, tokens.bootstrap, tokens.bootstrap], { concurrency: 3 })
      const [text, ...others] = made.filter((text) => text !== undefined)
      assert.isDefined(text)
      assert.deepStrictEqual(others, [])
      assert.deepStrictEqual(text && (yield* tokens.verify(text)).scopes, ["admin"])
      assert.isUndefined(yield* tokens.bootstrap)
    }).pipe(Effect.provide(services), Effect.scoped))

  it.effect("are listed page by page, newest first", () =>
    Effect.gen(function*() {
      const tokens = yield* Tokens
      for (const name of ["a", "b", "c", "d", "e"]) yield* tokens.create(cli, { name, scopes: ["read"] })
      const names: Array<string> = []
      let pageToken: string | undefined
      do {
        const page = yield* tokens.list({ limit: 2, ...(pageToken === undefined ? {} : { pageToken }) })
        assert.isAtMost(page.items.length, 2)
        names.push(...page.items.map(({ name }) => name))
        pageToken = page.nextPageToken
      } while (pageToken !== undefined)
      assert.deepStrictEqual(names.sort(), ["a", "b", "c", "d", "e"])
      assert.strictEqual((yield* Effect.flip(tokens.list({ pageToken: "nonsense" })))._tag, "InvalidInput")
    }).pipe(Effect.provide(services), Effect.scoped))
})
