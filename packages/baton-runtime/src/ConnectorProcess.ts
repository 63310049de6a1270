/**
 * The parent's side of the child-process protocol: runs any baton connector binary as a child.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { BatonClient } from "./BatonClient.ts"

/**
 * @since 0.1.0
 */
export interface Options {
  /** Path of the executable, or its name on the PATH. */
  readonly command: string
  /** Its own flags; `_connector-service` is added at the end. */
  readonly args?: ReadonlyArray<string>
  /** Laid over the environment of this process; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | Redacted.Redacted<string> | undefined>>
  readonly cwd?: string
  /** Serve a session store to the child, which lives as long as the child. @default true */
  readonly sessionStore?: boolean
  /** Where the child's output and log go. @default "inherit" */
  readonly output?: "inherit" | "ignore"
  /** How long the child may take until it answers. @default 60 seconds */
  readonly startTimeout?: Duration.Input
}

/**
 * @since 0.1.0
 */
export interface ConnectorProcess {
  readonly pid: number
  /** Its calls fail as soon as the child has ended. */
  readonly client: BatonClient
  /** Fails when the child ends before it is told to. */
  readonly ended: Effect.Effect<never, ConnectorProcessError>
}

/**
 * @since 0.1.0
 */
export class ConnectorProcessError extends Schema.TaggedError<ConnectorProcessError>()("ConnectorProcessError", {
  reason: Schema.Literals(["CannotStart", "Ended", "NotReady", "CannotListen"]),
  message: Schema.String,
  exitCode: Schema.optionalKey(Schema.Int),
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/**
 * Starts the child; it ends with the scope.
 *
 * @since 0.1.0
 */
export declare const start: (options: Options) => Effect.Effect<ConnectorProcess, ConnectorProcessError, Scope.Scope>
