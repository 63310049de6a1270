/**
 * API tokens. They are made by the command `claude-enterprise-server token create`; over HTTP they can be seen and revoked.
 *
 * @since 0.1.0
 */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Authorization, RequiredScope, Scope } from "./Authorization.ts"
import { Changes } from "./Changes.ts"
import * as Paging from "./Paging.ts"
import { Conflict, IdempotencyKeyReused, InvalidInput, NotFound } from "./Problems.ts"
import * as Requests from "./Requests.ts"

/**
 * @since 0.1.0
 */
export const Token = Schema.Struct({
  id: Schema.String,
  name: Schema.String,
  scopes: Schema.Array(Scope),
  createdAt: Schema.String,
  expiresAt: Schema.optionalKey(Schema.String),
  /** To the minute. */
  lastUsedAt: Schema.optionalKey(Schema.String),
  revokedAt: Schema.optionalKey(Schema.String)
}).annotate({ identifier: "Token" })

/**
 * @since 0.1.0
 */
export type Token = typeof Token.Type

/**
 * @since 0.1.0
 */
export class TokensGroup extends HttpApiGroup.make("tokens")
  .add(
    HttpApiEndpoint.get("self", "/token", { success: Token })
      .annotate(OpenApi.Summary, "The token of this request"),
    HttpApiEndpoint.get("list", "/tokens", { query: Paging.query, success: Paging.page(Token), error: InvalidInput })
      .annotate(RequiredScope, "admin").annotate(OpenApi.Summary, "Tokens, without their text"),
    HttpApiEndpoint.delete("revoke", "/tokens/:tokenId", {
      params: { tokenId: Requests.Id },
      headers: Requests.changeHeaders,
      success: HttpApiSchema.NoContent,
      error: [NotFound, Conflict, IdempotencyKeyReused]
    }).annotate(RequiredScope, "admin").annotate(OpenApi.Summary, "Revoke a token")
  )
  .middleware(Changes)
  .middleware(Authorization)
  .prefix("/v1")
  .annotateMerge(OpenApi.annotations({ title: "Tokens" }))
{}
