/**
 * The way of every request: gate and semaphore, token, timeouts, body limit, typed failure, retry. One instance per client, so
 * that its fibres share all of it.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { constTrue } from "effect/Function"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Metric from "effect/Metric"
import * as Pull from "effect/Pull"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Semaphore from "effect/Semaphore"
import type { Auth } from "../Auth.ts"
import type { Dialect } from "../Dialect.ts"
import type { RetryPolicy } from "../RetryPolicy.ts"
import * as ScimError from "../ScimError.ts"
import * as ScimMetrics from "../ScimMetrics.ts"
import { Counters } from "./counters.ts"
import { Gate } from "./gate.ts"
import { type Body, readBody } from "./readBody.ts"
import { type Answer, type Exchange, factsOf, isHtml, notScim, responseError } from "./responseError.ts"
import * as Tokens from "./tokens.ts"
import { fromHttpClientError, neverSent } from "./transportError.ts"

export interface Request extends Exchange {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE"
  readonly url: string
  /** JSON text. */
  readonly body?: string | undefined
  readonly headers?: { readonly [name: string]: string } | undefined
  /** Whether it may be sent again when nobody knows whether the server carried it out. */
  readonly repeatable: boolean
  /** A refusal for this reason is an answer like any other. */
  readonly accept?: ScimError.Reason["_tag"] | undefined
}

export interface Response {
  /** 2xx, 304 where the request was conditional, or the status of an accepted refusal. */
  readonly status: number
  readonly headers: { readonly [name: string]: string | undefined }
  /** `undefined` when there was no body, or a write was answered with one that is no JSON. */
  readonly json: unknown
  /** An earlier attempt ended unclearly, so the server may have carried it out before this one. */
  readonly mayHaveRunBefore: boolean
}

export interface Settings {
  /** Scheme and host, for messages. */
  readonly origin: string
  readonly auth: Auth
  readonly dialect: Dialect
  readonly concurrency: number
  readonly headersTimeout: Duration.Duration
  readonly bodyTimeout: Duration.Duration
  readonly retry: RetryPolicy
  readonly userAgent: string
  readonly maxBodyBytes: number
  readonly compression: boolean
}

export interface Transport {
  readonly send: (request: Request) => Effect.Effect<Response, ScimError.ScimError>
  readonly counters: Counters
}

const parseJson = (text: string): Result.Result<unknown, unknown> => Result.try((): unknown => JSON.parse(text))

/** Bodies of refusals are read this far, whatever the limit for answers. */
const errorBodyBytes = 1_048_576

export const make = Effect.fnUntraced(function*(settings: Settings) {
  const client = yield* HttpClient.HttpClient
  const counters = new Counters()
  const gate = new Gate(counters)
  const semaphore = Semaphore.makeUnsafe(settings.concurrency)
  const { dialect, origin, retry } = settings

  // The platform's own spans would hold the URL with its query; `fetch` follows redirects unless told not to.
  const platform = Context.make(HttpClient.TracerDisabledWhen, constTrue).pipe(
    Context.add(FetchHttpClient.RequestInit, { redirect: "manual" })
  )

  /** One HTTP exchange: what came back, whatever its status. */
  const exchange = Effect.fnUntraced(function*(
    request: HttpClientRequest.HttpClientRequest,
    facts: ScimError.Facts,
    host: string,
    bodyBytes: number
  ) {
    yield* counters.request(bodyBytes)
    const response = yield* client.execute(request).pipe(
      Effect.provideContext(platform),
      Effect.catch((error: HttpClientError.HttpClientError) => Effect.fail(fromHttpClientError(error, host, facts))),
      Effect.timeoutOrElse({
        duration: settings.headersTimeout,
        orElse: () => timedOut("headers", settings.headersTimeout, facts)
      })
    )
    const ok = response.status >= 200 && response.status < 300
    const limit = ok ? settings.maxBodyBytes : errorBodyBytes
    const known = { ...facts, status: response.status }
    const body = yield* readBody(response, limit).pipe(
      Effect.timeoutOrElse({
        duration: settings.bodyTimeout,
        orElse: () => timedOut("body", settings.bodyTimeout, known)
      }),
      Effect.catchTags({
        BodyTooLarge: ({ limit }): Effect.Effect<Body, ScimError.ScimError> =>
          // A refusal counts even when its page is endless.
          ok
            ? Effect.fail(ScimError.make(
              new ScimError.TooLarge({
                limit,
                message:
                  `The answer to ${facts.method} ${facts.path} has more than ${limit} bytes. Ask for smaller pages or fewer ` +
                  "attributes, or raise maxBodyBytes."
              }),
              known
            ))
            : Effect.succeed({ text: "", bytes: limit }),
        BrokenCompression: () => Effect.fail(undecodable("is no valid gzip", known)),
        HttpClientError: (error) => Effect.fail(fromHttpClientError(error, host, known))
      })
    )
    yield* counters.received(body.bytes)
    const answer: Answer = { status: response.status, headers: response.headers, text: body.text }
    return answer
  })

  const tokens = yield* Tokens.make(settings.auth, (url, headers, body) =>
    exchange(
      HttpClientRequest.post(url, {
        headers: { ...headers, accept: "application/json", "user-agent": settings.userAgent },
        body: HttpBody.text(body, "application/x-www-form-urlencoded")
      }),
      { method: "POST" },
      URL.parse(url)?.origin ?? "the token endpoint",
      body.length
    ).pipe(
      // What says nothing about the credentials fails as it does everywhere. Redirects among it: the secret is not sent after them.
      Effect.flatMap((answer) =>
        answer.status === 429 || answer.status >= 500 || (answer.status >= 300 && answer.status < 400)
          ? Effect.fail(refusal({ method: "POST", path: "(token endpoint)", target: "service" }, answer, 0))
          : Effect.succeed(answer)
      ),
      Effect.retry({ schedule: retry.schedule, while: (error) => error.isRetryable })
    ))

  const scrub = (text: string): string => {
    let out = text
    for (const secret of tokens.secrets()) out = out.replaceAll(secret, "<redacted>")
    return out
  }
  const scrubbed = (answer: Answer): Answer => ({
    status: answer.status,
    text: scrub(answer.text),
    headers: Object.fromEntries(
      Object.entries(answer.headers).map(([name, value]) => [name, value === undefined ? undefined : scrub(value)])
    )
  })
  const refusal = (exchange: Exchange, answer: Answer, now: number) =>
    responseError(exchange, scrubbed(answer), dialect, now, scrub)

  const attempt = Effect.fnUntraced(function*(request: Request, token: string) {
    const headers: Record<string, string> = {
      ...request.headers,
      accept: "application/scim+json, application/json",
      authorization: `Bearer ${token}`,
      "user-agent": settings.userAgent
    }
    if (settings.compression) headers["accept-encoding"] = "gzip"
    const body = request.body === undefined ? undefined : HttpBody.text(request.body, dialect.contentType)
    const facts: ScimError.Facts = { method: request.method, path: request.path }
    const answer = yield* exchange(
      HttpClientRequest.make(request.method)(request.url, body === undefined ? { headers } : { headers, body }),
      facts,
      origin,
      body?.contentLength ?? 0
    )
    if (answer.status === 304 && request.headers?.["if-none-match"] !== undefined) {
      return { status: 304, headers: answer.headers, json: undefined }
    }
    if (answer.status < 200 || answer.status > 299) {
      const error = refusal(request, answer, yield* Clock.currentTimeMillis)
      if (error.reason._tag !== request.accept) return yield* error
      return { status: answer.status, headers: answer.headers, json: undefined }
    }
    if (answer.text === "") return { status: answer.status, headers: answer.headers, json: undefined }
    const json = parseJson(answer.text)
    if (Result.isSuccess(json)) return { status: answer.status, headers: answer.headers, json: json.success }
    if (isHtml(answer) || (request.method === "GET" && !/^\s*[[{]/.test(answer.text))) {
      return yield* notScim(request, scrubbed(answer))
    }
    // What a write answers beyond its status is a courtesy: some servers say "OK".
    if (request.method !== "GET" && !/^\s*[[{]/.test(answer.text)) {
      return { status: answer.status, headers: answer.headers, json: undefined }
    }
    return yield* undecodable("is no valid JSON or breaks off", { ...factsOf(request, answer) })
  })

  const guarded = (request: Request) =>
    semaphore.withPermit(
      Effect.andThen(
        gate.pass,
        Effect.flatMap(tokens.token, (token) =>
          Effect.catchIf(
            attempt(request, token),
            (error) => error.reason._tag === "Unauthorized" && tokens.forget(token),
            () => Effect.andThen(counters.retry(), Effect.flatMap(tokens.token, (token) => attempt(request, token)))
          ))
      )
    )

  const send = Effect.fnUntraced(function*(request: Request) {
    let mayHaveRunBefore = false
    let waited = 0
    let attempts = 0
    let next: NextDelay | undefined
    while (true) {
      const result = yield* Effect.result(guarded(request))
      const status = Result.isSuccess(result) ? result.success.status : result.failure.status
      yield* Effect.annotateCurrentSpan({
        "http.request.method": request.method,
        "url.path": request.path,
        "scim.attempts": ++attempts,
        ...(status === undefined ? {} : { "http.response.status_code": status })
      })
      if (Result.isSuccess(result)) return { ...result.success, mayHaveRunBefore }
      const error = result.failure
      const throttled = error.reason._tag === "TooManyRequests"
      if (throttled) yield* Metric.update(ScimMetrics.throttled, 1)
      const clear = throttled || neverSent(error)
      // A list that begins again may succeed, the page that is asked for here can't.
      const futile = !error.isRetryable || error.reason._tag === "CursorExpired"
      if (futile || !(clear || request.repeatable)) return yield* error
      if (!clear) mayHaveRunBefore = true

      const asked = error.retryAfterMillis
      if (asked !== undefined && asked > Duration.toMillis(retry.maxRetryAfter)) {
        return yield* exhausted(error, waited, `it asks for a pause of ${Math.ceil(asked / 1000)} seconds`)
      }
      next ??= yield* stepOf(retry)
      const now = yield* Clock.currentTimeMillis
      const scheduled = yield* next(now, error)
      // A server that names the pause may do so any number of times within the budget, but not for nothing.
      const pause = asked === undefined ? scheduled : scheduled === undefined ? Math.max(asked, 1000) : asked
      if (pause === undefined) {
        return yield* throttled && waited > 0
          ? exhausted(error, waited, "it went on asking after all attempts")
          : error
      }
      if (waited + pause > Duration.toMillis(retry.budget)) {
        return yield* throttled || asked !== undefined
          ? exhausted(error, waited, "the time for waiting is used up")
          : error
      }
      waited += pause
      yield* counters.retry()
      yield* Effect.logDebug(`Sending ${request.method} ${request.path} again in ${pause} ms: ${error.message}`)
      if (throttled || asked !== undefined) {
        gate.closeUntil(now + pause)
      } else {
        yield* Effect.sleep(pause)
        yield* counters.waited(pause)
      }
    }
  })

  const transport: Transport = { send, counters }
  return transport
})

/** Milliseconds, `undefined` at the end of the schedule. */
type NextDelay = (now: number, error: ScimError.ScimError) => Effect.Effect<number | undefined>

const stepOf = (retry: RetryPolicy): Effect.Effect<NextDelay> =>
  Effect.map(
    Schedule.toStep(retry.schedule),
    (step) => (now, error) =>
      Pull.matchEffect(step(now, error), {
        onSuccess: ([, delay]) => Effect.succeed<number | undefined>(Duration.toMillis(delay)),
        onFailure: () => Effect.succeed(undefined),
        onDone: () => Effect.succeed(undefined)
      })
  )

const exhausted = (error: ScimError.ScimError, waitedMillis: number, why: string): ScimError.ScimError =>
  ScimError.make(
    new ScimError.RateLimitExhausted({
      waitedMillis,
      message:
        `The server wants fewer requests than the retry policy has patience for: ${why}. Lower the concurrency, raise the ` +
        "policy's limits, or try again later."
    }),
    error
  )

const timedOut = (phase: "headers" | "body", after: Duration.Duration, facts: ScimError.Facts) => {
  const millis = Duration.toMillis(after)
  return Effect.fail(ScimError.make(
    new ScimError.Timeout({
      phase,
      millis,
      message: `${facts.method} ${facts.path ?? "to the token endpoint"} got ${
        phase === "headers" ? "no answer" : "only part of its answer"
      } within ${millis / 1000} seconds. Try again, or raise the timeout.`
    }),
    facts
  ))
}

const undecodable = (what: string, facts: ScimError.Facts): ScimError.ScimError =>
  ScimError.make(
    new ScimError.Decode({
      message:
        `The answer to ${facts.method} ${facts.path ?? "the token request"} ${what}. Try again, and report it to the ` +
        "server's operator if it stays so."
    }),
    facts
  )
