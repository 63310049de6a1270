/**
 * Flags for the fields that account creation asks for. Which fields there are is the connector's to say; a test compares these flags with
 * its capabilities, since flags have to stand before any connector does.
 *
 * @since 0.1.0
 */
import * as Flag from "effect/cli/Flag"

/**
 * @since 0.1.0
 */
export const flags = {
  display_name: Flag.String("display-name").pipe(
    Flag.withMetavar("NAME"),
    Flag.withDescription("First and last name, for example \"Jane Smith\"; one word becomes the given name")
  )
}

/**
 * The values by the name that the connector gives the field.
 *
 * @since 0.1.0
 */
export const values = (given: Readonly<Record<keyof typeof flags, string>>): Readonly<Record<string, string>> => given
