/**
 * The directory as plain rows, to compare what a client read with what there is.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 */
export interface SnapshotUser {
  readonly id: string
  readonly userName: string
  readonly externalId?: string
  readonly displayName?: string
  readonly givenName?: string
  readonly familyName?: string
  /** The primary e-mail, else the first. */
  readonly email?: string
  readonly active: boolean
  /** Deleted, and kept with `active: false` (profile field `onDelete: "deactivate"`). */
  readonly deleted: boolean
}

/**
 * @since 0.1.0
 */
export interface SnapshotGroup {
  readonly id: string
  readonly displayName: string
  readonly externalId?: string
  /** Ids, each once, in stored order; members that were deactivated are in it. */
  readonly members: ReadonlyArray<string>
}

/**
 * @since 0.1.0
 */
export interface Snapshot {
  readonly users: ReadonlyArray<SnapshotUser>
  readonly groups: ReadonlyArray<SnapshotGroup>
}

/**
 * How many rows there are.
 *
 * @since 0.1.0
 */
export interface Counts {
  readonly users: number
  readonly activeUsers: number
  /** Users that were deleted and are kept; part of `users`. */
  readonly deletedUsers: number
  /** Refused users that a corrected POST would complete; not part of `users`. */
  readonly heldUsers: number
  readonly groups: number
  readonly memberships: number
}
