import { ConnectorError } from "@access-kit/connector-model"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"

const message = "What happened. What to do."

const reasons: ReadonlyArray<ConnectorError.Reason> = [
  new ConnectorError.InvalidConfiguration({ message, field: "scim-url" }),
  new ConnectorError.Unauthenticated({ message }),
  new ConnectorError.PermissionDenied({ message }),
  new ConnectorError.NotFound({ message, resourceType: "user", key: "ada" }),
  new ConnectorError.Ambiguous({ message, resourceType: "user", key: "ada", matches: ["1", "2"] }),
  new ConnectorError.InvalidInput({ message, field: "cursor" }),
  new ConnectorError.Conflict({ message }),
  new ConnectorError.Unsupported({ message, resourceType: "group" }),
  new ConnectorError.RateLimited({ message, retryAfterMillis: 2_000 }),
  new ConnectorError.Unavailable({ message }),
  new ConnectorError.Timeout({ message }),
  new ConnectorError.UnexpectedResponse({ message }),
  new ConnectorError.IncompleteListing({ message, resourceType: "user", expected: 3, received: 2 }),
  new ConnectorError.DirectoryChanged({ message, resourceType: "user" }),
  new ConnectorError.NotApplied({ message }),
  new ConnectorError.LimitExceeded({ message, limit: 1, requested: 2 })
]

describe("ConnectorError", () => {
  it("these tests look at every reason there is", () => {
    assert.deepStrictEqual(
      reasons.map((reason) => reason._tag),
      ConnectorError.Reason.members.map((member) => member.fields._tag.schema.literal)
    )
  })

  it("has the message of its reason", () => {
    for (const reason of reasons) assert.strictEqual(ConnectorError.make("list", reason).message, message)
  })

  it("is retryable where nobody has to change anything", () => {
    assert.deepStrictEqual(
      reasons.filter((reason) => ConnectorError.make("list", reason).isRetryable).map((reason) => reason._tag),
      ["RateLimited", "Unavailable", "Timeout", "DirectoryChanged"]
    )
  })

  it.effect("comes back from JSON as it went, message and all", () =>
    Effect.gen(function*() {
      const codec = Schema.toCodecJson(ConnectorError.ConnectorError)
      for (const reason of reasons) {
        const json = JSON.stringify(yield* Schema.encodeEffect(codec)(ConnectorError.make("list", reason)))
        const back = yield* Schema.decodeUnknownEffect(codec)(JSON.parse(json))
        assert.instanceOf(back, ConnectorError.ConnectorError)
        assert.deepStrictEqual(back.reason, reason)
        assert.strictEqual(back.message, message)
      }
    }))

  it.effect("can be caught by reason, and taken apart", () =>
    Effect.gen(function*() {
      const failing = Effect.fail(ConnectorError.make("list", new ConnectorError.Timeout({ message })))
      const caught = yield* failing.pipe(
        Effect.catchReason("ConnectorError", "Timeout", (reason) => Effect.succeed(reason.message))
      )
      assert.strictEqual(caught, message)
      const other = yield* failing.pipe(
        Effect.catchReason("ConnectorError", "NotFound", () => Effect.succeed("wrong")),
        Effect.unwrapReason("ConnectorError"),
        Effect.flip
      )
      assert.strictEqual(other._tag, "Timeout")
    }))

  it("keeps what lies below only when there is something", () => {
    const cause = new Error("socket closed")
    assert.strictEqual(ConnectorError.make("list", new ConnectorError.Timeout({ message }), cause).cause, cause)
    assert.isFalse("cause" in { ...ConnectorError.make("list", new ConnectorError.Timeout({ message })) })
  })
})
