/**
 * What a change came to. An outcome is not an error and not a boolean: "was there already" is a good answer, and callers tell it from
 * "is there now". A change that the source accepted but did not carry out is an error (`NotApplied`), never an outcome.
 *
 * The `Would…` outcomes answer a dry run: nothing was changed.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Grant } from "./Grant.ts"
import { Account, ResourceId } from "./Resource.ts"

/**
 * @since 0.1.0
 */
export const GrantOutcome = Schema.TaggedUnion({
  Granted: { grant: Grant },
  AlreadyGranted: { grant: Grant },
  WouldGrant: { grant: Grant }
})

/**
 * @since 0.1.0
 */
export type GrantOutcome = typeof GrantOutcome.Type

/**
 * @since 0.1.0
 */
export const RevokeOutcome = Schema.TaggedUnion({
  Revoked: { grant: Grant },
  AlreadyRevoked: { grant: Grant },
  WouldRevoke: { grant: Grant }
})

/**
 * @since 0.1.0
 */
export type RevokeOutcome = typeof RevokeOutcome.Type

/**
 * @since 0.1.0
 */
export const CreateAccountOutcome = Schema.TaggedUnion({
  Created: { account: Account },
  AlreadyExists: { account: Account },
  /** The account as it would be asked for; its id is not known before it exists and is empty. */
  WouldCreate: { account: Account }
})

/**
 * @since 0.1.0
 */
export type CreateAccountOutcome = typeof CreateAccountOutcome.Type

/**
 * @since 0.1.0
 */
export const DeleteOutcome = Schema.TaggedUnion({
  /** Gone, or kept by the source in a state in which it gives no access; `remains` says which. */
  Deleted: { id: ResourceId, remains: Schema.Boolean },
  DidNotExist: { id: ResourceId },
  WouldDelete: { id: ResourceId }
})

/**
 * @since 0.1.0
 */
export type DeleteOutcome = typeof DeleteOutcome.Type
