/**
 * A socket that listens in this process and is handed to a child, which accepts its connections. Calls may be made at once: they wait in the socket's
 * queue until the child takes them.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { createServer, type Server } from "node:net"
import type { Writable } from "node:stream"

export class SocketFailure extends Data.TaggedError("SocketFailure")<{ readonly cause: unknown }> {}

export interface InheritedSocket {
  readonly port: number
  /** For the `stdio` of a child: Node.js hands over what a stream is open on, and a listening server is open on its socket. */
  readonly stdio: Writable
  /** Gives up this process's own hold, so that it takes no connection away from the child. */
  readonly release: Effect.Effect<void>
}

const close = (server: Server): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (!server.listening) return resume(Effect.void)
    server.close(() => resume(Effect.void))
  })

/** Whatever is open on a handle can be inherited, a server as well as a stream; the types know of streams only. */
const isInheritable = (server: unknown): server is Writable =>
  typeof server === "object" && server !== null && "_handle" in server && server._handle !== null

export const make: Effect.Effect<InheritedSocket, SocketFailure, Scope.Scope> = Effect.gen(function*() {
  const server = yield* Effect.acquireRelease(Effect.sync(() => createServer()), close)
  yield* Effect.callback<void, SocketFailure>((resume) => {
    server.once("error", (cause) => resume(Effect.fail(new SocketFailure({ cause }))))
    server.listen({ host: "127.0.0.1", port: 0 }, () => resume(Effect.void))
  })
  const address = server.address()
  if (address === null || typeof address === "string" || !isInheritable(server)) {
    return yield* new SocketFailure({ cause: "The socket can't be handed to another process." })
  }
  return { port: address.port, stdio: server, release: close(server) }
})
