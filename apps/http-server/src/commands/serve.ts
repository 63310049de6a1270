/**
 * `claude-enterprise-server serve`: the server itself, until it is asked to end.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import { requireServing, ServerConfig } from "../config/ServerConfig.ts"
import * as DataDirectory from "../DataDirectory.ts"
import { Pulse } from "../jobs/Pulse.ts"
import { Lifecycle } from "../Lifecycle.ts"
import * as Observability from "../Observability.ts"
import * as Reporting from "../Reporting.ts"
import * as Server from "../Server.ts"
import * as Database from "../storage/Database.ts"
import { Tokens } from "../Tokens.ts"

/** On standard error and not in the log, which goes to places where a token should not be. */
const showFirstToken = Effect.fn("serve.showFirstToken")(function*(url: string) {
  const tokens = yield* Tokens
  const text = yield* tokens.bootstrap
  if (text === undefined) return false
  yield* Console.error(
    `\nThe first admin token of this server. It is shown this once; make others with it and keep it safe:\n\n  ${
      Redacted.value(text)
    }\n\n  curl -H "Authorization: Bearer $TOKEN" ${url}/v1/connectors\n`
  )
  return true
})

/** Of several processes one may have to wait until others make room; it answers questions before that. */
const workBegins = Effect.gen(function*() {
  const pulse = yield* Pulse
  yield* pulse.check("1 second").pipe(
    Effect.repeat({ until: (reason) => reason === undefined, schedule: Schedule.spaced("50 millis") }),
    Effect.timeoutOption("5 seconds")
  )
})

const running = Effect.gen(function*() {
  const config = yield* ServerConfig
  const server = yield* HttpServer.HttpServer
  const lifecycle = yield* Lifecycle
  const url = Option.getOrElse(
    config.publicUrl,
    () => HttpServer.formatAddress(server.address).replace(/^http:/, config.tls === undefined ? "http:" : "https:")
  )
  yield* Reporting.endsWell
  const shown = yield* showFirstToken(url)
  yield* workBegins
  yield* Observability.announce({
    url,
    docs: `${url}/docs`,
    database: Database.describe(DataDirectory.location(config)),
    ...(shown ? { firstToken: "on standard error" } : {})
  })
  return yield* Effect.onInterrupt(Effect.never, () => Effect.andThen(Effect.logInfo("Stopping"), lifecycle.stop))
})

/**
 * Ends well when it is interrupted: that is how a server is asked to end.
 *
 * @since 0.1.0
 */
export const run = Effect.flatMap(ServerConfig, (config) =>
  Effect.andThen(
    requireServing(config),
    Effect.provide(running, Server.layer(config).pipe(Layer.provideMerge(Observability.layer(config))))
  ))

/**
 * @since 0.1.0
 */
export const serve = Command.make("serve", {}, () => run).pipe(
  Command.withDescription("Run the server; the same as no command at all"),
  Command.withExamples([
    { command: "claude-enterprise-server serve --listen 127.0.0.1:8080 --data-dir ./data" },
    { command: "claude-enterprise-server --config server.yaml" }
  ])
)
