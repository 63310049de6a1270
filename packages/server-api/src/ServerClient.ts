/**
 * A typed client for a running server, derived from the same definition.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as HttpApiClient from "effect/http-api/HttpApiClient"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import { Api } from "./Api.ts"
import { Authorization } from "./Authorization.ts"

/**
 * @since 0.1.0
 */
export interface Options {
  /** For example `https://access.example.com`. */
  readonly baseUrl: string
  readonly token: Redacted.Redacted<string>
}

/**
 * @since 0.1.0
 */
export class ServerClient extends Context.Service<ServerClient, HttpApiClient.ForApi<typeof Api>>()(
  "@access-kit/server-api/ServerClient"
) {
  /**
   * @since 0.1.0
   */
  static readonly layer = (options: Options): Layer.Layer<ServerClient, never, HttpClient.HttpClient> =>
    Layer.effect(
      ServerClient,
      HttpApiClient.make(Api, {
        transformClient: HttpClient.mapRequest(HttpClientRequest.prependUrl(options.baseUrl))
      })
    ).pipe(Layer.provide(HttpApiMiddleware.layerClient(
      Authorization,
      ({ next, request }) => next(HttpClientRequest.bearerToken(request, options.token))
    )))
}
