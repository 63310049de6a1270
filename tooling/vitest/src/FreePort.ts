/**
 * A port for a program that has to be told one, because others are told it too.
 *
 * It lies below those that the system gives away by itself, to whoever listens anywhere and to every connection out: one of them may be gone again
 * between the look at it and its use, and on a machine with much to do it sometimes is.
 */
import * as Effect from "effect/Effect"
import { randomInt } from "node:crypto"
import { createServer } from "node:net"

const FIRST = 15_000
const LAST = 32_000

const isFree = (port: number): Effect.Effect<boolean> =>
  Effect.callback((resume) => {
    const server = createServer()
    server.once("error", () => resume(Effect.succeed(false)))
    server.listen(port, "127.0.0.1", () => server.close(() => resume(Effect.succeed(true))))
  })

/** One on which nobody listens at the loopback address. */
export const find: Effect.Effect<number> = Effect.suspend(() => {
  const port = randomInt(FIRST, LAST)
  return Effect.flatMap(isFree(port), (free) => free ? Effect.succeed(port) : find)
})
