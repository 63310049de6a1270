/**
 * Where the demo happens: shows each command before it runs, lets it speak for itself, and checks what it did by reading it back.
 */
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as ChildProcess from "effect/process/ChildProcess"
import { ChildProcessSpawner, type ExitCode } from "effect/process/ChildProcessSpawner"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { bold, DemoError, dim, verifying } from "./Show.ts"

/** Where the sandbox listens, as its first line says. */
const Address = Schema.fromJsonString(Schema.Struct({
  url: Schema.String,
  token: Schema.RedactedFromValue(Schema.String)
}))

const quoted = (word: string): string => /^[\w@.,:/=+-]+$/.test(word) ? word : `'${word}'`

/** A command line that can be typed as it stands, but for the name of the program. */
export const line = (args: ReadonlyArray<string>): string => ["claude-enterprise", ...args.map(quoted)].join(" ")

export class Stage extends Context.Service<Stage, {
  /** The address of the sandbox. */
  readonly url: string
  /** Shows a command, runs it for everybody to see, and fails if it does. */
  readonly run: (...args: ReadonlyArray<string>) => Effect.Effect<void, DemoError>
  /** Runs a command unseen and answers what it found. */
  readonly read: <A>(schema: Schema.Codec<A, unknown>, ...args: ReadonlyArray<string>) => Effect.Effect<A, DemoError>
  /** Says what was read back, or fails. */
  readonly verify: (what: string, holds: boolean) => Effect.Effect<void, DemoError>
  readonly chapter: (title: string) => Effect.Effect<void>
}>()("@access-kit/example-demo/Stage") {
  /** Starts the sandbox of the bundled command, which ends with the layer. */
  static readonly layer = (bundle: string, sandbox: ReadonlyArray<string>) =>
    Layer.effect(
      Stage,
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const spawner = yield* ChildProcessSpawner
        if (!(yield* Effect.orElseSucceed(files.exists(bundle), () => false))) {
          return yield* new DemoError({
            message:
              `The command is not built: ${bundle} is missing. Run "npx --yes pnpm@12 demo", which builds it first.`
          })
        }
        const failed = (args: ReadonlyArray<string>, why: string) =>
          new DemoError({ message: `"${line(args)}" ${why}.` })

        yield* Console.log(dim(`$ ${line(["sandbox", ...sandbox])} &`))
        const started = ["sandbox", ...sandbox, "--output", "ndjson"]
        const server = yield* Effect.mapError(
          spawner.spawn(ChildProcess.make(process.execPath, [bundle, ...started], {
            stdin: "ignore",
            stderr: "inherit",
            extendEnv: true,
            forceKillAfter: "2 seconds"
          })),
          () => failed(started, "can't be started")
        )
        const first = yield* server.stdout.pipe(
          Stream.decodeText(),
          Stream.splitLines,
          Stream.runHead,
          Effect.mapError(() => failed(started, "said nothing")),
          Effect.flatMap(Option.match({
            onNone: () => Effect.fail(failed(started, "ended at once")),
            onSome: Effect.succeed
          }))
        )
        const address = yield* Effect.mapError(
          Schema.decodeUnknownEffect(Address)(first),
          () => failed(started, "did not say where it listens")
        )

        const command = (args: ReadonlyArray<string>, output: "inherit" | "pipe") =>
          ChildProcess.make(process.execPath, [bundle, ...args], {
            stdin: "ignore",
            stdout: output,
            // What a command that is only read from says for people would stand without its command line.
            stderr: output,
            extendEnv: true,
            env: {
              BATON_SCIM_URL: address.url,
              BATON_SCIM_TOKEN: Redacted.value(address.token),
              BATON_SCIM_TOKEN_FILE: undefined
            }
          })
        const ended = (args: ReadonlyArray<string>, code: ExitCode) =>
          code === 0 ? Effect.void : Effect.fail(failed(args, `ended with exit code ${code}`))

        return {
          url: address.url,
          chapter: (title) => Console.log(`\n${bold(title)}`),
          run: Effect.fn("Stage.run")(function*(...args) {
            yield* Console.log(`\n${dim("$")} ${bold(line(args))}`)
            const code = yield* Effect.mapError(
              spawner.exitCode(command(args, "inherit")),
              () => failed(args, "can't be started")
            )
            yield* ended(args, code)
          }),
          read: Effect.fn("Stage.read")(function*(schema, ...args) {
            const text = yield* Effect.scoped(Effect.gen(function*() {
              const handle = yield* spawner.spawn(command([...args, "--output", "json"], "pipe"))
              const [text, said] = yield* Effect.all([
                handle.stdout.pipe(Stream.decodeText(), Stream.mkString),
                handle.stderr.pipe(Stream.decodeText(), Stream.mkString)
              ], { concurrency: 2 })
              return { text, said, code: yield* handle.exitCode }
            })).pipe(Effect.mapError(() => failed(args, "can't be read")))
            if (text.code !== 0) yield* Console.error(text.said.trimEnd())
            yield* ended(args, text.code)
            return yield* Effect.mapError(
              Schema.decodeUnknownEffect(Schema.fromJsonString(schema))(text.text),
              () => failed(args, "printed something unexpected")
            )
          }),
          verify: verifying("Read back and found it otherwise")
        }
      })
    )
}
