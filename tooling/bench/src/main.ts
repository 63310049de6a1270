/**
 * Benchmarks: `pnpm bench` lists them. They print tables and never fail for being slow.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as CliError from "effect/cli/CliError"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as GrpcBench from "./GrpcBench.ts"
import * as ScimCoreBench from "./ScimCoreBench.ts"
import * as ServerBench from "./ServerBench.ts"
import * as SnapshotBench from "./SnapshotBench.ts"
import * as SyncBench from "./SyncBench.ts"

const number = (name: string, standard: number, description: string) =>
  Flag.Int(name).pipe(
    Flag.withMetavar("N"),
    Flag.withDescription(`${description} (default ${standard})`),
    Flag.withDefault(standard)
  )

class TokenMissing extends Schema.TaggedError<TokenMissing>()("TokenMissing", {}) {
  override get message(): string {
    return "Set BATON_SCIM_TOKEN to the bearer token of the server that --scim-url names."
  }
}

const givenToken = Config.Redacted("BATON_SCIM_TOKEN").pipe(Effect.mapError(() => new TokenMissing()))

const sync = Command.make(
  "sync",
  {
    users: number("users", 100_000, "Accounts in the sandbox"),
    groups: number("groups", 1_000, "Groups in the sandbox"),
    memberships: number("memberships", 500_000, "Group members over all groups in the sandbox"),
    latency: number("latency", 0, "Milliseconds that every answer of the sandbox waits"),
    concurrency: number("concurrency", 8, "Most requests in flight"),
    runs: number("runs", 3, "How often to measure"),
    scimUrl: Flag.String("scim-url").pipe(
      Flag.withMetavar("URL"),
      Flag.withDescription("Read this server instead of a sandbox; BATON_SCIM_TOKEN is its token"),
      Flag.optional
    ),
    scimDialect: Flag.Literals("scim-dialect", ["workos", "standard", "claude-government"]).pipe(
      Flag.withDescription("Kind of server behind --scim-url (default workos)"),
      Flag.withDefault("workos")
    )
  },
  Effect.fn("sync")(function*({ scimDialect, scimUrl, ...options }) {
    const target = Option.isNone(scimUrl) ? undefined : { url: scimUrl.value, token: yield* givenToken }
    yield* SyncBench.run({ ...options, target, flags: ["--scim-dialect", scimDialect] })
  })
).pipe(Command.withDescription("A whole sync, HTTP server to snapshot file: wall, CPU, memory, requests, file size"))

const scimCore = Command.make(
  "scim-core",
  {
    users: number("users", 100_000, "Accounts in the sandbox"),
    runs: number("runs", 3, "How often to measure")
  },
  Effect.fn("scim-core")(ScimCoreBench.run)
).pipe(
  Command.withDescription(
    "The SCIM client alone, beside the floor of fetch and JSON.parse: rows per second, garbage per row"
  )
)

const snapshot = Command.make(
  "snapshot",
  {
    users: number("users", 40_000, "Accounts in the snapshot"),
    groups: number("groups", 200, "Groups in the snapshot"),
    memberships: number("memberships", 200_000, "Group members over all groups in the snapshot"),
    runs: number("runs", 3, "How often to measure")
  },
  Effect.fn("snapshot")(SnapshotBench.run)
).pipe(Command.withDescription("Questions to a snapshot, beside the real baton if it was built: wall, CPU, memory"))

const grpc = Command.make(
  "grpc",
  {
    users: number("users", 10_000, "Accounts"),
    groups: number("groups", 100, "Groups"),
    members: number("members", 200, "Members of each group"),
    page: number("page", 1_000, "Rows of a page"),
    runs: number("runs", 3, "How often to measure")
  },
  Effect.fn("grpc")(GrpcBench.run)
).pipe(
  Command.withDescription(
    "The gRPC server beside one of the Go SDK: rows listed per second, and syncs by Go's syncer. A large company takes many times as long: "
      + "--users 50000 --groups 500 --members 500"
  )
)

const server = Command.make(
  "server",
  {
    users: number("users", 100_000, "Accounts in the directory"),
    groups: number("groups", 1_000, "Groups in the directory"),
    memberships: number("memberships", 500_000, "Group members over all groups in the directory"),
    connections: number("connections", 16, "Requests under way at the same time"),
    seconds: number("seconds", 2, "How long each question is asked"),
    requests: Flag.Int("requests").pipe(
      Flag.withMetavar("N"),
      Flag.withDescription("Ask each question so often, in place of the seconds"),
      Flag.optional
    ),
    operations: number("operations", 200, "Changes on each storage; 0 for none"),
    database: Flag.String("database").pipe(
      Flag.withMetavar("URL"),
      Flag.withDescription("Read only from `sqlite`, `postgres`, or this empty PostgreSQL; from both otherwise"),
      Flag.optional
    )
  },
  Effect.fn("server")(({ database, requests, ...options }) =>
    ServerBench.run({
      ...options,
      database: Option.getOrUndefined(database),
      requests: Option.getOrUndefined(requests)
    })
  )
).pipe(Command.withDescription(
  "The HTTP server beside the floor of a bare node:http with the same answers: reads per second, p50, p99. Changes per second on SQLite and PostgreSQL"
))

const bench = Command.make("bench").pipe(
  Command.withDescription("Benchmarks of the connector. They print tables and judge nothing"),
  Command.withSubcommands([sync, snapshot, scimCore, grpc, server])
)

bench.pipe(
  Command.run({ version: "0.0.0" }),
  // What is wrong with the command line has been told when it fails with such an error.
  Effect.tapError((error) => CliError.isCliError(error) ? Effect.void : Console.error(error.message)),
  Effect.provide([NodeServices.layer, NodeHttpClient.layerUndici]),
  NodeRuntime.runMain({ disableErrorReporting: true })
)
