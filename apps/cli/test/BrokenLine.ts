/** A line to a server that loses the first answer to a change, and cuts off every stream of events as soon as it has begun. */
import { Effect } from "effect"
import { createServer, request } from "node:http"

export interface BrokenLine {
  readonly url: string
  /** The keys of the changes to accounts that came through, in order. */
  readonly keys: ReadonlyArray<string>
  /** Streams that were cut off. */
  readonly streams: number
}

export const brokenLine = (target: string) =>
  Effect.acquireRelease(
    Effect.callback<BrokenLine & { readonly close: () => void }>((resume) => {
      const keys: Array<string> = []
      let streams = 0
      const server = createServer((incoming, answer) => {
        const onward = request(
          new URL(incoming.url ?? "/", target),
          { method: incoming.method, headers: incoming.headers },
          (response) => {
            const isChange = incoming.method === "POST" && incoming.url?.endsWith("/accounts") === true
            if (isChange) keys.push(String(incoming.headers["idempotency-key"]))
            // The server has done its part by now, and nobody hears of it.
            if (isChange && keys.length === 1) return incoming.socket.destroy()
            answer.writeHead(response.statusCode ?? 502, response.headers)
            if (incoming.url?.endsWith("/events") === true) {
              streams += 1
              response.once("data", (chunk) => answer.write(chunk, () => incoming.socket.destroy()))
              return
            }
            response.pipe(answer)
          }
        )
        onward.on("error", () => incoming.socket.destroy())
        incoming.pipe(onward)
      })
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        resume(Effect.succeed({
          url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`,
          keys,
          get streams() {
            return streams
          },
          close: () => {
            server.close()
            server.closeAllConnections()
          }
        }))
      })
    }),
    ({ close }) => Effect.sync(close)
  )
