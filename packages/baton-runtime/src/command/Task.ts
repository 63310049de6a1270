/**
 * What the default command is asked to do: the first of the one-shot flags that is set, or else a sync. What this version can't do is an
 * error, never a sync that nobody asked for.
 *
 * @since 0.1.0
 */
import type { Connector } from "@access-kit/connector-model/Connector"
import type { ConnectorSpec } from "@access-kit/connector-model/Connector"
import type { ConnectorError } from "@access-kit/connector-model/ConnectorError"
import type { SinkError } from "@access-kit/connector-model/SnapshotSink"
import type { SyncError } from "@access-kit/connector-sync/SyncError"
import * as Effect from "effect/Effect"
import * as CommandError from "./CommandError.ts"
import type { Given } from "./Given.ts"
import * as SyncFlags from "./SyncFlags.ts"

/**
 * @since 0.1.0
 */
export type TaskError = CommandError.CommandError | ConnectorError | SinkError | SyncError

/**
 * @since 0.1.0
 */
export interface Options {
  readonly spec: ConnectorSpec
  /** Where the worker thread of the snapshot writer is. */
  readonly snapshotWorker: URL | undefined
}

const loadChanges = Effect.promise(() => import("./ChangeTask.ts"))

const notOffered = (spec: ConnectorSpec, what: string) =>
  CommandError.make("NotOffered", `${spec.displayName} has no ${what}.`)

/** What is asked for by name, from a list that is empty. */
const unknownOf = (spec: ConnectorSpec, what: string) =>
  CommandError.make("UnknownId", `${spec.displayName} has no ${what}.`)

/** Flags that a one-shot sync has not. */
const refuseOtherSyncs = Effect.fnUntraced(function*(given: Given): Effect.fn.Return<void, CommandError.CommandError> {
  yield* SyncFlags.refuse(given)
  if (SyncFlags.isSet(given, "keep-previous-sync-c1z")) {
    return yield* CommandError.make(
      "NotOffered",
      "--keep-previous-sync-c1z belongs to service mode, and to connectors that read the snapshot before. Leave it out: a snapshot file keeps the sync before."
    )
  }
})

/** Flags that ask for one thing, each of which excludes service mode. */
const oneShot = [
  "grant-entitlement",
  "revoke-grant",
  "event-feed",
  "create-account-profile",
  "create-account-login",
  "create-account-email",
  "invoke-action",
  "list-action-schemas",
  "delete-resource",
  "delete-resource-type",
  "rotate-credentials",
  "rotate-credentials-type",
  "create-ticket",
  "bulk-create-ticket",
  "list-ticket-schemas",
  "get-ticket",
  "diff-syncs",
  "compact-syncs"
]

/**
 * Whether the command works for ConductorOne instead of doing one thing.
 *
 * @since 0.1.0
 */
export const isService = (given: Given): boolean => given.has("client-id")

/**
 * Flags that have no effect on what is about to be done, as warnings.
 *
 * @since 0.1.0
 */
export const warnings = (given: Given): ReadonlyArray<string> => {
  const otherwise: ReadonlyArray<readonly [string, string]> = isService(given)
    ? [
      ...oneShot.map((flag) => [flag, `--${flag} has no effect in service mode, which --client-id asks for.`] as const),
      [
        "keep-previous-sync-c1z",
        "This connector has no use for the snapshot before; --keep-previous-sync-c1z has no effect."
      ]
    ]
    : [
      [
        "health-check",
        "The health endpoint belongs to service mode (--client-id); the setting has no effect on this run."
      ],
      ["skip-full-sync", "--skip-full-sync belongs to service mode and has no effect on this run."]
    ]
  return otherwise.flatMap(([flag, message]) => SyncFlags.isSet(given, flag) ? [message] : [])
}

/**
 * Does it.
 *
 * @since 0.1.0
 */
export const run = Effect.fn("Task.run")(function*(
  given: Given,
  { snapshotWorker, spec }: Options
): Effect.fn.Return<void, TaskError, Connector> {
  const grantEntitlement = given.text("grant-entitlement")
  if (grantEntitlement !== undefined) return yield* (yield* loadChanges).grant(given, grantEntitlement)
  const revokeGrant = given.text("revoke-grant")
  if (revokeGrant !== undefined) return yield* (yield* loadChanges).revoke(given, revokeGrant)
  if (given.isOn("event-feed")) return yield* unknownOf(spec, "event feed")
  if (["create-account-profile", "create-account-login", "create-account-email"].some(given.has)) {
    return yield* (yield* loadChanges).createAccount(given)
  }
  if (["invoke-action", "list-resource-actions", "invoke-resource-action"].some(given.has)) {
    return yield* unknownOf(spec, "actions")
  }
  if (given.isOn("list-action-schemas")) return yield* Effect.logInfo(`${spec.displayName} has no actions`)
  if (given.has("delete-resource") || given.has("delete-resource-type")) {
    return yield* (yield* loadChanges).deleteResource(given)
  }
  if (given.has("rotate-credentials") || given.has("rotate-credentials-type")) {
    return yield* notOffered(spec, "credentials that can be rotated")
  }
  for (const flag of ["create-ticket", "bulk-create-ticket", "list-ticket-schemas", "get-ticket"]) {
    if (given.isOn(flag)) return yield* notOffered(spec, "tickets")
  }
  if (given.isOn("diff-syncs")) {
    return yield* CommandError.make(
      "NotOffered",
      "--diff-syncs has nothing to do with a connector: it compares syncs within a snapshot file. \"baton diff\" does that."
    )
  }
  if (given.isOn("compact-syncs")) {
    return yield* CommandError.make(
      "NotOffered",
      "--compact-syncs has nothing to do with a connector: it puts snapshot files together that others have gathered. Sync again for a whole one."
    )
  }
  yield* refuseOtherSyncs(given)
  const { run: sync } = yield* Effect.promise(() => import("./SyncTask.ts"))
  yield* sync(given, snapshotWorker)
})

/**
 * Whether flags ask for a change, so that a child that is started with them offers changes.
 *
 * @since 0.1.0
 */
export const isChange = (given: Given): boolean =>
  [
    "grant-entitlement",
    "revoke-grant",
    "create-account-login",
    "create-account-email",
    "create-account-profile",
    "delete-resource",
    "delete-resource-type",
    "rotate-credentials",
    "rotate-credentials-type"
  ].some(given.has)

/**
 * Whether flags ask for tickets.
 *
 * @since 0.1.0
 */
export const isTicket = (given: Given): boolean =>
  ["create-ticket", "bulk-create-ticket", "list-ticket-schemas", "get-ticket"].some(given.isOn)
