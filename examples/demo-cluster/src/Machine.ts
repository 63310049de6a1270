/**
 * A server process of the demo: started, listened to, and killed.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type ChildProcess, spawn } from "node:child_process"
import { createInterface } from "node:readline"

/** The demo could not go on. */
export class DemoError extends Schema.TaggedError<DemoError>()("DemoError", {
  message: Schema.String
}) {}

const LogLine = Schema.fromJsonString(Schema.Struct({
  message: Schema.String,
  annotations: Schema.Record(Schema.String, Schema.Unknown)
}))

const decode = Schema.decodeUnknownOption(LogLine)

/** One line of a server's log. */
export interface Told {
  readonly message: string
  readonly annotations: Readonly<Record<string, unknown>>
}

export interface Machine {
  readonly name: string
  readonly url: string
  readonly signal: (signal: "SIGKILL" | "SIGTERM") => Effect.Effect<void>
}

const started = (
  child: ChildProcess,
  name: string,
  tell: (told: Told) => void
): Effect.Effect<string, DemoError> =>
  Effect.callback((resume) => {
    let said = ""
    child.stderr?.on("data", (chunk: Buffer) => {
      said += chunk.toString("utf8")
    })
    if (child.stdout === null) return
    createInterface({ input: child.stdout }).on("line", (line) => {
      const told = decode(line)
      if (Option.isNone(told)) return
      const { url } = told.value.annotations
      if (told.value.message.endsWith("is ready") && typeof url === "string") resume(Effect.succeed(url))
      tell(told.value)
    })
    child.once("error", (error) =>
      resume(new DemoError({ message: `Server ${name} can't be started: ${error.message}` })))
    child.once("exit", (code) =>
      resume(new DemoError({ message: `Server ${name} ended with ${code}. ${said}` })))
  })

/** Ends with the scope, however the demo ends. */
export const start = Effect.fnUntraced(function*(options: {
  readonly name: string
  readonly program: string
  readonly args: ReadonlyArray<string>
  readonly environment: Readonly<Record<string, string>>
  readonly tell: (told: Told) => void
}) {
  const { args, environment, name, program, tell } = options
  const child = yield* Effect.acquireRelease(
    Effect.sync(() =>
      spawn(process.execPath, [program, "serve", "--listen", "127.0.0.1:0", ...args], {
        env: { PATH: process.env["PATH"] ?? "", ...environment },
        stdio: ["ignore", "pipe", "pipe"]
      })
    ),
    (running) => Effect.sync(() => running.kill("SIGKILL"))
  )
  const url = yield* started(child, name, tell)
  const machine: Machine = {
    name,
    url,
    signal: (signal) =>
      Effect.callback<void>((resume) => {
        if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
        child.once("exit", () => resume(Effect.void))
        child.kill(signal)
      })
  }
  return machine
})
