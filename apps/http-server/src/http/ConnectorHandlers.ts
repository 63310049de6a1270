/**
 * Connectors over HTTP.
 *
 * @since 0.1.0
 */
import { Api } from "@access-kit/server-api/Api"
import type { Connector } from "@access-kit/server-api/Connectors"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import { Connectors } from "../Connectors.ts"
import * as Actors from "./Actors.ts"
import * as Conditional from "./Conditional.ts"
import * as CurrentChange from "./CurrentChange.ts"

const tagged = (connector: Connector) =>
  HttpApiSchema.withHeaders({ body: connector, headers: { etag: Conditional.etagOf(connector.revision) } })

/**
 * @since 0.1.0
 */
export const layer = HttpApiBuilder.group(
  Api,
  "connectors",
  Effect.fnUntraced(function*(handlers) {
    const connectors = yield* Connectors
    return handlers.handleAll({
      kinds: () => Effect.succeed(connectors.kinds),
      list: ({ query }) => connectors.list(query),
      create: ({ payload }) =>
        CurrentChange.once(
          Effect.flatMap(Actors.current, (actor) => connectors.create(actor, payload)),
          (id) => Effect.flatMap(Actors.current, (actor) => connectors.created(actor, id))
        ).pipe(
          Effect.map((connector) =>
            HttpApiSchema.withHeaders({
              body: connector,
              headers: { etag: Conditional.etagOf(connector.revision), location: `/v1/connectors/${connector.id}` }
            })
          )
        ),
      testSettings: ({ payload }) => connectors.testSettings(payload),
      get: ({ params }) => Effect.map(connectors.get(params.connectorId), tagged),
      update: Effect.fnUntraced(function*({ headers, params, payload }) {
        const actor = yield* Actors.current
        const revision = yield* Conditional.revisionOf(headers["if-match"])
        return tagged(
          yield* CurrentChange.once(connectors.update(actor, params.connectorId, payload, revision), connectors.get)
        )
      }),
      test: ({ params }) => connectors.test(params.connectorId),
      rotateSecrets: ({ params, payload }) =>
        CurrentChange.once(
          Effect.flatMap(Actors.current, (actor) => connectors.rotateSecrets(actor, params.connectorId, payload)),
          connectors.get
        ).pipe(Effect.map(tagged)),
      pause: ({ params }) =>
        CurrentChange.once(
          Effect.flatMap(Actors.current, (actor) => connectors.pause(actor, params.connectorId)),
          connectors.get
        ).pipe(Effect.map(tagged)),
      resume: ({ params }) =>
        CurrentChange.once(
          Effect.flatMap(Actors.current, (actor) => connectors.resume(actor, params.connectorId)),
          connectors.get
        ).pipe(Effect.map(tagged)),
      remove: Effect.fnUntraced(function*({ headers, params }) {
        const actor = yield* Actors.current
        const revision = yield* Conditional.revisionOf(headers["if-match"])
        yield* CurrentChange.once(connectors.remove(actor, params.connectorId, revision), () => Effect.void)
      }),
      capabilities: ({ params }) => connectors.capabilities(params.connectorId)
    })
  })
)
