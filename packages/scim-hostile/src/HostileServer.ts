/**
 * A real HTTP server on loopback that does to each request whatever its handler says, wire level included.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as NodeHttp from "node:http"
import type { AddressInfo } from "node:net"

/**
 * A request as the server got it.
 *
 * @since 0.1.0
 */
export interface Received {
  readonly method: string
  /** Path as it was sent, still percent-encoded, without the query. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: NodeHttp.IncomingHttpHeaders
  readonly body: string
  /** Milliseconds of a monotonic clock. */
  readonly at: number
  /** Counts from 0. */
  readonly index: number
}

/**
 * What the server does.
 *
 * @since 0.1.0
 */
export type Reply =
  | {
    readonly status: number
    readonly headers?: Readonly<Record<string, string>>
    /** Objects are sent as `application/scim+json`; strings and bytes as they are. */
    readonly body?: unknown
  }
  /** Takes the response over: to hang, to cut it short, to break the connection. */
  | { readonly raw: (response: NodeHttp.ServerResponse, request: NodeHttp.IncomingMessage) => void }

/**
 * @since 0.1.0
 */
export interface HostileServer {
  readonly handle: (request: Received) => Reply | Promise<Reply>
  /** Everything received so far; filled by the suite. */
  readonly received: Array<Received>
  /** Requests being answered now, and the most at once so far. */
  readonly inFlight: { now: number; most: number }
  /** Connections that the client closed before its answer was complete. */
  readonly abandoned: { count: number }
}

/**
 * @since 0.1.0
 */
export const make = (handle: HostileServer["handle"]): HostileServer => ({
  handle,
  received: [],
  inFlight: { now: 0, most: 0 },
  abandoned: { count: 0 }
})

// More requests than any case needs from a client that ends: the brake for clients that don't.
const patience = 2_000

const send = (response: NodeHttp.ServerResponse, reply: Exclude<Reply, { readonly raw: unknown }>): void => {
  const { body, headers, status } = reply
  if (body === undefined) {
    response.writeHead(status, headers)
    response.end()
  } else if (typeof body === "string" || body instanceof Uint8Array) {
    response.writeHead(status, headers)
    response.end(body)
  } else {
    response.writeHead(status, { "content-type": "application/scim+json", ...headers })
    response.end(JSON.stringify(body))
  }
}

/**
 * Serves until the scope closes; answers the address, without a path.
 *
 * @since 0.1.0
 */
export const serve = (server: HostileServer): Effect.Effect<string, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<NodeHttp.Server>((resume) => {
        const listener = NodeHttp.createServer((request, response) => {
          const chunks: Array<Buffer> = []
          request.on("data", (chunk: Buffer) => chunks.push(chunk))
          request.on("error", () => {})
          response.on("error", () => {})
          request.on("end", () => {
            const target = new URL(request.url ?? "/", "http://loopback")
            const raw = request.url ?? "/"
            const cut = raw.indexOf("?")
            const received: Received = {
              method: request.method ?? "GET",
              path: cut < 0 ? raw : raw.slice(0, cut),
              query: target.searchParams,
              headers: request.headers,
              body: Buffer.concat(chunks).toString("utf8"),
              at: performance.now(),
              index: server.received.length
            }
            server.received.push(received)
            server.inFlight.now += 1
            server.inFlight.most = Math.max(server.inFlight.most, server.inFlight.now)
            response.on("close", () => {
              server.inFlight.now -= 1
              if (!response.writableFinished) server.abandoned.count += 1
            })
            if (received.index >= patience) {
              response.destroy()
              return
            }
            Promise.resolve().then(() => server.handle(received)).then(
              (reply) => "raw" in reply ? reply.raw(response, request) : send(response, reply),
              (cause: unknown) => send(response, { status: 500, body: `The suite itself failed: ${String(cause)}` })
            )
          })
        })
        listener.listen(0, "127.0.0.1", () => resume(Effect.succeed(listener)))
      }),
      (listener) =>
        Effect.callback<void>((resume) => {
          listener.close(() => resume(Effect.void))
          listener.closeAllConnections()
        })
    ),
    (listener) => `http://127.0.0.1:${(listener.address() as AddressInfo).port}`
  )

/**
 * Whether the client went on after `patience` requests: the mark of a loop without an end.
 *
 * @since 0.1.0
 */
export const isEndless = (server: HostileServer): boolean => server.received.length >= patience
