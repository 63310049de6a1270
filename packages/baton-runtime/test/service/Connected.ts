/**
 * A connector in service mode, in this process, with a sandbox in place of ConductorOne.
 */
import type { C1Sandbox, Fault } from "@access-kit/c1-sandbox"
import { Connector } from "@access-kit/connector-model/Connector"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Clock, ConfigProvider, Effect, Fiber, FileSystem, Layer, type Scope } from "effect"
import { FetchHttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { trust } from "../../src/command/TrustedAuthorities.ts"
import { C1Client } from "../../src/service/C1Client.ts"
import * as C1Credentials from "../../src/service/C1Credentials.ts"
import * as C1Service from "../../src/service/C1Service.ts"
import * as Directory from "../Directory.ts"

type Sandbox = C1Sandbox.C1SandboxService

const environment = (env: Record<string, string>) =>
  Layer.merge(ConfigProvider.layer(ConfigProvider.fromEnv({ env })), NodeServices.layer)

/** Trusts the sandbox, as a process does that is told of it. */
export const trusted = (sandbox: Sandbox) =>
  trust.pipe(
    Effect.provide(environment({ SSL_CERT_FILE: sandbox.caPath }))
  )

/** The client of the sandbox's first pair of id and secret, or of another. */
export const clientLayer = (sandbox: Sandbox, credentials: C1Sandbox.Credentials = sandbox) =>
  Layer.unwrap(Effect.gen(function*() {
    yield* trusted(sandbox)
    return C1Client.layer({
      credentials: yield* C1Credentials.parse(credentials.clientId, credentials.clientSecret)
    })
  })).pipe(
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(Layer.succeed(FetchHttpClient.RequestInit, { redirect: "manual" }))
  )

export interface Options extends Partial<Omit<C1Service.Options, "sync">> {
  readonly connector?: Connector["Service"]
  readonly sync?: Partial<C1Service.Options["sync"]>
  readonly hostId?: string
}

export interface Running {
  /** Asks it to end, as a signal does, and waits until it has. */
  readonly stop: Effect.Effect<void>
  readonly fiber: Fiber.Fiber<never, unknown>
  /** How many results were left at its end. */
  readonly undelivered: () => number | undefined
  /** Where it writes. */
  readonly directory: string
}

/** Starts it; it ends with the scope. */
export const start = Effect.fnUntraced(function*(
  sandbox: Sandbox,
  options: Options = {}
): Effect.fn.Return<Running, never, Scope.Scope | FileSystem.FileSystem> {
  const files = yield* FileSystem.FileSystem
  const directory = yield* Effect.orDie(files.makeTempDirectoryScoped({ prefix: "baton-service-test-" }))
  const { connector, hostId, sync, ...rest } = options
  let undelivered: number | undefined
  const fiber = yield* C1Service.run({
    program: { name: "baton-directory", version: "1.2.3" },
    provisioning: true,
    ticketing: false,
    taskConcurrency: 3,
    batch: false,
    sync: {
      concurrency: 4,
      resourceTypes: [],
      skipEntitlementsAndGrants: false,
      skip: false,
      temporaryDirectory: directory,
      ...sync
    },
    onDrained: (left) =>
      Effect.sync(() => {
        undelivered = left
      }),
    ...rest
  }).pipe(
    Effect.provideService(Connector, connector ?? Directory.make({ content: Directory.sample() })),
    Effect.provide(Layer.merge(clientLayer(sandbox), environment({ BATON_HOST_ID: hostId ?? "test-host" }))),
    Effect.forkScoped
  )
  return { fiber, stop: Fiber.interrupt(fiber), undelivered: () => undelivered, directory }
}, Effect.provide(NodeServices.layer))

/**
 * Moves the test's clock on, a second at a time and with time for sockets in between, until something has happened. The sandbox's clock goes with it: how
 * many seconds come to pass depends on how fast the machine is, and what is signed by a clock that is ahead would be refused.
 */
export const passing = <A, E, R>(sandbox: Sandbox, until: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.raceFirst(
    until,
    Effect.forever(
      Effect.gen(function*() {
        yield* TestClock.withLive(Effect.sleep("10 millis"))
        yield* TestClock.adjust("1 second")
        yield* together(sandbox)
      })
    )
  )

/** Sets the sandbox's clock to the time that the test's clock has. */
export const together = Effect.fnUntraced(function*(sandbox: Sandbox) {
  const now = yield* Clock.currentTimeMillis
  yield* sandbox.setClockOffset(now - (yield* TestClock.withLive(Clock.currentTimeMillis)))
})

/** The test's clock, set to the time that the sandbox has. */
export const atPresent = Effect.flatMap(
  TestClock.withLive(Clock.currentTimeMillis),
  (now) => TestClock.setTime(now)
)

/** What C1 asks for when it wants somebody in a team. */
export const grantTask = (group: string, person: string) => {
  const resource = { id: { resourceType: "group", resource: group } }
  return {
    case: "grant" as const,
    value: {
      entitlement: { id: `group:${group}:member`, slug: "member", resource },
      principal: { id: { resourceType: "user", resource: person } }
    }
  }
}

export const revokeTask = (group: string, person: string) => {
  const { entitlement, principal } = grantTask(group, person).value
  return {
    case: "revoke" as const,
    value: { grant: { id: `group:${group}:member:user:${person}`, entitlement, principal } }
  }
}

export const syncTask = { case: "syncFull" as const, value: {} }

/** How many requests of a kind there were, once there were as many: the log has one only after it was answered. */
export const requests = (sandbox: Sandbox, method: Fault.Method, least: number) =>
  Effect.andThen(
    Effect.sleep("5 millis"),
    Effect.map(sandbox.log.stats, (stats) => stats.byMethod[method] ?? 0)
  ).pipe(
    Effect.repeat({ until: (count) => count >= least }),
    Effect.provideService(Clock.Clock, Clock.Clock.defaultValue())
  )
