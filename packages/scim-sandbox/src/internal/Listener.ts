/** A node HTTP server under a scope: it listens when acquired, and leaves no socket and no handle behind when released. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"

export interface Address {
  readonly host: string
  readonly port: number
}

/** Starts a server on a host and port; port 0 takes a free one. Fails with node's own error. */
export const listen = (
  server: Http.Server,
  address: Address
): Effect.Effect<Address, NodeJS.ErrnoException, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Address, NodeJS.ErrnoException>((resume) => {
      const failed = (error: NodeJS.ErrnoException): void => resume(Effect.fail(error))
      server.once("error", failed)
      server.listen(address.port, address.host, () => {
        server.off("error", failed)
        const bound = server.address()
        resume(Effect.succeed({
          host: address.host,
          port: typeof bound === "object" && bound !== null ? bound.port : address.port
        }))
      })
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )

export const makeServer = (): Http.Server =>
  // Longer than any client's own keep-alive, so that the server is never the one to close a connection in use.
  Http.createServer({ keepAliveTimeout: 65_000, noDelay: true })

/** The request's body is larger than the service takes. */
export class BodyTooLarge extends Schema.TaggedError<BodyTooLarge>()("BodyTooLarge", { limit: Schema.Int }) {}

/** The client went away before its request was complete. */
export class Aborted extends Schema.TaggedError<Aborted>()("Aborted", {}) {}

/** Reads a request body, and gives up as soon as it is larger than `limit` bytes. */
export const readBody = (
  request: Http.IncomingMessage,
  limit: number
): Effect.Effect<Buffer, BodyTooLarge | Aborted> =>
  Effect.callback<Buffer, BodyTooLarge | Aborted>((resume) => {
    if (request.destroyed && !request.readableEnded) {
      resume(Effect.fail(new Aborted({})))
      return
    }
    const chunks: Array<Buffer> = []
    let size = 0
    const onData = (chunk: Buffer): void => {
      size += chunk.length
      if (size > limit) {
        request.off("data", onData)
        // The rest is read and forgotten: a client still sending would otherwise see a reset instead of the 413.
        request.resume()
        resume(Effect.fail(new BodyTooLarge({ limit })))
      } else {
        chunks.push(chunk)
      }
    }
    request.on("data", onData)
    request.once("end", () => resume(Effect.succeed(Buffer.concat(chunks))))
    request.once("close", () => resume(Effect.fail(new Aborted({}))))
    request.once("error", () => resume(Effect.fail(new Aborted({}))))
  })

/** Requests get this long to finish when the server closes. */
export const grace = Duration.millis(500)
