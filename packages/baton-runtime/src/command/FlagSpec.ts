/**
 * A flag, declared once: the parser, the environment, the configuration file, `--help`, `config` and the completion scripts read the same
 * declaration.
 *
 * @since 0.1.0
 */
import type { ConfigField } from "@access-kit/connector-model/ConfigField"

/**
 * @since 0.1.0
 */
export type Kind = "string" | "boolean" | "integer" | "list"

/**
 * @since 0.1.0
 */
export interface FlagSpec {
  /** Kebab case, without dashes. */
  readonly name: string
  readonly kind: Kind
  /** One letter, without the dash. */
  readonly shorthand?: string
  readonly description: string
  /** What holds when nothing is given, as it would be written. */
  readonly defaultText?: string
  /** The admitted values. Any other is an error. */
  readonly choices?: ReadonlyArray<string>
  /** The admitted range of an `integer`. */
  readonly bounds?: { readonly minimum: number; readonly maximum: number }
  /** Left out of `--help` and of completion. */
  readonly hidden?: boolean
  /** Its value appears in no message. */
  readonly secret?: boolean
  readonly required?: boolean
  /** Part of the `config` schema, for those who operate the connector; `rules` exports the bounds too. */
  readonly ops?: { readonly rules: boolean }
  /** The setting of the connector that this flag is read for. Its own decoder judges the value. */
  readonly field?: ConfigField
}

/**
 * `BATON_SCIM_URL` for `scim-url`.
 *
 * @since 0.1.0
 */
export const environmentName = (spec: Pick<FlagSpec, "name">): string =>
  `BATON_${spec.name.toUpperCase().replaceAll(/[^A-Z0-9]/g, "_")}`

const kinds: Readonly<Record<ConfigField["kind"], Kind>> = {
  text: "string",
  secret: "string",
  url: "string",
  integer: "integer",
  boolean: "boolean",
  duration: "string",
  choice: "string"
}

/**
 * The flag of a connector's setting.
 *
 * @since 0.1.0
 */
export const ofField = (field: ConfigField): FlagSpec => ({
  name: field.name,
  kind: kinds[field.kind],
  description: field.description,
  required: field.required,
  secret: field.kind === "secret",
  field,
  ...(field.defaultText === undefined ? {} : { defaultText: field.defaultText }),
  ...(field.choices === undefined ? {} : { choices: field.choices })
})
