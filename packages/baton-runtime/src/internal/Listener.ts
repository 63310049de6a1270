/**
 * An HTTP/2 server that listens and, when it has to end, lets what is under way finish.
 */
import { Code, ConnectError } from "@connectrpc/connect"
import type { connectNodeAdapter } from "@connectrpc/connect-node"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Http2 from "node:http2"
import type { AddressInfo } from "node:net"
import { BatonServerError } from "../BatonServerError.ts"
import type { Security } from "../Security.ts"

export interface Options {
  readonly listen: { readonly host: string; readonly port: number } | { readonly fd: number }
  readonly security: Security
}

export interface Address {
  readonly host: string
  readonly port: number
}

/** How long calls that are under way may take to end when the server closes. */
const GRACE_MILLIS = 5_000

const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || host === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)

const whereOf = (listen: Options["listen"]): string =>
  "fd" in listen ? `the inherited socket ${listen.fd}` : `${listen.host}:${listen.port}`

const invalidCredential = (message: string, cause?: unknown) =>
  new BatonServerError({ reason: "InvalidCredential", message, ...(cause === undefined ? {} : { cause }) })

const notLoopback = (host: string) =>
  new BatonServerError({
    reason: "NotLoopback",
    message: `Without TLS a server listens on loopback only, and ${host} is reached from other machines. `
      + "Give a certificate and a key, or listen on 127.0.0.1."
  })

type Handler = ReturnType<typeof connectNodeAdapter>

const createServer = (
  security: Security,
  handler: Handler
): Effect.Effect<Http2.Http2Server | Http2.Http2SecureServer, BatonServerError> => {
  if (security._tag === "Plaintext") return Effect.sync(() => Http2.createServer(handler))
  const { certificate, key } = security
  if (certificate === undefined || key === undefined) {
    return Effect.fail(invalidCredential("A server needs a certificate and its key. Give both, as PEM."))
  }
  return Effect.try({
    try: () =>
      Http2.createSecureServer({
        cert: certificate,
        key: Redacted.value(key),
        minVersion: "TLSv1.2",
        ALPNProtocols: ["h2"],
        ...(security._tag === "MutualTls"
          ? { ca: security.authority, requestCert: true, rejectUnauthorized: true }
          : {})
      }, handler),
    // What OpenSSL says about a key names no part of it.
    catch: (cause) =>
      invalidCredential(
        "The certificate and the key can't be used together. Look whether both are PEM and belong to each other.",
        cause
      )
  })
}

const listenFailed = (listen: Options["listen"], cause: NodeJS.ErrnoException): BatonServerError => {
  const where = whereOf(listen)
  switch (cause.code) {
    case "EADDRINUSE":
      return new BatonServerError({
        reason: "AddressInUse",
        message: `Another process listens on ${where}. Stop it or choose another port.`,
        cause
      })
    case "EACCES":
    case "EPERM":
      return new BatonServerError({
        reason: "NotPermitted",
        message: `This process may not listen on ${where}. Choose a port above 1023, or allow it.`,
        cause
      })
    default:
      return new BatonServerError({
        reason: "ListenFailed",
        message: `Nothing can listen on ${where} (${cause.code ?? cause.message}). Check the host name and the port.`,
        cause
      })
  }
}

const addressOf = (address: string | AddressInfo | null): Address =>
  address === null || typeof address === "string"
    ? { host: address ?? "", port: 0 }
    : { host: address.address, port: address.port }

/** Starts to listen; the scope's end stops it. Calls under way get a moment to end, new ones are refused at once. */
const listening = (server: Http2.Http2Server | Http2.Http2SecureServer, listen: Options["listen"]) =>
  Effect.acquireRelease(
    Effect.suspend(() => {
      const sessions = new Set<Http2.ServerHttp2Session>()
      server.on("session", (session) => {
        sessions.add(session)
        session.once("close", () => sessions.delete(session))
        // A caller that went away mid-call; its calls are aborted by themselves.
        session.on("error", () => session.destroy())
      })
      server.on("sessionError", () => {})
      return Effect.callback<
        { readonly sessions: Set<Http2.ServerHttp2Session>; readonly address: Address },
        BatonServerError
      >(
        (resume) => {
          server.once("error", (cause) => resume(Effect.fail(listenFailed(listen, cause))))
          const ready = () => resume(Effect.sync(() => ({ sessions, address: addressOf(server.address()) })))
          if ("fd" in listen) server.listen({ fd: listen.fd }, ready)
          else server.listen({ host: listen.host, port: listen.port }, ready)
        }
      )
    }),
    ({ sessions }) =>
      Effect.callback<void>((resume) => {
        const impatient = setTimeout(() => {
          for (const session of sessions) session.destroy()
        }, GRACE_MILLIS)
        server.close(() => {
          // It would keep the process for its whole time otherwise.
          clearTimeout(impatient)
          resume(Effect.void)
        })
        for (const session of sessions) session.close()
        return Effect.sync(() => clearTimeout(impatient))
      })
  )

/**
 * Serves until the scope closes, and answers where. The handler is told when the server is about to end.
 */
export const listen = Effect.fnUntraced(function*(
  options: Options,
  handlerOf: (ending: AbortSignal) => Handler
): Effect.fn.Return<Address, BatonServerError, Scope.Scope> {
  const { listen, security } = options
  if (security._tag === "Plaintext" && !("fd" in listen) && !isLoopback(listen.host)) {
    return yield* notLoopback(listen.host)
  }
  const ending = new AbortController()
  const server = yield* createServer(security, handlerOf(ending.signal))
  const { address } = yield* listening(server, listen)
  if (security._tag === "Plaintext" && !isLoopback(address.host)) return yield* notLoopback(address.host)
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => ending.abort(new ConnectError("the server is shutting down", Code.Unavailable)))
  )
  return address
})
