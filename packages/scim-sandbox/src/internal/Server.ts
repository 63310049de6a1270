/** From socket to answer and back: authentication, limits, transport faults, control requests, the log. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import type * as Http from "node:http"
import * as ScimFailure from "../ScimFailure.ts"
import type { Endpoint } from "./Endpoint.ts"
import type { FaultBoard, Target } from "./FaultBoard.ts"
import { type Journal, publicHeaders } from "./Journal.ts"
import { isJsonObject, parse } from "./Json.ts"
import { type Aborted, grace, readBody } from "./Listener.ts"
import * as Reply from "./Reply.ts"

export interface Options {
  readonly server: Http.Server
  /** The path of the base URL, such as `/scim/v2.0/key`. */
  readonly basePath: string
  readonly maxBodyBytes: number
  readonly endpoint: Endpoint
  readonly faults: FaultBoard
  readonly journal: Journal
  readonly isAuthorized: (header: string | undefined) => boolean
  /** Seconds to wait, where the limit is used up. */
  readonly limited: () => number | undefined
  readonly control: (method: string, path: string, query: URLSearchParams, body: Buffer) => Reply.Reply
}

/** What to do with the socket instead of, or after, writing an answer. */
type Ending = "whole" | "half-then-close" | "half-then-hang" | "close" | "hang"

interface Outcome {
  readonly reply: Reply.Reply
  readonly ending: Ending
}

const controlPrefix = "/__sandbox"

/** Not `new URL(raw, base)`, which takes the first segment of `//Users` for a host. */
const urlOf = (raw: string): URL => URL.parse(`http://sandbox${raw}`) ?? new URL("http://sandbox/")

const unanswered = Reply.empty(0)

const unauthorized = (): Reply.Reply =>
  Reply.failure(ScimFailure.make(401, "The bearer token is missing or not valid"), {
    "www-authenticate": "Bearer realm=\"SCIM\""
  })

const page = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in to continue</h1></body></html>"

const retryAfter = (text: string | undefined): Readonly<Record<string, string>> =>
  text === undefined ? {} : { "retry-after": text }

/** The answer of a fault that strikes before the request is looked at. */
const intercept = (faults: FaultBoard, target: Target): Outcome | undefined => {
  if (faults.take("dropConnection", target) !== undefined) return { reply: unanswered, ending: "close" }
  if (faults.take("hang", target) !== undefined) return { reply: unanswered, ending: "hang" }
  const whole = (reply: Reply.Reply): Outcome => ({ reply, ending: "whole" })
  const redirect = faults.take("redirect", target)
  if (redirect !== undefined) return whole(Reply.empty(redirect.status ?? 302, { location: redirect.location }))
  const html = faults.take("html", target)
  if (html !== undefined) {
    return whole(Reply.bytes(html.status ?? 200, [Buffer.from(page)], { "content-type": "text/html; charset=utf-8" }))
  }
  if (faults.take("unauthorized", target) !== undefined) return whole(unauthorized())
  const throttled = faults.take("tooManyRequests", target)
  if (throttled !== undefined) {
    return whole(Reply.failure(ScimFailure.make(429, "Too many requests"), retryAfter(throttled.retryAfter)))
  }
  const down = faults.take("unavailable", target)
  if (down !== undefined) {
    return whole(Reply.failure(ScimFailure.make(503, "The service is unavailable"), retryAfter(down.retryAfter)))
  }
  const broken = faults.take("serverError", target)
  if (broken !== undefined) {
    return whole(Reply.failure(ScimFailure.make(broken.status ?? 500, "Something went wrong")))
  }
  return undefined
}

const writes = new Set(["POST", "PUT", "PATCH", "DELETE"])

const deformError = (reply: Reply.Reply, faults: FaultBoard, target: Target): Reply.Reply => {
  if (faults.take("plainErrors", target) !== undefined) {
    return Reply.bytes(reply.status, [Buffer.from(`Error ${reply.status}\n`)], { "content-type": "text/plain" })
  }
  const body = Result.getOrUndefined(parse(Reply.text(reply)))
  return isJsonObject(body) && faults.take("numericErrorStatus", target) !== undefined
    ? Reply.json(reply.status, { ...body, status: reply.status }, reply.headers)
    : reply
}

/** What faults make of an answer after the request has been carried out. */
const deform = (reply: Reply.Reply, faults: FaultBoard, target: Target): Outcome => {
  if (writes.has(target.method) && faults.take("dropAfterWrite", target) !== undefined) {
    return { reply: unanswered, ending: "close" }
  }
  let deformed = reply.status >= 400 ? deformError(reply, faults, target) : reply
  if (
    deformed.status < 400 && target.method !== "GET" && target.method !== "DELETE" &&
    faults.take("emptyBody", target) !== undefined
  ) {
    const { "content-type": _type, ...headers } = deformed.headers
    deformed = { status: deformed.status, headers, body: undefined }
  }
  if (deformed.body !== undefined && faults.take("byteOrderMark", target) !== undefined) {
    deformed = { ...deformed, body: [Buffer.from("\uFEFF"), ...deformed.body] }
  }
  if (deformed.body === undefined) return { reply: deformed, ending: "whole" }
  if (faults.take("truncateBody", target) !== undefined) return { reply: deformed, ending: "half-then-close" }
  if (faults.take("hangMidBody", target) !== undefined) return { reply: deformed, ending: "half-then-hang" }
  return { reply: deformed, ending: "whole" }
}

const send = (response: Http.ServerResponse, { ending, reply }: Outcome): void => {
  if (ending === "hang") return
  if (ending === "close") {
    response.destroy()
    return
  }
  const { body } = reply
  const size = Reply.size(reply)
  const length: Readonly<Record<string, string>> = body === undefined && (reply.status === 204 || reply.status === 304)
    ? {}
    : { "content-length": String(size) }
  response.writeHead(reply.status, { ...reply.headers, ...length })
  if (ending === "whole" || body === undefined) {
    // Corked parts go out in one system call, uncopied.
    response.cork()
    for (const part of body ?? []) response.write(part)
    response.end()
    return
  }
  response.write(Buffer.concat(body).subarray(0, size >>> 1), () => {
    if (ending === "half-then-close") response.destroy()
  })
}

/** Answers requests until the scope closes. */
export const run = Effect.fnUntraced(function*(options: Options): Effect.fn.Return<void, never, Scope.Scope> {
  const { basePath, endpoint, faults, journal, server } = options

  const answer = Effect.fnUntraced(
    function*(request: Http.IncomingMessage, url: URL, target: Target): Effect.fn.Return<Outcome, Aborted> {
      const latency = faults.take("latency", target)
      if (latency !== undefined) {
        yield* Effect.sleep(Duration.millis(latency.ms + Math.random() * (latency.jitterMs ?? 0)))
      }
      const intercepted = intercept(faults, target)
      if (intercepted !== undefined) {
        request.resume()
        return intercepted
      }
      if (url.pathname !== basePath && !url.pathname.startsWith(`${basePath}/`)) {
        request.resume()
        return { reply: Reply.gateway(404, "Not Found"), ending: "whole" }
      }
      if (!options.isAuthorized(request.headers.authorization)) {
        request.resume()
        return deform(unauthorized(), faults, target)
      }
      const wait = options.limited()
      if (wait !== undefined) {
        request.resume()
        return deform(
          Reply.failure(ScimFailure.make(429, "Too many requests"), { "retry-after": String(wait) }),
          faults,
          target
        )
      }
      const body = yield* readBody(request, options.maxBodyBytes).pipe(
        Effect.catchTag("BodyTooLarge", () => Effect.succeed(undefined))
      )
      if (body === undefined) {
        return { reply: Reply.gateway(413, "request entity too large", { connection: "close" }), ending: "whole" }
      }
      return yield* Effect.sync(() =>
        endpoint.answer({
          method: target.method,
          path: url.pathname.slice(basePath.length),
          query: url.searchParams,
          header: (name) => {
            const value = request.headers[name]
            return typeof value === "string" ? value : value?.join(", ")
          },
          body
        }, target)
      ).pipe(
        // A defect of the sandbox is answered as one, or the client would wait for ever.
        Effect.catchDefect((defect) =>
          Effect.succeed(Reply.failure(ScimFailure.make(500, `Sandbox defect: ${String(defect)}`)))
        ),
        Effect.map((reply) => deform(reply, faults, target))
      )
    }
  )

  const serve = Effect.fnUntraced(function*(request: Http.IncomingMessage, response: Http.ServerResponse) {
    const at = Date.now()
    const inFlight = journal.enter()
    const method = request.method ?? "GET"
    const raw = request.url ?? "/"
    const url = urlOf(raw)
    const target: Target = { method, url: raw, struck: [] }
    const outcome = yield* answer(request, url, target).pipe(
      Effect.catchTag("Aborted", () => Effect.succeed<Outcome>({ reply: unanswered, ending: "close" })),
      Effect.onInterrupt(() => Effect.sync(() => response.destroy()))
    )
    journal.leave({
      method,
      path: url.pathname,
      query: url.search.slice(1),
      headers: publicHeaders(request.headers),
      status: outcome.ending === "whole" ? outcome.reply.status : 0,
      requestBytes: Number(request.headers["content-length"] ?? 0),
      responseBytes: Reply.size(outcome.reply),
      inFlight,
      at,
      faults: target.struck
    })
    send(response, outcome)
  })

  const serveControl = Effect.fnUntraced(function*(request: Http.IncomingMessage, response: Http.ServerResponse) {
    const url = urlOf(request.url ?? "/")
    const body = yield* readBody(request, 1_048_576).pipe(Effect.orElseSucceed(() => Buffer.alloc(0)))
    const reply = options.isAuthorized(request.headers.authorization)
      ? options.control(request.method ?? "GET", url.pathname.slice(controlPrefix.length), url.searchParams, body)
      : unauthorized()
    send(response, { reply, ending: "whole" })
  })

  const fibers = yield* FiberSet.make<void>()
  // A test's clock must not hold up a real socket, so latency, grace and the like run on real time.
  const clock = Clock.Clock.defaultValue()
  const fork = yield* FiberSet.runtime(fibers)<never>()
  const onRequest = (request: Http.IncomingMessage, response: Http.ServerResponse): void => {
    const handle = (request.url ?? "").startsWith(controlPrefix) ? serveControl : serve
    fork(Effect.provideService(handle(request, response), Clock.Clock, clock))
  }
  server.on("request", onRequest)
  yield* Effect.addFinalizer(() =>
    FiberSet.awaitEmpty(fibers).pipe(
      Effect.timeoutOption(grace),
      Effect.provideService(Clock.Clock, clock),
      Effect.tap(() => Effect.sync(() => server.off("request", onRequest))),
      Effect.asVoid
    )
  )
})
