/**
 * One way to misbehave, and what a client must make of it.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type { ClientOptions, Session } from "./Driver.ts"
import type { HostileServer } from "./HostileServer.ts"

/**
 * @since 0.1.0
 */
export type Area = "paging" | "shapes" | "writes" | "transport"

/**
 * What became of a case.
 *
 * - `right`: the client did what it must.
 * - `loud`: it failed visibly where it could have done right, or with an error that does not tell what is wrong. Nobody is misled.
 * - `wrong`: it gave a wrong answer as if it were right, did harm, or never came back.
 * - `unsupported`: the client has no means for it.
 *
 * @since 0.1.0
 */
export type Verdict =
  | { readonly _tag: "right" }
  | { readonly _tag: "loud"; readonly saw: string }
  | { readonly _tag: "wrong"; readonly saw: string }
  | { readonly _tag: "unsupported" }

/**
 * @since 0.1.0
 */
export interface HostileCase {
  /** The number in the table; variants of one number have a letter after it, as in `60b`. */
  readonly id: string
  /** Kebab case, for `--case`. */
  readonly name: string
  readonly area: Area
  /** What the server does. */
  readonly server: string
  /** What a client must do. */
  readonly client: string
  readonly options?: Partial<Omit<ClientOptions, "baseUrl" | "token">>
  /** Starts the server and plays the case with a session that the suite opened on it. */
  readonly start: () => Stage
}

/**
 * A case on stage: the server's side and the script of the client's side. Made anew for every run.
 *
 * @since 0.1.0
 */
export interface Stage {
  readonly server: HostileServer
  /** Put after the server's address to make the base URL. Default `/scim/v2`. */
  readonly path?: string
  readonly play: (session: Session, baseUrl: string) => Effect.Effect<Verdict>
}
