/**
 * The HTTP server of Node.js as this server wants it: with TLS or without, patient with slow networks and not with slow attackers.
 *
 * @since 0.1.0
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { createServer, type Server, type ServerResponse, STATUS_CODES } from "node:http"
import { createServer as createSecureServer } from "node:https"
import type { Socket } from "node:net"
import { HttpLimits, type HttpLimitsShape } from "./HttpLimits.ts"

/**
 * @since 0.1.0
 */
export interface Address {
  readonly host: string
  readonly port: number
}

/**
 * @since 0.1.0
 */
export interface Certificate {
  /** PEM. */
  readonly certificate: string
  /** PEM. */
  readonly key: Redacted.Redacted<string>
}

/**
 * The address can't be listened on, or the certificate does not fit its key.
 *
 * @since 0.1.0
 */
export class ListenError extends Schema.TaggedError<ListenError>()("ListenError", {
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/** How long requests that are under way may take when the server stops: with the drain of the jobs after it, an end within ten seconds. */
const grace = Duration.seconds(3)

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : ""

const explain = (address: Address, cause: unknown): string => {
  const where = `${address.host}:${address.port}`
  switch (codeOf(cause)) {
    case "EADDRINUSE":
      return `${where} is in use by another process. Stop it, or choose another address with --listen.`
    case "EACCES":
      return `${where} needs more rights than this process has. Choose a port above 1023 with --listen.`
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `${address.host} is no address of this machine. Choose another one with --listen.`
    default:
      return `${where} can't be listened on.`
  }
}

/** What Node.js could not even read as a request gets a problem as well, written by hand since there is no request to answer. */
const refuse = (error: Error, socket: Socket): void => {
  if (!socket.writable || codeOf(error) === "ECONNRESET") {
    socket.destroy()
    return
  }
  const [status, title] = codeOf(error) === "HPE_HEADER_OVERFLOW"
    ? [431, "The header fields of the request are too large."] as const
    : codeOf(error) === "ERR_HTTP_REQUEST_TIMEOUT"
    ? [408, "The request did not arrive in time."] as const
    : [400, "This is no HTTP request."] as const
  const body = JSON.stringify({
    type: status === 400 ? "urn:access-kit:problem:bad-request" : "about:blank",
    status,
    title: STATUS_CODES[status],
    detail: title
  })
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/problem+json\r\nContent-Length: ${
      Buffer.byteLength(body)
    }\r\nConnection: close\r\n\r\n${body}`
  )
}

/**
 * Closes connections on which nothing moves. One whose request is being answered waits for the server: for the end of an operation, or for the next event.
 * One that does not take what it is sent is closed all the same.
 */
const closeIdle = (server: Server, idle: number): void => {
  const answers = new WeakMap<Socket, ServerResponse>()
  server.timeout = idle
  server.on("request", (request, response) => {
    answers.set(request.socket, response)
    response.once("close", () => answers.delete(request.socket))
  })
  server.on("timeout", (socket) => {
    const answer = answers.get(socket)
    // It counts anew after each time.
    if (answer !== undefined && answer.writableLength === 0) socket.setTimeout(idle)
    else socket.destroy()
  })
}

const make = (limits: HttpLimitsShape, certificate: Certificate | undefined): Server => {
  const receive = Duration.toMillis(limits.receiveTimeout)
  const options = {
    requestTimeout: receive,
    headersTimeout: Math.min(receive, 10_000),
    connectionsCheckingInterval: Math.min(receive, 5_000),
    keepAliveTimeout: Math.min(Duration.toMillis(limits.idleTimeout), 15_000),
    maxHeaderSize: 64 * 1024
  }
  const server = certificate === undefined
    ? createServer(options)
    : createSecureServer({
      ...options,
      cert: certificate.certificate,
      key: Redacted.value(certificate.key),
      minVersion: "TLSv1.2"
    })
  closeIdle(server, Duration.toMillis(limits.idleTimeout))
  server.on("clientError", (error, socket) => {
    if ("destroySoon" in socket) refuse(error, socket as Socket)
    else socket.destroy()
  })
  return server
}

/**
 * @since 0.1.0
 */
export const layer = (
  address: Address,
  certificate: Certificate | undefined
): Layer.Layer<HttpServer.HttpServer, ListenError> =>
  Layer.effect(
    HttpServer.HttpServer,
    Effect.gen(function*() {
      const limits = yield* HttpLimits
      const server = yield* Effect.try({
        try: () => make(limits, certificate),
        catch: (cause) =>
          new ListenError({
            message: "The certificate can't be used with this key. Both must be PEM files, and belong together.",
            cause
          })
      })
      const listening = yield* Effect.mapError(
        NodeHttpServer.make(() => server, { ...address, gracefulShutdownTimeout: grace }),
        ({ cause }) => new ListenError({ message: explain(address, cause), cause })
      )
      // Whoever has kept a connection open until now would keep the process.
      yield* Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections()))
      return listening
    })
  )
