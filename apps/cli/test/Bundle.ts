/**
 * The bundled command as a child process, against a sandbox in this process. Whatever it prints is searched for the token.
 */
import * as BundledProgram from "@access-kit/tooling-vitest/BundledProgram"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { layer } from "@effect/vitest"
import { Context, Effect, Layer, Schema } from "effect"
import { fileURLToPath } from "node:url"

const folder = fileURLToPath(new URL("..", import.meta.url))

export type { Finished, Options, Running } from "@access-kit/tooling-vitest/BundledProgram"

export class Bundle extends Context.Service<Bundle, BundledProgram.BundledProgram>()("@access-kit/cli/test/Bundle") {
  static readonly layer = Layer.effect(Bundle, BundledProgram.make(folder, "claude-enterprise")).pipe(
    Layer.provideMerge(NodeServices.layer)
  )
}

/** Waits until something holds that another process brings about; the bound is one against hangs. */
export const eventually = <R>(holds: Effect.Effect<boolean, never, R>) =>
  Effect.gen(function*() {
    while (!(yield* holds)) yield* Effect.sleep("20 millis")
  }).pipe(Effect.timeout("2 minutes"), Effect.orDie)

/** The one line of JSON that a failed command leaves on standard error. */
export const ErrorLine = Schema.fromJsonString(Schema.Struct({
  error: Schema.Struct({
    reason: Schema.String,
    exitCode: Schema.Number,
    message: Schema.String,
    operation: Schema.NullOr(Schema.String)
  })
}))

/** Rows of any shape. */
export const rowsOf = (text: string) =>
  Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Array(Schema.Record(Schema.String, Schema.Unknown))))(text)

/** An object of any shape. */
export const objectOf = (text: string) =>
  Schema.decodeUnknownSync(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown)))(text)

export const company = BundledProgram.company

/** Tests with the bundle at hand, on the real clock: processes have no other. */
export const withBundle = layer(Bundle.layer, { timeout: "2 minutes", excludeTestServices: true })
