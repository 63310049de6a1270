/**
 * `claude-enterprise capabilities`: what the connector can do, read off its handlers.
 *
 * @since 0.1.0
 */
import * as Settings from "@access-kit/claude-enterprise/Settings"
import * as Capabilities from "@access-kit/connector-model/Capabilities"
import { Connector } from "@access-kit/connector-model/Connector"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Connection from "../Connection.ts"
import { Output } from "../Output.ts"
import * as CapabilityView from "../views/CapabilityView.ts"

/** Capabilities are those of the handlers, so there has to be a connector; it talks to nobody here, and needs no real settings. */
const nowhere = Settings.make({ scimUrl: "https://scim.invalid/", scimToken: Redacted.make("none") })

/**
 * @since 0.1.0
 */
export const capabilities = Command.make(
  "capabilities",
  {},
  Effect.fn("capabilities")(function*() {
    const output = yield* Output
    const all = yield* Effect.provide(
      Effect.map(Connector, Capabilities.of),
      (yield* Connection.server) === undefined ? Connection.of(nowhere) : Connection.layer
    )
    if (output.format === "json" || output.format === "ndjson") {
      return yield* output.record(CapabilityView.record, all)
    }
    yield* output.rows(CapabilityView.view, Stream.fromIterable(all.resourceTypes))
    for (const field of all.accountFields) {
      yield* output.say(
        `Creating an account asks for ${field.name}${field.required ? "" : " (optional)"}: ${field.description}.`
      )
    }
    yield* output.say(`${all.displayName} ${all.version}: ${all.helpUrl}`)
  })
).pipe(Command.withDescription("What this connector can read and change; needs no SCIM URL and no token"))
