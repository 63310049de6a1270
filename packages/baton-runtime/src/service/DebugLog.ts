/**
 * What is logged about tasks for which ConductorOne asks for details: everything, down to level debug, into a file that is uploaded after the next full
 * sync.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import * as References from "effect/References"
import * as Semaphore from "effect/Semaphore"

/**
 * @since 0.1.0
 */
export interface DebugLog {
  /** Runs `work`, whose log also goes into the file. The other places get no more than they would. */
  readonly around: <A, E, R>(work: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  /** Takes away what was gathered, as a file that belongs to the caller; nothing where nothing was. */
  readonly take: Effect.Effect<Option.Option<string>>
}

/** A logger that hears what it would have heard before the level was lowered. */
const from = (minimum: LogLevel.LogLevel, logger: Logger.Logger<unknown, unknown>): Logger.Logger<unknown, unknown> =>
  Logger.make((options) => LogLevel.isGreaterThanOrEqualTo(options.logLevel, minimum) ? logger.log(options) : undefined)

/**
 * Writes `debug.log` into the directory.
 *
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(
  directory: string
): Effect.fn.Return<DebugLog, never, FileSystem.FileSystem> {
  const files = yield* FileSystem.FileSystem
  const one = yield* Semaphore.make(1)
  const path = `${directory}/debug.log`
  let taken = 0

  return {
    around: (work) =>
      Effect.scoped(Effect.gen(function*() {
        const file = yield* Effect.option(
          Effect.provideService(
            Logger.toFile(Logger.formatJson, path, { flag: "a", mode: 0o600, batchWindow: 200 }),
            FileSystem.FileSystem,
            files
          )
        )
        // A log that can't be written is no reason not to do the work.
        if (Option.isNone(file)) return yield* work
        const minimum = yield* References.MinimumLogLevel
        const loggers = yield* Logger.CurrentLoggers
        return yield* work.pipe(
          Effect.provideService(References.MinimumLogLevel, "Debug"),
          Effect.provideService(
            Logger.CurrentLoggers,
            new Set([...[...loggers].map((logger) => from(minimum, logger)), file.value])
          )
        )
      })),
    take: one.withPermits(1)(Effect.suspend(() => {
      const own = `${directory}/debug-${++taken}.log`
      return Effect.option(Effect.as(files.rename(path, own), own))
    }))
  }
})
