/**
 * The flags that every baton connector has. In this order they are shown and, where operators set them, exported by `config`.
 *
 * @since 0.1.0
 */
import type { FlagSpec } from "./FlagSpec.ts"

const text = (name: string, description: string, more: Partial<FlagSpec> = {}): FlagSpec => ({
  name,
  kind: "string",
  description,
  ...more
})
const truth = (name: string, description: string, more: Partial<FlagSpec> = {}): FlagSpec => ({
  name,
  kind: "boolean",
  description,
  ...more
})
const whole = (
  name: string,
  description: string,
  defaultText: string,
  bounds: { readonly minimum: number; readonly maximum: number },
  more: Partial<FlagSpec> = {}
): FlagSpec => ({ name, kind: "integer", description, defaultText, bounds, ...more })
const list = (name: string, description: string, more: Partial<FlagSpec> = {}): FlagSpec => ({
  name,
  kind: "list",
  description,
  ...more
})

const hidden = { hidden: true } as const
const ops = { ops: { rules: false } } as const

/** Logging and what runs beside the connector. */
const operation: ReadonlyArray<FlagSpec> = [
  text("log-level", "How much to log: debug, info, warn or error", {
    defaultText: "info",
    choices: ["debug", "info", "warn", "error"],
    ...ops
  }),
  text("log-level-debug-expires-at", "When logging at level debug ends (RFC 3339)", { ...hidden, ...ops }),
  whole(
    "session-store-maximum-size",
    "Most bytes that the session store keeps in memory",
    "15728640",
    { minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
    { ...hidden, ...ops }
  ),
  text(
    "otel-collector-endpoint",
    "OpenTelemetry collector for traces and logs, HOST:PORT (OTLP over gRPC, with TLS unless told otherwise)",
    ops
  ),
  text("otel-collector-endpoint-tls-cert-path", "PEM file with the authority of the collector's certificate", {
    ...hidden,
    ...ops
  }),
  text(
    "otel-collector-endpoint-tls-cert",
    "The authority of the collector's certificate, PEM in base64url or as it is",
    {
      ...hidden,
      ...ops
    }
  ),
  truth("otel-collector-endpoint-tls-insecure", "Speak to the collector without TLS", { ...hidden, ...ops }),
  truth("otel-tracing-disabled", "Send no traces to the collector", { ...hidden, ...ops }),
  truth("otel-logging-disabled", "Send no logs to the collector", { ...hidden, ...ops }),
  truth("health-check", "Serve the HTTP health endpoint in service mode", ops),
  whole("health-check-port", "Port of the HTTP health endpoint", "8081", { minimum: 1, maximum: 65_535 }, ops),
  text("health-check-bind-address", "Address of the HTTP health endpoint", {
    defaultText: "127.0.0.1",
    ...hidden,
    ...ops
  }),
  whole("http-timeout-seconds", "Longest wait for an HTTP answer, in seconds", "300", { minimum: 1, maximum: 1_800 }, {
    ops: { rules: true }
  })
]

const everyday: ReadonlyArray<FlagSpec> = [
  text("file", "The c1z snapshot file", { shorthand: "f", defaultText: "sync.c1z" }),
  text("client-id", "Client id from ConductorOne: run in service mode"),
  text("client-secret", "Client secret from ConductorOne", { secret: true }),
  truth("provisioning", "Let access be changed", { shorthand: "p" }),
  truth("ticketing", "Let tickets be made"),
  truth("skip-full-sync", "In service mode, upload an empty snapshot for each full sync"),
  text("config-path", "Configuration file instead of .baton.yaml in the current directory"),
  text("log-format", "How to log: console or json (console where standard output is a terminal)", {
    choices: ["console", "json"]
  }),
  list("log-path", "Where to log instead of standard error: stdout, stderr or a file"),
  list("sync-resources", "Only these resources, by BID"),
  list("sync-resource-types", "Only these resource types"),
  truth("skip-entitlements-and-grants", "Only resources"),
  truth("skip-grants", "Only resources and entitlements; needs --sync-resources", hidden),
  whole("workers", "Pages that are read at a time: 0 for one after the other, -1 for as many as make sense", "-1", {
    minimum: -1,
    maximum: 1_000
  }),
  truth("parallel-sync", "The older way to say --workers -1", hidden),
  text("storage-engine", "Kind of snapshot file: sqlite (v1, where nothing is said), or pebble (v3)", {
    choices: ["sqlite", "pebble"]
  }),
  whole("task-concurrency", "Tasks at a time in service mode", "3", { minimum: 1, maximum: 100 }),
  text("external-resource-c1z", "Snapshot to take identities from"),
  text("external-resource-entitlement-id-filter", "Take only identities that hold this entitlement"),
  list("external-resource-traits", "Take only resources with these traits"),
  truth("keep-previous-sync-c1z", "Keep the snapshot before in service mode"),
  text("auth-method", "Which of the connector's ways to authenticate to use"),
  text("c1z-temp-dir", "Directory for temporary files", hidden)
]

/** One change, or one question, instead of a sync. */
const oneShot: ReadonlyArray<FlagSpec> = [
  text("grant-entitlement", "Grant: id of the entitlement", hidden),
  text("grant-principal", "Grant: id of the principal", hidden),
  text("grant-principal-type", "Grant: resource type of the principal", hidden),
  text("revoke-grant", "Revoke: id of the grant", hidden),
  text("create-account-login", "Create an account: its login", hidden),
  text("create-account-email", "Create an account: its e-mail address", hidden),
  text("create-account-profile", "Create an account: its profile, a JSON object", hidden),
  text("create-account-resource-type", "Create an account: its resource type", hidden),
  text("delete-resource", "Delete a resource: its id", hidden),
  text("delete-resource-type", "Delete a resource: its resource type", hidden),
  truth("dry-run", "With one of the changes: say what would happen, and change nothing"),
  text("rotate-credentials", "Rotate credentials: id of the resource", hidden),
  text("rotate-credentials-type", "Rotate credentials: its resource type", hidden),
  text("event-feed", "Read the event feed: true", { ...hidden, choices: ["true", "false"] }),
  text("event-feed-id", "Id of the event feed", hidden),
  text("event-feed-cursor", "Where to go on in the event feed", hidden),
  text("event-feed-start-at", "The earliest event (RFC 3339)", hidden),
  truth("create-ticket", "Make a ticket", hidden),
  text("ticket-template-path", "File with the ticket", hidden),
  truth("bulk-create-ticket", "Make tickets", hidden),
  text("bulk-ticket-template-path", "File with the tickets", hidden),
  truth("get-ticket", "Read a ticket", hidden),
  text("ticket-id", "Id of the ticket", hidden),
  truth("list-ticket-schemas", "List the kinds of tickets", hidden),
  text("invoke-action", "Carry out an action: its name", hidden),
  text("invoke-action-args", "Arguments of the action, a JSON object", { ...hidden, defaultText: "{}" }),
  text("invoke-action-resource-type", "Resource type of the action", hidden),
  truth("list-action-schemas", "List the actions", hidden),
  text("list-action-schemas-resource-type", "List the actions of a resource type", hidden),
  text("list-resource-actions", "List the actions of a resource type", hidden),
  text("invoke-resource-action", "Carry out an action of a resource type", hidden),
  text("invoke-resource-action-resource-type", "Resource type of the action", hidden),
  text("invoke-resource-action-args", "Arguments of the action, a JSON object", hidden),
  truth("diff-syncs", "Compare two syncs of a snapshot", hidden),
  text("base-sync-id", "The older sync", hidden),
  text("applied-sync-id", "The newer sync", hidden),
  truth("compact-syncs", "Merge syncs", hidden),
  list("compact-sync-ids", "The syncs to merge", hidden),
  list("compact-file-paths", "Their files", hidden),
  text("compact-output-path", "Directory for the merged file", hidden)
]

/**
 * @since 0.1.0
 */
export const all: ReadonlyArray<FlagSpec> = [...everyday, ...operation, ...oneShot]

/**
 * Those that the `config` schema has, in its order.
 *
 * @since 0.1.0
 */
export const exported: ReadonlyArray<FlagSpec> = operation
