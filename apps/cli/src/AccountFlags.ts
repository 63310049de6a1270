/**
 * Flags for the fields that account creation asks for, read off the connector's own declaration of them.
 *
 * @since 0.1.0
 */
import * as AccountFields from "@access-kit/claude-enterprise/AccountFields"
import type { ConfigField } from "@access-kit/connector-model/ConfigField"
import * as Flag from "effect/cli/Flag"
import * as Option from "effect/Option"

/** `display_name` is `--display-name`, as flags are written. */
const flagName = (field: ConfigField): string => field.name.replaceAll("_", "-")

const flagOf = (field: ConfigField): Flag.Flag<Option.Option<string>> => {
  const flag = Flag.String(flagName(field)).pipe(
    Flag.withMetavar(field.placeholder === undefined ? "TEXT" : `"${field.placeholder}"`),
    Flag.withDescription(field.description)
  )
  return field.required ? Flag.map(flag, Option.some) : Flag.optional(flag)
}

/**
 * A flag by the name of each field.
 *
 * @since 0.1.0
 */
export const flags: Readonly<Record<string, Flag.Flag<Option.Option<string>>>> = Object.fromEntries(
  Object.values(AccountFields.fields).map((field) => [field.name, flagOf(field)])
)

/**
 * What was given, by the name of the field.
 *
 * @since 0.1.0
 */
export const values = (given: Readonly<Record<string, Option.Option<string>>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(given).flatMap(([name, value]) => Option.isSome(value) ? [[name, value.value]] : [])
  )
