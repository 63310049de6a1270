import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as ErrorResponse from "../src/ErrorResponse.ts"
import * as Schemas from "../src/Schemas.ts"

const none: ErrorResponse.ErrorResponse = { status: undefined, scimType: undefined, detail: undefined }

/** Case 63: name, body, what is read of it. */
const cases: ReadonlyArray<readonly [string, string, Partial<ErrorResponse.ErrorResponse>]> = [
  [
    "RFC 7644 §3.12",
    JSON.stringify({
      schemas: [Schemas.Error],
      scimType: "mutability",
      detail: "Attribute 'id' is readOnly",
      status: "400"
    }),
    { status: 400, scimType: "mutability", detail: "Attribute 'id' is readOnly" }
  ],
  ["status as number", "{\"status\":409,\"detail\":\"exists\"}", { status: 409, detail: "exists" }],
  ["status as sentence", "{\"status\":\"404 Not Found\"}", { status: 404 }],
  ["status missing", "{\"detail\":\"x\"}", { detail: "x" }],
  ["status nonsense", "{\"status\":\"bad\",\"detail\":\"x\"}", { detail: "x" }],
  ["status out of range", "{\"status\":1000,\"detail\":\"x\"}", { detail: "x" }],
  ["unknown scimType", "{\"scimType\":\"schemaViolated\",\"status\":\"400\"}", {
    status: 400,
    scimType: "schemaViolated"
  }],
  ["PascalCase", "{\"Status\":\"400\",\"ScimType\":\"invalidValue\",\"Detail\":\"x\"}", {
    status: 400,
    scimType: "invalidValue",
    detail: "x"
  }],
  ["SCIM 1.1 Errors", "{\"Errors\":[{\"description\":\"Resource not found\",\"code\":\"404\"}]}", {
    status: 404,
    detail: "Resource not found"
  }],
  [
    "nested response",
    "{\"status\":400,\"response\":{\"schemas\":[],\"scimType\":\"invalidSyntax\",\"detail\":\"x\",\"status\":\"422\"}}",
    { status: 400, scimType: "invalidSyntax", detail: "x" }
  ],
  ["returnCode and message", "{\"returnCode\":401,\"message\":\"no\"}", { status: 401, detail: "no" }],
  ["OAuth", "{\"error\":\"invalid_client\",\"error_description\":\"Unknown client\"}", { detail: "Unknown client" }],
  ["error as text only", "{\"error\":\"not_found\"}", { detail: "not_found" }],
  ["error as object", "{\"error\":{\"code\":429,\"message\":\"slow down\"}}", { status: 429, detail: "slow down" }],
  ["code as word", "{\"code\":\"rate_limit\",\"message\":\"slow down\"}", { detail: "slow down" }],
  ["generalErrors", "{\"generalErrors\":[{\"code\":\"[x]\",\"message\":\"broken\"}],\"fieldErrors\":{}}", {
    detail: "broken"
  }],
  ["fieldErrors", "{\"fieldErrors\":{\"user.email\":[{\"code\":\"x\",\"message\":\"taken\"}]}}", { detail: "taken" }],
  ["errors as texts", "{\"errors\":[\"first\",\"second\"]}", { detail: "first" }],
  ["problem+json", "{\"type\":\"about:blank\",\"title\":\"Forbidden\",\"status\":403}", {
    status: 403,
    detail: "Forbidden"
  }],
  ["detail as list", "{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"field required\"}]}", { detail: "field required" }],
  ["bare array", "[{\"detail\":\"x\",\"status\":\"400\"}]", { status: 400, detail: "x" }],
  ["JSON text", "\"no\"", { detail: "no" }],
  ["plain text", "upstream connect error\n  or disconnect ", { detail: "upstream connect error or disconnect" }],
  ["text that looks like JSON", "{not json", { detail: "{not json" }],
  ["HTML with title", "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>x</body></html>", {
    detail: "502 Bad Gateway"
  }],
  [
    "HTML without title",
    "<html><style>p{}</style><script>alert(1)</script><body><h1>Sorry</h1> <p>gone</p></body></html>",
    { detail: "Sorry gone" }
  ],
  ["HTML that ends in a tag", "<html><title></title><script>var a", {}],
  ["BOM", "\uFEFF{\"detail\":\"x\"}", { detail: "x" }],
  ["empty", "", {}],
  ["white space", " \n", {}],
  ["empty object", "{}", {}],
  ["empty array", "[]", {}],
  ["null", "null", { detail: "null" }],
  ["empty detail", "{\"detail\":\"\",\"message\":\"x\"}", { detail: "x" }],
  ["nulls", "{\"status\":null,\"scimType\":null,\"detail\":null,\"Errors\":[null]}", {}],
  ["control characters", "{\"detail\":\"a\\u0000\\u001b[31mb\\u202ec\"}", { detail: "a [31mb c" }]
]

describe("ErrorResponse", () => {
  for (const [name, body, expected] of cases) {
    it(`case 63: ${name}`, () => {
      assert.deepStrictEqual(ErrorResponse.decodeText(body), { ...none, ...expected })
    })
  }

  it("reads the answer of a server built on scim-patch to a removal from a group without members", () => {
    assert.deepStrictEqual(
      ErrorResponse.decodeText(
        "{\"scimType\":\"invalidSyntax\",\"detail\":\"Invalid SCIM Patch: Impossible to search on a mono valued attribute.\",\"status\":\"400\",\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:Error\"]}"
      ),
      {
        status: 400,
        scimType: "invalidSyntax",
        detail: "Invalid SCIM Patch: Impossible to search on a mono valued attribute."
      }
    )
  })

  it("clips detail and scimType, never through a character", () => {
    assert.strictEqual(ErrorResponse.decodeText("x".repeat(10_000)).detail?.length, ErrorResponse.defaultMaxDetail)
    assert.strictEqual(ErrorResponse.decodeText("abcdef", 4).detail, "abc…")
    assert.strictEqual(ErrorResponse.decodeText("ab😀cdef", 4).detail, "ab…")
    assert.strictEqual(ErrorResponse.decode({ scimType: "x".repeat(1000) }).scimType?.length, 100)
  })

  it("ends on bodies of any size and depth", () => {
    assert.isAtMost(ErrorResponse.decodeText(`<html>${"<p>x</p>".repeat(1_000_000)}`).detail?.length ?? 0, 500)
    assert.isAtMost(ErrorResponse.decodeText("<".repeat(200_000)).detail?.length ?? 0, 500)
    let deep: unknown = { detail: "deep" }
    for (let index = 0; index < 5000; index++) {
      deep = { error: deep }
    }
    assert.deepStrictEqual(ErrorResponse.decode(deep), none)
  })

  it("never throws, whatever comes, and keeps its limits", () => {
    const names = fc.constantFrom(
      "status",
      "detail",
      "error",
      "errors",
      "response",
      "message",
      "Errors",
      "scimType",
      "fieldErrors",
      "code"
    )
    const nested = fc.letrec((tie) => ({
      node: fc.oneof({ maxDepth: 5 }, fc.jsonValue(), fc.dictionary(names, tie("node")), fc.array(tie("node")))
    })).node
    const check = (read: ErrorResponse.ErrorResponse, max: number) => {
      assert.isAtMost(read.detail?.length ?? 0, max)
      assert.notStrictEqual(read.detail, "")
      assert.isTrue(read.detail?.isWellFormed() ?? true)
      assert.isTrue(read.status === undefined || (read.status >= 100 && read.status <= 599))
    }
    fc.assert(fc.property(nested, fc.integer({ min: 1, max: 50 }), (json, max) => {
      check(ErrorResponse.decode(json, max), max)
      check(ErrorResponse.decodeText(JSON.stringify(json), max), max)
    }))
    fc.assert(fc.property(fc.string({ unit: "binary" }), fc.integer({ min: 1, max: 50 }), (text, max) => {
      check(ErrorResponse.decodeText(text, max), max)
      check(ErrorResponse.decodeText(`<${text}`, max), max)
    }))
  })
})
