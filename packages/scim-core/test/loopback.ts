/**
 * Real HTTP servers on the loopback interface for tests, and clients that talk to them. A server is one function from a
 * request that has arrived whole to what should happen to it.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Effect, Layer, Redacted, type Scope } from "effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import * as Auth from "../src/Auth.ts"
import * as RetryPolicy from "../src/RetryPolicy.ts"
import * as ScimClient from "../src/ScimClient.ts"

export interface Received {
  readonly method: string
  /** Path and query as sent. */
  readonly target: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: Http.IncomingHttpHeaders
  readonly body: string
}

export interface Answer {
  readonly status?: number
  readonly headers?: { readonly [name: string]: string }
  /** Objects are sent as JSON, texts and bytes as they are. */
  readonly body?: unknown
}

/** An answer, or a function that does as it likes with the raw response. */
export type Handler = (received: Received, index: number) => Answer | ((response: Http.ServerResponse) => void)

export interface Server {
  readonly url: string
  readonly requests: ReadonlyArray<Received>
  readonly connections: () => number
  /** Resolves when the connection of a request that was never answered is gone. */
  readonly aborted: Promise<void>
}

export const serve = (handler: Handler): Effect.Effect<Server, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise(() =>
        new Promise<{ readonly server: Http.Server; readonly state: Server }>((resolve) => {
          const requests: Array<Received> = []
          let connections = 0
          const aborted = Promise.withResolvers<void>()
          const server = Http.createServer((request, response) => {
            const chunks: Array<Buffer> = []
            response.on("close", () => {
              if (!response.writableFinished) aborted.resolve()
            })
            request.on("data", (chunk: Buffer) => chunks.push(chunk))
            request.on("end", () => {
              const target = request.url ?? "/"
              const url = new URL(target, "http://loopback")
              const received: Received = {
                method: request.method ?? "",
                target,
                path: url.pathname,
                query: url.searchParams,
                headers: request.headers,
                body: Buffer.concat(chunks).toString("utf8")
              }
              requests.push(received)
              const answer = handler(received, requests.length - 1)
              if (typeof answer === "function") {
                answer(response)
                return
              }
              const raw = typeof answer.body === "string" || Buffer.isBuffer(answer.body)
              const body = answer.body === undefined ? "" : raw ? answer.body : JSON.stringify(answer.body)
              response.writeHead(answer.status ?? 200, {
                ...(raw || answer.body === undefined ? {} : { "content-type": "application/scim+json" }),
                ...answer.headers
              })
              response.end(body)
            })
          })
          server.on("connection", () => connections++)
          server.listen(0, "127.0.0.1", () => {
            const { port } = server.address() as AddressInfo
            resolve({
              server,
              state: {
                url: `http://127.0.0.1:${port}/scim/v2`,
                requests,
                connections: () => connections,
                aborted: aborted.promise
              }
            })
          })
        })
      ),
      ({ server }) =>
        Effect.promise(() =>
          new Promise<void>((resolve) => {
            server.close(() => resolve())
            server.closeAllConnections()
          })
        )
    ),
    ({ state }) => state
  )

/**
 * Answers nobody before so many wait, which shows how many requests a client has open at the most, however slow the machine is. As many requests must
 * come as this divides.
 */
export const gather = (least: number) => {
  let most = 0
  let waiting: Array<() => void> = []
  const answerAll = () => {
    const answers = waiting
    waiting = []
    for (const answer of answers) answer()
  }
  return {
    join: (answer: () => void) => {
      waiting.push(answer)
      most = Math.max(most, waiting.length)
      // One that is too many has a moment to come.
      if (waiting.length === least) setTimeout(answerAll, 5)
    },
    most: () => most
  }
}

export const token = "se_T0ken-that-must-not-get-out"

/** Retries without waiting, so that tests need no clock. */
export const impatient = RetryPolicy.make({
  initialDelay: 0,
  maxDelay: 0,
  maxRetries: 3,
  jitter: false,
  budget: "500 millis"
})

export const connect = (
  server: { readonly url: string },
  options?: Partial<ScimClient.Options>,
  http: Layer.Layer<HttpClient.HttpClient> = NodeHttpClient.layerUndici
): Effect.Effect<ScimClient.ScimClient["Service"], never, Scope.Scope> =>
  Layer.build(
    ScimClient.layer({
      baseUrl: server.url,
      auth: Auth.bearer(Redacted.make(token)),
      retry: impatient,
      ...options
    }).pipe(Layer.provide(http), Layer.orDie)
  ).pipe(
    Effect.flatMap((context) => Effect.provideContext(Effect.service(ScimClient.ScimClient), context))
  )

/** A list answer as RFC 7644 has it. */
export const listResponse = (
  rows: ReadonlyArray<unknown>,
  facts: { readonly total?: number; readonly startIndex?: number; readonly nextCursor?: string } = {}
) => ({
  schemas: ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
  totalResults: facts.total ?? rows.length,
  startIndex: facts.startIndex ?? 1,
  itemsPerPage: rows.length,
  Resources: rows,
  ...(facts.nextCursor === undefined ? {} : { nextCursor: facts.nextCursor })
})

export const scimError = (status: number, detail: string, scimType?: string): Answer => ({
  status,
  body: {
    schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"],
    status: String(status),
    detail,
    ...(scimType === undefined ? {} : { scimType })
  }
})

/** Users `u1` to `un`. */
export const users = (n: number): ReadonlyArray<{ readonly id: string; readonly userName: string }> =>
  Array.from({ length: n }, (_, i) => ({ id: `u${i + 1}`, userName: `person${i + 1}@example.com` }))

export interface Paging {
  /** Most rows in a page. */
  readonly cap?: number
}

/** `GET` of a list of users by index, as RFC 7644 has it. */
export const paged = (rows: ReadonlyArray<unknown>, received: Received, paging: Paging = {}) => {
  const startIndex = Math.max(1, Number(received.query.get("startIndex") ?? 1))
  const count = Math.min(paging.cap ?? 1000, Number(received.query.get("count") ?? 100))
  return listResponse(rows.slice(startIndex - 1, startIndex - 1 + count), { total: rows.length, startIndex })
}
