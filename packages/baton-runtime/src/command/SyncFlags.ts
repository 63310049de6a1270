/**
 * The flags that say how a sync is done, in a one-shot run and in service mode.
 *
 * @since 0.1.0
 */
import type { OpenOptions } from "@access-kit/c1z/C1z"
import type { Format } from "@access-kit/c1z/Convert"
import type { ResourceId } from "@access-kit/connector-model/Resource"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Bid from "./Bid.ts"
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

const MEBIBYTE = 1024 * 1024

/**
 * How a snapshot that is there is read: where it is decompressed to, and how much it may come to, which is said in MiB by a variable that has no flag.
 *
 * @since 0.1.0
 */
export const reading = Effect.fn("SyncFlags.reading")(function*(
  given: Given
): Effect.fn.Return<OpenOptions, CommandError.CommandError> {
  const directory = yield* temporaryDirectory(given)
  const name = "BATON_DECODER_MAX_DECODED_SIZE_MB"
  const limit = yield* Config.option(Config.Int(name)).pipe(
    Effect.map(Option.getOrUndefined),
    Effect.mapError((cause) => CommandError.make("InvalidValue", `${name} is not a whole number`, cause))
  )
  if (limit !== undefined && limit < 1) return yield* CommandError.make("InvalidValue", `${name}: at least 1`)
  return {
    ...(directory === undefined ? {} : { temporaryDirectory: directory }),
    ...(limit === undefined ? {} : { maxDecodedBytes: limit * MEBIBYTE })
  }
})

/**
 * Whether a flag was given, and not only to say no.
 *
 * @since 0.1.0
 */
export const isSet = (given: Given, flag: string): boolean => given.has(flag) && given.text(flag) !== "false"

/**
 * Refuses flags that would change what a snapshot holds and that no connector of this runtime has a use for.
 *
 * @since 0.1.0
 */
export const refuse = Effect.fn("SyncFlags.refuse")(function*(
  given: Given
): Effect.fn.Return<void, CommandError.CommandError> {
  if (!isSet(given, "external-resource-c1z")) return
  return yield* CommandError.make(
    "NotOffered",
    "--external-resource-c1z is for connectors whose grants go to people of another system, and this one's go to its own. Leave it out."
  )
})

/**
 * The resources that are asked for one by one.
 *
 * @since 0.1.0
 */
export const resources = Effect.fn("SyncFlags.resources")(function*(
  given: Given
): Effect.fn.Return<ReadonlyArray<ResourceId>, CommandError.CommandError> {
  const found: Array<ResourceId> = []
  for (const bid of given.list("sync-resources")) {
    const id = Bid.resource(bid)
    if (id === undefined) {
      return yield* CommandError.make(
        "InvalidValue",
        `--sync-resources: ${
          JSON.stringify(bid)
        } is no id of a resource. It has the form bid:r:TYPE/ID, with a backslash before each colon, slash and backslash in TYPE or ID.`
      )
    }
    found.push(id)
  }
  return found
})

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
 * How many full syncs a file keeps: two, or as the variables say that have no flag.
 *
 * @since 0.1.0
 */
export const keep: Effect.Effect<number | "all", CommandError.CommandError> = Effect.gen(function*() {
  const all = yield* Config.Boolean("BATON_SKIP_CLEANUP").pipe(Config.withDefault(false)).pipe(
    Effect.mapError((cause) => CommandError.make("InvalidValue", "BATON_SKIP_CLEANUP is neither true nor false", cause))
  )
  if (all) return "all"
  const count = yield* Config.Int("BATON_KEEP_SYNC_COUNT").pipe(Config.withDefault(2)).pipe(
    Effect.mapError((cause) => CommandError.make("InvalidValue", "BATON_KEEP_SYNC_COUNT is not a whole number", cause))
  )
  if (count >= 1) return count
  return yield* CommandError.make("InvalidValue", "BATON_KEEP_SYNC_COUNT: at least 1, for the sync that is written")
})
