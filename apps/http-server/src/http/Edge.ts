/**
 * The outermost layer of the HTTP side: what is true of every request, whatever it asks for. It gets an id, is counted and bounded, ends in an
 * answer that is never anything but JSON or a problem, and leaves a line in the log.
 *
 * @since 0.1.0
 */
import * as Problems from "@access-kit/server-api/Problems"
import * as ByteSize from "effect/ByteSize"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as HttpMiddleware from "effect/http/HttpMiddleware"
import * as HttpServerError from "effect/http/HttpServerError"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type * as IpNetwork from "effect/net/IpNetwork"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Already from "../Already.ts"
import { Lifecycle } from "../Lifecycle.ts"
import { AccessLog } from "./AccessLog.ts"
import * as Conditional from "./Conditional.ts"
import * as CurrentRequest from "./CurrentRequest.ts"
import { type Answer, response } from "./DirectoryAnswers.ts"
import type { HotReads } from "./HotReads.ts"
import { HttpLimits } from "./HttpLimits.ts"
import * as HttpMetrics from "./HttpMetrics.ts"
import * as ProblemResponse from "./ProblemResponse.ts"
import * as RouteIndex from "./RouteIndex.ts"
import * as SecurityHeaders from "./SecurityHeaders.ts"

/**
 * @since 0.1.0
 */
export interface Options {
  /** Pages of these origins may call the API. None, unless told. */
  readonly corsOrigins: ReadonlyArray<string>
  /** Proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: ReadonlyArray<IpNetwork.IpNetwork>
  /** Whether answers go out over TLS, from here or from a proxy in front. */
  readonly secure: boolean
}

type App = Effect.Effect<HttpServerResponse.HttpServerResponse, unknown, HttpServerRequest | Scope.Scope>

/** Asked by machines that must not be turned away because people are many. */
const unbounded = new Set<string | undefined>(["/healthz", "/readyz", "/metrics"])

const isRouteNotFound = (cause: Cause.Cause<unknown>): boolean =>
  cause.reasons.some((reason) =>
    reason._tag === "Fail" && HttpServerError.isHttpServerError(reason.error)
    && reason.error.reason._tag === "RouteNotFound"
  )

const hasHungUp = (cause: Cause.Cause<unknown>): boolean =>
  cause.reasons.some((reason) => reason._tag === "Interrupt" && reason.annotations.has(HttpServerError.ClientAbort.key))

const wrongMethod = (allow: string, requestId: string) =>
  Effect.map(
    ProblemResponse.fromProblem(
      new Problems.MethodNotAllowed({ detail: `This path takes ${allow}.` }),
      requestId
    ),
    HttpServerResponse.setHeader("allow", allow)
  )

const cors = (origins: ReadonlyArray<string>) =>
  HttpMiddleware.cors({
    allowedOrigins: origins,
    allowedMethods: ["GET", "HEAD", "POST", "PATCH", "DELETE"],
    allowedHeaders: [
      "authorization",
      "content-type",
      "idempotency-key",
      "if-match",
      "if-none-match",
      "last-event-id",
      "x-request-id"
    ],
    exposedHeaders: ["etag", "location", "retry-after", "x-request-id", "idempotency-replayed"],
    maxAge: 600
  })

/**
 * Wraps the router. What it gives back never fails but by interruption.
 *
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(options: Options, hotReads: HotReads) {
  const lifecycle = yield* Lifecycle
  const limits = yield* HttpLimits
  const accessLog = yield* AccessLog
  const bodyBytes = ByteSize.toNumberUnsafe(limits.bodySize)
  let underWay = 0

  const count = (by: 1 | -1): void => {
    underWay += by
    HttpMetrics.begun(by)
  }

  /** Either the reason for which a request is not looked at any further, or nothing. */
  const refused = (request: HttpServerRequest, route: string | undefined) => {
    if (underWay > limits.concurrentRequests && !unbounded.has(route)) {
      return new Problems.Unavailable({ detail: "Too many requests are under way. Try again.", retryAfter: 1 })
    }
    return Number(request.headers["content-length"] ?? 0) > bodyBytes
      ? new Problems.PayloadTooLarge({ detail: `The body of a request may have at most ${bodyBytes} bytes.` })
      : undefined
  }

  const answered = (app: App, request: HttpServerRequest, facts: CurrentRequest.RequestFacts) => {
    const refusal = refused(request, facts.route)
    if (refusal !== undefined) return ProblemResponse.fromProblem(refusal, facts.id)
    if (request.method === "OPTIONS") {
      const allow = RouteIndex.allowed(request.url)
      if (allow !== undefined) return Effect.succeed(HttpServerResponse.empty({ status: 204, headers: { allow } }))
    }
    if (RouteIndex.isWrongMethod(request.method, request.url)) {
      return wrongMethod(RouteIndex.allowed(request.url) ?? "", facts.id)
    }
    return Effect.matchCauseEffect(app, {
      onSuccess: (response) => ProblemResponse.fromResponse(response, facts.id),
      onFailure: (cause) => {
        // There is nobody to answer.
        if (hasHungUp(cause)) return Effect.failCause(cause)
        if (Cause.hasInterruptsOnly(cause)) {
          return ProblemResponse.fromProblem(
            new Problems.Unavailable({ detail: "The server stops before it is done. Try again.", retryAfter: 1 }),
            facts.id
          )
        }
        const allow = isRouteNotFound(cause) ? RouteIndex.allowed(request.url) : undefined
        return allow === undefined ? ProblemResponse.fromCause(cause, facts.id) : wrongMethod(allow, facts.id)
      }
    })
  }

  const finished = (
    request: HttpServerRequest,
    facts: CurrentRequest.RequestFacts,
    response: HttpServerResponse.HttpServerResponse
  ) =>
    SecurityHeaders.add(
      HttpServerResponse.setHeaders(Conditional.notModified(request, response), {
        "x-request-id": facts.id,
        ...(lifecycle.isStopping() ? { connection: "close" } : {}),
        ...(response.status === 401
          ? {
            "www-authenticate": request.headers["authorization"] === undefined
              ? "Bearer realm=\"claude-enterprise-server\""
              : "Bearer realm=\"claude-enterprise-server\", error=\"invalid_token\""
          }
          : {})
      }),
      options.secure
    )

  /** What is told of a request when its answer is known. */
  const told = (request: HttpServerRequest, facts: CurrentRequest.RequestFacts, status: number, ended: number) => {
    const milliseconds = ended - facts.begun
    HttpMetrics.note(facts, request.method, status, milliseconds)
    return unbounded.has(facts.route) ? Effect.void : accessLog({
      facts,
      method: request.method,
      path: request.url.split("?", 1)[0] ?? "",
      status,
      milliseconds
    })
  }

  const generally = (
    app: App,
    request: HttpServerRequest,
    facts: CurrentRequest.RequestFacts
  ): Effect.Effect<HttpServerResponse.HttpServerResponse, unknown, HttpServerRequest | Scope.Scope> =>
    answered(app, request, facts).pipe(
      Effect.map((response) => finished(request, facts, response)),
      Effect.tap((response) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => told(request, facts, response.status, now))
      ),
      Effect.provideService(CurrentRequest.CurrentRequest, facts),
      Effect.provideService(HttpIncomingMessage.MaxBodySize, limits.bodySize),
      Effect.annotateLogs("requestId", facts.id)
    )

  const fromHotRead = (
    request: HttpServerRequest,
    facts: CurrentRequest.RequestFacts,
    answer: Answer
  ): HttpServerResponse.HttpServerResponse => {
    const ifNoneMatch = request.headers["if-none-match"]
    const headers = {
      ...SecurityHeaders.ofData(options.secure),
      "cache-control": SecurityHeaders.cacheControl(answer.etag),
      "x-request-id": facts.id,
      ...(lifecycle.isStopping() ? { connection: "close" } : {})
    }
    return ifNoneMatch !== undefined && answer.etag !== undefined && Conditional.matches(ifNoneMatch, answer.etag)
      ? HttpServerResponse.empty({ status: 304, headers: { ...headers, etag: answer.etag } })
      : response(answer, headers)
  }

  const serve = (app: App) =>
    Effect.flatMap(HttpServerRequest, (request) =>
      Effect.clockWith((clock) => {
        const begun = clock.currentTimeMillisUnsafe()
        const facts = CurrentRequest.make(
          request.headers["x-request-id"],
          Option.getOrElse(request.remoteAddress, () => "unknown"),
          begun
        )
        const hot = underWay < limits.concurrentRequests ? hotReads(request) : undefined
        if (hot !== undefined) {
          facts.route = hot.route
          const asked = hot.answer(facts)
          // Nothing had to be waited for: everything is told at once, and without what only others need.
          if (Already.succeeded(asked)) {
            const response = fromHotRead(request, facts, asked.value)
            return Effect.mapEager(
              told(request, facts, response.status, clock.currentTimeMillisUnsafe()),
              () => response
            )
          }
          count(1)
          return Effect.onExit(
            generally(Effect.map(asked, response), request, facts),
            () => Effect.sync(() => count(-1))
          )
        }
        facts.route = RouteIndex.ownRoute(request.url) ?? facts.route
        count(1)
        // The scope of a request closes when its answer has been sent.
        return Effect.flatMap(
          Effect.addFinalizer(() => Effect.sync(() => count(-1))),
          () => generally(app, request, facts)
        )
      }))

  return (app: App) => {
    const served = serve(app)
    const crossed = options.corsOrigins.length === 0 ? served : cors(options.corsOrigins)(served)
    return options.trustedProxies.length === 0
      ? crossed
      : HttpMiddleware.xForwardedHeaders({ trustedProxies: options.trustedProxies })(crossed)
  }
})
