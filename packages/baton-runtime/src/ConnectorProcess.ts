/**
 * The parent's side of the child-process protocol: runs any baton connector binary as a child, those of the Go SDK included, and calls it.
 *
 * The child serves on a socket that it inherits, and both sides know each other by certificates that are made for this one run. It ends when the scope
 * does, and when this process does.
 *
 * @since 0.1.0
 */
import { ServerConfigSchema } from "@access-kit/baton-protocol/gen/c1/connector_wrapper/v1/connector_wrapper_pb"
import { create, toBinary } from "@bufbuild/protobuf"
import { connectNodeAdapter } from "@connectrpc/connect-node"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { type ChildProcess, spawn } from "node:child_process"
import * as BatonClient from "./BatonClient.ts"
import { COMMAND, LISTENER_VARIABLE } from "./ConnectorChild.ts"
import * as Credential from "./internal/Credential.ts"
import * as InheritedSocket from "./internal/InheritedSocket.ts"
import * as Listener from "./internal/Listener.ts"
import * as RequestValidation from "./RequestValidation.ts"
import * as RpcError from "./RpcError.ts"
import * as SessionStore from "./SessionStore.ts"

/**
 * @since 0.1.0
 */
export interface Options {
  /** Path of the executable, or its name on the PATH. */
  readonly command: string
  /** Its own arguments; `_connector-service` is added at the end. */
  readonly args?: ReadonlyArray<string>
  /** Laid over the environment of this process; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | Redacted.Redacted<string> | undefined>>
  readonly cwd?: string
  /** Serve a session store to the child, in memory. @default true */
  readonly sessionStore?: boolean
  /** Where the child's output and log go. @default "inherit" */
  readonly output?: "inherit" | "ignore"
  /** How long the child has to end by itself before it is killed. @default 5 seconds */
  readonly stopTimeout?: Duration.Input
}

/**
 * @since 0.1.0
 */
export interface ConnectorProcess {
  readonly pid: number
  /** Calls wait until the child serves, and fail as Unavailable once it has ended. */
  readonly client: BatonClient.BatonClient
  /** Fails when the child ends before its scope does. */
  readonly ended: Effect.Effect<never, ConnectorProcessError>
}

/**
 * - `CannotStart`: there is no such program, or it may not be run.
 * - `CannotListen`: this process can't open a socket on 127.0.0.1.
 * - `Ended`: the child ended, with `exitCode` if it wasn't killed. What was wrong it has written to its log.
 *
 * @since 0.1.0
 */
export class ConnectorProcessError extends Schema.TaggedError<ConnectorProcessError>()("ConnectorProcessError", {
  reason: Schema.Literals(["CannotStart", "CannotListen", "Ended"]),
  message: Schema.String,
  exitCode: Schema.optionalKey(Schema.Int),
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** The gRPC code of a call whose other side is gone. */
const UNAVAILABLE = 14

/** How long to wait for the end of a child whose connection broke. */
const LAST_WORD = Duration.seconds(1)

/** The descriptor under which the child finds its socket: the first after the three of every process. */
const SOCKET_FD = 3

const environment = (options: Options): NodeJS.ProcessEnv => {
  const result: NodeJS.ProcessEnv = { ...process.env }
  for (const [name, value] of Object.entries(options.env ?? {})) {
    if (value === undefined) delete result[name]
    else result[name] = Redacted.isRedacted(value) ? Redacted.value(value) : value
  }
  result[LISTENER_VARIABLE] = String(SOCKET_FD)
  return result
}

const cannotListen = (cause: unknown) =>
  new ConnectorProcessError({
    reason: "CannotListen",
    message: "No socket can be opened on 127.0.0.1 for the connector. Look whether the loopback interface is up.",
    cause
  })

const cannotStart = (options: Options, cause: NodeJS.ErrnoException) =>
  new ConnectorProcessError({
    reason: "CannotStart",
    message: cause.code === "ENOENT"
      ? `There is no program "${options.command}". Give its path, or put its folder on the PATH.`
      : cause.code === "EACCES"
      ? `"${options.command}" may not be run. Make it executable.`
      : `"${options.command}" could not be started (${cause.code ?? cause.message}).`,
    cause
  })

const endedBy = (options: Options, code: number | null, signal: string | null) =>
  new ConnectorProcessError({
    reason: "Ended",
    message: code === null
      ? `The connector "${options.command}" was ended by the signal ${signal}.`
      : `The connector "${options.command}" ended with exit code ${code}. Its log says why.`,
    ...(code === null ? {} : { exitCode: code })
  })

const serveSessions = (security: Credential.Pair["server"]) => {
  const store = SessionStore.make()
  return Listener.listen({ listen: { host: "127.0.0.1", port: 0 }, security }, (shutdownSignal) =>
    connectNodeAdapter({
      grpc: true,
      grpcWeb: false,
      connect: false,
      // A value of the largest size with its key.
      readMaxBytes: 4 * 1024 * 1024,
      interceptors: [RequestValidation.interceptor],
      shutdownSignal,
      routes: store.routes
    }))
}

/** Tells the child to end by ending its input, and helps where that isn't enough. */
const stop = (child: ChildProcess, gone: Effect.Effect<void>, patience: Duration.Duration): Effect.Effect<void> => {
  const within = (signal: NodeJS.Signals) =>
    Effect.andThen(Effect.sync(() => child.kill(signal)), Effect.timeoutOption(gone, patience))
  return Effect.gen(function*() {
    child.stdin?.end()
    if ((yield* Effect.timeoutOption(gone, patience))._tag === "Some") return
    if ((yield* within("SIGTERM"))._tag === "Some") return
    yield* within("SIGKILL")
  })
}

const launch = (
  options: Options,
  socket: InheritedSocket.InheritedSocket,
  onExit: (code: number | null, signal: string | null) => void
): Effect.Effect<ChildProcess, ConnectorProcessError> => {
  const output = options.output ?? "inherit"
  return Effect.try({
    try: () =>
      spawn(options.command, [...options.args ?? [], COMMAND], {
        env: environment(options),
        stdio: ["pipe", output, output, socket.fd],
        ...(options.cwd === undefined ? {} : { cwd: options.cwd })
      }),
    catch: (cause) => cannotStart(options, cause instanceof Error ? cause : new Error(String(cause)))
  }).pipe(
    Effect.flatMap((child) =>
      Effect.callback<ChildProcess, ConnectorProcessError>((resume) => {
        child.once("error", (cause) => resume(Effect.fail(cannotStart(options, cause))))
        // Heard from the start, since a child may be gone before anybody looks.
        child.once("exit", onExit)
        // A child that ends early breaks the pipe; its end is what is told.
        child.stdin?.on("error", () => {})
        child.once("spawn", () => resume(Effect.succeed(child)))
      })
    )
  )
}

/**
 * Starts the child. It ends with the scope: its input is closed, and if it doesn't go it is killed.
 *
 * @since 0.1.0
 */
export const start = Effect.fn("ConnectorProcess.start")(function*(
  options: Options
): Effect.fn.Return<ConnectorProcess, ConnectorProcessError, Scope.Scope> {
  const pair = Credential.generate()
  const sessions = options.sessionStore === false
    ? { port: 0 }
    : yield* Effect.mapError(serveSessions(pair.server), cannotListen)
  const socket = yield* Effect.mapError(InheritedSocket.make, cannotListen)

  const gone = yield* Deferred.make<void>()
  const ended = yield* Deferred.make<never, ConnectorProcessError>()
  const patience = Duration.fromInputUnsafe(options.stopTimeout ?? "5 seconds")
  const child = yield* Effect.acquireRelease(
    launch(options, socket, (code, signal) => {
      Deferred.doneUnsafe(ended, Effect.fail(endedBy(options, code, signal)))
      Deferred.doneUnsafe(gone, Effect.void)
    }),
    (child) => stop(child, Deferred.await(gone), patience)
  )
  yield* socket.release

  const config = toBinary(
    ServerConfigSchema,
    create(ServerConfigSchema, {
      credential: Redacted.value(pair.message),
      listenPort: socket.port,
      sessionStoreListenPort: sessions.port
    })
  )
  child.stdin?.write(`${Buffer.from(config).toString("base64")}\n`)

  const client = yield* BatonClient.make({ host: "127.0.0.1", port: socket.port, security: pair.client })
  const call: BatonClient.BatonClient["call"] = (method, request) => {
    const over = Effect.mapError(Deferred.await(ended), (error) =>
      new RpcError.RpcError({
        code: UNAVAILABLE,
        message: error.message,
        method: `${method.parent.typeName}/${method.name}`,
        lost: true,
        reason: "Ended",
        cause: error
      }))
    return client.call(method, request).pipe(
      // A connection breaks a moment before its process is known to be gone, and that is what the caller should hear.
      Effect.catch((error) =>
        error.lost === true
          ? Effect.andThen(Effect.timeoutOption(over, LAST_WORD), Effect.fail(error))
          : Effect.fail(error)
      ),
      Effect.raceFirst(over)
    )
  }
  return { pid: child.pid ?? 0, ended: Deferred.await(ended), client: { call } }
})
