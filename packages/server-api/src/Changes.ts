/**
 * What a change goes through once its caller is known: it is carried to its end, and happens once for each `Idempotency-Key`.
 *
 * @since 0.1.0
 */
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import type { Caller } from "./Authorization.ts"

/**
 * @since 0.1.0
 */
export class Changes extends HttpApiMiddleware.Service<Changes, { requires: Caller }>()(
  "@access-kit/server-api/Changes"
) {}
