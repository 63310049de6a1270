/**
 * Where the demo of service mode happens: a SCIM server and a C1 in this process, and between them the command as users run it, in a process of its own.
 */
import * as C1Sandbox from "@access-kit/c1-sandbox/C1Sandbox"
import type * as TaskRecord from "@access-kit/c1-sandbox/TaskRecord"
import { bold, DemoError, dim, verifying } from "@access-kit/example-demo/Show"
import * as Directory from "@access-kit/scim-sandbox/Directory"
import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as ChildProcess from "effect/process/ChildProcess"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

type TaskType = Parameters<C1Sandbox.C1SandboxService["enqueue"]>[0]

export class Stage extends Context.Service<Stage, {
  readonly c1: C1Sandbox.C1SandboxService
  readonly scim: Sandbox.SandboxService
  readonly chapter: (title: string) => Effect.Effect<void>
  /** Gives the connector something to do, waits for the end, and fails if it was a failure. */
  readonly task: (what: string, task: TaskType) => Effect.Effect<TaskRecord.TaskRecord, DemoError>
  /** Says what was found, or fails. */
  readonly verify: (what: string, holds: boolean) => Effect.Effect<void, DemoError>
  /** Waits, unless the connector ends. */
  readonly whileItRuns: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E | DemoError>
  /** Asks the connector to end, and answers its exit code. */
  readonly end: Effect.Effect<number>
}>()("@access-kit/example-demo-c1/Stage") {
  /** Everything ends with the layer. */
  static readonly layer = (bundle: string) =>
    Layer.effect(
      Stage,
      Effect.gen(function*() {
        const files = yield* FileSystem.FileSystem
        const spawner = yield* ChildProcessSpawner
        if (!(yield* Effect.orElseSucceed(files.exists(bundle), () => false))) {
          return yield* new DemoError({
            message:
              `The command is not built: ${bundle} is missing. Run "npx --yes pnpm@12 demo:c1", which builds it first.`
          })
        }
        const scim = yield* Sandbox.make({
          directory: yield* Directory.generate({ users: 1_200, groups: 40, memberships: 9_000, seed: 7 })
        })
        const c1 = yield* C1Sandbox.make({ nextPoll: "100 millis", clientName: "demo" })
        yield* Console.log(
          `A SCIM server with 1,200 people and 40 groups listens at ${scim.baseUrl}\nA C1 listens at ${c1.url}\n\n${
            dim("$")
          } ${bold("baton-claude-enterprise")} ${dim("with BATON_CLIENT_ID, BATON_CLIENT_SECRET, BATON_SCIM_URL, …")}`
        )
        const child = yield* Effect.mapError(
          spawner.spawn(ChildProcess.make(process.execPath, [bundle], {
            stdin: "ignore",
            extendEnv: true,
            env: {
              BATON_CLIENT_ID: c1.clientId,
              BATON_CLIENT_SECRET: Redacted.value(c1.clientSecret),
              BATON_SCIM_URL: scim.baseUrl,
              BATON_SCIM_TOKEN: Redacted.value(scim.token),
              BATON_SCIM_TOKEN_FILE: undefined,
              BATON_PROVISIONING: "true",
              BATON_LOG_FORMAT: "console",
              SSL_CERT_FILE: c1.caPath
            },
            forceKillAfter: "5 seconds"
          })),
          () => new DemoError({ message: `${bundle} can't be started.` })
        )
        let said = ""
        yield* Effect.forkScoped(Stream.runForEach(Stream.decodeText(child.all), (text) =>
          Effect.sync(() => {
            said += text
          })))
        const ended = Effect.gen(function*() {
          const code = yield* Effect.orElseSucceed(child.exitCode, () => -1)
          return yield* new DemoError({ message: `the connector ended with exit code ${code}.\n${said.trimEnd()}` })
        })
        const whileItRuns = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E | DemoError> =>
          Effect.raceFirst(effect, ended)
        return {
          c1,
          scim,
          whileItRuns,
          chapter: (title) => Console.log(`\n${bold(title)}`),
          task: Effect.fn("Stage.task")(function*(what, task) {
            const id = yield* c1.enqueue(task)
            yield* Console.log(`${dim("C1 →")} ${what} ${dim(`(task ${id}, ${task.case})`)}`)
            const record = yield* whileItRuns(c1.awaitFinished(id))
            const { outcome } = record
            if (outcome?._tag === "Succeeded") return record
            return yield* new DemoError({
              message: `${what}: the connector answered ${outcome?.message ?? "nothing"}`
            })
          }),
          verify: verifying("Looked, and found it otherwise"),
          end: Effect.gen(function*() {
            yield* Effect.ignore(child.kill({ killSignal: "SIGTERM" }))
            return yield* Effect.orElseSucceed(child.exitCode, () => -1)
          })
        }
      })
    )
}
