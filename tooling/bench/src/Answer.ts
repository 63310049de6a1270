/**
 * An answer of the real server, caught to be given again, and what the load generator is told.
 */
import * as Schema from "effect/Schema"

/** What was answered to a path. */
export interface Answer {
  readonly path: string
  /** Base64. */
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

/** What `httpLoad.ts` is to do: ask for the paths in turn, until the seconds or the requests are over. */
export interface Load {
  readonly url: string
  readonly token: string
  readonly paths: ReadonlyArray<{ readonly path: string; readonly bytes: number }>
  readonly connections: number
  readonly seconds: number
  /** As many, in place of the seconds. */
  readonly requests: number | undefined
}

/** What it prints. */
export const Loaded = Schema.Struct({
  requests: Schema.Int,
  /** Before those that count. */
  warmUp: Schema.Int,
  /** Answers that were not what they should be. */
  wrong: Schema.Int,
  seconds: Schema.Number,
  p50Millis: Schema.Number,
  p99Millis: Schema.Number
})
