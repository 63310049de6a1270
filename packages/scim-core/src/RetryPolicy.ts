/**
 * When a request is sent again, and how long the client waits for a server that asks for patience.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Schedule from "effect/Schedule"
import type { ScimError } from "./ScimError.ts"

/**
 * @since 0.1.0
 */
export interface RetryPolicy {
  /** Delay before each further attempt where the server names none; the end of the schedule is the end of the attempts. */
  readonly schedule: Schedule.Schedule<unknown, ScimError>
  /** Longest pause that a server may ask for. A longer one ends in `RateLimitExhausted` at once. */
  readonly maxRetryAfter: Duration.Duration
  /** Most time that one request spends waiting, all its pauses together. Pauses that the server asks for are limited by this, not by count. */
  readonly budget: Duration.Duration
}

/**
 * @since 0.1.0
 */
export interface Options {
  /** Default 250 milliseconds. */
  readonly initialDelay?: Duration.Input | undefined
  /** Each delay is so many times the one before. Default 2. */
  readonly factor?: number | undefined
  /** Longest delay before jitter. Default 20 seconds. */
  readonly maxDelay?: Duration.Input | undefined
  /** Attempts beyond the first. Default 5. */
  readonly maxRetries?: number | undefined
  /** Vary each delay by up to a fifth, so that clients do not move in step. Default `true`. */
  readonly jitter?: boolean | undefined
  /** Default 2 minutes. */
  readonly maxRetryAfter?: Duration.Input | undefined
  /** Default 5 minutes. */
  readonly budget?: Duration.Input | undefined
}

/**
 * Exponential delays with a cap, jitter and a limit.
 *
 * @since 0.1.0
 */
export const make = (options: Options = {}): RetryPolicy => {
  const capped = Schedule.min([
    Schedule.exponential(options.initialDelay ?? "250 millis", options.factor ?? 2),
    Schedule.spaced(options.maxDelay ?? "20 seconds")
  ]).pipe(Schedule.upTo({ times: options.maxRetries ?? 5 }), Schedule.setInputType<ScimError>())
  return {
    schedule: options.jitter === false ? capped : Schedule.jittered(capped),
    maxRetryAfter: Duration.fromInputUnsafe(options.maxRetryAfter ?? "2 minutes"),
    budget: Duration.fromInputUnsafe(options.budget ?? "5 minutes")
  }
}

/**
 * {@link make} with its defaults.
 *
 * @since 0.1.0
 */
export const standard: RetryPolicy = make()

/**
 * Every failure is final.
 *
 * @since 0.1.0
 */
export const none: RetryPolicy = make({ maxRetries: 0, budget: 0 })
