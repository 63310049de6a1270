import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as fc from "fast-check"
import * as ResourcePath from "../src/ResourcePath.ts"

const base = (text: string): ResourcePath.BaseUrl => Result.getOrThrow(ResourcePath.baseUrl(text))

const resource = (baseUrl: string, id: string, query?: ResourcePath.Query): string =>
  Result.getOrThrow(ResourcePath.resource(base(baseUrl), "/Users", id, query))

const collection = (baseUrl: string, endpoint: string, query?: ResourcePath.Query): string =>
  Result.getOrThrow(ResourcePath.collection(base(baseUrl), endpoint, query))

const problem = <A>(result: Result.Result<A, ResourcePath.InvalidResourcePath>): ResourcePath.InvalidResourcePath => {
  assert(Result.isFailure(result), `accepted: ${JSON.stringify(result)}`)
  return result.failure
}

describe("ResourcePath", () => {
  describe("baseUrl", () => {
    it("case 69: with and without slash, path and query", () => {
      const cases: ReadonlyArray<readonly [string, string]> = [
        ["https://example.com", "https://example.com/Users"],
        ["https://example.com/", "https://example.com/Users"],
        ["https://example.com//", "https://example.com/Users"],
        ["https://example.com:8443/scim/v2", "https://example.com:8443/scim/v2/Users"],
        ["https://example.com/scim/v2/", "https://example.com/scim/v2/Users"],
        ["http://127.0.0.1:3000/scim/v2///", "http://127.0.0.1:3000/scim/v2/Users"],
        ["HTTPS://Example.COM/SCIM/v2", "https://example.com/SCIM/v2/Users"],
        ["https://example.com/scim?tenant=a%20b", "https://example.com/scim/Users?tenant=a%20b"],
        ["https://example.com/scim/?tenant=1&x", "https://example.com/scim/Users?tenant=1&x"],
        ["https://example.com/scim?", "https://example.com/scim/Users"],
        ["  https://example.com/scim\n", "https://example.com/scim/Users"],
        ["https://example.com/a/../scim/./v2", "https://example.com/scim/v2/Users"],
        ["https://[::1]:8080/scim", "https://[::1]:8080/scim/Users"],
        ["https://api.example.com/scim/v2.0/k%2Fey", "https://api.example.com/scim/v2.0/k%2Fey/Users"]
      ]
      for (const [text, expected] of cases) {
        assert.strictEqual(collection(text, "/Users"), expected, text)
        assert.strictEqual(collection(text, "Users"), expected, text)
      }
    })

    it("refuses what is no base URL, with a message that repeats nothing of it", () => {
      for (
        const text of [
          "",
          "   ",
          "example.com/secret-scim",
          "/secret-scim",
          "ftp://example.com/secret",
          "javascript:secret",
          "https:secret.example.com",
          "https://",
          "https://user:secret@example.com/scim",
          "https://secret@example.com/scim",
          "https://example.com/sec ret",
          "https://example.com/sec\nret",
          "https://example.com/scim#secret",
          "https://example.com:99999/secret"
        ]
      ) {
        const error = problem(ResourcePath.baseUrl(text))
        assert.strictEqual(error.part, "baseUrl")
        assert.notMatch(error.message, /secret/)
        assert.match(error.message, /base URL/)
      }
    })

    it("prints without slash and query", () => {
      assert.strictEqual(ResourcePath.printBaseUrl(base("https://example.com/scim/?a=1")), "https://example.com/scim")
    })
  })

  describe("resource", () => {
    it("case 37: ids with any characters are one segment", () => {
      const cases: ReadonlyArray<readonly [string, string]> = [
        ["2819c223-7f76", "2819c223-7f76"],
        ["a/b", "a%2Fb"],
        ["100%", "100%25"],
        ["%2F", "%252F"],
        ["a b", "a%20b"],
        ["a\"b'c", "a%22b%27c"],
        ["a?b#c&d=e+f", "a%3Fb%23c%26d%3De%2Bf"],
        ["é😀", "%C3%A9%F0%9F%98%80"],
        ["...", "..."],
        ["(x)!*", "%28x%29%21%2A"],
        ["a\\b;c:d@e", "a%5Cb%3Bc%3Ad%40e"],
        [" ", "%20"],
        ["\u0000\n", "%00%0A"]
      ]
      for (const [id, segment] of cases) {
        assert.strictEqual(resource("https://example.com/scim", id), `https://example.com/scim/Users/${segment}`)
      }
    })

    it("refuses ids that a URL cannot hold", () => {
      for (const id of ["", ".", "..", "a\ud800"]) {
        assert.strictEqual(problem(ResourcePath.resource(base("https://example.com"), "/Users", id)).part, "id")
      }
    })

    it("every id comes back out of the URL, and nothing else changes", () => {
      fc.assert(
        fc.property(
          fc.string({ unit: "grapheme", minLength: 1 }),
          fc.constantFrom("https://h/scim/v2", "https://h/", "https://h/s?t=1"),
          (id, text) => {
            const result = ResourcePath.resource(base(text), "/Users", id)
            if (Result.isFailure(result)) {
              assert.isTrue(id === "." || id === ".." || !id.isWellFormed())
              return
            }
            const url = new URL(result.success)
            // A parser must not change it any more: what is signed, logged and sent is one text.
            assert.strictEqual(url.href, result.success)
            assert.strictEqual(url.origin, "https://h")
            assert.strictEqual(url.hash, "")
            const segments = url.pathname.split("/")
            assert.strictEqual(decodeURIComponent(segments.at(-1) ?? ""), id)
            assert.strictEqual(segments.at(-2), "Users")
            assert.strictEqual(url.search, base(text).query === "" ? "" : `?${base(text).query}`)
          }
        )
      )
    })
  })

  describe("collection", () => {
    it("takes endpoints of several segments", () => {
      assert.strictEqual(collection("https://h/s", "/.search"), "https://h/s/.search")
      assert.strictEqual(collection("https://h/s", "Users/.search"), "https://h/s/Users/.search")
      assert.strictEqual(
        collection("https://h/s", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User"),
        "https://h/s/Schemas/urn:ietf:params:scim:schemas:core:2.0:User"
      )
    })

    it("refuses endpoints that lead elsewhere", () => {
      for (
        const endpoint of [
          "",
          "/",
          "a//b",
          "../Users",
          "Users/..",
          "./Users",
          "%2e%2e/Users",
          "%2E",
          "Users?x=1",
          "Users#x",
          "Us ers",
          "Users\\x",
          "Üsers",
          "100%"
        ]
      ) {
        assert.strictEqual(problem(ResourcePath.collection(base("https://h/s"), endpoint)).part, "endpoint", endpoint)
      }
    })

    it("a long run of slashes takes no longer than its length", () => {
      // 100,000 slashes took 12 s of backtracking with a regular expression; the time limit of the test run is the bound here.
      for (let round = 0; round < 50; round++) {
        problem(ResourcePath.collection(base(`https://h/${"/".repeat(100_000)}x`), `a${"/".repeat(100_000)}b`))
      }
    })

    it("takes absolute URLs of discovery under the base URL only", () => {
      assert.strictEqual(collection("https://h/s", "https://h/s/Users"), "https://h/s/Users")
      assert.strictEqual(collection("https://h", "https://h/Users/"), "https://h/Users")
      for (
        const endpoint of [
          "https://evil/s/Users",
          "http://h/s/Users",
          "https://h/other/Users",
          "https://h/s",
          "https://h/s2/Users",
          "https://h/s/../Users",
          "https://h:444/s/Users",
          "//evil/s/Users",
          "https://h@evil/s/Users",
          "https://h/s/Users?x=1",
          "https://h/s/Users#x",
          "file:///s/Users",
          "javascript:x"
        ]
      ) {
        const error = problem(ResourcePath.collection(base("https://h/s"), endpoint))
        assert.strictEqual(error.part, "endpoint", endpoint)
      }
    })
  })

  describe("query", () => {
    it("encodes values, leaves out undefined, keeps the order", () => {
      assert.strictEqual(
        collection("https://h/s", "/Users", {
          filter: "userName eq \"a+b&c=d\"",
          startIndex: 1,
          count: undefined,
          cursor: "",
          exclude: true
        }),
        "https://h/s/Users?filter=userName%20eq%20%22a%2Bb%26c%3Dd%22&startIndex=1&cursor=&exclude=true"
      )
    })

    it("a parameter replaces the one of the same name in the base URL", () => {
      assert.strictEqual(
        collection("https://h/s?count=5&tenant=x&COUNT=6", "/Users", { count: 100 }),
        "https://h/s/Users?tenant=x&COUNT=6&count=100"
      )
      assert.strictEqual(collection("https://h/s?co%75nt=5", "/Users", { count: 100 }), "https://h/s/Users?count=100")
      assert.strictEqual(collection("https://h/s?count=5", "/Users", { count: undefined }), "https://h/s/Users?count=5")
    })

    it("refuses half characters", () => {
      assert.strictEqual(
        problem(ResourcePath.collection(base("https://h"), "/Users", { filter: "\udc00" })).part,
        "query"
      )
    })

    it("every value comes back out of the URL", () => {
      fc.assert(fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.string({ unit: "grapheme" })), (query) => {
        const url = new URL(collection("https://h/s", "/Users", query))
        assert.deepStrictEqual([...url.searchParams], Object.entries(query))
      }))
    })
  })
})
