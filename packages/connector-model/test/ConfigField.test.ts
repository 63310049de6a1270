import { ConfigField } from "@access-kit/connector-model"
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Option, Redacted, Result } from "effect"

const words = { name: "the-field", displayName: "The field", description: "A field." }

const succeeds = <A>(field: ConfigField.ConfigField<A>, given: string): A => Result.getOrThrow(field.decode(given))

const failure = (field: ConfigField.ConfigField, given: string): string | undefined => {
  const decoded = field.decode(given)
  return Result.isFailure(decoded) ? decoded.failure : undefined
}

describe("what each kind takes", () => {
  it("text: anything that is not blank, as it is", () => {
    const field = ConfigField.text(words)
    assert.strictEqual(succeeds(field, " as it is "), " as it is ")
    assert.strictEqual(failure(field, " \t"), "The field is empty.")
  })

  it("secret: one word, trimmed, redacted, and never in a message", () => {
    const field = ConfigField.secret(words)
    const token = succeeds(field, "\ts3cr3t\r\n")
    assert.strictEqual(Redacted.value(token), "s3cr3t")
    assert.notInclude(String(token) + JSON.stringify({ token }), "s3cr3t")
    assert.strictEqual(failure(field, "\n"), "The field is empty.")
    for (const given of ["s3cr3t s3cr3t", "s3cr3t\nmore", "s3cr\u0000t", "s3cr\u00a0t", "s3cr\u007ft"]) {
      const message = failure(field, given)
      assert.match(message ?? "", /white space or control characters/)
      assert.notInclude(message, "s3c")
    }
  })

  it("url: http and https with a host and no credentials", () => {
    const field = ConfigField.url(words)
    for (const given of ["https://host", "http://127.0.0.1:8080/scim/v2?x=1", "HTTPS://Host/", "https://[::1]/scim"]) {
      assert.strictEqual(succeeds(field, ` ${given}\n`), given)
    }
    for (
      const given of [
        "",
        "host",
        "host:443/scim",
        "ftp://host",
        "https://",
        "https:host",
        "https:/host",
        "javascript:1"
      ]
    ) {
      assert.match(failure(field, given) ?? "", /begins with https:\/\//, given)
    }
    for (const given of ["https://u:s3cr3t@host", "https://s3cr3t@host"]) {
      assert.match(failure(field, given) ?? "", /user name or password/)
      assert.notInclude(failure(field, given), "s3cr3t")
    }
  })

  it("integer: whole numbers within the bounds", () => {
    const field = ConfigField.integer(words, { minimum: -1, maximum: 100 })
    assert.deepStrictEqual(["-1", " 0 ", "+7", "0100"].map((given) => succeeds(field, given)), [-1, 0, 7, 100])
    for (const given of ["-2", "101", "1.5", "1e1", "0x10", "ten", "", " ", "9".repeat(400)]) {
      assert.strictEqual(failure(field, given), "The field must be a whole number from -1 to 100.", given)
    }
  })

  it("boolean: the usual words in any case, and nothing that objects happen to have", () => {
    const field = ConfigField.boolean(words)
    assert.deepStrictEqual(["true", "1", "Yes", " ON "].map((given) => succeeds(field, given)), [
      true,
      true,
      true,
      true
    ])
    assert.deepStrictEqual(["false", "0", "No", "off"].map((given) => succeeds(field, given)), [
      false,
      false,
      false,
      false
    ])
    for (const given of ["", "2", "enabled", "constructor", "__proto__", "toString"]) {
      assert.strictEqual(failure(field, given), "The field must be true or false.", given)
    }
  })

  it("duration: short and long", () => {
    const field = ConfigField.duration(words)
    const millis = (given: string) => Duration.toMillis(succeeds(field, given))
    assert.deepStrictEqual(
      ["500ms", "30s", "1.5m", " 2 h", "1d"].map(millis),
      [500, 30_000, 90_000, 7_200_000, 86_400_000]
    )
    assert.deepStrictEqual(
      ["500 millis", "1 second", "30 seconds", "5 minutes", "2 hours", "1 day"].map(millis),
      [500, 1_000, 30_000, 300_000, 7_200_000, 86_400_000]
    )
    for (const given of ["", "30", "s", "-1s", "1 fortnight", "1s2m"]) {
      assert.match(failure(field, given) ?? "", /length of time such as 30s/, given)
    }
  })

  it("choice: one of its words in any case, given back as declared", () => {
    const field = ConfigField.choice(words, ["standard", "workOS"])
    assert.strictEqual(succeeds(field, " WORKOS "), "workOS")
    assert.deepStrictEqual(field.choices, ["standard", "workOS"])
    assert.strictEqual(failure(field, "other"), "The field must be one of standard, workOS.")
  })
})

describe("the names of a field", () => {
  it("are derived from one", () => {
    const field = ConfigField.url({ ...words, name: "scim-url" })
    assert.strictEqual(ConfigField.flagName(field), "--scim-url")
    assert.strictEqual(ConfigField.environmentName(field), "BATON_SCIM_URL")
    assert.strictEqual(ConfigField.environmentName(ConfigField.text({ ...words, name: "a.b_c" })), "BATON_A_B_C")
  })
})

describe("resolve", () => {
  const fields = {
    url: ConfigField.url({ ...words, name: "scim-url", displayName: "SCIM URL" }),
    token: ConfigField.secret({ ...words, name: "scim-token", displayName: "SCIM token" }),
    pageSize: ConfigField.withDefault(
      ConfigField.integer({ ...words, name: "page-size", displayName: "Page size" }, { minimum: 1, maximum: 1_000 }),
      "100"
    ),
    tenant: ConfigField.optional(ConfigField.text({ ...words, name: "tenant", displayName: "Tenant" }))
  }
  const from = (given: Readonly<Record<string, string>>) => ConfigField.resolve(fields, (field) => given[field.name])

  it.effect("yields each value in its own type", () =>
    Effect.gen(function*() {
      const values = yield* from({
        "scim-url": "https://host/scim",
        "scim-token": "abc",
        tenant: "one",
        "page-size": "5"
      })
      const pageSize: number = values.pageSize
      const token: Redacted.Redacted<string> = values.token
      assert.deepStrictEqual([values.url, Redacted.value(token), pageSize], ["https://host/scim", "abc", 5])
      assert.deepStrictEqual(values.tenant, Option.some("one"))
    }))

  it.effect("takes an empty string as not given, as manifests write it", () =>
    Effect.gen(function*() {
      const values = yield* from({ "scim-url": "https://host", "scim-token": "abc", tenant: "", "page-size": "" })
      assert.deepStrictEqual([values.tenant, values.pageSize], [Option.none(), 100])
      const error = yield* Effect.flip(from({ "scim-url": "", "scim-token": "abc" }))
      assert.strictEqual(error.message, "SCIM URL is missing. Give --scim-url or set BATON_SCIM_URL.")
    }))

  it.effect("tells all faults at once, names the first field, and repeats no secret", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(from({ "scim-token": "two s3cr3t words", "page-size": "0" }))
      assert.strictEqual(error.operation, "configure")
      assert.deepInclude(error.reason, { _tag: "InvalidConfiguration", field: "scim-url" })
      assert.match(
        error.message,
        /SCIM URL is missing.*SCIM token has white space.*\(--scim-token, BATON_SCIM_TOKEN\).*Page size must be/
      )
      assert.notInclude(error.message, "s3cr3t")
    }))

  it.effect("reads anew each time it is run", () =>
    Effect.gen(function*() {
      let reads = 0
      const effect = ConfigField.resolve({ one: fields.tenant }, () => {
        reads += 1
        return "x"
      })
      assert.strictEqual(reads, 0)
      yield* effect
      yield* effect
      assert.strictEqual(reads, 2)
    }))
})
