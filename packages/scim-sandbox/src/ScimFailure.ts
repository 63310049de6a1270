/**
 * The refusal that a SCIM service provider answers with: an HTTP status, an optional `scimType` and a sentence.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * A request that the sandbox refuses, as RFC 7644 section 3.12 shapes it.
 *
 * `format: "other"` marks the few answers of the real endpoint that carry no SCIM error body
 * (413, and the creation of an inactive user where the environment does not keep inactive users).
 *
 * @since 0.1.0
 */
export class ScimFailure extends Schema.TaggedError<ScimFailure>()("ScimFailure", {
  status: Schema.Int,
  scimType: Schema.optionalKey(Schema.String),
  detail: Schema.String,
  format: Schema.Literals(["scim", "other"])
}) {
  override get message(): string {
    return `${this.status}${this.scimType === undefined ? "" : ` ${this.scimType}`}: ${this.detail}`
  }
}

/**
 * Builds a refusal with a SCIM error body.
 *
 * @since 0.1.0
 */
export const make = (status: number, detail: string, scimType?: string): ScimFailure =>
  new ScimFailure({ status, detail, format: "scim", ...(scimType === undefined ? {} : { scimType }) })

/**
 * The error message body of RFC 7644 section 3.12; `status` is a string there.
 *
 * @since 0.1.0
 */
export const toBody = (failure: ScimFailure): Record<string, unknown> => ({
  schemas: ["urn:ietf:params:scim:api:messages:2.0:Error"],
  ...(failure.scimType === undefined ? {} : { scimType: failure.scimType }),
  detail: failure.detail,
  status: String(failure.status)
})
