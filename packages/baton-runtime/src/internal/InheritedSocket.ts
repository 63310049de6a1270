/**
 * A socket that listens in this process and is handed to a child, which accepts its connections. Calls may be made at once: they wait in the socket's
 * queue until the child takes them.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Scope from "effect/Scope"
import { createServer, type Server } from "node:net"

export class SocketFailure extends Data.TaggedError("SocketFailure")<{ readonly cause: unknown }> {}

export interface InheritedSocket {
  readonly port: number
  /** The descriptor, for the `stdio` of a child. */
  readonly fd: number
  /** Gives up this process's own hold, so that it takes no connection away from the child. */
  readonly release: Effect.Effect<void>
}

const close = (server: Server): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (!server.listening) return resume(Effect.void)
    server.close(() => resume(Effect.void))
  })

/** Node.js has no public name for the descriptor of a server; where its handle has none either, as on Windows, nothing can be handed over. */
const descriptorOf = (server: unknown): number | undefined =>
  Predicate.hasProperty(server, "_handle") && Predicate.hasProperty(server._handle, "fd")
    && typeof server._handle.fd === "number" && server._handle.fd >= 0
    ? server._handle.fd
    : undefined

export const make: Effect.Effect<InheritedSocket, SocketFailure, Scope.Scope> = Effect.gen(function*() {
  const server = yield* Effect.acquireRelease(Effect.sync(() => createServer()), close)
  yield* Effect.callback<void, SocketFailure>((resume) => {
    server.once("error", (cause) => resume(Effect.fail(new SocketFailure({ cause }))))
    server.listen({ host: "127.0.0.1", port: 0 }, () => resume(Effect.void))
  })
  const address = server.address()
  const fd = descriptorOf(server)
  if (address === null || typeof address === "string" || fd === undefined) {
    return yield* new SocketFailure({ cause: "The socket can't be handed to another process." })
  }
  return { port: address.port, fd, release: close(server) }
})
