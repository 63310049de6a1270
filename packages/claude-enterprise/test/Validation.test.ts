import * as Validation from "@access-kit/connector-model/Validation"
import { Directory, type Fault, Profile } from "@access-kit/scim-sandbox"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Redacted } from "effect"
import * as ClaudeEnterprise from "../src/ClaudeEnterprise.ts"
import { dialectCheck } from "../src/internal/Validation.ts"
import * as Settings from "../src/Settings.ts"
import { type Organization, requests, test } from "./Organization.ts"

const TOKEN = "se_very-secret-token"

/** The checks by name, as status and all that is said. */
const checks = (report: Validation.ValidationReport) =>
  Object.fromEntries(
    report.checks.map((check) => [check.name, `${check.status}: ${check.message} ${check.remedy ?? ""}`])
  )

/** Validates some other address than the sandbox's. */
const validateAt = (scimUrl: string, settings: Partial<Settings.Settings> = {}) =>
  Effect.flatMap(
    ClaudeEnterprise.make(Settings.make({ scimUrl, scimToken: Redacted.make(TOKEN), ...settings })),
    ({ connector }) => connector.validate
  )

const faulty = (
  name: string,
  faults: ReadonlyArray<Fault.Fault>,
  expected: Readonly<Record<string, RegExp>>,
  settings: Partial<Settings.Settings> = {}
) =>
  test(name, (org) =>
    Effect.gen(function*() {
      const report = yield* org.connector.validate
      const seen = checks(report)
      for (const [check, text] of Object.entries(expected)) expect(seen[check], check).toMatch(text)
      const failed = Object.values(expected).some((text) => text.source.startsWith("^failed"))
      expect(Validation.isOk(report)).toBe(!failed)
    }), { sandbox: { faults }, settings })

describe("Validation", () => {
  test("passes where everything is well", (org) =>
    Effect.gen(function*() {
      const report = yield* org.connector.validate
      expect(report.checks.map((check) => [check.name, check.status])).toEqual([
        ["SCIM URL", "passed"],
        ["SCIM dialect", "passed"],
        ["Connection", "passed"],
        ["Token", "passed"],
        ["SCIM", "passed"],
        ["Accounts", "passed"],
        ["Groups", "passed"],
        ["Group members", "passed"],
        ["Changes", "passed"]
      ])
      expect(checks(report)["Accounts"]).toContain("30 accounts")
      expect(checks(report)["Groups"]).toContain("4 groups")
      expect(report.checks.every((check) => (check.remedy === undefined) === (check.status === "passed"))).toBe(true)
    }))

  test("reads a handful of rows and writes nothing", (org) =>
    Effect.gen(function*() {
      yield* org.connector.validate
      const entries = yield* org.sandbox.requests.entries
      expect(entries.every((entry) => entry.method === "GET")).toBe(true)
      expect(entries.length).toBeLessThanOrEqual(6)
      const lists = entries.filter((entry) => /\/(?:Users|Groups)$/.test(entry.path))
      expect(lists.every((entry) => entry.query.includes("count=1"))).toBe(true)
      expect(yield* requests(org.sandbox, "POST")).toEqual([])
    }))

  test("passes without discovery, which is optional", (org) =>
    Effect.gen(function*() {
      const report = yield* org.connector.validate
      expect(Validation.isOk(report)).toBe(true)
      expect(checks(report)["Changes"]).toMatch(/^passed: The server does not describe itself/)
    }), { sandbox: { profile: { ...Profile.workos, discovery: false } } })

  test("warns of an empty directory", (org) =>
    Effect.gen(function*() {
      const report = yield* org.connector.validate
      expect(checks(report)).toMatchObject({
        Accounts: expect.stringMatching(/^warning: The directory has no accounts\. Only accounts .* SCIM/),
        Groups: expect.stringMatching(/^warning: The directory has no groups\. Only groups .* SCIM/)
      })
      expect(Validation.isOk(report)).toBe(true)
    }), { sandbox: { directory: Directory.empty } })

  test("says that the token is not accepted, and how to get another", (org: Organization) =>
    Effect.gen(function*() {
      const report = yield* org.connector.validate
      expect(Validation.isOk(report)).toBe(false)
      expect(checks(report)["Connection"]).toMatch(/^passed/)
      expect(checks(report)["Token"]).toMatch(
        /^failed: The SCIM server does not accept the token.*Settings > Identity and access > Setup SCIM/
      )
      expect(report.checks.some((check) => check.name === "Groups")).toBe(false)
      expect(JSON.stringify(report)).not.toContain(TOKEN)
    }), { token: Redacted.make(TOKEN) })

  faulty("says that the token may not do it", [{ name: "serverError", status: 403 }], {
    Token: /^failed: .*refuses.*Enterprise plan/
  })
  faulty("says that a web page answers", [{ name: "html" }], {
    Connection: /^passed/,
    SCIM: /^failed: .*text\/html.*not a page of Claude/
  })
  faulty("says that a web page answers 'not found'", [{ name: "html", status: 404 }], {
    SCIM: /^failed: .*not found.*scim-url/
  })
  faulty("says that there is no such endpoint", [{ name: "serverError", status: 404 }], {
    SCIM: /^failed: .*not found.*scim-url/
  })
  faulty("says that the server redirects", [{ name: "redirect", location: "https://login.example/?next=secret" }], {
    Connection: /^failed: The server redirects to https:\/\/login\.example\. .*token/
  })
  faulty("says that the answer is no list", [{ name: "resourcesMissing" }], {
    SCIM: /^failed: .*JSON but no SCIM list/
  })
  faulty("says that no answer comes", [{ name: "hang" }], {
    Connection: /^failed: .*did not answer within.*scim-timeout/
  }, { scimTimeout: Duration.millis(100) })
  faulty("says that the server fails", [{ name: "serverError", status: 500 }], {
    Accounts: /^failed: The SCIM server failed.*500.*Try again later/
  })
  faulty("says that the server is busy for too long", [{ name: "tooManyRequests", retryAfter: "3600" }], {
    Accounts: /^failed: .*slow down.*3600 s.*scim-concurrency/
  })
  faulty("says that groups can't be read", [{ name: "serverError", status: 403, path: "/Groups" }], {
    Accounts: /^passed/,
    Groups: /^failed: .*refuses/
  })
  faulty("says that groups carry their members one by one only", [{ name: "membersMissingInLists" }], {
    "Group members": /^passed: .*one request per group/
  })
  faulty("takes a PATCH that is not there for unknown until it is asked for", [{ name: "patchUnsupported" }], {
    Changes: /^passed/
  })

  test("says that members can't be read", (org) =>
    Effect.gen(function*() {
      yield* org.sandbox.directory.clear
      yield* org.sandbox.directory.insert("Group", { displayName: "Odd", members: "lots" }, "odd")
      const report = yield* org.connector.validate
      expect(checks(report)["Group members"]).toMatch(/^failed: The first group has members in a form/)
    }))

  it.live("says that nothing listens", () =>
    Effect.gen(function*() {
      const report = yield* validateAt("http://127.0.0.1:1/scim")
      expect(checks(report)["Connection"]).toMatch(/^failed: .*can't be reached.*(?:Nothing listens|firewall)/)
      expect(report.checks.map((check) => check.name)).toEqual(["SCIM URL", "SCIM dialect", "Connection"])
      expect(JSON.stringify(report)).not.toContain(TOKEN)
    }).pipe(Effect.provide(NodeHttpClient.layerUndici)))

  it.live("says that the host name is not known", () =>
    Effect.gen(function*() {
      const report = yield* validateAt("https://no-such-host.invalid/scim")
      expect(checks(report)["Connection"]).toMatch(/^failed: .*can't be reached.*(?:spelling|network)/)
    }).pipe(Effect.provide(NodeHttpClient.layerUndici)))

  test("says that no TLS connection comes about", (org) =>
    Effect.gen(function*() {
      const report = yield* validateAt(org.sandbox.baseUrl.replace("http://", "https://")).pipe(
        Effect.provide(NodeHttpClient.layerUndici)
      )
      expect(checks(report)["Connection"]).toMatch(/^failed: .*TLS.*NODE_EXTRA_CA_CERTS/)
    }))

  test("warns of an address below the endpoint", (org) =>
    Effect.gen(function*() {
      const report = yield* validateAt(`${org.sandbox.baseUrl}/Users`, { scimToken: org.sandbox.token }).pipe(
        Effect.provide(NodeHttpClient.layerUndici)
      )
      expect(checks(report)["SCIM URL"]).toMatch(/^warning: .*\/Users.*Cut scim-url off/)
      expect(checks(report)["SCIM"]).toMatch(/^failed: .*not found/)
    }))

  it("warns of WorkOS's server under another dialect", () => {
    const settings = (scimUrl: string, scimDialect: Settings.DialectName) =>
      Settings.make({ scimUrl, scimToken: Redacted.make(TOKEN), scimDialect })
    const check = (scimUrl: string, scimDialect: Settings.DialectName) =>
      dialectCheck(settings(scimUrl, scimDialect)).status
    expect(check("https://api.workos.com/scim/v2.0/key", "standard")).toBe("warning")
    expect(check("https://api.workos.com/scim/v2.0/key", "workos")).toBe("passed")
    expect(check("https://scim.gov.example/v2", "claude-government")).toBe("passed")
    expect(check("https://scim.own-domain.example/v2", "workos")).toBe("passed")
  })
})
