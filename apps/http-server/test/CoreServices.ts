/** The core of a server on a fresh database, with a sandbox as the source, all in this process. */
import * as SandboxDirectory from "@access-kit/scim-sandbox/Directory"
import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import * as FreePort from "@access-kit/tooling-vitest/FreePort"
import { NodeHttpClient, NodeServices } from "@effect/platform-node"
import { Effect, Layer, Redacted } from "effect"
import { join } from "node:path"
import { ConnectorKinds } from "../src/ConnectorKinds.ts"
import { Connectors } from "../src/Connectors.ts"
import * as Core from "../src/Core.ts"
import { Directory } from "../src/Directory.ts"
import { generateKey, parseKeys, SecretBox, type SecretKeys } from "../src/SecretBox.ts"
import { Snapshots } from "../src/Snapshots.ts"
import * as DirectoryStore from "../src/snapshots/DirectoryStore.ts"
import * as Database from "../src/storage/Database.ts"
import { temporaryDirectory, TestDatabase } from "./Databases.ts"

export const admin = { name: "admin", tokenId: "1".repeat(27), requestId: "r1", address: "127.0.0.1" }
export const other = { name: "other", tokenId: "2".repeat(27), requestId: "r2", address: "127.0.0.1" }

export const newKeys: Effect.Effect<SecretKeys> = Effect.orDie(Effect.flatMap(generateKey, parseKeys))

/** The core on a database; building it twice is starting it again. */
export const coreOn = (location: Database.Location, directory: string, keys: SecretKeys) =>
  Layer.unwrap(Effect.gen(function*() {
    const port = yield* FreePort.find
    return Core.layer({
      workDirectory: join(directory, "work"),
      drainTimeout: "5 seconds",
      engine: {
        location,
        runner: { address: { host: "127.0.0.1", port }, secrets: [Redacted.make("test")] }
      }
    }).pipe(
      Layer.provideMerge(Layer.mergeAll(Directory.layer(), Snapshots.layer())),
      Layer.provideMerge(DirectoryStore.layer(join(directory, "snapshots"))),
      Layer.provideMerge(Layer.mergeAll(
        Database.layer(location),
        ConnectorKinds.layer(),
        SecretBox.layer(keys),
        NodeHttpClient.layerUndici,
        NodeServices.layer
      ))
    )
  })).pipe(Layer.orDie, Layer.fresh)

/** The core on a fresh database and a sandbox of a few people. */
export const core = Layer.unwrap(Effect.gen(function*() {
  const database = yield* TestDatabase
  return coreOn(yield* database.fresh, yield* temporaryDirectory, yield* newKeys)
}))

export const sandbox = Layer.unwrap(Effect.map(
  SandboxDirectory.generate({ users: 20, groups: 4, memberships: 40 }),
  (directory) => Sandbox.layer({ directory })
)).pipe(Layer.orDie)

/** A connector to the sandbox, synced once. */
export const connected = Effect.gen(function*() {
  const source = yield* Sandbox.Sandbox
  const connectors = yield* Connectors
  const made = yield* connectors.create(admin, {
    name: "Claude",
    kind: "claude-enterprise",
    settings: { "scim-url": source.baseUrl, "scim-token": Redacted.value(source.token) },
    schedule: { type: "manual" }
  })
  return yield* until(connectors.get(made.id), (now) => now.status !== "connecting" && now.status !== "syncing")
})

/** Looks again and again until it holds. The test's own time limit is the bound. */
export const until = <A, E, R>(read: Effect.Effect<A, E, R>, holds: (value: A) => boolean): Effect.Effect<A, E, R> =>
  Effect.flatMap(
    read,
    (value) => holds(value) ? Effect.succeed(value) : Effect.andThen(Effect.sleep(20), until(read, holds))
  )
