/**
 * Callers as the services and the audit log know them.
 *
 * @since 0.1.0
 */
import { Caller } from "@access-kit/server-api/Authorization"
import * as Effect from "effect/Effect"
import type { Actor } from "../AuditLog.ts"
import { CurrentChange } from "./CurrentChange.ts"

/**
 * Who made the current request.
 *
 * @since 0.1.0
 */
export const current: Effect.Effect<Actor, never, Caller> = Effect.gen(function*() {
  const caller = yield* Caller
  const { key } = yield* CurrentChange
  return {
    name: caller.tokenName,
    tokenId: caller.tokenId,
    requestId: caller.requestId,
    address: caller.address,
    ...(key === undefined ? {} : { key })
  }
})
