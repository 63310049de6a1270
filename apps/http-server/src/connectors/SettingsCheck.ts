/**
 * Checks the settings that somebody entered for a connector against the fields that its kind declares, and names everything that is wrong at once.
 *
 * @since 0.1.0
 */
import type { ConfigField } from "@access-kit/connector-model/ConfigField"
import { InvalidInput } from "@access-kit/server-api/Problems"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"

/**
 * @since 0.1.0
 */
export interface Sorted {
  readonly plain: Readonly<Record<string, string>>
  readonly secret: ReadonlyMap<string, string>
}

interface Fault {
  readonly field: string
  readonly message: string
}

const faultOf = (field: ConfigField, written: string | undefined): string | undefined => {
  // As in a form: what is empty was not given.
  if (written === undefined || written.trim() === "") {
    return field.required && field.defaultText === undefined ? `${field.displayName} is missing.` : undefined
  }
  const decoded = field.decode(written)
  return Result.isFailure(decoded) ? decoded.failure : undefined
}

/**
 * @since 0.1.0
 */
export const invalid = (faults: ReadonlyArray<Fault>): InvalidInput =>
  new InvalidInput({ detail: faults.map(({ message }) => message).join(" "), errors: faults })

/**
 * Every fault of all settings of a connector, those that are set already included.
 *
 * @since 0.1.0
 */
export const check = Effect.fnUntraced(function*(
  fields: ReadonlyArray<ConfigField>,
  settings: ReadonlyMap<string, string>
): Effect.fn.Return<void, InvalidInput> {
  const names = new Set(fields.map((field) => field.name))
  const faults: Array<Fault> = []
  for (const name of settings.keys()) {
    if (!names.has(name)) {
      faults.push({ field: name, message: `There is no setting "${name}". There are: ${[...names].join(", ")}.` })
    }
  }
  for (const field of fields) {
    const message = faultOf(field, settings.get(field.name))
    if (message !== undefined) faults.push({ field: field.name, message })
  }
  if (faults.length > 0) return yield* invalid(faults)
})

/**
 * Keeps secrets apart, and leaves out what is empty.
 *
 * @since 0.1.0
 */
export const sort = (fields: ReadonlyArray<ConfigField>, settings: ReadonlyMap<string, string>): Sorted => {
  const secrets = new Set(fields.filter((field) => field.kind === "secret").map((field) => field.name))
  const given = [...settings].filter(([, written]) => written.trim() !== "")
  return {
    plain: Object.fromEntries(given.filter(([name]) => !secrets.has(name))),
    secret: new Map(given.filter(([name]) => secrets.has(name)))
  }
}

/**
 * With another address the secrets would go to another server than the one that they were entered for.
 *
 * @since 0.1.0
 */
export const refuseSilentMove = Effect.fnUntraced(function*(
  fields: ReadonlyArray<ConfigField>,
  before: ReadonlyMap<string, string>,
  given: Readonly<Record<string, string>>
) {
  const moved = fields.find((field) =>
    field.kind === "url" && given[field.name] !== undefined && given[field.name] !== before.get(field.name)
  )
  if (moved === undefined) return
  const absent = fields.filter((field) =>
    field.kind === "secret" && before.has(field.name) && (given[field.name] ?? "").trim() === ""
  )
  if (absent.length === 0) return
  return yield* invalid(absent.map((field) => ({
    field: field.name,
    message:
      `${moved.displayName} changes, so ${field.displayName} must be entered again: it was given for another address.`
  })))
})
