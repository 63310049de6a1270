/**
 * The whole server, from its configuration: what stands below stands first, and ends last.
 *
 * @since 0.1.0
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { join } from "node:path"
import type { ServerConfigShape } from "./config/ServerConfig.ts"
import { ConnectorKinds } from "./ConnectorKinds.ts"
import * as Core from "./Core.ts"
import * as DataDirectory from "./DataDirectory.ts"
import { Directory } from "./Directory.ts"
import { defaults as limits, HttpLimits } from "./http/HttpLimits.ts"
import * as HttpSide from "./http/HttpSide.ts"
import * as Listener from "./http/Listener.ts"
import type * as Engine from "./jobs/Engine.ts"
import { Lifecycle } from "./Lifecycle.ts"
import * as SecretBox from "./SecretBox.ts"
import * as SnapshotFiles from "./SnapshotFiles.ts"
import { Snapshots } from "./Snapshots.ts"
import * as DirectoryStore from "./snapshots/DirectoryStore.ts"
import * as S3Store from "./snapshots/S3Store.ts"
import * as Database from "./storage/Database.ts"
import { Tokens } from "./Tokens.ts"

const httpLimits = (config: ServerConfigShape) =>
  Layer.succeed(HttpLimits, {
    ...limits,
    bodySize: ByteSize.bytes(config.maxBodyBytes),
    requestsPerMinute: config.requestsPerMinute,
    concurrentRequests: config.maxConcurrentRequests,
    eventStreams: config.maxEventStreams,
    receiveTimeout: config.requestTimeout,
    idleTimeout: config.idleTimeout
  })

const snapshotFiles = (config: ServerConfigShape) =>
  SnapshotFiles.Location.$match(
    SnapshotFiles.locate(Option.getOrElse(config.snapshotStore, () => join(config.dataDir, "snapshots"))),
    {
      Directory: ({ path }) => DirectoryStore.layer(path),
      S3: ({ bucket, prefix }) =>
        S3Store.layer({
          bucket,
          prefix,
          region: config.s3Region,
          accessKeyId: Option.getOrElse(config.s3AccessKeyId, () => ""),
          secretAccessKey: Option.getOrElse(config.s3SecretAccessKey, () => Redacted.make("")),
          ...Option.match(config.s3Endpoint, { onNone: () => ({}), onSome: (endpoint) => ({ endpoint }) })
        })
    }
  )

/** Wrong keys are told at the start and not after the first sync. A store that is away for the moment keeps nobody from asking questions. */
const storeChecked = Layer.effectDiscard(Effect.flatMap(SnapshotFiles.SnapshotFiles, (files) =>
  Effect.catchIf(
    files.check,
    ({ reason }) => reason === "Unreachable",
    (error) => Effect.logWarning("The store of the snapshots does not answer; syncs fail until it does", error)
  )))

/** What the processes prove to each other that they belong together with comes from the keys that they share anyway. */
const runner = (config: ServerConfigShape, keys: SecretBox.SecretKeys): Pick<Engine.Options, "runner"> =>
  Option.match(config.runnerAddress, {
    onNone: () => ({}),
    onSome: (address) => ({
      runner: {
        address,
        secrets: SecretBox.derive(keys, "runner"),
        ...Option.match(config.runnerListen, { onNone: () => ({}), onSome: (listen) => ({ listen }) })
      }
    })
  })

/** A running sync keeps files there, and takes them up again after a restart. */
const workDirectory = (config: ServerConfigShape): string =>
  Option.match(config.runnerAddress, {
    onNone: () => join(config.dataDir, "work"),
    onSome: ({ host, port }) => join(config.dataDir, `work-${host.replaceAll(/[^A-Za-z0-9.-]/g, "-")}-${port}`)
  })

/** Beside the bundle; in the sources the package finds its own. */
const worker = import.meta.url.endsWith(".mjs")
  ? { worker: new URL("./claude-enterprise-server-c1z-worker.mjs", import.meta.url) }
  : {}

/**
 * Ends in this order: no new requests, those under way are answered, jobs are drained, the engine goes, the database is closed.
 *
 * @since 0.1.0
 */
export const layer = (config: ServerConfigShape) =>
  Layer.unwrap(Effect.gen(function*() {
    yield* DataDirectory.ensure(config)
    const keys = yield* DataDirectory.keys(config)
    const location = DataDirectory.location(config)

    const storage = Layer.mergeAll(
      Directory.layer(),
      Layer.merge(Snapshots.layer(), storeChecked).pipe(Layer.provide(snapshotFiles(config))),
      SecretBox.SecretBox.layer(keys),
      ConnectorKinds.layer()
    ).pipe(Layer.provideMerge(Database.layer(location)))

    const core = Core.layer({
      engine: { location, ...runner(config, keys) },
      workDirectory: workDirectory(config),
      drainTimeout: "6 seconds",
      ...worker
    }).pipe(Layer.provideMerge(storage))

    const http = HttpSide.layer({
      corsOrigins: config.corsOrigins,
      trustedProxies: config.trustedProxies,
      secure: config.tls !== undefined || Option.exists(config.publicUrl, (url) => url.startsWith("https:"))
    }).pipe(
      Layer.provideMerge(Listener.layer(config.listen, config.tls)),
      Layer.provide(httpLimits(config))
    )

    return http.pipe(
      Layer.provideMerge(Tokens.layer),
      Layer.provideMerge(core),
      Layer.provideMerge(Layer.mergeAll(Lifecycle.layer, NodeServices.layer, NodeHttpClient.layerUndici))
    )
  }))
