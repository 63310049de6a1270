import { RateLimitDescriptionSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_ratelimit_pb"
import { ErrorInfoSchema } from "@access-kit/baton-protocol/gen/google/rpc/error_details_pb"
import { ConnectorError } from "@access-kit/connector-model"
import { create, toBinary } from "@bufbuild/protobuf"
import { Code, ConnectError } from "@connectrpc/connect"
import { assert, describe, it } from "@effect/vitest"
import * as RpcError from "../src/RpcError.ts"

const words = { message: "What happened and what to do." }
const about = { resourceType: "user", key: "u1" }

const reasons: ReadonlyArray<readonly [ConnectorError.Reason, Code]> = [
  [new ConnectorError.InvalidConfiguration(words), Code.FailedPrecondition],
  [new ConnectorError.Unauthenticated(words), Code.Unauthenticated],
  [new ConnectorError.PermissionDenied(words), Code.PermissionDenied],
  [new ConnectorError.NotFound({ ...words, ...about }), Code.NotFound],
  [new ConnectorError.Ambiguous({ ...words, ...about, matches: ["1", "2"] }), Code.FailedPrecondition],
  [new ConnectorError.InvalidInput(words), Code.InvalidArgument],
  [new ConnectorError.Conflict(words), Code.AlreadyExists],
  [new ConnectorError.Unsupported(words), Code.Unimplemented],
  [new ConnectorError.RateLimited(words), Code.Unavailable],
  [new ConnectorError.RateLimited({ ...words, retryAfterMillis: 5_000 }), Code.Unavailable],
  [new ConnectorError.Unavailable(words), Code.Unavailable],
  [new ConnectorError.Timeout(words), Code.DeadlineExceeded],
  [new ConnectorError.UnexpectedResponse(words), Code.Unknown],
  [new ConnectorError.IncompleteListing({ ...words, resourceType: "user", received: 3 }), Code.DataLoss],
  [new ConnectorError.DirectoryChanged({ ...words, resourceType: "user" }), Code.Aborted],
  [new ConnectorError.NotApplied(words), Code.Internal],
  [new ConnectorError.LimitExceeded({ ...words, limit: 1, requested: 2 }), Code.ResourceExhausted]
]

/** As it arrives at the other side. */
const overTheWire = (error: ConnectError): ConnectError => {
  const received = new ConnectError(error.rawMessage, error.code)
  received.isWireError = true
  received.details = error.details.map((detail) =>
    "desc" in detail
      ? { type: detail.desc.typeName, value: toBinary(detail.desc, create(detail.desc, detail.value)) }
      : detail
  )
  return received
}

describe("RpcError", () => {
  it.each(reasons.map(([reason, code]) => [reason._tag, reason, code] as const))(
    "%s keeps its meaning both ways",
    (tag, reason, code) => {
      assert.strictEqual(RpcError.codeOf(reason), code)
      const status = RpcError.toStatus(ConnectorError.make("grant", reason), "grant failed: ", 1_000_000)
      assert.strictEqual(status.code, code)
      assert.strictEqual(status.rawMessage, `grant failed: ${words.message}`)
      const back = RpcError.toConnectorError("grant", RpcError.fromStatus("S/M", overTheWire(status)), about, 1_000_000)
      // A limit that an operator set is not one that the caller can read off the code.
      assert.strictEqual(back.reason._tag, tag === "LimitExceeded" ? "UnexpectedResponse" : tag)
      if (reason._tag === "RateLimited" && reason.retryAfterMillis !== undefined) {
        assert.strictEqual(back.reason._tag === "RateLimited" ? back.reason.retryAfterMillis : 0, 5_000)
      }
    }
  )

  it("covers every reason there is", () => {
    assert.strictEqual(new Set(reasons.map(([reason]) => reason._tag)).size, ConnectorError.Reason.members.length)
  })

  it("tells a connection that broke from an answer", () => {
    const broken = RpcError.fromStatus("S/M", new ConnectError("reset", Code.Aborted))
    assert.deepStrictEqual([broken.codeName, broken.lost], ["Unavailable", true])
    const answered = RpcError.fromStatus("S/M", overTheWire(new ConnectError("changed", Code.Aborted)))
    assert.deepStrictEqual([answered.codeName, answered.lost], ["Aborted", undefined])
  })

  it("hears a grant that was declined on purpose", () => {
    const declined = new ConnectError("no", Code.FailedPrecondition, undefined, [{
      desc: ErrorInfoSchema,
      value: {
        reason: "grant_cancelled",
        domain: "github.com/conductorone/baton-sdk",
        metadata: { reason: "on leave" }
      }
    }])
    assert.strictEqual(RpcError.fromStatus("S/M", overTheWire(declined)).message, "no (on leave)")
  })

  it("doesn't take room that is left under a limit for a limit", () => {
    const status = new ConnectError("down", Code.Unavailable, undefined, [{
      desc: RateLimitDescriptionSchema,
      value: { remaining: BigInt(5), resetAt: { seconds: BigInt(2_000) } }
    }])
    const error = RpcError.fromStatus("S/M", overTheWire(status))
    assert.deepStrictEqual(error.rateLimit, { remaining: 5, resetAt: 2_000_000 })
    assert.strictEqual(RpcError.toConnectorError("list", error, about, 0).reason._tag, "Unavailable")
  })
})
