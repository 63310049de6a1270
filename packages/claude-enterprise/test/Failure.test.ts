import * as ScimError from "@access-kit/scim-core/ScimError"
import { describe, expect, it } from "@effect/vitest"
import * as Failure from "../src/internal/Failure.ts"

const message = "The client says what happened."

/** One of each reason of the client, with what it is in the contract. */
const cases: Readonly<Record<ScimError.Reason["_tag"], readonly [ScimError.Reason, string]>> = {
  InvalidConfiguration: [
    new ScimError.InvalidConfiguration({ message, option: "baseUrl" }),
    "InvalidConfiguration"
  ],
  Unauthorized: [new ScimError.Unauthorized({ message }), "Unauthenticated"],
  Forbidden: [new ScimError.Forbidden({ message }), "PermissionDenied"],
  TokenRequestFailed: [new ScimError.TokenRequestFailed({ message }), "Unauthenticated"],
  NotFound: [new ScimError.NotFound({ message }), "NotFound"],
  WrongUrl: [new ScimError.WrongUrl({ message }), "InvalidConfiguration"],
  NotScim: [new ScimError.NotScim({ message, contentType: "text/html", snippet: "<p>" }), "UnexpectedResponse"],
  RedirectRefused: [new ScimError.RedirectRefused({ message, target: "https://x.example" }), "InvalidConfiguration"],
  Conflict: [new ScimError.Conflict({ message }), "Conflict"],
  PreconditionFailed: [new ScimError.PreconditionFailed({ message }), "Conflict"],
  InvalidRequest: [new ScimError.InvalidRequest({ message }), "UnexpectedResponse"],
  RequestTooLarge: [new ScimError.RequestTooLarge({ message }), "Unsupported"],
  FilterRequired: [new ScimError.FilterRequired({ message }), "Unsupported"],
  NotSupported: [new ScimError.NotSupported({ message }), "Unsupported"],
  TooManyRequests: [new ScimError.TooManyRequests({ message }), "RateLimited"],
  RateLimitExhausted: [new ScimError.RateLimitExhausted({ message, waitedMillis: 1 }), "RateLimited"],
  ServerFailure: [new ScimError.ServerFailure({ message }), "Unavailable"],
  Timeout: [new ScimError.Timeout({ message, phase: "headers", millis: 30_000 }), "Timeout"],
  Network: [new ScimError.Network({ message, code: "ENOTFOUND" }), "Unavailable"],
  Tls: [new ScimError.Tls({ message, code: "DEPTH_ZERO_SELF_SIGNED_CERT" }), "Unavailable"],
  Decode: [new ScimError.Decode({ message }), "UnexpectedResponse"],
  TooLarge: [new ScimError.TooLarge({ message, limit: 1_000 }), "UnexpectedResponse"],
  InvalidListResponse: [new ScimError.InvalidListResponse({ message }), "UnexpectedResponse"],
  PaginationStalled: [new ScimError.PaginationStalled({ message, received: 7 }), "IncompleteListing"],
  IncompleteList: [new ScimError.IncompleteList({ message, expected: 9, received: 7 }), "IncompleteListing"],
  DirectoryDrift: [new ScimError.DirectoryDrift({ message }), "DirectoryChanged"],
  PageLimitExceeded: [new ScimError.PageLimitExceeded({ message, limit: 3 }), "UnexpectedResponse"],
  CursorExpired: [new ScimError.CursorExpired({ message }), "DirectoryChanged"],
  OutcomeUnknown: [new ScimError.OutcomeUnknown({ message }), "Unavailable"]
}

describe("Failure", () => {
  it.each(Object.values(cases))("maps $_tag", (reason, expected) => {
    const error = ScimError.make(reason, { method: "GET", path: "/Users", status: 400, detail: "Server words" })
    const mapped = Failure.toConnectorError("list", error)
    expect(mapped.reason._tag).toBe(expected)
    expect(mapped.operation).toBe("list")
    expect(mapped.cause).toBe(error)
    // A sentence that says what happened and one that says what to do.
    expect(mapped.message).toMatch(/^[A-Z].*[.] .*[.]$/)
    expect(Failure.explain(error).remedy).not.toBe("")
  })

  it("covers every reason that the client has", () => {
    expect(Object.keys(cases).sort()).toEqual(
      ScimError.Reason.members.map((member) => member.fields._tag.schema.literal).sort()
    )
  })

  it("names the resource that is not there", () => {
    const { reason } = Failure.toConnectorError("get", ScimError.make(cases.NotFound[0]), {
      resourceType: "user",
      key: "u/1"
    })
    expect(reason).toMatchObject({ _tag: "NotFound", resourceType: "user", key: "u/1" })
    expect(reason.message).toContain("\"u/1\"")
  })

  it("hands on what the server says, and how long it wants to be left alone", () => {
    const forbidden = ScimError.make(cases.Forbidden[0], { detail: "No such scope", requestId: "req_1" })
    expect(Failure.toConnectorError("list", forbidden).message).toContain("It says: No such scope.")
    expect(Failure.toConnectorError("list", forbidden).message).toContain("req_1")
    const limited = ScimError.make(cases.TooManyRequests[0], { retryAfterMillis: 90_000 })
    expect(Failure.toConnectorError("list", limited).reason).toMatchObject({ retryAfterMillis: 90_000 })
    expect(Failure.toConnectorError("list", limited).message).toContain("90 s")
  })

  it("says which setting is at fault", () => {
    for (const tag of ["InvalidConfiguration", "WrongUrl", "RedirectRefused"] as const) {
      expect(Failure.toConnectorError("list", ScimError.make(cases[tag][0])).reason).toMatchObject({
        field: "scim-url"
      })
    }
    const token = new ScimError.InvalidConfiguration({ message, option: "auth" })
    expect(Failure.toConnectorError("list", ScimError.make(token)).reason).toMatchObject({ field: "scim-token" })
  })

  it.each([
    ["ENOTFOUND", "DNS"],
    ["ECONNREFUSED", "Nothing listens"],
    ["EHOSTUNREACH", "VPN"],
    ["ECONNRESET", "firewall"]
  ])("has a remedy for %s", (code, said) => {
    const error = ScimError.make(new ScimError.Network({ message, code }))
    expect(Failure.explain(error).remedy).toContain(said)
    expect(Failure.explain(error).happened).toContain(code)
  })
})
