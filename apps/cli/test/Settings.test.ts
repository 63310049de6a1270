/** What is said in two places says the same. */
import * as ClaudeEnterprise from "@access-kit/claude-enterprise/ClaudeEnterprise"
import * as Settings from "@access-kit/claude-enterprise/Settings"
import * as Capabilities from "@access-kit/connector-model/Capabilities"
import * as ConfigField from "@access-kit/connector-model/ConfigField"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { readFileSync } from "node:fs"
import * as AccountFlags from "../src/AccountFlags.ts"
import * as ConnectorFlags from "../src/ConnectorFlags.ts"
import * as ExitCode from "../src/ExitCode.ts"
import * as NodeVersion from "../src/NodeVersion.ts"

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8")

/** The cells of every table row of the README. */
const rows = readme.split("\n").filter((line) => line.startsWith("|")).map((line) =>
  line.split("|").slice(1, -1).map((cell) => cell.trim())
)

describe("what is said in two places", () => {
  it.effect("account creation has a flag for each field that the connector asks for, and no other", () =>
    Effect.gen(function*() {
      const { connector } = yield* ClaudeEnterprise.make(
        Settings.make({ scimUrl: "https://scim.example", scimToken: Redacted.make("none") })
      )
      const { accountFields } = Capabilities.of(connector)
      expect(Object.keys(AccountFlags.flags)).toEqual(accountFields.map((field) => field.name))
      expect(accountFields.every((field) => field.required)).toBe(true)
    }).pipe(Effect.provide(FetchHttpClient.layer)))

  it("every exit code is a number of its own", () => {
    const codes = [ExitCode.ok, ...Object.values(ExitCode.entries)].map((entry) => entry.code)
    expect(new Set(codes).size).toBe(codes.length)
  })

  it("the README has every exit code with its meaning", () => {
    const expected = [["Ok", ExitCode.ok] as const, ...Object.entries(ExitCode.entries)].map((
      [reason, { code, meaning }]
    ) => [
      String(code),
      `\`${reason}\``,
      meaning
    ])
    expect(rows.filter(([code]) => /^\d+$/.test(code ?? ""))).toEqual(expected)
  })

  it("the README has every setting with its flag, variable and default", () => {
    const expected = Object.values(Settings.fields).map((field) => [
      `\`${ConfigField.flagName(field)}\``,
      `\`${ConfigField.environmentName(field)}\``,
      field.required ? "required" : `\`${field.defaultText ?? ""}\``,
      field.description
    ])
    expect(rows.filter(([flag]) => /^`--[a-z-]+`$/.test(flag ?? ""))).toEqual(expected)
    const names = Object.keys(ConnectorFlags.flags(Settings.fields)).map((name) => `--${name}`)
    for (const name of names) expect(readme).toContain(name)
  })

  it("knows which Node.js is new enough", () => {
    for (const version of ["22.19.0", "22.20.1", "24.0.0", "26.10.0"]) {
      expect(NodeVersion.isSupported(version)).toBe(true)
    }
    for (const version of ["18.20.0", "20.20.2", "22.18.9"]) expect(NodeVersion.isSupported(version)).toBe(false)
    expect(NodeVersion.explanation("20.20.2")).toMatch(/22\.19.*20\.20\.2/)
  })
})
