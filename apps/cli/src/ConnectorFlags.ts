/**
 * Flags and environment variables for the settings of a connector, read off its fields. Nothing about a field is said here again: a new
 * field is a new flag.
 *
 * A field `scim-token` of kind `secret` can also come from a file (`--scim-token-file`, `BATON_SCIM_TOKEN_FILE`) and from standard input
 * (`--scim-token-stdin`), since a command line can be seen by every process of the machine.
 *
 * @since 0.1.0
 */
import * as ConfigField from "@access-kit/connector-model/ConfigField"
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import * as Flag from "effect/cli/Flag"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"

/**
 * What the command line gave, by flag name without the dashes. Every value is redacted, secret or not: there is no need to know which.
 *
 * @since 0.1.0
 */
export type Given = Readonly<Record<string, Option.Option<Redacted.Redacted<string>>>>

type GivenFlag = Flag.Flag<Option.Option<Redacted.Redacted<string>>>

/** Far more than any token; a whole disk image given by mistake is not read. */
const maxSecretBytes = 64 * 1024

const metavars: Readonly<Record<ConfigField.Kind, string>> = {
  text: "TEXT",
  secret: "SECRET",
  url: "URL",
  integer: "N",
  boolean: "true|false",
  duration: "TIME",
  choice: "WORD"
}

const plain = (flag: Flag.Flag<Option.Option<string>>): GivenFlag =>
  Flag.map(flag, Option.map((text) => Redacted.make(text)))

/** The environment variable of a field. */
type VariableOf = (field: ConfigField.ConfigField) => string

const describe = (field: ConfigField.ConfigField, variableOf: VariableOf): string => {
  const notes = [
    ...(field.defaultText === undefined ? [] : [`default ${field.defaultText}`]),
    variableOf(field)
  ]
  return `${field.description} (${notes.join(", ")})`
}

const flagsOf = (
  field: ConfigField.ConfigField,
  variableOf: VariableOf
): ReadonlyArray<readonly [string, GivenFlag]> => {
  const { name } = field
  switch (field.kind) {
    case "secret":
      return [
        [
          name,
          Flag.Redacted(name).pipe(
            Flag.withMetavar(metavars.secret),
            Flag.withDescription(
              `${describe(field, variableOf)}; other processes can see a command line, so prefer a file or the variable`
            ),
            Flag.optional
          )
        ],
        [
          `${name}-file`,
          plain(
            Flag.String(`${name}-file`).pipe(
              Flag.withMetavar("FILE"),
              Flag.withDescription(
                `Read ${field.displayName} from a file (${variableOf(field)}_FILE)`
              ),
              Flag.optional
            )
          )
        ],
        [
          `${name}-stdin`,
          Flag.Boolean(`${name}-stdin`).pipe(
            Flag.withoutNegation,
            Flag.withDescription(`Read ${field.displayName} from standard input`),
            Flag.withDefault(false),
            Flag.map((on) => on ? Option.some(Redacted.make("")) : Option.none())
          )
        ]
      ]
    case "choice":
      return [[
        name,
        plain(
          Flag.Literals(name, field.choices ?? []).pipe(
            Flag.withDescription(describe(field, variableOf)),
            Flag.optional
          )
        )
      ]]
    default:
      return [[
        name,
        plain(
          Flag.String(name).pipe(
            Flag.withMetavar(field.placeholder ?? metavars[field.kind]),
            Flag.withDescription(describe(field, variableOf)),
            Flag.optional
          )
        )
      ]]
  }
}

/**
 * The flags of all fields, by flag name.
 *
 * @since 0.1.0
 */
export const flags = (
  fields: Readonly<Record<string, ConfigField.ConfigField>>,
  variableOf: VariableOf = ConfigField.environmentName
): Readonly<Record<string, GivenFlag>> =>
  Object.fromEntries(Object.values(fields).flatMap((field) => flagsOf(field, variableOf)))

const invalid = (field: ConfigField.ConfigField, message: string): ConnectorError.ConnectorError =>
  ConnectorError.make("configure", new ConnectorError.InvalidConfiguration({ field: field.name, message }))

const environment = (name: string): Effect.Effect<string | undefined> =>
  Effect.orElseSucceed(
    Effect.map(
      Config.option(Config.String(name)),
      (value) => Option.getOrUndefined(Option.filter(value, (text) => text !== ""))
    ),
    () => undefined
  )

/** One line of text that is neither empty nor of unreasonable size; the message never has any of it. */
const secretText = (
  field: ConfigField.ConfigField,
  where: string,
  text: string
): Effect.Effect<string, ConnectorError.ConnectorError> =>
  text.length > maxSecretBytes
    ? Effect.fail(invalid(field, `${where} is too large for ${field.displayName}. It should hold nothing else.`))
    : text.trim() === ""
    ? Effect.fail(invalid(field, `${where} is empty. It should hold ${field.displayName} and nothing else.`))
    : Effect.succeed(text)

const readFile = Effect.fn("ConnectorFlags.readFile")(function*(field: ConfigField.ConfigField, path: string) {
  const files = yield* FileSystem.FileSystem
  const unreadable = (why: string) =>
    invalid(field, `${field.displayName} can't be read from ${JSON.stringify(path)}: ${why}.`)
  const info = yield* Effect.mapError(
    files.stat(path),
    (error) => unreadable(error.reason._tag === "NotFound" ? "there is no such file" : error.reason._tag)
  )
  if (info.type === "Directory") return yield* unreadable("it is a directory")
  if (info.size > BigInt(maxSecretBytes)) return yield* unreadable("it is too large; it should hold nothing else")
  const text = yield* Effect.mapError(
    files.readFileString(path),
    (error) => unreadable(error.reason._tag === "PermissionDenied" ? "no permission" : error.reason._tag)
  )
  return yield* secretText(field, JSON.stringify(path), text)
})

const readStandardInput = Effect.fn("ConnectorFlags.readStandardInput")(function*(field: ConfigField.ConfigField) {
  const stdio = yield* Stdio.Stdio
  if (yield* stdio.stdinIsTerminal) {
    return yield* invalid(
      field,
      `${ConfigField.flagName(field)}-stdin reads from a pipe or a file, and standard input is a terminal. `
        + `For example: claude-enterprise validate ${ConfigField.flagName(field)}-stdin < token-file`
    )
  }
  const bytes = yield* stdio.stdin.pipe(
    Stream.mapAccum(() => 0, (read, chunk: Uint8Array) => [read + chunk.length, [{ chunk, read }]] as const),
    Stream.takeWhile(({ read }) => read <= maxSecretBytes),
    Stream.map(({ chunk }) => chunk),
    Stream.runCollect,
    Effect.mapError(() => invalid(field, `${field.displayName} can't be read from standard input.`))
  )
  return yield* secretText(field, "Standard input", Buffer.concat(bytes).toString("utf8"))
})

const single = Effect.fn("ConnectorFlags.single")(function*(
  field: ConfigField.ConfigField,
  sources: ReadonlyArray<
    readonly [
      string,
      Effect.Effect<
        string,
        ConnectorError.ConnectorError,
        FileSystem.FileSystem | Stdio.Stdio
      >
    ]
  >
) {
  const [first, second] = sources
  if (first === undefined) return undefined
  if (second !== undefined) {
    return yield* invalid(
      field,
      `${field.displayName} is given ${sources.length} times: ${
        sources.map(([name]) => name).join(" and ")
      }. Keep one of them.`
    )
  }
  return yield* first[1]
})

/**
 * Every value as it was written, by field name. The command line comes before the environment; two sources of the same rank are an error
 * rather than a guess.
 *
 * @since 0.1.0
 */
export const written = Effect.fn("ConnectorFlags.written")(function*(
  fields: Readonly<Record<string, ConfigField.ConfigField>>,
  given: Given,
  variableOf: VariableOf = ConfigField.environmentName
) {
  const values = new Map<string, string>()
  for (const field of Object.values(fields)) {
    const flag = ConfigField.flagName(field)
    const fromFlags = (["", "-file", "-stdin"] as const).flatMap((suffix) =>
      Option.match(given[`${field.name}${suffix}`] ?? Option.none(), {
        onNone: () => [],
        onSome: (value) => [
          [
            `${flag}${suffix}`,
            suffix === ""
              ? Effect.succeed(Redacted.value(value))
              : suffix === "-file"
              ? readFile(field, Redacted.value(value))
              : readStandardInput(field)
          ] as const
        ]
      })
    )
    const variable = variableOf(field)
    const value = yield* environment(variable)
    const file = field.kind === "secret" ? yield* environment(`${variable}_FILE`) : undefined
    const fromEnvironment = [
      ...(value === undefined ? [] : [[variable, Effect.succeed(value)] as const]),
      ...(file === undefined ? [] : [[`${variable}_FILE`, readFile(field, file)] as const])
    ]
    const text = yield* single(field, fromFlags.length > 0 ? fromFlags : fromEnvironment)
    if (text !== undefined) values.set(field.name, text)
  }
  return values
})

/**
 * The settings, decoded by the fields themselves.
 *
 * @since 0.1.0
 */
export const resolve = Effect.fn("ConnectorFlags.resolve")(function*<
  const Fields extends Readonly<Record<string, ConfigField.ConfigField>>
>(fields: Fields, given: Given, variableOf: VariableOf = ConfigField.environmentName) {
  const values = yield* written(fields, given, variableOf)
  return yield* ConfigField.resolve(fields, (field) => values.get(field.name), variableOf)
})
