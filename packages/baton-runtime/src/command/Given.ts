/**
 * What was given for every flag, from wherever: the command line comes before the environment, that before the configuration file, and that
 * before the default. A value that can't be right is an error here, so that nobody further down has to wonder.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as CommandError from "./CommandError.ts"
import { environmentName, type FlagSpec } from "./FlagSpec.ts"

/**
 * @since 0.1.0
 */
export interface Given {
  /** Whether it was given at all, by whatever way. */
  readonly has: (name: string) => boolean
  /** What was given, or the default. */
  readonly text: (name: string) => string | undefined
  readonly isOn: (name: string) => boolean
  readonly integer: (name: string) => number
  readonly list: (name: string) => ReadonlyArray<string>
}

const truths = new Set(["1", "t", "T", "true", "TRUE", "True"])
const untruths = new Set(["0", "f", "F", "false", "FALSE", "False"])

const shownValue = (spec: FlagSpec, value: string): string => spec.secret === true ? "the value" : JSON.stringify(value)

/** The sentence that says what is wrong with a value. */
const faultOf = (spec: FlagSpec, value: string): string | undefined => {
  // The connector's own fields are judged by their decoders, which say more.
  if (spec.field !== undefined && spec.kind !== "boolean") return undefined
  if (spec.choices !== undefined && !spec.choices.includes(value)) {
    return `${shownValue(spec, value)} is none of ${spec.choices.join(", ")}`
  }
  if (spec.kind === "boolean" && !truths.has(value) && !untruths.has(value)) {
    return `${shownValue(spec, value)} is neither true nor false`
  }
  if (spec.kind === "integer") {
    if (!/^[+-]?\d+$/.test(value)) return `${shownValue(spec, value)} is not a whole number`
    const { maximum, minimum } = spec.bounds ?? { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }
    if (Number(value) < minimum || Number(value) > maximum) {
      return `${value} is not from ${minimum} to ${maximum}`
    }
  }
  return undefined
}

const split = (values: ReadonlyArray<string>): ReadonlyArray<string> =>
  values.flatMap((value) => value.split(",")).map((value) => value.trim()).filter((value) => value !== "")

/** An empty variable counts as none: an unset one in a manifest arrives that way. */
const environment = (name: string): Effect.Effect<string | undefined> =>
  Config.option(Config.String(name)).pipe(
    Effect.map(Option.getOrUndefined),
    Effect.orElseSucceed(() => undefined),
    Effect.map((value) => value === "" ? undefined : value)
  )

/**
 * Puts the sources together. Fails with `InvalidValue`, for the first value that can't be right.
 *
 * @since 0.1.0
 */
export const resolve = Effect.fn("Given.resolve")(function*(
  specs: ReadonlyArray<FlagSpec>,
  sources: {
    readonly flags: ReadonlyMap<string, ReadonlyArray<string>>
    readonly file: ReadonlyMap<string, ReadonlyArray<string>>
    /** Flags that are read from the command line only. */
    readonly flagsOnly: ReadonlySet<string>
  }
): Effect.fn.Return<Given, CommandError.CommandError> {
  const found = new Map<string, ReadonlyArray<string>>()
  const defaults = new Map<string, string>()
  for (const spec of specs) {
    const { name } = spec
    if (spec.defaultText !== undefined) defaults.set(name, spec.defaultText)
    const variable = sources.flagsOnly.has(name) ? undefined : yield* environment(environmentName(spec))
    const [values, where] = sources.flags.has(name)
      ? [sources.flags.get(name), `--${name}`] as const
      : variable !== undefined
      ? [[variable], environmentName(spec)] as const
      : [sources.file.get(name), `${name} in the configuration file`] as const
    if (values === undefined) continue
    // Of a flag that is given twice the last one counts, except for lists, which grow.
    const effective = spec.kind === "list" ? split(values) : values.slice(-1)
    for (const value of effective) {
      const fault = value === "" ? undefined : faultOf(spec, value)
      if (fault !== undefined) {
        return yield* CommandError.make("InvalidValue", `${where}: ${fault}`)
      }
    }
    if (effective.some((value) => value !== "")) found.set(name, effective)
  }
  const text = (name: string) => found.get(name)?.at(-1) ?? defaults.get(name)
  const byName = new Map(specs.map((spec) => [spec.name, spec]))
  return {
    has: (name) => found.has(name),
    text: (name) => {
      const value = text(name)
      // One spelling, whichever of them was used, for decoders that know fewer.
      return value !== undefined && byName.get(name)?.kind === "boolean" ? String(truths.has(value)) : value
    },
    isOn: (name) => truths.has(text(name) ?? ""),
    integer: (name) => Number(text(name) ?? 0),
    list: (name) => found.get(name) ?? []
  }
})
