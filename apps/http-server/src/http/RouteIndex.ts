/**
 * Which methods a path has, for the header `Allow`: the router only knows whether a path with a method is there.
 *
 * @since 0.1.0
 */
import { Api } from "@access-kit/server-api/Api"
import * as HttpApi from "effect/http-api/HttpApi"
import * as FindMyWay from "effect/http/FindMyWay"
import type * as HttpMethod from "effect/http/HttpMethod"

/** Ids of the source are percent-encoded in paths: 3,072 characters of up to three bytes each. */
const maxParamLength = 32_768

/**
 * @since 0.1.0
 */
export const routerConfig: Partial<FindMyWay.RouterConfig> = { maxParamLength, ignoreTrailingSlash: false }

/** What the server has beside the API itself. */
const own = ["/", "/openapi.json", "/docs", "/healthz", "/readyz", "/metrics"] as const

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const satisfies ReadonlyArray<HttpMethod.HttpMethod>

const index = FindMyWay.make<string>(routerConfig)
for (const path of own) index.on("GET", path, path)
HttpApi.reflect(Api, {
  onGroup: () => {},
  onEndpoint: ({ endpoint }) => {
    const method = methods.find((candidate) => candidate === endpoint.method)
    if (method !== undefined) index.on(method, `/${endpoint.path.slice(1)}`, endpoint.path)
  }
})

/**
 * For example `GET, HEAD, POST`; nothing for a path that does not exist.
 *
 * @since 0.1.0
 */
export const allowed = (url: string): string | undefined => {
  const [path = url] = url.split("?", 1)
  const matching = methods.flatMap((method) => {
    const route = index.find(method, url)?.handler
    return route === undefined ? [] : [{ method, route }]
  })
  // A path that is spelled out is not what a route with a parameter in its place means.
  const exact = matching.filter(({ route }) => route === path)
  const found = (exact.length > 0 ? exact : matching).map(({ method }) => method)
  if (found.length === 0) return undefined
  return [...found.flatMap((method) => method === "GET" ? ["GET", "HEAD"] : [method]), "OPTIONS"].join(", ")
}

const spelledOut = new Map<string, Set<string>>()
HttpApi.reflect(Api, {
  onGroup: () => {},
  onEndpoint: ({ endpoint }) => {
    if (endpoint.path.includes(":")) return
    const known = spelledOut.get(endpoint.path) ?? new Set(["OPTIONS"])
    spelledOut.set(endpoint.path, known.add(endpoint.method).add(endpoint.method === "GET" ? "HEAD" : endpoint.method))
  }
})

/**
 * Whether a path is spelled out in the API, but not with this method. The router would go on to a route with a parameter in its place.
 *
 * @since 0.1.0
 */
export const isWrongMethod = (method: string, url: string): boolean =>
  spelledOut.get(url.split("?", 1)[0] ?? url)?.has(method) === false

/**
 * The path if it is one of the server's own, for metrics; those of the API say theirs themselves.
 *
 * @since 0.1.0
 */
export const ownRoute = (url: string): string | undefined => {
  const path = url.split("?", 1)[0] ?? url
  return own.find((candidate) => candidate === path)
}
