/**
 * The answer to "would this work?": named checks, each with what to do when it fails.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * @since 0.1.0
 */
export const Check = Schema.Struct({
  /** What was looked at, in a few words. */
  name: Schema.String,
  status: Schema.Literals(["passed", "warning", "failed"]),
  /** What was found. */
  message: Schema.String,
  /** What to do about it. Present unless the check passed. */
  remedy: Schema.optionalKey(Schema.String)
})

/**
 * @since 0.1.0
 */
export interface Check extends Schema.Schema.Type<typeof Check> {}

/**
 * @since 0.1.0
 */
export const ValidationReport = Schema.Struct({
  checks: Schema.Array(Check)
})

/**
 * @since 0.1.0
 */
export interface ValidationReport extends Schema.Schema.Type<typeof ValidationReport> {}

/**
 * Whether no check failed. Warnings do not count.
 *
 * @since 0.1.0
 */
export const isOk = (report: ValidationReport): boolean => report.checks.every((check) => check.status !== "failed")
