/**
 * The sources that settings lead to: connecting with them, and finding out whether they would work before they are saved.
 *
 * @since 0.1.0
 */
import type { ConnectorError } from "@access-kit/connector-model/ConnectorError"
import type { ValidationReport } from "@access-kit/connector-model/Validation"
import * as Validation from "@access-kit/connector-model/Validation"
import { type InvalidInput, SourceFailed } from "@access-kit/server-api/Problems"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import { ConnectorKinds, type Kind } from "../ConnectorKinds.ts"
import * as SettingsCheck from "./SettingsCheck.ts"

/**
 * @since 0.1.0
 */
export const sourceFailed = (error: ConnectorError): SourceFailed =>
  new SourceFailed({ detail: error.message, reason: error.reason._tag })

/** What a failed check says, as the answer to saving settings that would not work. */
const refusal = (report: ValidationReport): SourceFailed =>
  new SourceFailed({
    detail: report.checks.filter((check) => check.status === "failed").map((check) =>
      `${check.name}: ${check.message}${check.remedy === undefined ? "" : ` ${check.remedy}`}`
    ).join(" "),
    reason: "ChecksFailed"
  })

/**
 * @since 0.1.0
 */
export const make = Effect.gen(function*() {
  const kinds = yield* ConnectorKinds
  const httpClient = yield* HttpClient.HttpClient

  const kindOf = Effect.fnUntraced(function*(name: string): Effect.fn.Return<Kind, InvalidInput> {
    const kind = kinds.get(name)
    if (kind !== undefined) return kind
    return yield* SettingsCheck.invalid([{
      field: "kind",
      message: `There is no kind of connector "${name}". This server runs: ${[...kinds.keys()].join(", ")}.`
    }])
  })

  const connect = (kind: Kind, settings: ReadonlyMap<string, string>) =>
    Effect.provideService(kind.connect(settings), HttpClient.HttpClient, httpClient)

  const validate = Effect.fnUntraced(function*(kind: Kind, settings: ReadonlyMap<string, string>) {
    const connector = yield* connect(kind, settings).pipe(
      Effect.catchTag("ConnectorError", (error) =>
        Effect.fail(
          error.reason._tag === "InvalidConfiguration"
            ? SettingsCheck.invalid([{ field: error.reason.field ?? "settings", message: error.message }])
            : sourceFailed(error)
        ))
    )
    return yield* Effect.mapError(connector.validate, sourceFailed)
  })

  const requireWorking = Effect.fnUntraced(function*(kind: Kind, settings: ReadonlyMap<string, string>) {
    const report = yield* validate(kind, settings)
    if (!Validation.isOk(report)) return yield* refusal(report)
  })

  /** For settings that are saved without being tried: what can be told without asking the source. */
  const requireUsable = (kind: Kind, settings: ReadonlyMap<string, string>) =>
    connect(kind, settings).pipe(
      Effect.catchTag("ConnectorError", (error) =>
        error.reason._tag === "InvalidConfiguration"
          ? Effect.fail(SettingsCheck.invalid([{ field: error.reason.field ?? "settings", message: error.message }]))
          : Effect.void)
    )

  return { kindOf, connect, validate, requireWorking, requireUsable }
})
