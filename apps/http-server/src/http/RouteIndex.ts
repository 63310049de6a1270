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

const index = FindMyWay.make<true>(routerConfig)
for (const path of own) index.on("GET", path, true)
HttpApi.reflect(Api, {
  onGroup: () => {},
  onEndpoint: ({ endpoint }) => {
    const method = methods.find((candidate) => candidate === endpoint.method)
    if (method !== undefined && endpoint.path.startsWith("/")) index.on(method, `/${endpoint.path.slice(1)}`, true)
  }
})

/**
 * For example `GET, HEAD, POST`; nothing for a path that does not exist.
 *
 * @since 0.1.0
 */
export const allowed = (url: string): string | undefined => {
  const found = methods.filter((method) => index.find(method, url) !== undefined)
  if (found.length === 0) return undefined
  return [...found.flatMap((method) => method === "GET" ? ["GET", "HEAD"] : [method]), "OPTIONS"].join(", ")
}

/**
 * The path if it is one of the server's own, for metrics; those of the API say theirs themselves.
 *
 * @since 0.1.0
 */
export const ownRoute = (url: string): string | undefined => {
  const path = url.split("?", 1)[0] ?? url
  return own.find((candidate) => candidate === path)
}
