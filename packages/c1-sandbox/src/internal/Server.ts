/** From the socket to the token endpoint or the service: which request it is, transport faults, the log. */
import type { ConnectRouter } from "@connectrpc/connect"
import { connectNodeAdapter } from "@connectrpc/connect-node"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { Method } from "../Fault.ts"
import type { Clients } from "./Clients.ts"
import type { FaultBoard } from "./FaultBoard.ts"
import * as Gateway from "./Gateway.ts"
import type { Journal, Page } from "./Journal.ts"
import { breakConnection, breakStream, connectionOf, type Request, type Response } from "./Listener.ts"
import * as TokenEndpoint from "./TokenEndpoint.ts"

export interface Options {
  readonly journal: Journal
  readonly faults: FaultBoard
  readonly clients: Clients
  readonly tokens: TokenEndpoint.TokenEndpoint
  /** Seconds that an access token is good for. */
  readonly tokenSeconds: number
  readonly now: () => number
  readonly routes: (router: ConnectRouter) => ConnectRouter
}

const SERVICE = "/c1.connectorapi.baton.v1.BatonService/"

/** Room for a form with an assertion, many times over. */
const MOST_FORM_BYTES = 65_536

const asMethod = Schema.decodeUnknownOption(Method)

const methodOf = (url: string): Method | undefined => {
  const [path = ""] = url.split("?", 1)
  if (path === TokenEndpoint.PATH) return "token"
  const method = path.startsWith(SERVICE) ? path.slice(SERVICE.length) : ""
  return method === "token" ? undefined : Option.getOrUndefined(asMethod(method))
}

/** The body, or nothing where it is too large or breaks off. */
const readForm = (request: Request): Effect.Effect<string | undefined> =>
  Effect.callback<string | undefined>((resume) => {
    const parts: Array<Buffer> = []
    let size = 0
    request.on("data", (part: Buffer) => {
      size += part.length
      if (size <= MOST_FORM_BYTES) parts.push(part)
    })
    request.once(
      "end",
      () => resume(Effect.succeed(size > MOST_FORM_BYTES ? undefined : Buffer.concat(parts).toString("utf8")))
    )
    request.once("close", () => resume(Effect.succeed(undefined)))
  })

const send = (
  page: Page,
  response: Response,
  status: number,
  contentType: string,
  body: string
): void => {
  page.status = status === 200 ? "OK" : `HTTP ${status}`
  response.writeHead(status, { "content-type": contentType, "cache-control": "no-store" })
  response.end(body)
}

const html = "<!DOCTYPE html><html><head><title>Unavailable</title></head><body><h1>Try again later</h1></body></html>"

export const make = Effect.fnUntraced(function*(
  options: Options
): Effect.fn.Return<(request: Request, response: Response) => void, never, Scope.Scope> {
  const { clients, faults, journal, now, routes, tokenSeconds, tokens } = options
  const pages = new WeakMap<object, Gateway.Arrival>()
  const service = connectNodeAdapter({
    grpc: true,
    grpcWeb: false,
    connect: false,
    readMaxBytes: 8 * 1024 * 1024,
    contextValues: (request) => Gateway.contextOf(pages.get(request)),
    routes
  })

  const token = Effect.fnUntraced(function*(request: Request, response: Response, page: Page) {
    const json = (status: number, body: { readonly [name: string]: string | number }): void =>
      send(page, response, status, "application/json", JSON.stringify(body))
    if (request.method !== "POST") {
      request.resume()
      return json(405, { error: "invalid_request", error_description: "tokens are asked for with POST" })
    }
    const body = yield* readForm(request)
    if (body === undefined) {
      return json(400, { error: "invalid_request", error_description: "the body is too large" })
    }
    if (faults.take("rpcError", page) !== undefined) return send(page, response, 503, "text/html", html)
    if (faults.take("tokenRefused", page) !== undefined) {
      return json(401, { error: "invalid_client", error_description: "a fault on purpose" })
    }
    const odd = faults.take("tokenBody", page)
    if (odd !== undefined) return send(page, response, 200, "application/json", odd.body)
    const checked = tokens.check(request.headers["content-type"], body)
    if (Result.isFailure(checked)) {
      const { description, error, status } = checked.failure
      page.message = description
      return json(status, { error, error_description: description })
    }
    const { clientId } = checked.success
    page.clientId = clientId
    if (faults.take("dropReply", page) !== undefined) return breakStream(request)
    const access = clients.grantToken(clientId, now() + tokenSeconds * 1000)
    return json(200, { access_token: access, token_type: "bearer", expires_in: tokenSeconds })
  })

  /** True where a fault has dealt with the request. */
  const intercepted = (request: Request, response: Response, page: Page): boolean => {
    if (faults.take("dropConnection", page) !== undefined) {
      breakConnection(request)
      return true
    }
    if (faults.take("resetStream", page) !== undefined) {
      breakStream(request)
      return true
    }
    if (faults.take("hang", page) !== undefined) return true
    const proxy = faults.take("httpStatus", page)
    if (proxy === undefined) return false
    request.resume()
    send(page, response, proxy.status ?? 503, "text/html", html)
    return true
  }

  const serve = Effect.fnUntraced(function*(request: Request, response: Response, page: Page) {
    const latency = faults.take("latency", page)
    if (latency !== undefined) yield* Effect.sleep(Duration.millis(latency.ms))
    if (intercepted(request, response, page)) return
    if (page.method === "token") return yield* token(request, response, page)
    pages.set(request, {
      page,
      breakStream: () => breakStream(request),
      goAway: () => request.httpVersionMajor === 2 ? request.stream.session?.close() : undefined
    })
    service(request, response)
  })

  const fibers = yield* FiberSet.make<void>()
  const fork = yield* FiberSet.runtime(fibers)<never>()
  // A test's clock must not hold up a real socket.
  const clock = Clock.Clock.defaultValue()
  return (request, response) => {
    const method = methodOf(request.url)
    if (method === undefined) {
      service(request, response)
      return
    }
    const page = journal.begin({
      method,
      httpVersion: request.httpVersion,
      userAgent: request.headers["user-agent"] ?? "",
      connection: connectionOf(request)
    })
    response.once("close", () => journal.end(page))
    fork(Effect.provideService(serve(request, response, page), Clock.Clock, clock))
  }
})
