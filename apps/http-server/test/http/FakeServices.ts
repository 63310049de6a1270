/**
 * Services that hold everything in memory and do what a test tells them, so that the HTTP side can be brought into every state.
 */
import type { Connector } from "@access-kit/server-api/Connectors"
import type { Operation } from "@access-kit/server-api/Operations"
import { Conflict, InvalidInput, NotFound, PreconditionFailed, SourceFailed } from "@access-kit/server-api/Problems"
import type { Sync, SyncEvent } from "@access-kit/server-api/Syncs"
import { Context, Effect, Layer, Queue, Stream } from "effect"
import { type Actor, AuditLog } from "../../src/AuditLog.ts"
import { Connectors } from "../../src/Connectors.ts"
import { Directory } from "../../src/Directory.ts"
import { type Change, Operations } from "../../src/Operations.ts"
import { Snapshots } from "../../src/Snapshots.ts"
import { SourceLookup } from "../../src/SourceLookup.ts"
import { Syncs } from "../../src/Syncs.ts"
import { TimedGrants } from "../../src/TimedGrants.ts"

/** Ids are 27 letters and digits. */
export const idOf = (number: number): string => String(number).padStart(27, "0")

const at = "2026-11-25T16:00:00.000Z"

const connectorOf = (id: string, name: string, revision: number): Connector => ({
  id,
  name,
  kind: "claude-enterprise",
  status: "connecting",
  consecutiveFailures: 0,
  settings: { "scim-url": "https://scim.example.com" },
  secrets: ["scim-token"],
  schedule: { type: "manual" },
  guards: { maxChangesPerHour: 100, maxDeletionsPerHour: 10, maxShrinkPercent: 50 },
  createdAt: at,
  updatedAt: at,
  revision
})

export const syncOf = (id: string, state: Sync["state"]): Sync => ({
  id,
  connectorId: idOf(1),
  state,
  trigger: "manual",
  requestedBy: "admin",
  requestedAt: at,
  attempts: 1
})

export class Control extends Context.Service<Control, {
  readonly submitted: Array<{ readonly actor: Actor; readonly change: Change; readonly key: string | undefined }>
  readonly created: Array<{ readonly actor: Actor; readonly name: string }>
  readonly audited: Array<{ readonly actor: Actor; readonly action: string }>
  /** What a sync sends; it ends when the queue does. */
  readonly events: Queue.Queue<SyncEvent>
  /** A connector of this name is made only when this says so. */
  readonly gate: { open: Effect.Effect<void>; entered: Effect.Effect<void> }
  readonly snapshotBytes: Uint8Array
}>()("@access-kit/http-server/test/Control") {}

const nothing = <A>(what: string) =>
  Effect.fail(new NotFound({ detail: `There is no ${what}.` })) as Effect.Effect<A, NotFound>

const services = Effect.gen(function*() {
  const control = yield* Control
  const connectors = new Map<string, Connector>()
  const operations = new Map<string, Operation>()
  let numbers = 100

  const find = (id: string) => {
    const found = connectors.get(id)
    return found === undefined ? nothing<Connector>("such connector") : Effect.succeed(found)
  }
  const change = (id: string, with_: Partial<Connector>) =>
    Effect.map(find(id), (found) => {
      const changed = { ...found, ...with_, revision: found.revision + 1 }
      connectors.set(id, changed)
      return changed
    })

  return Layer.mergeAll(
    Layer.succeed(Connectors, {
      kinds: [],
      list: () => Effect.succeed({ items: [...connectors.values()] }),
      get: find,
      create: (actor, request) =>
        Effect.gen(function*() {
          if (request.name === "defect") return yield* Effect.die(new Error("a secret thing inside"))
          if (request.name === "refused") {
            return yield* new SourceFailed({ detail: "The token is not accepted.", reason: "Unauthenticated" })
          }
          if (request.name === "gated") {
            yield* control.gate.entered
            yield* control.gate.open
          }
          if ([...connectors.values()].some((one) => one.name === request.name)) {
            return yield* new Conflict({ detail: "There is a connector of this name." })
          }
          const made = connectorOf(idOf(numbers += 1), request.name, 1)
          connectors.set(made.id, made)
          control.created.push({ actor, name: request.name })
          return made
        }),
      created: (_actor, id) => Effect.orDie(find(id)),
      update: (_actor, id, request, revision) =>
        Effect.gen(function*() {
          const found = yield* find(id)
          if (revision !== undefined && revision !== found.revision) {
            return yield* new PreconditionFailed({ detail: "Somebody else has changed it." })
          }
          return yield* change(id, request.name === undefined ? {} : { name: request.name })
        }),
      rotateSecrets: (_actor, id) => change(id, {}),
      pause: (_actor, id) => change(id, { status: "paused" }),
      resume: (_actor, id) => change(id, { status: "connected" }),
      remove: (_actor, id) => Effect.map(find(id), () => void connectors.delete(id)),
      testSettings: () => Effect.fail(new InvalidInput({ errors: [{ field: "scim-url", message: "No address." }] })),
      test: () => Effect.fail(new SourceFailed({ reason: "Unavailable" })),
      capabilities: () => nothing("such connector"),
      open: () => nothing("such connector"),
      reseal: Effect.succeed(0)
    }),
    Layer.succeed(Syncs, {
      start: () => Effect.succeed(syncOf(idOf(7), "queued")),
      list: () => Effect.succeed({ items: [] }),
      get: (id) => Effect.succeed(syncOf(id, "running")),
      cancel: () => Effect.fail(new Conflict({ detail: "It has ended." })),
      publish: () => Effect.fail(new Conflict({ detail: "It is not held." })),
      events: (id) => id === idOf(7) ? Effect.succeed(Stream.fromQueue(control.events)) : nothing("such sync"),
      logs: () => Effect.fail(new InvalidInput({ detail: "The pageToken is not one of this listing." }))
    }),
    Layer.succeed(Operations, {
      submit: (actor, connectorId, change, key) =>
        Effect.sync(() => {
          control.submitted.push({ actor, change, key })
          const operation: Operation = {
            id: idOf(numbers += 1),
            connectorId,
            kind: "grant",
            state: "queued",
            dryRun: false,
            request: {},
            requestedBy: actor.name,
            requestedAt: at,
            attempts: 0
          }
          operations.set(operation.id, operation)
          return operation
        }),
      list: () => Effect.succeed({ items: [...operations.values()] }),
      get: (id) => {
        const found = operations.get(id)
        return found === undefined ? nothing<Operation>("such operation") : Effect.succeed(found)
      },
      await: () => Effect.never,
      approve: () => nothing("such operation"),
      reject: () => nothing("such operation"),
      cancel: () => nothing("such operation")
    }),
    Layer.succeed(TimedGrants, {
      list: () => Effect.succeed({ items: [] }),
      get: () => nothing("such timed grant"),
      setExpiry: () => nothing("such timed grant")
    }),
    Layer.succeed(Snapshots, {
      publish: () => Effect.die("not here"),
      list: () => Effect.succeed({ items: [] }),
      get: (id) =>
        id === idOf(3)
          ? Effect.succeed({
            id,
            connectorId: idOf(1),
            syncId: idOf(7),
            createdAt: at,
            bytes: control.snapshotBytes.length,
            sha256: "ab".repeat(32),
            resources: {},
            entitlements: 0,
            grants: 0,
            current: true
          })
          : nothing("such snapshot"),
      download: () => Effect.succeed(Stream.make(control.snapshotBytes)),
      local: () => nothing("such snapshot"),
      diff: () => nothing("such snapshot"),
      removeAll: () => Effect.void
    }),
    Layer.succeed(Directory, {
      accounts: () => Effect.succeed({ body: "{\"items\":[]}", etag: "\"v1\"" }),
      account: () => nothing("such account"),
      access: () => nothing("such account"),
      groups: () => Effect.succeed({ body: "{\"items\":[]}", etag: "\"v1\"" }),
      group: () => nothing("such group"),
      entitlements: () => Effect.succeed({ body: "{\"items\":[]}", etag: "\"v1\"" }),
      entitlement: () => nothing("such entitlement"),
      grants: () => Effect.succeed({ body: "{\"items\":[]}", etag: "\"v1\"" }),
      grant: () => nothing("such grant"),
      load: () => Effect.void,
      apply: () => Effect.void,
      findGrant: () => nothing("such grant"),
      findEntitlement: () => nothing("such entitlement"),
      remove: () => Effect.void
    }),
    Layer.succeed(SourceLookup, {
      account: (_connector, id) => Effect.succeed({ body: JSON.stringify({ id }), etag: "\"v1\"" }),
      access: () => nothing("such account"),
      group: () => nothing("such group"),
      entitlement: () => nothing("such entitlement"),
      grant: () => nothing("such grant"),
      findGrant: () => nothing("such grant"),
      findEntitlement: () => nothing("such entitlement")
    }),
    Layer.succeed(AuditLog, {
      append: (actor, { action }) =>
        Effect.sync(() => {
          control.audited.push({ actor, action })
        }),
      list: () => Effect.succeed({ items: [] }),
      export: () =>
        Stream.map(Stream.range(1, 3), (number) => ({ id: idOf(number), at, actor: "admin", action: "x", details: {} }))
    })
  )
})

export const layer = Layer.unwrap(services).pipe(Layer.provideMerge(Layer.effect(
  Control,
  Effect.gen(function*() {
    return {
      submitted: [],
      created: [],
      audited: [],
      events: yield* Queue.unbounded<SyncEvent>(),
      gate: { open: Effect.void, entered: Effect.void },
      snapshotBytes: new Uint8Array(70_000).map((_, index) => index % 251)
    }
  })
)))
