/**
 * Which flags go together and which exclude each other, as every baton connector has it.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as CommandError from "./CommandError.ts"
import type { Given } from "./Given.ts"

const together: ReadonlyArray<ReadonlyArray<string>> = [
  ["grant-entitlement", "grant-principal"],
  ["client-id", "client-secret"],
  ["create-ticket", "ticket-template-path"],
  ["bulk-create-ticket", "bulk-ticket-template-path"],
  ["get-ticket", "ticket-id"],
  ["diff-syncs", "base-sync-id", "applied-sync-id"],
  ["compact-syncs", "compact-sync-ids", "compact-file-paths", "compact-output-path"]
]

const exclusive: ReadonlyArray<ReadonlyArray<string>> = [
  [
    "grant-entitlement",
    "revoke-grant",
    "create-account-login",
    "delete-resource",
    "rotate-credentials",
    "event-feed",
    "create-ticket",
    "get-ticket",
    "list-ticket-schemas",
    "bulk-create-ticket"
  ],
  [
    "grant-entitlement",
    "revoke-grant",
    "create-account-email",
    "delete-resource-type",
    "rotate-credentials-type",
    "event-feed",
    "diff-syncs",
    "compact-syncs",
    "list-ticket-schemas"
  ]
]

/** The first is of no use without one of the others. */
const dependent: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
  ["grant-principal-type", ["grant-entitlement"]],
  ["create-account-resource-type", ["create-account-login", "create-account-email", "create-account-profile"]],
  ["skip-grants", ["sync-resources"]],
  ["external-resource-entitlement-id-filter", ["external-resource-c1z"]],
  ["external-resource-traits", ["external-resource-c1z"]],
  [
    "dry-run",
    [
      "grant-entitlement",
      "revoke-grant",
      "create-account-login",
      "create-account-email",
      "create-account-profile",
      "delete-resource"
    ]
  ]
]

const words = (names: ReadonlyArray<string>) => names.toSorted().join(" ")

/**
 * Fails with `Usage` when flags contradict each other. A flag counts as set wherever it was given.
 *
 * @since 0.1.0
 */
export const check = Effect.fn("Relations.check")(function*(
  given: Given
): Effect.fn.Return<void, CommandError.CommandError> {
  for (const group of together) {
    const missing = group.filter((name) => !given.has(name))
    if (missing.length === 0 || missing.length === group.length) continue
    return yield* CommandError.make(
      "Usage",
      `if any flags in the group [${group.join(" ")}] are set they must all be set; missing [${words(missing)}]`
    )
  }
  for (const group of exclusive) {
    const set = group.filter((name) => given.has(name))
    if (set.length < 2) continue
    return yield* CommandError.make(
      "Usage",
      `if any flags in the group [${group.join(" ")}] are set none of the others can be; [${words(set)}] were all set`
    )
  }
  for (const [name, needed] of dependent) {
    if (!given.has(name) || needed.some((other) => given.has(other))) continue
    return yield* CommandError.make(
      "Usage",
      `--${name} is of no use without ${needed.map((other) => `--${other}`).join(" or ")}`
    )
  }
})
