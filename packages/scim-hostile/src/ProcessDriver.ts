/**
 * Drives a client that lives in another process, in any language, by lines of JSON.
 *
 * The process reads one request per line and writes one answer per line, in any order:
 *
 * - in: `{"id": 7, "session": 3, "call": "getUser", "arguments": ["u1"]}`; the call `connect` has the `ClientOptions` as its argument and
 *   opens the session, `close` ends it
 * - out: `{"id": 7, "answer": {"ok": true, "value": …}}`, as `Answer` says
 *
 * Its very first line names the client and what it can do: `{"client": "scim2-client 0.13.2", "calls": ["listUsers", …]}`.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import type { Answer, ClientOptions, Driver, Session } from "./Driver.ts"

const Hello = Schema.fromJsonString(Schema.Struct({ client: Schema.String, calls: Schema.Array(Schema.String) }))

const Failure = Schema.Struct({
  kind: Schema.String,
  text: Schema.String,
  status: Schema.optionalKey(Schema.Number),
  detail: Schema.optionalKey(Schema.String)
})

const Line = Schema.fromJsonString(Schema.Struct({
  id: Schema.Number,
  answer: Schema.Union([
    Schema.Struct({ ok: Schema.Literal(true), value: Schema.Unknown }),
    Schema.Struct({ ok: Schema.Literal(false), failure: Failure })
  ])
}))

const decodeHello = Schema.decodeUnknownSync(Hello)
const decodeLine = Schema.decodeUnknownSync(Line)

/**
 * The process could not be started, or did not say what it is.
 *
 * @since 0.1.0
 */
export class ProcessDriverError extends Schema.TaggedError<ProcessDriverError>()("ProcessDriverError", {
  message: Schema.String
}) {}

/**
 * Starts the process and keeps it until the scope closes.
 *
 * @since 0.1.0
 */
export const make = (
  command: string,
  argv: ReadonlyArray<string>
): Effect.Effect<Driver, ProcessDriverError, Scope.Scope> =>
  Effect.gen(function*() {
    const child = yield* Effect.acquireRelease(
      Effect.sync(() => spawn(command, argv, { stdio: ["pipe", "pipe", "inherit"] })),
      (running) => Effect.sync(() => running.kill())
    )
    const waiting = new Map<number, (answer: Answer<unknown>) => void>()
    let sent = 0
    let sessions = 0

    const call = (session: number, name: string, given: ReadonlyArray<unknown>): Promise<Answer<unknown>> =>
      new Promise((resolve) => {
        sent += 1
        waiting.set(sent, resolve)
        child.stdin.write(`${JSON.stringify({ id: sent, session, call: name, arguments: given })}\n`)
      })

    const hello = yield* Effect.callback<typeof Hello.Type, ProcessDriverError>((resume) => {
      const failed = (message: string) => resume(Effect.fail(new ProcessDriverError({ message })))
      let first = true
      child.on("error", (cause) => failed(`"${command}" can't be started: ${cause.message}`))
      child.on("exit", (code) => {
        failed(`"${command}" ended with code ${code} before it said what it is.`)
        for (const [, resolve] of waiting) {
          resolve({ ok: false, failure: { kind: "other", text: `the driver's process ended with code ${code}` } })
        }
        waiting.clear()
      })
      createInterface({ input: child.stdout }).on("line", (text) => {
        if (first) {
          first = false
          resume(Effect.try({
            try: () => decodeHello(text),
            catch: () =>
              new ProcessDriverError({ message: `"${command}" began with something else than its name: ${text}` })
          }))
          return
        }
        const { answer, id } = decodeLine(text)
        waiting.get(id)?.(answer as Answer<unknown>)
        waiting.delete(id)
      })
    })

    const connect = async (options: ClientOptions): Promise<Session> => {
      sessions += 1
      const session = sessions
      const connected = await call(session, "connect", [options])
      if (!connected.ok) throw new Error(connected.failure.text)
      const operations: Record<string, (...given: ReadonlyArray<unknown>) => Promise<unknown>> = {
        close: () => call(session, "close", [])
      }
      for (const name of hello.calls) operations[name] = (...given) => call(session, name, given)
      // The one operation whose answer is a text and nothing else.
      if ("logged" in operations) {
        operations["logged"] = async () => {
          const logged = await call(session, "logged", [])
          return logged.ok ? String(logged.value) : logged.failure.text
        }
      }
      // The process is the other half of this driver and answers by the types of `Session`.
      return operations as unknown as Session
    }
    return { client: hello.client, connect } satisfies Driver
  })

const Request = Schema.fromJsonString(Schema.Struct({
  id: Schema.Number,
  session: Schema.Number,
  call: Schema.String,
  arguments: Schema.Array(Schema.Unknown)
}))

const decodeRequest = Schema.decodeUnknownSync(Request)

/**
 * The other side, for a client in JavaScript that shall have a process of its own: answers requests on standard input until it ends.
 * `calls` are the operations that the driver's sessions have.
 *
 * @since 0.1.0
 */
export const serve = async (driver: Driver, calls: ReadonlyArray<keyof Session>): Promise<void> => {
  const sessions = new Map<number, Session>()
  const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`)
  const answer = async ({ arguments: given, call, session }: typeof Request.Type): Promise<unknown> => {
    if (call === "connect") {
      sessions.set(session, await driver.connect(given[0] as ClientOptions))
      return { ok: true, value: {} }
    }
    const operations = sessions.get(session) as
      | Record<string, ((...given: ReadonlyArray<unknown>) => unknown) | undefined>
      | undefined
    const made = await operations?.[call]?.(...given)
    // What is no answer by itself, such as the log, is the value of one.
    return typeof made === "object" && made !== null && "ok" in made ? made : { ok: true, value: made ?? {} }
  }
  say({ client: driver.client, calls })
  for await (const line of createInterface({ input: process.stdin })) {
    const request = decodeRequest(line)
    void answer(request).then(
      (made) => say({ id: request.id, answer: made }),
      (cause: unknown) =>
        say({ id: request.id, answer: { ok: false, failure: { kind: "other", text: String(cause) } } })
    )
  }
}
