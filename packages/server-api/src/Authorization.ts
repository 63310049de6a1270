/**
 * Who calls, and what they may do. Every endpoint below `/v1` wants a bearer token; each says which scope it needs.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpApiSecurity from "effect/http-api/HttpApiSecurity"
import * as Schema from "effect/Schema"
import { Forbidden, Internal, PayloadTooLarge, TooManyRequests, Unauthorized, Unavailable } from "./Problems.ts"

/**
 * `read` sees everything but secrets, `provision` also changes accounts and grants and starts syncs, `approve` also lets through what a guard
 * stopped, `admin` also manages connectors and tokens. Each includes none of the others but `admin`, which includes all; a token may have several.
 *
 * @since 0.1.0
 */
export const Scope = Schema.Literals(["read", "provision", "approve", "admin"])

/**
 * @since 0.1.0
 */
export type Scope = typeof Scope.Type

/**
 * Who made a request, as the audit log names them.
 *
 * @since 0.1.0
 */
export interface CallerInfo {
  readonly tokenId: string
  readonly tokenName: string
  readonly scopes: ReadonlyArray<Scope>
  readonly requestId: string
  /** The address that the request came from. */
  readonly address: string
}

/**
 * @since 0.1.0
 */
export class Caller extends Context.Service<Caller, CallerInfo>()("@access-kit/server-api/Caller") {}

/**
 * The scope that an endpoint needs; `read` where nothing is said.
 *
 * @since 0.1.0
 */
export class RequiredScope extends Context.Service<RequiredScope, Scope>()("@access-kit/server-api/RequiredScope") {}

/**
 * @since 0.1.0
 */
export class Authorization extends HttpApiMiddleware.Service<Authorization, { provides: Caller }>()(
  "@access-kit/server-api/Authorization",
  {
    requiredForClient: true,
    // In lower case, as OpenAPI viewers look for it.
    security: { bearer: HttpApiSecurity.http({ scheme: "bearer" }) },
    error: [Unauthorized, Forbidden, PayloadTooLarge, TooManyRequests, Internal, Unavailable]
  }
) {}
