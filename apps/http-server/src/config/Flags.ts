/**
 * The flags of the settings. A secret has none for its value, since every process of the machine can read a command line; it has one for the file that
 * holds it.
 *
 * @since 0.1.0
 */
import type * as ConfigField from "@access-kit/connector-model/ConfigField"
import * as Flag from "effect/cli/Flag"
import type * as Option from "effect/Option"
import { environmentName, fields } from "./Settings.ts"

const metavars: Readonly<Record<ConfigField.Kind, string>> = {
  text: "TEXT",
  secret: "FILE",
  url: "URL",
  integer: "N",
  boolean: "true|false",
  duration: "TIME",
  choice: "WORD"
}

const described = (field: ConfigField.ConfigField): string => {
  const standard = field.defaultText === undefined || field.defaultText === "" ? [] : [`default ${field.defaultText}`]
  return field.kind === "secret"
    ? `File with the ${field.displayName}. ${field.description} (${environmentName(field.name)}, …_FILE)`
    : `${field.description} (${[...standard, environmentName(field.name)].join(", ")})`
}

const flagOf = (field: ConfigField.ConfigField): readonly [string, Flag.Flag<Option.Option<string>>] => {
  const name = field.kind === "secret" ? `${field.name}-file` : field.name
  const flag = field.kind === "choice"
    ? Flag.Literals(name, field.choices ?? [])
    : Flag.withMetavar(Flag.String(name), field.placeholder ?? metavars[field.kind])
  return [name, flag.pipe(Flag.withDescription(described(field)), Flag.optional)]
}

/**
 * By flag name.
 *
 * @since 0.1.0
 */
export const flags: Readonly<Record<string, Flag.Flag<Option.Option<string>>>> = Object.fromEntries([
  [
    "config",
    Flag.String("config").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription(
        `YAML file with settings, named as the flags. Flags come first, then variables, then this file (${
          environmentName("config")
        })`
      ),
      Flag.optional
    )
  ],
  ...Object.values<ConfigField.ConfigField>(fields).map(flagOf)
])
