/**
 * Values for settings that were not given, so that a connector can be built only to look at what it can do. Nothing is asked of any source
 * with them.
 *
 * @since 0.1.0
 */
import type { ConfigField } from "@access-kit/connector-model/ConfigField"

/**
 * A value that the decoder of such a field accepts; of a required field only, since the others do without.
 *
 * @since 0.1.0
 */
export const of = (field: ConfigField): string | undefined => {
  if (!field.required) return undefined
  switch (field.kind) {
    case "url":
      // A name that is reserved for never existing (RFC 6761).
      return "https://connector.invalid/"
    case "text":
    case "secret":
      return "none"
    case "integer":
      return "1"
    case "boolean":
      return "false"
    case "duration":
      return "1s"
    case "choice":
      return field.choices?.[0]
  }
}
