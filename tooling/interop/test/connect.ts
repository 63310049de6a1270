/**
 * Our client, pointed at a server of others.
 */
import { Auth, ScimClient } from "@access-kit/scim-core"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"

/**
 * A client as the layer of the package makes it, on Node's own HTTP client.
 */
export const connect = (
  server: { readonly baseUrl: string; readonly token: Redacted.Redacted<string> },
  options: Partial<ScimClient.Options> = {}
) =>
  Layer.build(
    ScimClient.layer({ baseUrl: server.baseUrl, auth: Auth.bearer(server.token), ...options }).pipe(
      Layer.provide(NodeHttpClient.layerUndici)
    )
  ).pipe(Effect.flatMap((context) => Effect.provide(ScimClient.ScimClient, context)))
