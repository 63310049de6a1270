/**
 * The services of a baton connector over any {@link Connector}.
 *
 * @since 0.1.0
 */
import type { Connector } from "@access-kit/connector-model/Connector"
import type { ConnectRouter } from "@connectrpc/connect"
import type * as Effect from "effect/Effect"

/**
 * @since 0.1.0
 */
export interface Options {
  /**
   * Whether anything can be changed. Without it the five manager services answer FailedPrecondition "provisioning is not enabled".
   *
   * @default false
   */
  readonly provisioning?: boolean
  /**
   * Whether the ticket service answers as one without a ticket system (Unimplemented) instead of as one that is switched off.
   *
   * @default false
   */
  readonly ticketing?: boolean
  /**
   * `type-scoped` marks resource types so that a caller lists the entitlements and grants of a whole type in one pass, and doesn't ask for those of
   * types that have none. `per-resource` leaves the marks out; callers then ask for every resource.
   *
   * @default "type-scoped"
   */
  readonly listing?: "type-scoped" | "per-resource"
}

/**
 * @since 0.1.0
 */
export interface BatonServices {
  /** Registers every service of the registration table. */
  readonly routes: (router: ConnectRouter) => void
}

/**
 * @since 0.1.0
 */
export declare const make: (options?: Options) => Effect.Effect<BatonServices, never, Connector>
