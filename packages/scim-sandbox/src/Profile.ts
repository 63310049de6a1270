/**
 * What kind of service provider the sandbox plays, as plain data: one field per behaviour in which real servers differ.
 *
 * @since 0.1.0
 */

/**
 * The behaviour of a service provider. Spread a given profile to change single fields:
 * `{ ...Profile.workos, onDelete: "remove" }`.
 *
 * @since 0.1.0
 */
export interface Profile {
  readonly name: string
  /** Rows of a list page when the request has no `count`. */
  readonly defaultCount: number
  /** The largest page; a larger `count` is served with this many rows, as RFC 7644 section 3.4.2.4 allows. */
  readonly maxCount: number
  /** Requests with a larger body are answered 413 with a body that is not a SCIM error. In bytes. */
  readonly maxBodyBytes: number
  /**
   * `deactivate`: a deleted user stays, with `active: false`, in lists and in groups; a second DELETE is 404.
   * `remove`: the row and its memberships go away and the id is 404 from then on.
   */
  readonly onDelete: "deactivate" | "remove"
  /** A POST with the `userName` of a deleted row that was kept: `revive` gives 201 with the old id, `conflict` 409. */
  readonly onRecreate: "revive" | "conflict"
  /** Group members that name no resource: dropped without a word, kept as sent, or refused with 400. */
  readonly onUnknownMember: "drop" | "keep" | "reject"
  /** Whether groups may be members of groups. Where not, such a member counts as unknown. */
  readonly nestedGroups: boolean
  /** A user needs an e-mail, or a `userName` that is one (it is then copied to `emails`). */
  readonly requireEmail: boolean
  /** An invalid user is remembered under its `userName`, and a corrected POST completes it instead of a new row. */
  readonly holdRejectedUsers: boolean
  /** No two active users share an e-mail, compared without case. */
  readonly uniqueActiveEmails: boolean
  /** Groups are identified by `externalId`, else `displayName`, for ever; a second one is 409. */
  readonly uniqueGroups: boolean
  /** A POST or PUT without `active`: a new user is active, a replaced one stays as it is. Where not, `active` stays absent. */
  readonly defaultActive: boolean
  /** A POST with `active: false`: accepted, or 400 with an unreadable body. */
  readonly createInactive: "accept" | "reject"
  /** JSON null in a POST or PUT body: 400 `invalidSyntax`, or the attribute is unassigned (RFC 7643 section 2.5). */
  readonly onNull: "reject" | "unassign"
  /** `exact`: attribute names are case-sensitive; `any`: they are not, as RFC 7643 section 2.1 demands. */
  readonly attributeCase: "exact" | "any"
  /** Whether a POST or PUT body without the resource's schema URI in `schemas` is refused. */
  readonly requireSchemas: boolean
  /** An empty multi-valued attribute in a stored resource: shown as `[]`, or left out as unassigned. */
  readonly emptyArrays: "keep" | "omit"
  /** The `scimType` of a 409, if any. */
  readonly conflictScimType: "uniqueness" | undefined
  /** The `scimType` of a missing required attribute on PUT and PATCH; on POST it is always `invalidValue`. */
  readonly replaceScimType: "invalidSyntax" | "invalidValue"
  /**
   * `scim-patch`: PATCH does exactly what npm's `scim-patch` does. `rfc`: RFC 7644 section 3.5.2 by the letter, so that
   * `remove` on `members` with a value array removes every member, as literal servers do.
   */
  readonly patch: "scim-patch" | "rfc"
  /** Status of a successful PATCH: 200 with the resource or 204 without a body. */
  readonly patchStatus: 200 | 204
  /** `any` filter; `known`: only `userName eq` on users and `displayName eq` on groups; `none`: every filter is 400. */
  readonly filter: "any" | "known" | "none"
  readonly sort: boolean
  /** ETags, `If-Match` (412) and `If-None-Match` (304). */
  readonly etag: boolean
  /** `POST …/.search`; where not, it is answered 501. */
  readonly search: boolean
  /** `POST /Bulk`; where not, it is answered 501. */
  readonly bulk: boolean
  /** `/ServiceProviderConfig`, `/ResourceTypes` and `/Schemas`; where not, they are answered 404. */
  readonly discovery: boolean
  /**
   * Cursor paging (RFC 9865): `off`; `on` for requests with `cursor`; `default` also for requests with neither `cursor` nor
   * `startIndex`.
   */
  readonly cursor: "off" | "on" | "default"
  /** How long a cursor lives, in milliseconds; 0 is for ever. A later use is 400 `expiredCursor`. */
  readonly cursorTimeout: number
}

/**
 * The endpoint behind Claude Enterprise: WorkOS, "Custom SCIM v2.0". Where WorkOS documents nothing, the choice is the one
 * that asks more of a client: 100 rows at most per page, no sort, search, bulk, ETag or cursor. Deleted users stay as
 * `active: false`, as WorkOS's own `scim-bridge` measured on a live directory (its README says otherwise).
 *
 * @since 0.1.0
 */
export const workos: Profile = {
  name: "workos",
  defaultCount: 100,
  maxCount: 100,
  maxBodyBytes: 2_000 * 1024,
  onDelete: "deactivate",
  onRecreate: "revive",
  onUnknownMember: "drop",
  nestedGroups: false,
  requireEmail: true,
  holdRejectedUsers: true,
  uniqueActiveEmails: true,
  uniqueGroups: true,
  defaultActive: true,
  createInactive: "accept",
  onNull: "reject",
  attributeCase: "exact",
  requireSchemas: false,
  emptyArrays: "keep",
  conflictScimType: undefined,
  replaceScimType: "invalidSyntax",
  patch: "scim-patch",
  patchStatus: 200,
  filter: "any",
  sort: false,
  etag: false,
  search: false,
  bulk: false,
  discovery: true,
  cursor: "off",
  cursorTimeout: 0
}

/**
 * A service provider that follows RFC 7643, 7644 and 9865 to the letter and supports everything optional.
 *
 * @since 0.1.0
 */
export const standard: Profile = {
  name: "standard",
  defaultCount: 100,
  maxCount: 1_000,
  maxBodyBytes: 16 * 1024 * 1024,
  onDelete: "remove",
  onRecreate: "conflict",
  onUnknownMember: "keep",
  nestedGroups: true,
  requireEmail: false,
  holdRejectedUsers: false,
  uniqueActiveEmails: false,
  uniqueGroups: false,
  defaultActive: false,
  createInactive: "accept",
  onNull: "unassign",
  attributeCase: "any",
  requireSchemas: true,
  emptyArrays: "omit",
  conflictScimType: "uniqueness",
  replaceScimType: "invalidValue",
  patch: "rfc",
  patchStatus: 200,
  filter: "any",
  sort: true,
  etag: true,
  search: true,
  bulk: true,
  discovery: true,
  cursor: "on",
  cursorTimeout: 0
}

/**
 * The given profiles by name.
 *
 * @since 0.1.0
 */
export const profiles: { readonly workos: Profile; readonly standard: Profile } = { workos, standard }
