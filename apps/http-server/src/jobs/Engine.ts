/**
 * The engine that carries out durable jobs: `effect/workflow` on `effect/cluster`. With SQLite it is one process, with PostgreSQL any number that share
 * the work. The only module that knows which; jobs are the same on both.
 *
 * @since 0.1.0
 */
import * as NodeCrypto from "@effect/platform-node/NodeCrypto"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as ClusterWorkflowEngine from "effect/cluster/ClusterWorkflowEngine"
import * as HttpRunner from "effect/cluster/HttpRunner"
import type * as MessageStorage from "effect/cluster/MessageStorage"
import * as RunnerAddress from "effect/cluster/RunnerAddress"
import * as RunnerHealth from "effect/cluster/RunnerHealth"
import * as Runners from "effect/cluster/Runners"
import type * as Sharding from "effect/cluster/Sharding"
import * as ShardingConfig from "effect/cluster/ShardingConfig"
import * as SingleRunner from "effect/cluster/SingleRunner"
import * as SqlMessageStorage from "effect/cluster/SqlMessageStorage"
import * as SqlRunnerStorage from "effect/cluster/SqlRunnerStorage"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as RpcSerialization from "effect/rpc/RpcSerialization"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as SqlClient from "effect/sql/SqlClient"
import type * as WorkflowEngine from "effect/workflow/WorkflowEngine"
import { createHash, timingSafeEqual } from "node:crypto"
import { createServer } from "node:http"
import { DatabaseSync } from "node:sqlite"
import { describe, type Location } from "../storage/Database.ts"
import { type Address, requirePrivate, type RunnerAddressError } from "./RunnerAddress.ts"

/**
 * The engine can't start. The message says what to do.
 *
 * @since 0.1.0
 */
export class EngineError extends Schema.TaggedError<EngineError>()("EngineError", {
  message: Schema.String
}) {}

/**
 * @since 0.1.0
 */
export interface Options {
  readonly location: Location
  /** Where this process listens for the others. Only with PostgreSQL. */
  readonly runner?: {
    /** What the others reach this process by. */
    readonly address: Address
    /** Where it listens, if that differs, as behind a container's port mapping. */
    readonly listen?: Address
    /** What every process of the cluster shares. All are accepted, the first is sent. */
    readonly secrets: readonly [Redacted.Redacted<string>, ...Array<Redacted.Redacted<string>>]
  }
  readonly tuning?: Partial<ShardingConfig.ShardingConfig["Service"]>
}

/**
 * The engine's own intervals are made for thousands of runners: it looks for messages, and so wakes sleepers, every ten seconds. These cost a few
 * thousandths of a core while nothing happens, and let another process take over within ten seconds.
 *
 * @since 0.1.0
 */
export const tuning = {
  entityMessagePollInterval: "250 millis",
  entityReplyPollInterval: "200 millis",
  refreshAssignmentsInterval: "500 millis",
  runnerHealthCheckInterval: "2 seconds",
  shardLockRefreshInterval: "2 seconds",
  // How long a process that is frozen keeps its shards.
  shardLockExpiration: "8 seconds",
  // The drain has come before: what still runs is left in the middle.
  entityTerminationTimeout: "1 second",
  shardsPerGroup: 64,
  simulateRemoteSerialization: false
} as const satisfies Partial<ShardingConfig.ShardingConfig["Service"]>

/**
 * How long the others wait for a sign of a process before they take its work over: two tries. The engine's own wait of a minute is for networks that lose
 * packets; a process that stands still would keep its work as long.
 *
 * @since 0.1.0
 */
export const silence = { answerWithin: "2500 millis", tries: 2, pause: "500 millis" } as const

const health = Layer.effect(
  RunnerHealth.RunnerHealth,
  Effect.map(Runners.Runners, (runners) =>
    RunnerHealth.RunnerHealth.of({
      isAlive: (address) =>
        runners.ping(address).pipe(
          Effect.timeout(silence.answerWithin),
          Effect.retry({ times: silence.tries - 1, schedule: Schedule.spaced(silence.pause) }),
          Effect.isSuccess
        )
    }))
)

/**
 * What jobs are built on.
 *
 * @since 0.1.0
 */
export type Engine = WorkflowEngine.WorkflowEngine | Sharding.Sharding | MessageStorage.MessageStorage

/** Two processes on one SQLite file would carry out everything twice. The lock ends with the process, however it ends. */
const onlyProcess = (filename: string): Layer.Layer<never, EngineError> =>
  Layer.effectDiscard(Effect.acquireRelease(
    Effect.try({
      try: () => {
        const lock = new DatabaseSync(`${filename}.lock`)
        lock.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
        return lock
      },
      catch: () =>
        new EngineError({
          message:
            `Another process of this server uses the database "${filename}". Stop it first, or use PostgreSQL to run several.`
        })
    }),
    (lock) => Effect.sync(() => lock.close())
  ))

const sqlite = (filename: string, shardingConfig: Options["tuning"]) =>
  SingleRunner.layer({
    // Locks in the database would only make the next process wait after a crash.
    runnerStorage: "memory",
    shardingConfig: {
      ...tuning,
      ...shardingConfig,
      runnerAddress: Option.some(RunnerAddress.RunnerAddress.make({ host: "127.0.0.1", port: 1 }))
    }
  }).pipe(
    Layer.provide(NodeCrypto.layerDigest),
    // Settings are given, so none is missing.
    Layer.orDie,
    Layer.provideMerge(filename === ":memory:" ? Layer.empty : onlyProcess(filename))
  )

const HEADER = "x-runner-secret"
const PATH = "/runner"

/** Of one length, so that comparing them takes the same time for any guess. */
const digest = (text: string): Buffer => createHash("sha256").update(text).digest()

/** The engine lets anybody in who reaches its port. */
const guarded = <E, R>(
  secrets: ReadonlyArray<Redacted.Redacted<string>>,
  app: Effect.Effect<HttpServerResponse.HttpServerResponse, E, R>
) => {
  const known = secrets.map((secret) => digest(Redacted.value(secret)))
  return Effect.flatMap(HttpServerRequest.HttpServerRequest, (request) => {
    const given = digest(request.headers[HEADER] ?? "")
    return known.some((secret) => timingSafeEqual(secret, given))
      ? app
      : Effect.succeed(HttpServerResponse.empty({ status: 401 }))
  })
}

/** Without a router: that would be the one of the API, which is in the same process. */
const serving = (secrets: ReadonlyArray<Redacted.Redacted<string>>) =>
  Layer.effectDiscard(
    Effect.flatMap(HttpRunner.toHttpEffect, (app) => HttpServer.serveEffect(guarded(secrets, app)))
  )

const portTaken = ({ host, port }: Address): Layer.Layer<HttpServer.HttpServer, EngineError> =>
  Layer.effect(
    HttpServer.HttpServer,
    Effect.fail(
      new EngineError({
        message: `The runner port ${port} of ${host} can't be used. Another process may have it: give another port.`
      })
    )
  )

const postgres = (runner: NonNullable<Options["runner"]>, shardingConfig: Options["tuning"]) => {
  const listen = runner.listen ?? runner.address
  const httpClient = Layer.effect(
    HttpClient.HttpClient,
    Effect.map(
      HttpClient.HttpClient,
      HttpClient.mapRequest(HttpClientRequest.setHeader(HEADER, Redacted.value(runner.secrets[0])))
    )
  ).pipe(Layer.provide(NodeHttpClient.layerUndici))
  const protocol = HttpRunner.layerClientProtocolHttp({ path: PATH }).pipe(Layer.provide(httpClient))
  const config = ShardingConfig.layer({
    ...tuning,
    ...shardingConfig,
    runnerAddress: Option.some(RunnerAddress.RunnerAddress.make(runner.address)),
    runnerListenAddress: Option.some(RunnerAddress.RunnerAddress.make(listen))
  })
  const server = NodeHttpServer.layerServer(createServer, { host: listen.host, port: listen.port }).pipe(
    Layer.catchTag("ServeError", () => portTaken(listen))
  )
  return serving(runner.secrets).pipe(
    Layer.provideMerge(HttpRunner.layerClient),
    Layer.provide(server),
    Layer.provide(health.pipe(Layer.provide(Runners.layerRpc), Layer.provide(protocol))),
    Layer.provide(protocol),
    Layer.provideMerge(SqlMessageStorage.layer.pipe(Layer.provide(NodeCrypto.layerDigest))),
    Layer.provide(Layer.orDie(SqlRunnerStorage.layer)),
    Layer.provide(config),
    Layer.provide(RpcSerialization.layerSchemaBinary())
  )
}

/**
 * @since 0.1.0
 */
export const layer = (
  options: Options
): Layer.Layer<Engine, EngineError | RunnerAddressError, SqlClient.SqlClient> =>
  Layer.unwrap(Effect.gen(function*() {
    const { location, runner } = options
    if (location._tag === "Sqlite") {
      return Layer.provideMerge(ClusterWorkflowEngine.layer, sqlite(location.filename, options.tuning))
    }
    if (runner === undefined) {
      return yield* new EngineError({
        message: `${describe(location)} is for several processes: each needs an address at which the others reach it.`
      })
    }
    yield* requirePrivate(runner.address)
    if (runner.listen !== undefined) yield* requirePrivate(runner.listen)
    return Layer.provideMerge(ClusterWorkflowEngine.layer, postgres(runner, options.tuning))
  }))
