/**
 * A short way for what is asked most: the questions about who has access. They are declared once, in the API, and decoded by its schemas; what they spare
 * is the general machinery of router and middleware, which costs many times what the answer does.
 *
 * What can't be taken at once goes the long way, which knows how to tell what is wrong with it: other methods, values that can't be decoded, no token.
 *
 * @since 0.1.0
 */
import type { Scope as TokenScope } from "@access-kit/server-api/Authorization"
import { DirectoryGroup } from "@access-kit/server-api/Directory"
import * as Effect from "effect/Effect"
import type * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as FindMyWay from "effect/http/FindMyWay"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { Admission, scopeOf } from "./Admission.ts"
import type { RequestFacts } from "./CurrentRequest.ts"
import * as DirectoryAnswers from "./DirectoryAnswers.ts"
import * as RouteIndex from "./RouteIndex.ts"

const bearer = /^bearer +(\S+)$/i

/** What is decoded of a request, by the schemas of its endpoint; `undefined` if anything is wrong with it. */
const decoderOf = (schema: Schema.Top | undefined): (input: unknown) => unknown => {
  if (schema === undefined) return () => ({})
  // Parameters of this API are plain values: decoding them needs no service.
  const decode = Schema.decodeUnknownExit(schema as Schema.Codec<unknown, unknown>)
  return (input) => {
    const exit = decode(input)
    return exit._tag === "Success" ? exit.value : undefined
  }
}

interface Route {
  readonly endpoint: HttpApiEndpoint.Top
  readonly scope: TokenScope
  readonly params: (input: unknown) => unknown
  readonly query: (input: unknown) => unknown
  readonly headers: (input: unknown) => unknown
  readonly answer: (
    asked: { readonly params: unknown; readonly query: unknown }
  ) => Effect.Effect<DirectoryAnswers.Answer, unknown>
}

const routeOf = (name: DirectoryAnswers.Name, answer: Route["answer"]): Route => {
  const endpoint: HttpApiEndpoint.Top = DirectoryGroup.endpoints[name]
  return {
    endpoint,
    scope: scopeOf(endpoint),
    params: decoderOf(endpoint.params),
    query: decoderOf(endpoint.query === undefined ? undefined : Schema.toCodecArrayFromSingle(endpoint.query)),
    headers: decoderOf(endpoint.headers),
    answer
  }
}

/**
 * @since 0.1.0
 */
export interface HotRead {
  /** As it is declared. */
  readonly route: string
  /** Who asks is admitted first. Where nothing has to be waited for, it has succeeded when it returns. */
  readonly answer: (facts: RequestFacts) => Effect.Effect<DirectoryAnswers.Answer, unknown>
}

/**
 * Finds what can be answered the short way.
 *
 * @since 0.1.0
 */
export const make = Effect.gen(function*() {
  const answers = yield* DirectoryAnswers.make
  const { admit } = yield* Admission
  const routes = FindMyWay.make<Route>(RouteIndex.routerConfig)
  for (const name of DirectoryAnswers.names) {
    // What it is given is decoded by the schemas of this very endpoint.
    const route = routeOf(name, answers[name] as Route["answer"])
    routes.on("GET", `/${route.endpoint.path.slice(1)}`, route)
  }

  return (request: HttpServerRequest): HotRead | undefined => {
    if (request.method !== "GET") return undefined
    const found = routes.find("GET", request.url)
    if (found === undefined) return undefined
    const { answer, endpoint, scope, ...decode } = found.handler
    const credential = bearer.exec(request.headers["authorization"] ?? "")?.[1]
    const params = decode.params(found.params)
    const query = decode.query(found.searchParams)
    if (credential === undefined || params === undefined || query === undefined) return undefined
    if (request.headers["if-none-match"] !== undefined && decode.headers(request.headers) === undefined) {
      return undefined
    }
    return {
      route: endpoint.path,
      answer: (facts) =>
        Effect.flatMapEager(admit(Redacted.make(credential), scope, facts), () => answer({ params, query }))
    }
  }
})

/**
 * @since 0.1.0
 */
export type HotReads = Effect.Success<typeof make>
