/**
 * The HTTP side on a port of its own, with services in memory and tokens in a real database; spoken to over real HTTP.
 */
import type { Scope as TokenScope } from "@access-kit/server-api/Authorization"
import { Context, Duration, Effect, Layer, Logger, Redacted } from "effect"
import { HttpServer } from "effect/http"
import { join } from "node:path"
import type * as Edge from "../../src/http/Edge.ts"
import { defaults, HttpLimits, type HttpLimitsShape } from "../../src/http/HttpLimits.ts"
import * as HttpSide from "../../src/http/HttpSide.ts"
import * as Listener from "../../src/http/Listener.ts"
import { Drain } from "../../src/jobs/Drain.ts"
import { Pulse } from "../../src/jobs/Pulse.ts"
import { Lifecycle } from "../../src/Lifecycle.ts"
import * as Database from "../../src/storage/Database.ts"
import { Tokens } from "../../src/Tokens.ts"
import { temporaryDirectory } from "../Databases.ts"
import * as FakeServices from "./FakeServices.ts"

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body as JSON. */
  readonly json: Record<string, unknown>
}

export class TestServer extends Context.Service<TestServer, {
  readonly url: string
  /** With every scope. */
  readonly admin: string
  readonly token: (name: string, scopes: ReadonlyArray<TokenScope>) => Effect.Effect<string>
  /** With the admin token, unless the headers say otherwise. */
  /** Every line of the log, as JSON. */
  readonly log: ReadonlyArray<string>
  readonly send: (method: string, path: string, options?: {
    readonly headers?: Readonly<Record<string, string>>
    readonly body?: string | Uint8Array
    readonly anonymous?: boolean
  }) => Effect.Effect<Answer>
}>()("@access-kit/http-server/test/TestServer") {}

const parse = (text: string): Record<string, unknown> => {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

const lines: Array<string> = []

const logging = Logger.layer([Logger.map(Logger.formatJson, (line) => void lines.push(line))])

const client = Layer.effect(
  TestServer,
  Effect.gen(function*() {
    const server = yield* HttpServer.HttpServer
    const tokens = yield* Tokens
    const make = (name: string, scopes: ReadonlyArray<TokenScope>) =>
      Effect.orDie(tokens.create({ name: "test" }, { name, scopes })).pipe(
        Effect.map(({ text }) => Redacted.value(text))
      )
    const admin = yield* make("admin", ["admin"])
    const url = HttpServer.formatAddress(server.address)
    return {
      url,
      admin,
      token: make,
      log: lines,
      send: (method, path, options = {}) =>
        Effect.promise(async (signal) => {
          const response = await fetch(url + path, {
            method,
            signal,
            redirect: "manual",
            headers: {
              ...(options.anonymous === true ? {} : { authorization: `Bearer ${admin}` }),
              ...(options.body === undefined ? {} : { "content-type": "application/json" }),
              ...options.headers
            },
            ...(options.body === undefined ? {} : { body: options.body })
          })
          const text = await response.text()
          return { status: response.status, headers: response.headers, text, json: parse(text) }
        })
    }
  })
)

/** The job engine, as far as readiness asks for it. */
const engine = (reason: string | undefined) => Layer.succeed(Pulse, { check: () => Effect.succeed(reason) })

export const layer = (options: {
  readonly limits?: Partial<HttpLimitsShape>
  readonly edge?: Partial<Edge.Options>
  /** Why the job engine does not work. */
  readonly engine?: string
} = {}) =>
  client.pipe(
    Layer.provideMerge(HttpSide.layer({ corsOrigins: [], trustedProxies: [], secure: false, ...options.edge })),
    Layer.provideMerge(Listener.layer({ host: "127.0.0.1", port: 0 }, undefined)),
    Layer.provideMerge(Tokens.layer),
    Layer.provideMerge(Layer.mergeAll(FakeServices.layer, Lifecycle.layer, Drain.layer, engine(options.engine))),
    Layer.provideMerge(Layer.unwrap(Effect.map(
      temporaryDirectory,
      (directory) => Database.layer(Database.Location.Sqlite({ filename: join(directory, "server.db") }))
    ))),
    Layer.provide(
      Layer.merge(
        logging,
        Layer.succeed(HttpLimits, { ...defaults, keyPatience: Duration.millis(300), ...options.limits })
      )
    ),
    Layer.orDie
  )
