import { ConfigField, ConnectorError } from "@access-kit/connector-model"
import { assert, describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Redacted } from "effect"
import { readFileSync } from "node:fs"
import * as Settings from "../src/Settings.ts"

const resolve = (given: Readonly<Record<string, string>>) =>
  ConfigField.resolve(Settings.fields, (field) => given[field.name])

const needed = { "scim-url": "https://api.workos.com/scim/v2.0/key", "scim-token": "se_secret" }

describe("Settings", () => {
  it.effect("takes URL and token, and has a default for all else, the same from text as from code", () =>
    Effect.gen(function*() {
      const { scimToken: fromText, ...texts } = yield* resolve(needed)
      const { scimToken: fromCode, ...values } = Settings.make({
        scimUrl: needed["scim-url"],
        scimToken: Redacted.make(needed["scim-token"])
      })
      expect(texts).toEqual(values)
      expect(Redacted.value(fromText)).toBe(Redacted.value(fromCode))
      expect(texts).toEqual({
        scimUrl: "https://api.workos.com/scim/v2.0/key",
        scimDialect: "workos",
        scimConcurrency: 8,
        scimPageSize: 100,
        scimTimeout: Duration.seconds(30),
        scimMaxWait: Duration.minutes(2),
        scimRetryBudget: Duration.minutes(5)
      })
    }))

  it("has the flags and variables that the baton connector of this name has", () => {
    expect([Settings.fields.scimUrl, Settings.fields.scimToken].map(ConfigField.flagName)).toEqual([
      "--scim-url",
      "--scim-token"
    ])
    expect([Settings.fields.scimUrl, Settings.fields.scimToken].map(ConfigField.environmentName)).toEqual([
      "BATON_SCIM_URL",
      "BATON_SCIM_TOKEN"
    ])
  })

  it("requires URL and token only, and keeps the token secret", () => {
    const fields = Object.values<ConfigField.ConfigField>(Settings.fields)
    expect(fields.filter((field) => field.required).map((field) => field.name)).toEqual(["scim-url", "scim-token"])
    expect(fields.filter((field) => field.kind === "secret").map((field) => field.name)).toEqual(["scim-token"])
  })

  it("is what the README's table says", () => {
    const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8")
    const rows = [...readme.matchAll(/^\| `(scim-[a-z-]+)` *\| `?([^`|]+?)`? *\|/gm)].map((
      [, name, value]
    ) => [name, value])
    expect(rows).toEqual(
      Object.values<ConfigField.ConfigField>(Settings.fields).map((
        field
      ) => [field.name, field.defaultText ?? "required"])
    )
  })

  it.effect("reads what an operator writes", () =>
    Effect.gen(function*() {
      const settings = yield* resolve({
        ...needed,
        "scim-dialect": "Claude-Government",
        "scim-concurrency": "2",
        "scim-page-size": "500",
        "scim-timeout": "5s",
        "scim-max-wait": "1m",
        "scim-retry-budget": "90 seconds"
      })
      expect(settings).toMatchObject({
        scimDialect: "claude-government",
        scimConcurrency: 2,
        scimPageSize: 500,
        scimTimeout: Duration.seconds(5),
        scimMaxWait: Duration.minutes(1),
        scimRetryBudget: Duration.seconds(90)
      })
    }))

  it.effect("names every wrong setting, and never the token", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(resolve({
        "scim-url": "claude.ai",
        "scim-token": "two words-secret",
        "scim-dialect": "okta",
        "scim-concurrency": "0"
      }))
      assert(error instanceof ConnectorError.ConnectorError)
      expect(error.reason._tag).toBe("InvalidConfiguration")
      for (const part of ["--scim-url", "--scim-token", "--scim-dialect", "--scim-concurrency", "workos, standard"]) {
        expect(error.message).toContain(part)
      }
      expect(error.message).not.toContain("words-secret")
    }))
})
