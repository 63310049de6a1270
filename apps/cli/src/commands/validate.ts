/**
 * `claude-enterprise validate`: would it work?
 *
 * @since 0.1.0
 */
import * as Connector from "@access-kit/connector-model/Connector"
import * as Validation from "@access-kit/connector-model/Validation"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Connection from "../Connection.ts"
import { CommandError } from "../Failure.ts"
import { Output } from "../Output.ts"
import * as Text from "../Text.ts"
import * as CheckView from "../views/CheckView.ts"

/**
 * @since 0.1.0
 */
export const validate = Command.make(
  "validate",
  {},
  Effect.fn("validate")(function*() {
    const connector = yield* Connector.Connector
    const output = yield* Output
    const report = yield* connector.validate
    yield* output.format === "table"
      ? output.text((style) => report.checks.map((check) => `${CheckView.lines(check, style)}\n`).join(""))
      : output.rows(CheckView.view, Stream.fromIterable(report.checks))
    if (!Validation.isOk(report)) {
      const failed = report.checks.filter((check) => check.status === "failed")
      return yield* new CommandError({
        reason: "ValidationFailed",
        message: `${Text.counted(failed.length, "check")} failed: ${
          failed.map((check) => `${check.message} ${check.remedy ?? ""}`.trim()).join(" ")
        }`
      })
    }
    const warnings = report.checks.filter((check) => check.status === "warning").length
    yield* output.say(
      warnings === 0
        ? `${connector.spec.displayName} is ready at ${connector.source}.`
        : `${connector.spec.displayName} works at ${connector.source}, with ${Text.counted(warnings, "warning")}.`
    )
  }, Effect.provide(Connection.layer))
).pipe(Command.withDescription("Check URL, token and what the server allows; changes nothing"))
