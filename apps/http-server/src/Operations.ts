/**
 * Operations: changes to a source. Each is written down before anything happens, carried out by the jobs in the order of its connector, and ends in
 * an outcome or an error.
 *
 * @since 0.1.0
 */
import type { CreateAccount, CreateGrant } from "@access-kit/server-api/Directory"
import type { Operation, OperationKind, OperationState } from "@access-kit/server-api/Operations"
import type { Page, PageRequest } from "@access-kit/server-api/Paging"
import type { Conflict, Forbidden, InvalidInput, NotFound, Unavailable } from "@access-kit/server-api/Problems"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { Actor } from "./AuditLog.ts"

/**
 * What can be asked for.
 *
 * @since 0.1.0
 */
export type Change = Data.TaggedEnum<{
  Grant: { readonly request: CreateGrant }
  Revoke: { readonly grantId: string; readonly dryRun: boolean }
  CreateAccount: { readonly request: CreateAccount }
  DeleteAccount: { readonly accountId: string; readonly dryRun: boolean }
}>

/**
 * @since 0.1.0
 */
export const Change = Data.taggedEnum<Change>()

/**
 * @since 0.1.0
 */
export class Operations extends Context.Service<Operations, {
  /**
   * Checks what can be checked without the source, asks the guards, writes the operation and its line of the audit log, and hands it to the jobs. The
   * same actor with the same key gets the operation that is there already.
   */
  readonly submit: (
    actor: Actor,
    connectorId: string,
    change: Change,
    idempotencyKey: string | undefined
  ) => Effect.Effect<Operation, NotFound | Conflict | InvalidInput | Unavailable>
  /** Newest first. */
  readonly list: (
    filter: { readonly connectorId?: string; readonly state?: OperationState; readonly kind?: OperationKind },
    page: PageRequest
  ) => Effect.Effect<Page<Operation>, InvalidInput | Unavailable>
  readonly get: (id: string) => Effect.Effect<Operation, NotFound | Unavailable>
  /** Waits for the end, no longer than `atMost`, and answers the operation as it is then. */
  readonly await: (id: string, atMost: Duration.Duration) => Effect.Effect<Operation, NotFound | Unavailable>
  /** Not by the token that asked for it. */
  readonly approve: (
    actor: Actor,
    id: string
  ) => Effect.Effect<Operation, NotFound | Conflict | Forbidden | Unavailable>
  readonly reject: (actor: Actor, id: string) => Effect.Effect<Operation, NotFound | Conflict | Unavailable>
  readonly cancel: (actor: Actor, id: string) => Effect.Effect<Operation, NotFound | Conflict | Unavailable>
}>()("@access-kit/http-server/Operations") {}
