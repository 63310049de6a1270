#!/usr/bin/env node
/**
 * Runs a sandbox as a process of its own, for people and for tests in other languages: `c1-sandbox --port 8443`.
 *
 * It says what a connector needs, follows what the connector does, and does what is said on standard input, a line for each. With `--output ndjson` it
 * speaks JSON: first `{"clientId":…,"clientSecret":…,"caPath":…,"host":…}`, then a line for every request and one for every answer to what was said.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Console from "effect/Console"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import manifest from "../package.json" with { type: "json" }
import * as C1Sandbox from "./C1Sandbox.ts"
import * as Story from "./internal/Story.ts"
import * as Words from "./internal/Words.ts"

const begin = (c1: C1Sandbox.C1SandboxService): string =>
  `A C1 listens on ${c1.url}. In another terminal:

  export BATON_CLIENT_ID='${c1.clientId}'
  export BATON_CLIENT_SECRET='${Redacted.value(c1.clientSecret)}'
  export SSL_CERT_FILE='${c1.caPath}'

and then start a connector. Here you may say:

${Words.help}
`

const command = Command.make("c1-sandbox", {
  port: Flag.Int("port").pipe(
    Flag.withDescription("Port on 127.0.0.1; 0 takes a free one (default 0)"),
    Flag.withDefault(0)
  ),
  output: Flag.Literals("output", ["text", "ndjson"]).pipe(
    Flag.withDescription("For people, or a line of JSON for everything (default text)"),
    Flag.withDefault("text")
  ),
  nextPoll: Flag.Int("next-poll").pipe(
    Flag.withDescription("Milliseconds until a connector asks again (default 1000)"),
    Flag.withDefault(1000)
  ),
  directory: Flag.String("directory").pipe(
    Flag.withDescription("Where certificate and uploads are kept; otherwise in a temporary folder"),
    Flag.optional
  ),
  logFile: Flag.String("log-file").pipe(
    Flag.withDescription("A file to which every request is added as a line of JSON"),
    Flag.optional
  )
}, (flags) =>
  Effect.gen(function*() {
    const stdio = yield* Stdio.Stdio
    const c1 = yield* C1Sandbox.make({
      port: flags.port,
      nextPoll: flags.nextPoll,
      ...Option.match(flags.directory, { onNone: () => ({}), onSome: (directory) => ({ directory }) }),
      ...Option.match(flags.logFile, { onNone: () => ({}), onSome: (logFile) => ({ logFile }) })
    })
    const json = flags.output === "ndjson"
    const follow = Stream.runForEach(c1.log.stream, (entry) => {
      const line = json ? JSON.stringify({ request: entry }) : Story.line(entry)
      return line === undefined ? Effect.void : Console.log(line)
    })
    const quit = yield* Deferred.make<void>()
    const answer = Effect.fnUntraced(function*(line: string) {
      if (line.trim() === "") return
      if (line.trim() === "quit") return yield* Deferred.succeed(quit, undefined)
      const result = yield* Effect.result(Words.say(c1, line))
      const [text, facts] = result._tag === "Success"
        ? [result.success.text, { ok: true, ...result.success.facts }]
        : [result.failure.message, { ok: false, message: result.failure.message }]
      yield* Console.log(json ? JSON.stringify({ said: line, ...facts }) : text)
    })
    // Where there is no standard input, it runs on until a signal comes.
    const listen = stdio.stdin.pipe(Stream.decodeText(), Stream.splitLines, Stream.runForEach(answer))
    // The one place where the secret is shown: whoever starts the sandbox has no other way to learn it, and it opens nothing else.
    yield* Console.log(
      json
        ? JSON.stringify({
          clientId: c1.clientId,
          clientSecret: Redacted.value(c1.clientSecret),
          caPath: c1.caPath,
          host: c1.host
        })
        : begin(c1)
    )
    yield* Effect.forkScoped(listen)
    yield* Effect.raceFirst(follow, Deferred.await(quit))
  }).pipe(Effect.scoped)).pipe(Command.withDescription("Run a C1 for connectors in service mode on this machine"))

command.pipe(
  Command.run({ version: manifest.version }),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
