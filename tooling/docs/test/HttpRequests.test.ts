/** Requests that name what the API does not have. */
import { describe, expect, it } from "@effect/vitest"
import * as HttpRequests from "../src/HttpRequests.ts"
import * as Markdown from "../src/Markdown.ts"

const fence = "```"

const document: HttpRequests.OpenApi = {
  paths: {
    "/v1/things": { get: { parameters: [{ name: "limit", in: "query" }, { name: "etag", in: "header" }] }, post: {} },
    "/v1/things/{thingId}": { get: {}, patch: {} },
    "/v1/things/{thingId}/end": { post: {} }
  }
}

const check = (...lines: ReadonlyArray<string>) =>
  HttpRequests.check(document, [Markdown.parse("docs/a.md", lines.join("\n"))])
    .map(({ line, message }) => `${line} ${message}`)

describe("HttpRequests", () => {
  it("takes what the document has", () => {
    expect(check(
      `${fence}sh`,
      "curl -s -H \"Authorization: Bearer $TOKEN\" \"$SERVER/v1/things?limit=3\" > things.json",
      "curl -s -H 'Content-Type: application/json' -d @thing.json http://127.0.0.1:8080/v1/things",
      "curl -s -X PATCH \\",
      "  -d '{}' \"$SERVER/v1/things/a:$ID\"",
      "curl -s https://example.com/v2/others?x=1",
      fence,
      "Or `POST /v1/things/ID/end`, `/v1/things/{id}`."
    )).toEqual([])
  })

  it("finds paths, methods and parameters that are not there", () => {
    expect(check(
      `${fence}sh`,
      "curl -s \"$SERVER/v1/thing\"",
      "curl -s -X DELETE \"$SERVER/v1/things/$ID\"",
      "curl -s \"$SERVER/v1/things?limit=3&etag=4\"",
      fence,
      "Or `GET /v1/things/ID/end`, `/v1/things/{id}/ends`."
    )).toEqual([
      "2 the API has no path /v1/thing",
      "3 the API has no DELETE /v1/things/$ID",
      "4 GET /v1/things has no query parameter etag",
      "6 the API has no GET /v1/things/ID/end",
      "6 the API has no path /v1/things/{id}/ends"
    ])
  })
})
