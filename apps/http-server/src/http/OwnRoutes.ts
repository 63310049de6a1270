/**
 * What the server has beside the API: whether it lives, whether it is ready, what it counts, and the page that explains it. None wants a token, and
 * none tells more than numbers and the shape of the API.
 *
 * @since 0.1.0
 */
import { Api } from "@access-kit/server-api/Api"
import * as Problems from "@access-kit/server-api/Problems"
import * as Effect from "effect/Effect"
import * as HttpApiScalar from "effect/http-api/HttpApiScalar"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServerRespondable from "effect/http/HttpServerRespondable"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import { Gauges } from "./Gauges.ts"
import * as HttpMetrics from "./HttpMetrics.ts"
import { Readiness } from "./Readiness.ts"

const alive = HttpRouter.add("GET", "/healthz", HttpServerResponse.jsonUnsafe({ status: "ok" }))

const ready = HttpRouter.use(Effect.fnUntraced(function*(router) {
  const readiness = yield* Readiness
  yield* router.add(
    "GET",
    "/readyz",
    Effect.flatMap(readiness.check, (reason) =>
      reason === undefined
        ? Effect.succeed(HttpServerResponse.jsonUnsafe({ status: "ready" }))
        : HttpServerRespondable.toResponse(
          new Problems.Unavailable({ detail: reason, retryAfter: 1 })
        ))
  )
}))

const metrics = HttpRouter.use(Effect.fnUntraced(function*(router) {
  const gauges = yield* Gauges
  yield* router.add(
    "GET",
    "/metrics",
    Effect.map(
      Effect.andThen(Effect.andThen(gauges.refresh, HttpMetrics.settle), PrometheusMetrics.format()),
      (body) => HttpServerResponse.text(body, { contentType: "text/plain; version=0.0.4; charset=utf-8" })
    )
  )
}))

/** Nothing of the page talks to anybody but this server. Scalar knows more settings than the type says. */
const scalar = {
  withDefaultFonts: false,
  authentication: { preferredSecurityScheme: "bearer" },
  showDeveloperTools: "never",
  hideClientButton: true,
  telemetry: false
}

/** Served from the bundle, without fonts or scripts of anybody else. */
const docs = HttpApiScalar.layer(Api, { path: "/docs", scalar })

const root = HttpRouter.add("GET", "/", HttpServerResponse.redirect("/docs", { status: 302 }))

/**
 * @since 0.1.0
 */
export const layer = Layer.mergeAll(alive, ready, metrics, docs, root)
