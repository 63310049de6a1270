/**
 * An embedded SCIM 2.0 service provider: a real HTTP server on loopback with a directory in memory, which behaves like the
 * endpoint behind Claude Enterprise and misbehaves on demand.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { randomBytes } from "node:crypto"
import type { Directory } from "./Directory.ts"
import type { Fault, FaultName } from "./Fault.ts"
import * as Control from "./internal/Control.ts"
import { Endpoint } from "./internal/Endpoint.ts"
import { FaultBoard } from "./internal/FaultBoard.ts"
import * as Gate from "./internal/Gate.ts"
import { Journal } from "./internal/Journal.ts"
import type { JsonObject } from "./internal/Json.ts"
import * as Listener from "./internal/Listener.ts"
import type { Provider } from "./internal/Provider.ts"
import * as Server from "./internal/Server.ts"
import * as Snapshots from "./internal/Snapshots.ts"
import { type Row, Store } from "./internal/Store.ts"
import { type Profile, workos } from "./Profile.ts"
import type { RequestLogEntry, RequestStats } from "./RequestLog.ts"
import * as ScimFailure from "./ScimFailure.ts"
import type { Counts, Snapshot, SnapshotGroup, SnapshotUser } from "./Snapshot.ts"

/**
 * How to start a sandbox. Everything has a default.
 *
 * @since 0.1.0
 */
export interface Options {
  /** Default 0: a free port. */
  readonly port?: number
  /** Default `127.0.0.1`. */
  readonly host?: string
  /** The last segment of the base URL's path. Default `sandbox`. */
  readonly key?: string
  /** The bearer token. Default: a new random one. */
  readonly token?: Redacted.Redacted<string>
  /** Default `Profile.workos`. */
  readonly profile?: Profile
  /** What is in the directory at the start. Default: nothing. */
  readonly directory?: Directory
  /** Faults in force from the start. */
  readonly faults?: ReadonlyArray<Fault>
  /** Answer 429 with `Retry-After` to more requests than this in a window. WorkOS documents 6,000 per 60,000 ms. */
  readonly rateLimit?: { readonly requests: number; readonly windowMs: number }
  /** The seed of the ids that the sandbox gives to new resources. Default 1. */
  readonly seed?: number
  /** How many requests the log keeps whole; all are counted. Default 10,000. */
  readonly requestLogSize?: number
}

/**
 * The sandbox could not listen on the address.
 *
 * @since 0.1.0
 */
export class SandboxStartError extends Schema.TaggedError<SandboxStartError>()("SandboxStartError", {
  host: Schema.String,
  port: Schema.Int,
  code: Schema.optionalKey(Schema.String),
  cause: Schema.Defect()
}) {
  override get message(): string {
    const reason = this.code === "EADDRINUSE"
      ? "the port is in use; choose another, or 0 for a free one"
      : this.code === "EACCES"
      ? "the port may not be opened by this user; choose one above 1023"
      : this.code ?? "the address can't be used"
    return `The sandbox can't listen on ${this.host}:${this.port}: ${reason}`
  }
}

/**
 * The directory behind the server, for tests: what is in it, and ways to change it past the client under test.
 *
 * @since 0.1.0
 */
export interface SandboxDirectory {
  /** Adds people and groups as they are. */
  readonly seed: (directory: Directory) => Effect.Effect<void>
  /** Forgets everything. */
  readonly clear: Effect.Effect<void>
  readonly snapshot: Effect.Effect<Snapshot>
  readonly counts: Effect.Effect<Counts>
  readonly user: (id: string) => Effect.Effect<Option.Option<SnapshotUser>>
  readonly group: (id: string) => Effect.Effect<Option.Option<SnapshotGroup>>
  /** The resource as GET answers it. */
  readonly resource: (
    kind: "User" | "Group",
    id: string
  ) => Effect.Effect<Option.Option<{ readonly [key: string]: unknown }>>
  /** Creates a resource by the rules that a POST goes through. Answers its id. */
  readonly create: (
    kind: "User" | "Group",
    resource: { readonly [key: string]: unknown }
  ) => Effect.Effect<string, ScimFailure.ScimFailure>
  /** Stores attributes as given, unchecked, for resources that no right server would hold. Answers the id. */
  readonly insert: (
    kind: "User" | "Group",
    attributes: { readonly [key: string]: unknown },
    id?: string
  ) => Effect.Effect<string>
  /** Applies a PATCH body by the rules of the profile. */
  readonly patch: (
    kind: "User" | "Group",
    id: string,
    body: unknown
  ) => Effect.Effect<void, ScimFailure.ScimFailure>
  /** Deletes as a DELETE request does; false where there is nothing to delete. */
  readonly remove: (kind: "User" | "Group", id: string) => Effect.Effect<boolean>
  /** Takes a row away for good, whatever the profile keeps; false where there is none. */
  readonly erase: (kind: "User" | "Group", id: string) => Effect.Effect<boolean>
  /** Makes these ids the members of a group. */
  readonly setMembers: (
    group: string,
    members: ReadonlyArray<string>
  ) => Effect.Effect<void, ScimFailure.ScimFailure>
}

/**
 * A running sandbox.
 *
 * @since 0.1.0
 */
export interface SandboxService {
  /** Such as `http://127.0.0.1:40123/scim/v2.0/sandbox`, without a slash at the end. */
  readonly baseUrl: string
  /** Base of the control requests, such as `http://127.0.0.1:40123/__sandbox`. */
  readonly controlUrl: string
  readonly token: Redacted.Redacted<string>
  readonly profile: Profile
  readonly directory: SandboxDirectory
  readonly requests: {
    /** The newest requests, oldest first. */
    readonly entries: Effect.Effect<ReadonlyArray<RequestLogEntry>>
    readonly stats: Effect.Effect<RequestStats>
    readonly reset: Effect.Effect<void>
  }
  readonly faults: {
    /** Puts faults in force, beside those that are. */
    readonly set: (...faults: ReadonlyArray<Fault>) => Effect.Effect<void>
    /** Ends the faults of a name, or all. */
    readonly clear: (name?: FaultName) => Effect.Effect<void>
    readonly active: Effect.Effect<ReadonlyArray<Fault>>
  }
}

/**
 * The running sandbox as a service.
 *
 * @since 0.1.0
 */
export class Sandbox extends Context.Service<Sandbox, SandboxService>()("@access-kit/scim-sandbox/Sandbox") {
  /** The same as the module's `layer`. */
  static readonly layer = (options: Options = {}): Layer.Layer<Sandbox, SandboxStartError> =>
    Layer.effect(Sandbox, make(options))
}

const notFound = (kind: string, id: string): ScimFailure.ScimFailure =>
  ScimFailure.make(404, `${kind} '${id}' not found`)

const makeDirectory = (store: Store, provider: Provider, profile: Profile): SandboxDirectory => {
  const find = (kind: "User" | "Group", id: string): Effect.Effect<Row, ScimFailure.ScimFailure> =>
    Effect.suspend(() => {
      const row = store.find(kind, id)
      return row === undefined ? Effect.fail(notFound(kind, id)) : Effect.succeed(row)
    })
  const option = <A>(kind: "User" | "Group", id: string, read: (row: Row) => A): Effect.Effect<Option.Option<A>> =>
    Effect.sync(() => Option.map(Option.fromNullishOr(store.find(kind, id)), read))
  return {
    seed: (directory) => Effect.sync(() => Snapshots.seed(store, profile, directory)),
    clear: Effect.sync(() => store.clear()),
    snapshot: Effect.sync(() => Snapshots.snapshot(store)),
    counts: Effect.sync(() => Snapshots.counts(store)),
    user: (id) => option("User", id, (row) => Snapshots.userOf(store, row)),
    group: (id) => option("Group", id, (row) => Snapshots.groupOf(store, row)),
    resource: (kind, id) => option(kind, id, (row) => store.read(row)),
    create: (kind, resource) =>
      Effect.suspend(() => Effect.fromResult(provider.create(kind, resource))).pipe(Effect.map((row) => row.id)),
    insert: (kind, attributes, id) =>
      Effect.sync(() => {
        const content: JsonObject = { ...attributes }
        return store.insert(kind, content, id === undefined ? {} : { id }).id
      }),
    patch: (kind, id, body) =>
      find(kind, id).pipe(
        Effect.flatMap((row) => Effect.fromResult(provider.patch(row, body))),
        Effect.asVoid
      ),
    remove: (kind, id) =>
      Effect.sync(() => {
        const row = store.find(kind, id)
        return row !== undefined && provider.remove(row)
      }),
    erase: (kind, id) =>
      Effect.sync(() => {
        const row = store.find(kind, id)
        if (row !== undefined) store.remove(row)
        return row !== undefined
      }),
    setMembers: (group, members) =>
      find("Group", group).pipe(
        Effect.map((row) => {
          store.update(row, { ...store.content(row), members: members.map((value) => ({ value })) })
        })
      )
  }
}

/**
 * Starts a sandbox that lives as long as the scope. When the scope closes, requests in progress get half a second to finish;
 * then every socket is closed.
 *
 * @since 0.1.0
 */
export const make = Effect.fn("Sandbox.make")(
  function*(options: Options = {}): Effect.fn.Return<SandboxService, SandboxStartError, Scope.Scope> {
    const { host = "127.0.0.1", key = "sandbox", port = 0, profile = workos } = options
    const token = options.token ?? Redacted.make(`se_${randomBytes(24).toString("base64url")}`)
    const server = Listener.makeServer()
    const address = yield* Listener.listen(server, { host, port }).pipe(
      Effect.mapError((cause) =>
        new SandboxStartError({ host, port, cause, ...(cause.code === undefined ? {} : { code: cause.code }) })
      )
    )
    const origin = `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`
    const basePath = `/scim/v2.0/${encodeURIComponent(key)}`
    const baseUrl = origin + basePath
    const now = (): number => Date.now()
    const store = new Store({ baseUrl, etag: profile.etag, seed: options.seed ?? 1, now })
    const faults = new FaultBoard()
    const journal = new Journal(options.requestLogSize ?? 10_000)
    const endpoint = new Endpoint(baseUrl, { store, profile, faults, now })
    if (options.directory !== undefined) Snapshots.seed(store, profile, options.directory)
    for (const fault of options.faults ?? []) faults.set(fault)
    yield* Server.run({
      server,
      basePath,
      maxBodyBytes: profile.maxBodyBytes,
      endpoint,
      faults,
      journal,
      isAuthorized: Gate.makeTokenCheck(Redacted.value(token)),
      limited: Gate.makeRateLimiter(options.rateLimit, now),
      control: Control.make(store, profile, faults, journal)
    })
    return {
      baseUrl,
      controlUrl: `${origin}/__sandbox`,
      token,
      profile,
      directory: makeDirectory(store, endpoint.provider, profile),
      requests: {
        entries: Effect.sync(() => journal.entries),
        stats: Effect.sync(() => journal.stats),
        reset: Effect.sync(() => journal.reset())
      },
      faults: {
        set: (...added) => Effect.sync(() => added.forEach((fault) => faults.set(fault))),
        clear: (name) => Effect.sync(() => faults.clear(name)),
        active: Effect.sync(() => faults.active)
      }
    }
  }
)

/**
 * A layer with a running sandbox.
 *
 * @since 0.1.0
 */
export const layer = Sandbox.layer
