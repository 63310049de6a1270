/**
 * A setting, declared once. The command-line flag, the environment variable, the baton `config` schema, the form of a web page and the
 * table in the documentation are all read off the declaration.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as ConnectorError from "./ConnectorError.ts"

/**
 * How a value is written and shown.
 *
 * @since 0.1.0
 */
export type Kind = "text" | "secret" | "url" | "integer" | "boolean" | "duration" | "choice"

/**
 * @since 0.1.0
 */
export interface ConfigField<out A = unknown> {
  /** Kebab case, for example `scim-url`; the flag is `--scim-url`. */
  readonly name: string
  readonly displayName: string
  /** One sentence, shown by `--help`. */
  readonly description: string
  readonly kind: Kind
  readonly required: boolean
  /** What holds when nothing is given, as it would be written. */
  readonly defaultText?: string
  /** The admitted values of a `choice`. */
  readonly choices?: ReadonlyArray<string>
  readonly placeholder?: string
  /** Reads what was given. A failure is the sentence that says what is wrong; it never repeats a secret. */
  readonly decode: (text: string) => Result.Result<A, string>
}

interface Words {
  readonly name: string
  readonly displayName: string
  readonly description: string
  readonly placeholder?: string
}

const required = <A>(
  words: Words,
  kind: Kind,
  decode: ConfigField<A>["decode"]
): ConfigField<A> => ({ ...words, kind, required: true, decode })

/**
 * @since 0.1.0
 */
export const text = (words: Words): ConfigField<string> =>
  required(
    words,
    "text",
    (given) => given.trim() === "" ? Result.fail(`${words.displayName} is empty.`) : Result.succeed(given)
  )

/**
 * A secret. It becomes `Redacted` here and stays so; surrounding white space, as a copied token or a file's last line has it, is cut off.
 *
 * @since 0.1.0
 */
export const secret = (words: Words): ConfigField<Redacted.Redacted<string>> =>
  required(words, "secret", (given) => {
    const trimmed = given.trim()
    if (trimmed === "") return Result.fail(`${words.displayName} is empty.`)
    // A header value can't have these, and a token never does: a whole file or two lines were pasted.
    return /[\s\p{Cc}]/u.test(trimmed)
      ? Result.fail(`${words.displayName} has white space or control characters in it. Copy it again, on one line.`)
      : Result.succeed(Redacted.make(trimmed, { label: words.name }))
  })

/**
 * An `http:` or `https:` address. It may not carry a user name or password, which would end in logs.
 *
 * @since 0.1.0
 */
export const url = (words: Words): ConfigField<string> =>
  required(words, "url", (given) => {
    const trimmed = given.trim()
    const parsed = URL.parse(trimmed)
    // The parser also takes "https:host" and "https:/host", which a person did not mean and other programs read otherwise.
    if (parsed === null || !/^https?:\/\//i.test(trimmed)) {
      return Result.fail(`${words.displayName} is not an address that begins with https://.`)
    }
    if (parsed.username !== "" || parsed.password !== "") {
      return Result.fail(`${words.displayName} has a user name or password in it. Give the credential on its own.`)
    }
    return Result.succeed(trimmed)
  })

/**
 * A whole number from `minimum` to `maximum`.
 *
 * @since 0.1.0
 */
export const integer = (
  words: Words,
  bounds: { readonly minimum: number; readonly maximum: number }
): ConfigField<number> =>
  required(words, "integer", (given) => {
    const value = /^\s*[+-]?\d+\s*$/.test(given) ? Number(given) : Number.NaN
    return Number.isSafeInteger(value) && value >= bounds.minimum && value <= bounds.maximum
      ? Result.succeed(value)
      : Result.fail(`${words.displayName} must be a whole number from ${bounds.minimum} to ${bounds.maximum}.`)
  })

// A map, since an object would answer for "constructor" too.
const truths: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["yes", true],
  ["on", true],
  ["false", false],
  ["0", false],
  ["no", false],
  ["off", false]
])

/**
 * @since 0.1.0
 */
export const boolean = (words: Words): ConfigField<boolean> =>
  required(words, "boolean", (given) => {
    const value = truths.get(given.trim().toLowerCase())
    return value === undefined
      ? Result.fail(`${words.displayName} must be true or false.`)
      : Result.succeed(value)
  })

/**
 * A length of time as Effect writes it: `30 seconds`, `500 millis`, or short as `30s`, `5m`, `500ms`.
 *
 * @since 0.1.0
 */
export const duration = (words: Words): ConfigField<Duration.Duration> =>
  required(words, "duration", (given) => {
    const short = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*$/.exec(given)
    if (short !== null) {
      const [, amount, unit] = short
      const millis = unit === "ms"
        ? 1
        : unit === "s"
        ? 1_000
        : unit === "m"
        ? 60_000
        : unit === "h"
        ? 3_600_000
        : 86_400_000
      return Result.succeed(Duration.millis(Number(amount) * millis))
    }
    const long = /^\s*(\d+)\s+(millis|seconds?|minutes?|hours?|days?)\s*$/.exec(given)
    if (long !== null) {
      const [, amount, unit = ""] = long
      const millis = unit.startsWith("milli")
        ? 1
        : unit.startsWith("second")
        ? 1_000
        : unit.startsWith("minute")
        ? 60_000
        : unit.startsWith("hour")
        ? 3_600_000
        : 86_400_000
      return Result.succeed(Duration.millis(Number(amount) * millis))
    }
    return Result.fail(`${words.displayName} must be a length of time such as 30s, 5m or "30 seconds".`)
  })

/**
 * One of a few words.
 *
 * @since 0.1.0
 */
export const choice = <const A extends string>(words: Words, choices: ReadonlyArray<A>): ConfigField<A> => ({
  ...required(words, "choice", (given): Result.Result<A, string> => {
    const found = choices.find((candidate) => candidate.toLowerCase() === given.trim().toLowerCase())
    return found === undefined
      ? Result.fail(`${words.displayName} must be one of ${choices.join(", ")}.`)
      : Result.succeed(found)
  }),
  choices
})

/**
 * A field that may be left out and then holds `defaultText`.
 *
 * @since 0.1.0
 */
export const withDefault = <A>(field: ConfigField<A>, defaultText: string): ConfigField<A> => ({
  ...field,
  required: false,
  defaultText
})

/**
 * A field that may be left out and then holds nothing.
 *
 * @since 0.1.0
 */
export const optional = <A>(field: ConfigField<A>): ConfigField<Option.Option<A>> => ({
  ...field,
  required: false,
  decode: (given) => Result.map(field.decode(given), Option.some)
})

/**
 * `--scim-url`
 *
 * @since 0.1.0
 */
export const flagName = (field: ConfigField): string => `--${field.name}`

/**
 * `BATON_SCIM_URL`: the name that every baton connector reads for the same flag.
 *
 * @since 0.1.0
 */
export const environmentName = (field: ConfigField): string =>
  `BATON_${field.name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}`

/**
 * What a set of fields yields.
 *
 * @since 0.1.0
 */
export type Values<Fields extends Readonly<Record<string, ConfigField>>> = {
  readonly [K in keyof Fields]: Fields[K] extends ConfigField<infer A> ? A : never
}

/**
 * Reads fields from wherever an adapter has them. `given` answers what was written for a field, or `undefined`. An empty string counts
 * as not given, as an unset environment variable in a manifest arrives that way. All faults are told at once, with the variable that
 * `variableOf` names.
 *
 * @since 0.1.0
 */
export const resolve = <const Fields extends Readonly<Record<string, ConfigField>>>(
  fields: Fields,
  given: (field: ConfigField) => string | undefined,
  variableOf: (field: ConfigField) => string = environmentName
): Effect.Effect<Values<Fields>, ConnectorError.ConnectorError> =>
  Effect.suspend(() => {
    const faults: Array<{ readonly field: string; readonly message: string }> = []
    const values: Record<string, unknown> = {}
    for (const [key, field] of Object.entries(fields)) {
      const written = given(field)
      const raw = written === undefined || written === "" ? field.defaultText : written
      if (raw === undefined) {
        if (field.required) {
          faults.push({
            field: field.name,
            message: `${field.displayName} is missing. Give ${flagName(field)} or set ${variableOf(field)}.`
          })
        } else {
          values[key] = Option.none()
        }
        continue
      }
      const decoded = field.decode(raw)
      if (Result.isFailure(decoded)) {
        faults.push({
          field: field.name,
          message: `${decoded.failure} (${flagName(field)}, ${variableOf(field)})`
        })
      } else {
        values[key] = decoded.success
      }
    }
    const [first] = faults
    if (first !== undefined) {
      return Effect.fail(ConnectorError.make(
        "configure",
        new ConnectorError.InvalidConfiguration({
          field: first.field,
          message: faults.map((fault) => fault.message).join(" ")
        })
      ))
    }
    // Each value was made by the decoder of the field with the same key.
    return Effect.succeed(values as Values<Fields>)
  })
