/**
 * A C1 on loopback: ConductorOne's side of service mode, over real TLS, with a queue of tasks that tests and people feed.
 *
 * What it answers follows what connectors of the Go SDK (v0.25.0) expect. Where C1's own behaviour is not known, README.md says what was chosen.
 *
 * @since 0.1.0
 */
import type { Entitlement } from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import type { Grant } from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import type { Resource } from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import type { BatonServiceHelloRequest } from "@access-kit/baton-protocol/gen/c1/connectorapi/baton/v1/baton_pb"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as PlatformError from "effect/PlatformError"
import * as Queue from "effect/Queue"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Fault, FaultName } from "./Fault.ts"
import * as Certificates from "./internal/Certificates.ts"
import { Changes } from "./internal/Changes.ts"
import { Clients } from "./internal/Clients.ts"
import { FaultBoard } from "./internal/FaultBoard.ts"
import * as Gateway from "./internal/Gateway.ts"
import { Journal } from "./internal/Journal.ts"
import * as Known from "./internal/Known.ts"
import { Listener } from "./internal/Listener.ts"
import * as Server from "./internal/Server.ts"
import * as Service from "./internal/Service.ts"
import { TaskBoard, type TaskType } from "./internal/TaskBoard.ts"
import { TokenEndpoint } from "./internal/TokenEndpoint.ts"
import type { RequestLogEntry, RequestStats } from "./RequestLog.ts"
import type { TaskRecord } from "./TaskRecord.ts"
import type { Upload } from "./Upload.ts"

/**
 * How to start a sandbox. Everything has a default.
 *
 * @since 0.1.0
 */
export interface Options {
  /** Default 0: a free port. */
  readonly port?: number
  /** The address to listen on. Default `127.0.0.1`. */
  readonly listen?: string
  /** The name in the client id, to which connectors go. It has to lead to `listen`. Default `localhost`. */
  readonly hostName?: string
  /** Where certificate and uploads are kept. Default: a temporary folder that goes with the sandbox. */
  readonly directory?: string
  /** Default `sandbox-client`. */
  readonly clientName?: string
  /** How long a client waits until it asks for the next task. Default 1 s. */
  readonly nextPoll?: Duration.Input
  /** How long a client may take to the next heartbeat. Clients take no less than 1 s. Default 1 s. */
  readonly nextHeartbeat?: Duration.Input
  /** A task is nobody's again when it isn't finished, and its first heartbeat hasn't come, after this. Default 10 minutes. */
  readonly finishWithin?: Duration.Input
  /** A task is nobody's again when no heartbeat comes for this long after one. Default 1 minute. */
  readonly heartbeatWithin?: Duration.Input
  /** How often a task is handed out in all whose failure may be retried. Default 1: a failure is the end. */
  readonly attempts?: number
  /** How long an access token is good for. Default 1 hour. */
  readonly tokenLifetime?: Duration.Input
  /** How far the clock of a client may be off. Default 60 s. */
  readonly clockSkew?: Duration.Input
  /** How far the clock of the sandbox is off, in milliseconds. Default 0. */
  readonly clockOffset?: number
  /** Faults in force from the start. */
  readonly faults?: ReadonlyArray<Fault>
  /** How many requests the log keeps; all are counted. Default 10,000. */
  readonly requestLogSize?: number
  /** A file to which every request is added as a line of JSON. */
  readonly logFile?: string
}

/**
 * The sandbox could not listen on the address, or not write to its folder.
 *
 * @since 0.1.0
 */
export class C1SandboxError extends Schema.TaggedError<C1SandboxError>()("C1SandboxError", {
  reason: Schema.Literals(["AddressInUse", "CannotListen", "CannotWrite"]),
  message: Schema.String,
  cause: Schema.Defect()
}) {}

/**
 * What a client is called and signs with, as C1 shows them after "Rotate".
 *
 * @since 0.1.0
 */
export interface Credentials {
  /** `<name>@<host>:<port>/<suffix>` */
  readonly clientId: string
  readonly clientSecret: Redacted.Redacted<string>
}

/**
 * A connector that said hello.
 *
 * @since 0.1.0
 */
export interface Hello {
  /** Epoch milliseconds. */
  readonly at: number
  readonly clientId: string
  readonly request: BatonServiceHelloRequest
}

/**
 * A running sandbox.
 *
 * @since 0.1.0
 */
export interface C1SandboxService extends Credentials {
  /** Such as `https://localhost:40123`. */
  readonly url: string
  /** Host name and port, for `BATON_C1_API_HOST`. */
  readonly host: string
  readonly port: number
  /** PEM file with the authority to trust, for `SSL_CERT_FILE` or `NODE_EXTRA_CA_CERTS`. */
  readonly caPath: string
  /** The folder with the certificate and the uploads. */
  readonly directory: string

  /** Puts a task into the queue, and answers its id. */
  readonly enqueue: (task: TaskType, options?: { readonly debug?: boolean }) => Effect.Effect<string>
  /** Cancels a task: one in the queue at once, one at work with its next heartbeat. False where it is over, or unknown. */
  readonly cancel: (taskId: string) => Effect.Effect<boolean>
  /** Takes a task away from whoever is at work on it, as if it had not been heard of for too long. False where nobody is. */
  readonly expire: (taskId: string) => Effect.Effect<boolean>
  readonly tasks: Effect.Effect<ReadonlyArray<TaskRecord>>
  readonly task: (taskId: string) => Effect.Effect<Option.Option<TaskRecord>>
  /** Waits until a task looks as it should. */
  readonly awaitTask: (taskId: string, predicate: (record: TaskRecord) => boolean) => Effect.Effect<TaskRecord>
  /** Waits until a task is finished or cancelled. */
  readonly awaitFinished: (taskId: string) => Effect.Effect<TaskRecord>

  readonly hellos: Effect.Effect<ReadonlyArray<Hello>>
  /** Waits for as many hellos. */
  readonly awaitHello: (count?: number) => Effect.Effect<Hello>
  readonly uploads: Effect.Effect<ReadonlyArray<Upload>>
  /** Waits for the upload of a task: its first, or its `count`th. */
  readonly awaitUpload: (taskId: string, count?: number) => Effect.Effect<Upload>

  /** What a task has to say about things that the connector has told of: by id, name, login or e-mail address. */
  readonly known: {
    readonly resource: (resourceType: string, key: string) => Effect.Effect<Option.Option<Resource>>
    /** With its whole resource, as C1 sends it. The slug is `member` if absent. */
    readonly entitlement: (
      resourceType: string,
      key: string,
      slug?: string
    ) => Effect.Effect<Option.Option<Entitlement>>
    /** The grant of an entitlement to somebody, for a `revoke`. It has an id that says so where the connector has not told of it. */
    readonly grant: (entitlement: Entitlement, principal: Resource) => Effect.Effect<Grant>
  }

  readonly log: {
    /** The newest requests, in the order in which they ended. */
    readonly entries: Effect.Effect<ReadonlyArray<RequestLogEntry>>
    /** Requests from now on, as they end. */
    readonly stream: Stream.Stream<RequestLogEntry>
    readonly stats: Effect.Effect<RequestStats>
    readonly reset: Effect.Effect<void>
    /** Waits for a request, one that was answered before among them. */
    readonly awaitEntry: (predicate: (entry: RequestLogEntry) => boolean) => Effect.Effect<RequestLogEntry>
  }
  readonly faults: {
    /** Puts faults in force, beside those that are. */
    readonly set: (...faults: ReadonlyArray<Fault>) => Effect.Effect<void>
    /** Ends the faults of a name, or all. */
    readonly clear: (name?: FaultName) => Effect.Effect<void>
    readonly active: Effect.Effect<ReadonlyArray<Fault>>
  }
  readonly clients: {
    /** Another client; or, for a client that there is, a new secret instead of the old one. */
    readonly issue: (clientId?: string) => Effect.Effect<Credentials>
    /** Refuses a client from now on: its assertions and its tokens. False where there is no such client. */
    readonly revoke: (clientId?: string) => Effect.Effect<boolean>
    readonly restore: (clientId?: string) => Effect.Effect<boolean>
    /** Refuses every access token that is out. */
    readonly expireTokens: Effect.Effect<void>
  }
  readonly network: {
    /** Nobody listens any more, and all connections break. */
    readonly down: Effect.Effect<void>
    /** Listens again, on the same port. */
    readonly up: Effect.Effect<void, C1SandboxError>
    /** Breaks all connections. */
    readonly breakConnections: Effect.Effect<void>
    /** Closes all connections as a server does that is restarted: what is under way is answered. */
    readonly goAway: Effect.Effect<void>
  }
  /** Puts the clock of the sandbox off, by milliseconds. */
  readonly setClockOffset: (millis: number) => Effect.Effect<void>
}

/**
 * The running sandbox as a service.
 *
 * @since 0.1.0
 */
export class C1Sandbox extends Context.Service<C1Sandbox, C1SandboxService>()("@access-kit/c1-sandbox/C1Sandbox") {
  /** The same as the module's `layer`. */
  static readonly layer = (options: Options = {}): Layer.Layer<C1Sandbox, C1SandboxError> =>
    Layer.effect(C1Sandbox, make(options))
}

const cannotListen = (host: string, port: number) => (cause: NodeJS.ErrnoException): C1SandboxError => {
  const where = `${host}:${port}`
  const inUse = cause.code === "EADDRINUSE"
  return new C1SandboxError({
    reason: inUse ? "AddressInUse" : "CannotListen",
    message: inUse
      ? `Another process listens on ${where}. Choose another port, or 0 for a free one.`
      : cause.code === "EACCES"
      ? `The port ${where} may not be opened by this user. Choose one above 1023.`
      : `The sandbox can't listen on ${where} (${cause.code ?? cause.message}).`,
    cause
  })
}

const cannotWrite = (directory: string) => (cause: PlatformError.PlatformError): C1SandboxError =>
  new C1SandboxError({
    reason: "CannotWrite",
    message: `The sandbox can't write to "${directory}": ${cause.message}`,
    cause
  })

const millis = (input: Duration.Input | undefined, standard: Duration.Input): number =>
  Duration.toMillis(Duration.fromInputUnsafe(input ?? standard))

const folderOf = (fs: FileSystem.FileSystem, options: Options) => {
  const { directory } = options
  return directory === undefined
    ? Effect.mapError(fs.makeTempDirectoryScoped({ prefix: "c1-sandbox-" }), cannotWrite("the temporary folder"))
    : Effect.as(Effect.mapError(fs.makeDirectory(directory, { recursive: true }), cannotWrite(directory)), directory)
}

const start = Effect.fnUntraced(
  function*(options: Options): Effect.fn.Return<C1SandboxService, C1SandboxError, Scope.Scope | FileSystem.FileSystem> {
    const { hostName = "localhost", listen = "127.0.0.1" } = options
    const fs = yield* FileSystem.FileSystem
    const directory = yield* folderOf(fs, options)
    const certificates = Certificates.make([hostName, "localhost", "127.0.0.1", "::1"])
    const caPath = `${directory}/ca.pem`
    yield* Effect.mapError(fs.writeFileString(caPath, certificates.authority), cannotWrite(directory))

    let offset = options.clockOffset ?? 0
    const now = (): number => Date.now() + offset
    const changes = new Changes()
    const clients = new Clients()
    const faults = new FaultBoard()
    for (const fault of options.faults ?? []) faults.set(fault)
    const journal = new Journal({ limit: options.requestLogSize ?? 10_000, changes, file: options.logFile })
    yield* Effect.addFinalizer(() => Effect.callback<void>((resume) => journal.close(() => resume(Effect.void))))
    const board = new TaskBoard({
      changes,
      now,
      finishWithin: millis(options.finishWithin, "10 minutes"),
      heartbeatWithin: millis(options.heartbeatWithin, "1 minute"),
      attempts: options.attempts ?? 1
    })
    const hellos: Array<Hello> = []
    const uploads: Array<Upload> = []
    const handler = yield* Server.make({
      journal,
      faults,
      clients,
      tokens: new TokenEndpoint({
        clients,
        audience: hostName,
        skewSeconds: millis(options.clockSkew, "60 seconds") / 1000,
        now
      }),
      tokenSeconds: Math.round(millis(options.tokenLifetime, "1 hour") / 1000),
      now,
      routes: Service.make({
        gateway: Gateway.make({ clients, faults, now }),
        board,
        faults,
        changes,
        fs,
        folder: directory,
        now,
        nextPollMillis: millis(options.nextPoll, "1 second"),
        nextHeartbeatMillis: millis(options.nextHeartbeat, "1 second"),
        hellos,
        uploads
      })
    })
    const listener = new Listener({ host: listen, certificates, journal, handler })
    const listening = (port: number) => Effect.mapError(listener.start(port), cannotListen(listen, port))
    yield* Effect.acquireRelease(listening(options.port ?? 0), () => listener.stop)
    const { port } = listener
    const host = `${hostName}:${port}`
    const own = clients.issue(`${options.clientName ?? "sandbox-client"}@${host}/sandbox`)
    let issued = 0

    const known = Known.make(board, uploads)
    const awaitTask: C1SandboxService["awaitTask"] = (taskId, predicate) =>
      changes.until(() => {
        const record = board.record(taskId)
        return record !== undefined && predicate(record) ? record : undefined
      })

    return {
      ...own,
      url: `https://${host}`,
      host,
      port,
      caPath,
      directory,
      enqueue: (task, { debug = false } = {}) => Effect.sync(() => board.add(task, debug)),
      cancel: (taskId) => Effect.sync(() => board.cancel(taskId)),
      expire: (taskId) => Effect.sync(() => board.expire(taskId)),
      tasks: Effect.sync(() => board.records),
      task: (taskId) => Effect.sync(() => Option.fromNullishOr(board.record(taskId))),
      awaitTask,
      awaitFinished: (taskId) =>
        awaitTask(taskId, (record) => record.state === "finished" || record.state === "cancelled"),
      hellos: Effect.sync(() => [...hellos]),
      awaitHello: (count = 1) => changes.until(() => hellos[count - 1]),
      uploads: Effect.sync(() => [...uploads]),
      awaitUpload: (taskId, count = 1) =>
        changes.until(() => uploads.filter((upload) => upload.taskId === taskId)[count - 1]),
      known: {
        ...known,
        entitlement: (resourceType, key, slug = "member") => known.entitlement(resourceType, key, slug)
      },
      log: {
        entries: Effect.sync(() => journal.entries),
        stream: Stream.callback((queue) =>
          Effect.acquireRelease(
            Effect.sync(() => journal.follow((entry) => Queue.offerUnsafe(queue, entry))),
            (stop) => Effect.sync(stop)
          )
        ),
        stats: Effect.sync(() => journal.stats),
        reset: Effect.sync(() => journal.reset()),
        awaitEntry: (predicate) => changes.until(() => journal.entries.find(predicate))
      },
      faults: {
        set: (...added) => Effect.sync(() => added.forEach((fault) => faults.set(fault))),
        clear: (name) => Effect.sync(() => faults.clear(name)),
        active: Effect.sync(() => faults.active)
      },
      clients: {
        issue: (clientId) => Effect.sync(() => clients.issue(clientId ?? `client-${++issued}@${host}/sandbox`)),
        revoke: (clientId = own.clientId) => Effect.sync(() => clients.setRevoked(clientId, true)),
        restore: (clientId = own.clientId) => Effect.sync(() => clients.setRevoked(clientId, false)),
        expireTokens: Effect.sync(() => clients.forgetTokens())
      },
      network: {
        down: listener.stop,
        up: Effect.suspend(() => listener.listening ? Effect.void : listening(port)),
        breakConnections: Effect.sync(() => listener.breakAll()),
        goAway: Effect.sync(() => listener.goAway())
      },
      setClockOffset: (millis) =>
        Effect.sync(() => {
          offset = millis
        })
    }
  }
)

/**
 * Starts a sandbox that lives as long as the scope. When the scope closes, every connection breaks. It runs on real time, also under Effect's `TestClock`.
 *
 * @since 0.1.0
 */
export const make = Effect.fn("C1Sandbox.make")(
  function*(options: Options = {}): Effect.fn.Return<C1SandboxService, C1SandboxError, Scope.Scope> {
    return yield* start(options).pipe(
      Effect.provideService(Clock.Clock, Clock.Clock.defaultValue()),
      Effect.provide(NodeFileSystem.layer)
    )
  }
)

/**
 * A layer with a running sandbox.
 *
 * @since 0.1.0
 */
export const layer = C1Sandbox.layer
