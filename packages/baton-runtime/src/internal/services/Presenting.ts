/**
 * The service that says what the connector is and whether it works.
 */
import { ConnectorService } from "@access-kit/baton-protocol/gen/c1/connector/v2/connector_pb"
import { isOk } from "@access-kit/connector-model/Validation"
import { Code, type ConnectRouter } from "@connectrpc/connect"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as BatonCapabilities from "../../BatonCapabilities.ts"
import { refuse } from "../Refusal.ts"
import type { Served } from "./Served.ts"

/**
 * The release of the Go SDK whose behaviour this is. A syncer reads it: with a version from 0.4.3 on it names the running sync in its requests.
 */
export const SDK_VERSION = "v0.25.0"

const PREFIX = "validate failed: "

export const routes = (served: Served) => (router: ConnectRouter): void => {
  const { connector, gateway, listing } = served

  const validate = Effect.flatMap(connector.validate, (report) => {
    if (isOk(report)) return Effect.succeed({ sdkVersion: SDK_VERSION })
    const faults = report.checks.filter((check) => check.status === "failed").map((check) =>
      check.remedy === undefined ? `${check.name}: ${check.message}` : `${check.name}: ${check.message} ${check.remedy}`
    )
    return refuse(Code.FailedPrecondition, PREFIX + faults.join(" "))
  })

  router.service(ConnectorService, {
    getMetadata: (_, context) =>
      gateway.answer(
        Effect.sync(() => ({ metadata: BatonCapabilities.metadataOf(connector, { listing }) })),
        context
      ),
    validate: (_, context) =>
      gateway.answer(validate, context, {
        prefix: PREFIX,
        repeating: { retries: 5, step: Duration.seconds(1) }
      }),
    // The pages that are remembered for a sync are all that there is to clean up.
    cleanup: (_, context) =>
      gateway.answer(
        Effect.sync(() => {
          served.memory.clear()
          return {}
        }),
        context
      )
  })
}
