/**
 * The bundled server as a child process, as an operator runs it. Whatever it prints is kept, and searched for secrets at the end.
 */
import * as BundledProgram from "@access-kit/tooling-vitest/BundledProgram"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { layer } from "@effect/vitest"
import { Context, Effect, Layer, Schema, type Scope } from "effect"
import { fileURLToPath } from "node:url"

const folder = fileURLToPath(new URL("..", import.meta.url))

export type { Finished } from "@access-kit/tooling-vitest/BundledProgram"

export interface Serving {
  readonly url: string
  /** Of the first start in its data directory. */
  readonly firstToken: string | undefined
  readonly printed: () => string
  readonly kill: BundledProgram.Running["kill"]
  /** Stands still, and goes on: as a machine does whose memory is written to disk. */
  readonly freeze: Effect.Effect<void>
  readonly thaw: Effect.Effect<void>
  readonly finished: Effect.Effect<BundledProgram.Finished>
}

type Environment = Readonly<Record<string, string>>

const Ready = Schema.fromJsonString(Schema.Struct({
  message: Schema.String,
  annotations: Schema.Struct({ url: Schema.String, firstToken: Schema.optionalKey(Schema.String) })
}))
const tokenPattern = /cesrv_[0-9a-f]{72}/
const isReady = Schema.decodeUnknownOption(Ready)

export class Bundle extends Context.Service<Bundle, {
  readonly run: (args: ReadonlyArray<string>, environment?: Environment) => Effect.Effect<BundledProgram.Finished>
  /** Answers once it is ready; killed with the scope. */
  readonly serve: (
    args: ReadonlyArray<string>,
    environment?: Environment
  ) => Effect.Effect<Serving, never, Scope.Scope>
}>()("@access-kit/http-server/test/Bundle") {
  static readonly layer = Layer.effect(
    Bundle,
    Effect.gen(function*() {
      const program = yield* BundledProgram.make(folder, "claude-enterprise-server")
      return {
        run: (args, env = {}) => program.run(args, { env }),
        serve: Effect.fnUntraced(function*(args, env = {}) {
          const { finished, kill, pid, printed, said } = yield* Effect.acquireRelease(
            program.start(["serve", "--listen", "127.0.0.1:0", ...args], { env }),
            ({ kill }) => kill("SIGKILL")
          )
          const ready = Effect.gen(function*() {
            while (true) {
              for (const line of printed().split("\n")) {
                const found = isReady(line)
                if (found._tag === "None" || !found.value.message.endsWith("is ready")) continue
                // The two streams of a process arrive in no order.
                const { firstToken, url } = found.value.annotations
                if (firstToken === undefined || tokenPattern.test(said())) return url
              }
              yield* Effect.sleep("20 millis")
            }
          })
          const url = yield* Effect.raceFirst(
            ready,
            Effect.flatMap(
              finished,
              (end) => Effect.die(new Error(`It ended with ${end.code}.\n${end.stderr}${end.stdout}`))
            )
          ).pipe(Effect.timeout("2 minutes"), Effect.orDie)
          const send = (signal: NodeJS.Signals) => Effect.sync(() => void process.kill(pid, signal))
          return {
            url,
            firstToken: tokenPattern.exec(said())?.[0],
            printed,
            kill,
            freeze: send("SIGSTOP"),
            thaw: send("SIGCONT"),
            finished
          }
        })
      }
    })
  ).pipe(Layer.provideMerge(NodeServices.layer))
}

/** Tests with the bundle at hand, on the real clock. */
export const withBundle = layer(Bundle.layer, { timeout: "2 minutes", excludeTestServices: true })
