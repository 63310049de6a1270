/**
 * The flags that say how a sync is done, in a one-shot run and in service mode.
 *
 * @since 0.1.0
 */
import type { Format } from "@access-kit/c1z/Convert"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as CommandError from "./CommandError.ts"
import type { Given } from "./Given.ts"

/** Pages at a time when nobody says: a source that takes fewer is asked by its connector for fewer. */
const AS_MANY_AS_MAKE_SENSE = 8

/** What baton calls an engine is a format of the file. */
const FORMATS: Readonly<Record<string, Format>> = { sqlite: "v1", pebble: "v3" }

/**
 * Pages at a time.
 *
 * @since 0.1.0
 */
export const workers = (given: Given): number => {
  const asked = given.isOn("parallel-sync") ? -1 : given.integer("workers")
  return asked < 0 ? AS_MANY_AS_MAKE_SENSE : Math.max(1, asked)
}

/**
 * Where temporary files go: as the flag says, or the variable that has no flag.
 *
 * @since 0.1.0
 */
export const temporaryDirectory = (given: Given): Effect.Effect<string | undefined> => {
  const asked = given.text("c1z-temp-dir")
  return asked !== undefined ? Effect.succeed(asked) : Config.option(Config.NonEmptyString("BATON_TMPDIR")).pipe(
    Effect.map(Option.getOrUndefined),
    Effect.orElseSucceed(() => undefined)
  )
}

/**
 * The format of a snapshot; nothing where nobody says.
 *
 * @since 0.1.0
 */
export const format = (given: Given): Format | undefined => {
  const engine = given.text("storage-engine")
  return engine === undefined ? undefined : FORMATS[engine]
}

/**
 * Whether a flag was given, and not only to say no.
 *
 * @since 0.1.0
 */
export const isSet = (given: Given, flag: string): boolean => given.has(flag) && given.text(flag) !== "false"

/**
 * @since 0.1.0
 */
export const notInThisVersion = (flag: string, remedy: string): CommandError.CommandError =>
  CommandError.make("NotInThisVersion", `--${flag} is not in this version. ${remedy}`)

/**
 * Refuses flags that would change what a sync writes, in ways that this version has not. A sync that is other than asked for would be worse than none.
 *
 * @since 0.1.0
 */
export const refuse = Effect.fn("SyncFlags.refuse")(function*(
  given: Given
): Effect.fn.Return<void, CommandError.CommandError> {
  const instead = "Leave it out to sync everything."
  for (
    const [flag, remedy] of [
      ["sync-resources", instead],
      ["external-resource-c1z", instead]
    ] as const
  ) {
    if (isSet(given, flag)) return yield* notInThisVersion(flag, remedy)
  }
})
