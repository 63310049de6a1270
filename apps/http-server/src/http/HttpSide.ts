/**
 * The HTTP side of the server put together: the API with its handlers, what every request goes through, and what stands beside the API.
 *
 * @since 0.1.0
 */
import { Api } from "@access-kit/server-api/Api"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import { Idempotency } from "../Idempotency.ts"
import { Admission } from "./Admission.ts"
import * as AuditHandlers from "./AuditHandlers.ts"
import { Authenticator } from "./Authenticator.ts"
import * as AuthorizationLayer from "./AuthorizationLayer.ts"
import * as ChangesLayer from "./ChangesLayer.ts"
import * as ConnectorHandlers from "./ConnectorHandlers.ts"
import * as DirectoryHandlers from "./DirectoryHandlers.ts"
import * as Edge from "./Edge.ts"
import { Gauges } from "./Gauges.ts"
import * as HotReads from "./HotReads.ts"
import * as HttpMetrics from "./HttpMetrics.ts"
import * as OperationHandlers from "./OperationHandlers.ts"
import * as OwnRoutes from "./OwnRoutes.ts"
import { Readiness } from "./Readiness.ts"
import * as RequestProblemsLayer from "./RequestProblemsLayer.ts"
import * as RouteIndex from "./RouteIndex.ts"
import * as SnapshotHandlers from "./SnapshotHandlers.ts"
import * as SyncHandlers from "./SyncHandlers.ts"
import * as TimedGrantHandlers from "./TimedGrantHandlers.ts"
import * as TokenHandlers from "./TokenHandlers.ts"

const handlers = Layer.mergeAll(
  AuditHandlers.layer,
  ConnectorHandlers.layer,
  DirectoryHandlers.layer,
  OperationHandlers.layer,
  SnapshotHandlers.layer,
  SyncHandlers.layer,
  TimedGrantHandlers.layer,
  TokenHandlers.layer
)

const api = HttpApiBuilder.layer(Api, { openapiPath: "/openapi.json" }).pipe(
  Layer.provide(handlers),
  Layer.provide([AuthorizationLayer.layer, ChangesLayer.layer, RequestProblemsLayer.layer]),
  Layer.provide(Idempotency.layer)
)

const routes = Layer.merge(api, OwnRoutes.layer.pipe(Layer.provide([Gauges.layer, Readiness.layer])))

/**
 * Answers requests on the `HttpServer` until the scope ends.
 *
 * @since 0.1.0
 */
export const layer = (options: Edge.Options) =>
  Layer.effectDiscard(Effect.gen(function*() {
    const edge = yield* Edge.make(options, yield* HotReads.make)
    const app = yield* HttpRouter.toHttpEffect(routes).pipe(
      Effect.provideService(HttpRouter.RouterConfig, RouteIndex.routerConfig)
    )
    yield* Effect.forkScoped(Effect.repeat(HttpMetrics.settle, Schedule.spaced("1 second")))
    yield* HttpServer.serveEffect(edge(app))
  })).pipe(
    Layer.provide(Admission.layer),
    Layer.provide(Authenticator.layer),
    Layer.provide(NodeHttpServer.layerHttpServices)
  )
