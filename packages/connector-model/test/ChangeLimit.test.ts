import { ChangeLimit, Connector, type ConnectorError } from "@access-kit/connector-model"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import * as TeamConnector from "./TeamConnector.ts"

const make = Effect.fnUntraced(function*(limit: number) {
  const { connector, done } = yield* TeamConnector.make
  const limited = yield* ChangeLimit.withChangeLimit(connector, limit)
  const grant = yield* Connector.capabilityOf(limited, "group", "grant")
  const revoke = yield* Connector.capabilityOf(limited, "group", "revoke")
  const creation = yield* Connector.capabilityOf(limited, "user", "createAccount")
  const remove = yield* Connector.capabilityOf(limited, "user", "delete")
  const requestFor = (resource: string) => ({
    entitlement: TeamConnector.member,
    principal: { resourceType: "user", resource }
  })
  return {
    limited,
    connector,
    done,
    grant: (resource: string) => grant(requestFor(resource)),
    revoke: (resource: string) => revoke(requestFor(resource)),
    create: (email: string, dryRun = false) => creation.create({ email, fields: {}, dryRun }),
    remove
  }
})

describe("ChangeLimit.withChangeLimit", () => {
  it.effect("stops before the change that is one too many, of whatever kind", () =>
    Effect.gen(function*() {
      const { create, done, grant, remove, revoke } = yield* make(4)
      yield* grant("ada")
      yield* revoke("ada")
      yield* create("bo@example.com")
      yield* remove("bo")
      const tooMany: ReadonlyArray<Effect.Effect<unknown, ConnectorError.ConnectorError>> = [
        grant("eve"),
        revoke("eve"),
        create("eve@example.com"),
        remove("eve")
      ]
      for (const change of tooMany) {
        const error = yield* Effect.flip(change)
        assert.deepInclude(error.reason, { _tag: "LimitExceeded", limit: 4, requested: 5 })
        assert.match(error.message, /^Stopped before change number 5: the limit is 4 changes\./)
      }
      assert.deepStrictEqual(yield* done, ["grant ada", "revoke ada", "create bo@example.com", "delete bo"])
    }))

  it.effect("counts neither what was so already nor what it refused", () =>
    Effect.gen(function*() {
      const { done, grant, remove } = yield* make(1)
      assert.strictEqual((yield* grant("already"))._tag, "AlreadyGranted")
      assert.strictEqual((yield* remove("nobody"))._tag, "DidNotExist")
      assert.strictEqual((yield* grant("ada"))._tag, "Granted")
      for (let attempt = 0; attempt < 3; attempt += 1) {
        assert.deepInclude((yield* Effect.flip(grant("eve"))).reason, { requested: 2 })
      }
      assert.deepStrictEqual(yield* done, ["grant ada"])
    }))

  it.effect("counts what failed, which may have been carried out, and what is only rehearsed", () =>
    Effect.gen(function*() {
      const { create, done, grant, remove } = yield* make(3)
      yield* Effect.flip(grant("fails"))
      assert.strictEqual((yield* create("bo@example.com", true))._tag, "WouldCreate")
      assert.strictEqual((yield* remove("bo", { dryRun: true }))._tag, "WouldDelete")
      assert.strictEqual((yield* Effect.flip(grant("ada"))).reason._tag, "LimitExceeded")
      assert.deepStrictEqual(yield* done, ["grant fails"])
    }))

  it.effect("holds for changes that are made at the same time", () =>
    Effect.gen(function*() {
      const { done, grant } = yield* make(3)
      const exits = yield* Effect.forEach(
        Array.from({ length: 20 }, (_, number) => `p${number}`),
        (name) => Effect.exit(Effect.andThen(Effect.yieldNow, grant(name))),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(exits.filter(Exit.isSuccess).length, 3)
      assert.strictEqual((yield* done).length, 3)
    }))

  it.effect("of 0 refuses every change and leaves reading as it is", () =>
    Effect.gen(function*() {
      const { connector, grant, limited } = yield* make(0)
      const error = yield* Effect.flip(grant("ada"))
      assert.match(error.message, /the limit is 0 changes/)
      assert.deepStrictEqual(
        limited.resourceTypes.map((handler) => handler.list),
        connector.resourceTypes.map((handler) => handler.list)
      )
    }))

  it.effect("adds no capability that the connector did not have", () =>
    Effect.gen(function*() {
      const { connector, limited } = yield* make(1)
      assert.deepStrictEqual(
        limited.resourceTypes.map((handler) => Object.keys(handler).sort()),
        connector.resourceTypes.map((handler) => Object.keys(handler).sort())
      )
    }))
})
