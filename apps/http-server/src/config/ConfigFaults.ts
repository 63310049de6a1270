/**
 * Everything that is wrong with the configuration, told at once.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * @since 0.1.0
 */
export interface Fault {
  /** Where it was said: a flag, a variable, a file. */
  readonly where: string
  readonly message: string
}

/**
 * @since 0.1.0
 */
export class ConfigFaults extends Schema.TaggedError<ConfigFaults>()("ConfigFaults", {
  faults: Schema.Array(Schema.Struct({ where: Schema.String, message: Schema.String }))
}) {
  override get message(): string {
    return this.faults.map(({ message, where }) => where === "" ? message : `${message} (${where})`).join("\n       ")
  }
}
