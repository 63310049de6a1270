import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Endpoint from "../src/internal/Endpoint.ts"

describe("Endpoint", () => {
  it.each([
    "https://api.workos.com/scim/v2.0/key",
    "http://127.0.0.1:8080/scim",
    "http://127.1.2.3/scim",
    "http://localhost:1/",
    "http://scim.localhost/",
    "http://[::1]:9/scim"
  ])("accepts %s", (url) => {
    expect(Endpoint.faultOf(url)).toBeUndefined()
  })

  it.each([
    "http://api.workos.com/scim/v2.0/key",
    "http://127.0.0.1.example.com/",
    "http://localhost.example.com/",
    "http://10.0.0.1/"
  ])("refuses to send a token in the clear to %s", (url) => {
    expect(Endpoint.faultOf(url)).toContain("https://")
  })

  it.each(["", "claude", "ftp://example.com/", "javascript:alert(1)"])("refuses %j", (url) => {
    expect(Endpoint.faultOf(url)).toContain("https://")
  })

  it.each([
    ["https://api.workos.com/scim/v2.0/key/Users", "/Users"],
    ["https://api.workos.com/scim/v2.0/key/groups/", "/groups"],
    ["https://api.workos.com/scim/v2.0/key/ServiceProviderConfig", "/ServiceProviderConfig"],
    ["https://claude.ai/settings/identity", "Claude itself"]
  ])("doubts %s", (url, said) => {
    const doubt = Endpoint.doubtOf(url)
    expect(`${doubt?.message} ${doubt?.remedy}`).toContain(said)
  })

  it.each(["https://api.workos.com/scim/v2.0/key", "https://scim.claude.com/v2/x"])("does not doubt %s", (url) => {
    expect(Endpoint.doubtOf(url)).toBeUndefined()
  })

  it.effect("names a source by host and digest", () =>
    Effect.gen(function*() {
      const source = yield* Endpoint.sourceOf("https://api.workos.com/scim/v2.0/directory_key_1")
      expect(source).toMatch(/^https:\/\/api\.workos\.com#[0-9a-f]{12}$/)
      expect(yield* Endpoint.sourceOf("https://api.workos.com/scim/v2.0/directory_key_1/")).toBe(source)
      expect(yield* Endpoint.sourceOf("https://API.workos.com/scim/v2.0/directory_key_1")).toBe(source)
      expect(yield* Endpoint.sourceOf("https://api.workos.com/scim/v2.0/directory_key_2")).not.toBe(source)
    }))
})
