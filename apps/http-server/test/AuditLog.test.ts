import { assert } from "@effect/vitest"
import { Effect, Exit, Layer, Stream } from "effect"
import { SqlClient } from "effect/sql/SqlClient"
import { AuditLog } from "../src/AuditLog.ts"
import { fresh, onEachDatabase } from "./Databases.ts"

const log = Layer.provideMerge(AuditLog.layer, fresh)

const actor = { name: "ops", tokenId: "t".repeat(27), requestId: "r1", address: "192.0.2.7" }

onEachDatabase("The audit log", (it) => {
  it.effect("keeps who, what, when and from where, and pages through it newest first", () =>
    Effect.gen(function*() {
      const audit = yield* AuditLog
      for (let index = 0; index < 7; index++) {
        yield* audit.append(index % 2 === 0 ? actor : { name: "schedule" }, {
          action: index < 5 ? "sync.requested" : "sync.failed",
          connectorId: "c1",
          subjectId: `s${index}`,
          details: { index, nested: { why: ["a", null] } }
        })
      }
      const seen: Array<string | undefined> = []
      let pageToken: string | undefined
      do {
        const page = yield* audit.list({ connectorId: "c1" }, {
          limit: 3,
          ...(pageToken === undefined ? {} : { pageToken })
        })
        seen.push(...page.items.map(({ subjectId }) => subjectId))
        pageToken = page.nextPageToken
      } while (pageToken !== undefined)
      assert.deepStrictEqual(seen, ["s6", "s5", "s4", "s3", "s2", "s1", "s0"])

      const [first] = (yield* audit.list({ subjectId: "s0" }, {})).items
      const { at, id, ...rest } = first ?? {}
      assert.match(id ?? "", /^[0-9A-Za-z]{27}$/)
      assert.isTrue(Math.abs(Date.parse(at ?? "") - Date.now()) < 3_600_000)
      assert.deepStrictEqual(rest as unknown, {
        actor: "ops",
        tokenId: actor.tokenId,
        action: "sync.requested",
        connectorId: "c1",
        subjectId: "s0",
        details: { index: 0, nested: { why: ["a", null] } },
        address: "192.0.2.7",
        requestId: "r1"
      })
      const count = (filter: Parameters<typeof audit.list>[0]) =>
        Effect.map(audit.list(filter, {}), ({ items }) => items.length)
      assert.strictEqual(yield* count({ actor: "schedule" }), 3)
      assert.strictEqual(yield* count({ action: "sync.failed", actor: "ops" }), 1)
      assert.strictEqual(yield* count({ since: "2001-01-01T00:00:00Z", until: "2002-01-01T00:00:00Z" }), 0)
      assert.strictEqual((yield* Effect.flip(audit.list({ since: "2026-99-01T00:00:00Z" }, {})))._tag, "InvalidInput")
      assert.strictEqual((yield* Effect.flip(audit.list({}, { pageToken: "nonsense" })))._tag, "InvalidInput")
    }).pipe(Effect.provide(log)))

  it.effect("exports more than it holds at a time, oldest first", () =>
    Effect.gen(function*() {
      const audit = yield* AuditLog
      const sql = yield* SqlClient
      yield* sql.withTransaction(Effect.forEach(
        Array.from({ length: 1_203 }, (_, index) => index),
        (index) => audit.append(actor, { action: "a", subjectId: String(index), details: {} }),
        { discard: true }
      ))
      const exported = yield* Stream.runCollect(audit.export({ action: "a" }))
      assert.deepStrictEqual(
        exported.map(({ subjectId }) => Number(subjectId)),
        Array.from({ length: 1_203 }, (_, index) => index)
      )
    }).pipe(Effect.provide(log)))

  it.effect("has no line of what was taken back", () =>
    Effect.gen(function*() {
      const audit = yield* AuditLog
      const sql = yield* SqlClient
      const exit = yield* Effect.exit(sql.withTransaction(
        Effect.andThen(audit.append(actor, { action: "a", details: {} }), Effect.fail("no"))
      ))
      assert.isTrue(Exit.isFailure(exit))
      assert.deepStrictEqual((yield* audit.list({}, {})).items, [])
    }).pipe(Effect.provide(log)))
})
