/**
 * What an operator sets: declared once here, and read off by every app for its flags, environment variables, forms and tables.
 *
 * @since 0.1.0
 */
import * as ConfigField from "@access-kit/connector-model/ConfigField"
import * as Duration from "effect/Duration"
import type * as Redacted from "effect/Redacted"

/**
 * Which kind of SCIM server stands behind the URL. Claude Enterprise uses WorkOS; Claude for Government has a server of its own; `standard`
 * is for anything else that keeps to RFC 7643 and 7644, a test server for example.
 *
 * @since 0.1.0
 */
export const dialects = ["workos", "standard", "claude-government"] as const

/**
 * @since 0.1.0
 */
export type DialectName = typeof dialects[number]

/**
 * The fields, in the order in which a form shows them.
 *
 * @since 0.1.0
 */
export const fields = {
  scimUrl: ConfigField.url({
    name: "scim-url",
    displayName: "SCIM URL",
    description:
      "The SCIM endpoint URL that Claude shows under Settings > Identity and access > Setup SCIM > Custom SCIM",
    placeholder: "https://api.workos.com/scim/v2.0/…"
  }),
  scimToken: ConfigField.secret({
    name: "scim-token",
    displayName: "SCIM Token",
    description: "The SCIM bearer token that Claude shows with the SCIM URL"
  }),
  scimDialect: ConfigField.withDefault(
    ConfigField.choice({
      name: "scim-dialect",
      displayName: "SCIM dialect",
      description:
        "Kind of SCIM server: workos for Claude Enterprise, claude-government for Claude for Government, standard for any other"
    }, dialects),
    "workos"
  ),
  scimConcurrency: ConfigField.withDefault(
    ConfigField.integer({
      name: "scim-concurrency",
      displayName: "SCIM concurrency",
      description: "Most requests in flight at the same time"
    }, { minimum: 1, maximum: 64 }),
    "8"
  ),
  scimPageSize: ConfigField.withDefault(
    ConfigField.integer({
      name: "scim-page-size",
      displayName: "SCIM page size",
      description:
        "Rows to ask for in one request (groups with their members: a quarter of it); the server may send fewer"
    }, { minimum: 1, maximum: 10_000 }),
    "100"
  ),
  scimTimeout: ConfigField.withDefault(
    ConfigField.duration({
      name: "scim-timeout",
      displayName: "SCIM timeout",
      description: "How long to wait for the beginning of an answer; its rest may take twice as long"
    }),
    "30s"
  ),
  scimMaxWait: ConfigField.withDefault(
    ConfigField.duration({
      name: "scim-max-wait",
      displayName: "SCIM longest wait",
      description: "Longest pause to grant a server that asks to slow down; a longer one is an error"
    }),
    "2m"
  ),
  scimRetryBudget: ConfigField.withDefault(
    ConfigField.duration({
      name: "scim-retry-budget",
      displayName: "SCIM retry budget",
      description: "Most time that one request spends waiting between attempts, all pauses together"
    }),
    "5m"
  )
}

/**
 * A value for each of the {@link fields}.
 *
 * @since 0.1.0
 */
export type Settings = ConfigField.Values<typeof fields>

/**
 * Settings from code: URL and token, and what differs from the defaults of the {@link fields}.
 *
 * @since 0.1.0
 */
export const make = (
  given: Partial<Settings> & { readonly scimUrl: string; readonly scimToken: Redacted.Redacted<string> }
): Settings => ({
  scimDialect: "workos",
  scimConcurrency: 8,
  scimPageSize: 100,
  scimTimeout: Duration.seconds(30),
  scimMaxWait: Duration.minutes(2),
  scimRetryBudget: Duration.minutes(5),
  ...given
})
