/**
 * The child's side of the child-process protocol: what the hidden subcommand `_connector-service` does.
 *
 * A parent, ConductorOne's runner in Go or `ConnectorProcess`, starts the connector's executable with that subcommand, hands over a listening socket and
 * writes one line to standard input: who may call, and which key to serve with.
 *
 * @since 0.1.0
 */
import {
  type ServerConfig,
  ServerConfigSchema
} from "@access-kit/baton-protocol/gen/c1/connector_wrapper/v1/connector_wrapper_pb"
import * as RuleCheck from "@access-kit/baton-protocol/RuleCheck"
import type { Connector } from "@access-kit/connector-model/Connector"
import { fromBinary } from "@bufbuild/protobuf"
import * as Config from "effect/Config"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as BatonServer from "./BatonServer.ts"
import type * as BatonServices from "./BatonServices.ts"
import * as Credential from "./internal/Credential.ts"

/**
 * The last argument with which a parent starts its child.
 *
 * @since 0.1.0
 */
export const COMMAND = "_connector-service"

/**
 * The variable with the number of the inherited socket. Without it, as on Windows, the child listens on 127.0.0.1 itself.
 *
 * @since 0.1.0
 */
export const LISTENER_VARIABLE = "BATON_CONNECTOR_SERVICE_LISTENER_FD"

/**
 * What the parent gave can't be used, or there is no parent: the subcommand is not for people.
 *
 * @since 0.1.0
 */
export class ConnectorChildError extends Schema.TaggedError<ConnectorChildError>()("ConnectorChildError", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** The longest line that Go's child reads. */
const MAX_LINE = 64 * 1024

const unusable = (message: string, cause?: unknown) =>
  new ConnectorChildError({
    message:
      `${message} The command ${COMMAND} is started by a parent process; to serve on an address use the command serve.`,
    ...(cause === undefined ? {} : { cause })
  })

const parse = (line: string): Effect.Effect<ServerConfig, ConnectorChildError> =>
  Effect.try({
    try: () => {
      const text = line.trim()
      if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) throw new Error("not base64")
      const config = fromBinary(ServerConfigSchema, Buffer.from(text, "base64"))
      const fault = RuleCheck.check(ServerConfigSchema, config)
      if (fault !== undefined) throw new Error(`${fault.path}: ${fault.rule}`)
      return config
    },
    catch: (cause) => unusable("What came through standard input is no server configuration.", cause)
  })

const securityOf = (config: ServerConfig) =>
  Effect.try({
    try: () => {
      if (config.credential === undefined) throw new Error("there is none")
      return Credential.read(config.credential)
    },
    catch: (cause) => unusable("The credential in the server configuration can't be used.", cause)
  })

const listenerOf = (config: ServerConfig) =>
  Config.option(Config.Int(LISTENER_VARIABLE)).pipe(
    Effect.mapError((cause) => unusable(`${LISTENER_VARIABLE} has to be the number of an open file.`, cause)),
    Effect.map((fd): BatonServer.Options["listen"] =>
      Option.isSome(fd) ? { fd: fd.value } : { host: "127.0.0.1", port: config.listenPort }
    )
  )

/**
 * Standard input as its first line and its end. Input stays open as long as the parent lives; its end, or an error of it, is the end of the child.
 */
const readInput = Effect.gen(function*() {
  const { stdin } = yield* Stdio.Stdio
  const first = yield* Deferred.make<string, ConnectorChildError>()
  const ended = yield* Deferred.make<void>()
  const gathered: Array<Uint8Array> = []
  let length = 0
  let complete = false
  yield* stdin.pipe(
    Stream.runForEach((chunk) => {
      if (complete) return Effect.void
      gathered.push(chunk)
      length += chunk.length
      const text = Buffer.concat(gathered).toString()
      const end = text.indexOf("\n")
      if (end >= 0) {
        complete = true
        return Deferred.succeed(first, text.slice(0, end))
      }
      return length > MAX_LINE
        ? Deferred.fail(first, unusable("The line on standard input is too long."))
        : Effect.void
    }),
    Effect.ignore,
    Effect.ensuring(Effect.andThen(
      Deferred.fail(first, unusable("Standard input ended before it had a line.")),
      Deferred.succeed(ended, undefined)
    )),
    Effect.forkScoped
  )
  return { line: Deferred.await(first), ended: Deferred.await(ended) }
})

/**
 * Reads the configuration of the server from standard input, serves, and returns as soon as standard input ends, which it does when the parent ends: the
 * process should then exit with 0.
 *
 * @since 0.1.0
 */
export const run: (
  options?: BatonServices.Options
) => Effect.Effect<void, ConnectorChildError | BatonServer.BatonServerError, Connector | Stdio.Stdio> = Effect.fn(
  "ConnectorChild.run"
)(function*(options: BatonServices.Options = {}) {
  const input = yield* readInput
  const config = yield* parse(yield* input.line)
  const security = yield* securityOf(config)
  const serving = Effect.gen(function*() {
    const listen = yield* listenerOf(config)
    const address = yield* BatonServer.serve({ ...options, listen, security })
    if (address.port !== config.listenPort) {
      return yield* unusable(
        `The inherited socket listens on port ${address.port}, and the parent will call port ${config.listenPort}.`
      )
    }
    return yield* Effect.never
  })
  yield* Effect.raceFirst(serving, input.ended)
}, Effect.scoped)
