/** An HTTP server over TLS, HTTP/1.1 and HTTP/2 on one port, that can go away and come back while its sandbox lives. */
import * as Effect from "effect/Effect"
import * as Http2 from "node:http2"
import type { Socket } from "node:net"
import type { Certificates } from "./Certificates.ts"
import type { Journal } from "./Journal.ts"

export type Request = Http2.Http2ServerRequest
export type Response = Http2.Http2ServerResponse

export interface Options {
  readonly host: string
  readonly certificates: Certificates
  readonly journal: Journal
  readonly handler: (request: Request, response: Response) => void
}

/** The connection of a request: its HTTP/2 session, or the socket of HTTP/1.1. */
export const connectionOf = (request: Request): object | undefined =>
  request.httpVersionMajor === 2 ? request.stream.session : request.socket

/** Breaks what a request came over: its stream, or with HTTP/1.1 its connection. */
export const breakStream = (request: Request): void => {
  if (request.httpVersionMajor === 2) request.stream.close(Http2.constants.NGHTTP2_INTERNAL_ERROR)
  else request.socket.destroy()
}

/** Breaks the connection, with every request on it. */
export const breakConnection = (request: Request): void => {
  if (request.httpVersionMajor === 2) request.stream.session?.destroy()
  else request.socket.destroy()
}

export class Listener {
  readonly #options: Options
  readonly #sockets = new Set<Socket>()
  readonly #sessions = new Set<Http2.ServerHttp2Session>()
  #server: Http2.Http2SecureServer | undefined
  #port = 0

  constructor(options: Options) {
    this.#options = options
  }

  get port(): number {
    return this.#port
  }

  get listening(): boolean {
    return this.#server !== undefined
  }

  /** Listens. Fails with node's own error. */
  start(port: number): Effect.Effect<void, NodeJS.ErrnoException> {
    return Effect.callback<void, NodeJS.ErrnoException>((resume) => {
      const server = this.#create()
      const failed = (error: NodeJS.ErrnoException): void => resume(Effect.fail(error))
      server.once("error", failed)
      server.listen(port, this.#options.host, () => {
        server.off("error", failed)
        const bound = server.address()
        this.#port = typeof bound === "object" && bound !== null ? bound.port : port
        this.#server = server
        resume(Effect.void)
      })
    })
  }

  /** Stops listening and breaks every connection. */
  readonly stop: Effect.Effect<void> = Effect.callback<void>((resume) => {
    const server = this.#server
    this.#server = undefined
    if (server === undefined) {
      resume(Effect.void)
      return
    }
    server.close(() => resume(Effect.void))
    this.breakAll()
  })

  /** Breaks every connection; new ones are taken. */
  breakAll(): void {
    for (const session of this.#sessions) session.destroy()
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Tells every HTTP/2 connection that no further requests are taken on it; requests under way are answered. */
  goAway(): void {
    for (const session of this.#sessions) session.close()
  }

  #create(): Http2.Http2SecureServer {
    const { certificates, handler, journal } = this.#options
    const server = Http2.createSecureServer({
      cert: certificates.certificate,
      key: certificates.key,
      minVersion: "TLSv1.2",
      allowHTTP1: true
    })
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once("close", () => this.#sockets.delete(socket))
    })
    server.on("session", (session) => {
      this.#sessions.add(session)
      journal.opened(session)
      session.once("close", () => {
        this.#sessions.delete(session)
        journal.closed()
      })
      session.on("error", () => session.destroy())
    })
    server.on("sessionError", () => {})
    // A client that doesn't trust the certificate goes away in the middle of the handshake.
    server.on("tlsClientError", () => {})
    server.on("request", (request, response) => {
      if (request.httpVersionMajor === 1 && !journal.knows(request.socket)) {
        journal.opened(request.socket)
        request.socket.once("close", () => journal.closed())
      }
      response.on("error", () => {})
      handler(request, response)
    })
    return server
  }
}
