/**
 * When a grant ends by itself. The connector contract has no such thing, since a source has none; a server keeps it, and its connector reads it here.
 *
 * @since 0.1.0
 */
import * as ConfigField from "@access-kit/connector-model/ConfigField"
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import type { Grant } from "@access-kit/connector-model/Grant"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"

/**
 * What becomes of a grant that is there already, without an end.
 *
 * @since 0.1.0
 */
export type IfGranted = "keep" | "expire"

/**
 * The end of the grants that are made; `undefined` for grants without an end.
 *
 * @since 0.1.0
 */
export const GrantExpiry = Context.Reference<
  | {
    /** RFC 3339 */
    readonly expiresAt: string
    readonly ifGranted?: IfGranted
  }
  | undefined
>("@access-kit/cli/GrantExpiry", { defaultValue: () => undefined })

const ends = new WeakMap<Grant, string>()

/**
 * Notes when a grant ends, beside the grant itself, which has no place for it.
 *
 * @since 0.1.0
 */
export const note = <A extends Grant>(grant: A, expiresAt: string | undefined): A => {
  if (expiresAt !== undefined) ends.set(grant, expiresAt)
  return grant
}

/**
 * When a grant ends, RFC 3339, as far as that is known.
 *
 * @since 0.1.0
 */
export const endOf = (grant: Grant): string | undefined => ends.get(grant)

const length = ConfigField.duration({ name: "expires", displayName: "--expires", description: "" })

/** `Date.parse` takes many more forms than this, and each browser and runtime others. */
const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/

const timeOf = (text: string, now: number): number | undefined => {
  if (moment.test(text)) {
    const time = Date.parse(text)
    return Number.isNaN(time) ? undefined : time
  }
  return Result.match(length.decode(text), {
    onFailure: () => undefined,
    onSuccess: (duration) => now + Duration.toMillis(duration)
  })
}

const FURTHEST = Date.UTC(9999, 11, 31)

/**
 * A moment (`2026-01-31T12:00:00Z`) or a length of time from now on (`8h`, `30m`, `7d`), as RFC 3339 in UTC.
 *
 * @since 0.1.0
 */
export const parse = Effect.fn("GrantExpiry.parse")(function*(text: string, operation: string = "grant") {
  const now = yield* Clock.currentTimeMillis
  const time = timeOf(text.trim(), now)
  if (time === undefined || time <= now || time > FURTHEST) {
    return yield* ConnectorError.make(
      operation,
      new ConnectorError.InvalidInput({
        field: "expires",
        message: time === undefined || time > FURTHEST
          ? `--expires ${
            JSON.stringify(text)
          } is no time. Give a moment such as 2026-01-31T12:00:00Z, or a length of time such as 8h or 30m.`
          : `--expires ${JSON.stringify(text)} has passed already.`
      })
    )
  }
  return new Date(time).toISOString()
})
