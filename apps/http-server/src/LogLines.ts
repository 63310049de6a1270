/**
 * Lines of the log on their way to standard output: some at a time, since a line for each request would be a system call for each.
 *
 * What is gathered is written within a moment, and at once when a line says that something went wrong or the process ends. Only what ends a process without
 * asking it takes the lines of that moment along.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { writeSync } from "node:fs"

/** Milliseconds that a line may wait. */
const MOMENT = 20

/** Characters that are never kept back. */
const MUCH = 65_536

/**
 * @since 0.1.0
 */
export interface LogLines {
  readonly write: (line: string, isUrgent: boolean) => void
}

/**
 * @since 0.1.0
 */
export const make: Effect.Effect<LogLines, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => {
      let waiting = ""
      let timer: NodeJS.Timeout | undefined
      let isOver = false

      const taken = (): string => {
        if (timer !== undefined) clearTimeout(timer)
        timer = undefined
        const text = waiting
        waiting = ""
        return text
      }

      const flush = (): void => {
        const text = taken()
        if (text !== "") process.stdout.write(text)
      }

      /** There will be no other turn of the event loop. Whoever reads may have gone, and then there is nobody to tell. */
      const last = (): void => {
        const text = taken()
        if (text === "") return
        try {
          writeSync(1, text)
        } catch {
          return
        }
      }
      process.once("exit", last)

      return {
        write: (line: string, isUrgent: boolean): void => {
          waiting += `${line}\n`
          if (isUrgent || isOver || waiting.length >= MUCH) flush()
          else timer ??= setTimeout(flush, MOMENT)
        },
        /** Whatever comes later does not wait. */
        close: (): void => {
          isOver = true
          process.removeListener("exit", last)
          flush()
        }
      }
    }),
    ({ close }) => Effect.sync(close)
  ),
  ({ write }) => ({ write })
)
