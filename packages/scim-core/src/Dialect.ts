/**
 * How a server deviates from RFC 7644, as plain data. A dialect changes what the client asks for and how it reads refusals;
 * it never changes what an answer means.
 *
 * @since 0.1.0
 */
import * as Patch from "./Patch.ts"

/**
 * @since 0.1.0
 */
export interface Dialect {
  /** Shown in logs and reports. */
  readonly name: string
  /**
   * How members are taken out of a group.
   *
   * - `pathFilter`: `remove` on `members[value eq "…"]` (RFC 7644 §3.5.2.2). Safe everywhere it is understood.
   * - `valueArray`: `remove` on `members` with a value array. Servers that follow the RFC to the letter **empty the whole
   *   group**, those built on npm `scim-patch` ignore it in silence: only for a server known to need it.
   */
  readonly memberRemoval: "pathFilter" | "valueArray"
  /** Whether PATCH works. `false` makes `patch` fail with `NotSupported` before anything is sent. */
  readonly patch: boolean
  /** Most operations in one PATCH; larger patches are split and sent one after the other. `undefined`: no limit. */
  readonly maxPatchOperations: number | undefined
  /** Most values in one operation (members in one `add`), split likewise. `undefined`: no limit. */
  readonly maxPatchValues: number | undefined
  /** `count` to ask for where the caller gives none. */
  readonly pageSize: number
  /** Whether lists are walked by index or by cursor (RFC 9865). An index walk changes over by itself when the server answers with a cursor. */
  readonly paging: "index" | "cursor"
  /** `startIndex` of the first row: 1 in RFC 7644 §3.4.2.4, 0 on some servers. */
  readonly firstIndex: 0 | 1
  /**
   * Whether `GET /Groups` carries each group's members. `false`: read groups one by one. `undefined`: look at the answer.
   */
  readonly membersInList: boolean | undefined
  /** Whether a deleted user may stay readable with `active: false`. */
  readonly deletedStaysInactive: boolean
  /** Whether ids of members that do not exist are dropped without an error, so that a grant has to be read back. */
  readonly dropsUnknownMembers: boolean
  /** Whether `If-Match` is honoured. `false`: it is not sent. */
  readonly etag: boolean
  /** Whether `POST /…/.search` works. `false`: searches go out as GET. */
  readonly search: boolean
  /** Whether `filter` works. `false`: look-ups fail with `NotSupported` instead of trusting unfiltered answers. */
  readonly filter: boolean
  /** Media type of request bodies. */
  readonly contentType: "application/scim+json" | "application/json"
  /**
   * Answers that mean "too many requests" although their status says something else: status, and a text that the body's
   * `detail` contains, in any case.
   */
  readonly throttledAs: ReadonlyArray<{ readonly status: number; readonly detail: string }>
}

/**
 * RFC 7643, 7644 and 9865 as written, with the safe choice where they leave one.
 *
 * @since 0.1.0
 */
export const standard: Dialect = {
  name: "standard",
  memberRemoval: "pathFilter",
  patch: true,
  maxPatchOperations: undefined,
  maxPatchValues: undefined,
  pageSize: 100,
  paging: "index",
  firstIndex: 1,
  membersInList: undefined,
  deletedStaysInactive: false,
  dropsUnknownMembers: false,
  etag: true,
  search: true,
  filter: true,
  contentType: "application/scim+json",
  throttledAs: []
}

/**
 * The SCIM 2.0 endpoint of WorkOS, which Claude Enterprise and others use. Ids of unknown members are dropped in silence, a
 * deleted user may stay as an inactive one, and no sign of entity tags or `/.search` is published.
 *
 * @since 0.1.0
 */
export const workos: Dialect = {
  ...standard,
  name: "workos",
  membersInList: true,
  deletedStaysInactive: true,
  dropsUnknownMembers: true,
  etag: false,
  search: false
}

/**
 * Claude for Government, which has a SCIM server of its own. Little is published about it, so nothing beyond the RFC is
 * assumed and what is optional there is not relied on.
 *
 * @since 0.1.0
 */
export const claudeGovernment: Dialect = {
  ...standard,
  name: "claudeGovernment",
  deletedStaysInactive: true,
  dropsUnknownMembers: true,
  etag: false,
  search: false
}

/**
 * A switch that is set differently in two dialects.
 *
 * @since 0.1.0
 */
export interface Difference {
  readonly name: Exclude<keyof Dialect, "name">
  readonly here: unknown
  readonly there: unknown
}

/**
 * The switches in which `there` differs from `here`, names aside.
 *
 * @since 0.1.0
 */
export const differences = (here: Dialect, there: Dialect): ReadonlyArray<Difference> =>
  switches.flatMap((name) =>
    JSON.stringify(here[name]) === JSON.stringify(there[name]) ? [] : [{ name, here: here[name], there: there[name] }]
  )

const named: { readonly [Name in Difference["name"]]: true } = {
  memberRemoval: true,
  patch: true,
  maxPatchOperations: true,
  maxPatchValues: true,
  pageSize: true,
  paging: true,
  firstIndex: true,
  membersInList: true,
  deletedStaysInactive: true,
  dropsUnknownMembers: true,
  etag: true,
  search: true,
  filter: true,
  contentType: true,
  throttledAs: true
}

/**
 * Every switch, in the order in which {@link Dialect} documents them.
 *
 * @since 0.1.0
 */
export const switches = Object.keys(named).filter((name): name is Difference["name"] => name in named)

/**
 * The operation that takes one member out of a group on this kind of server.
 *
 * @since 0.1.0
 */
export const removeMember = (dialect: Dialect, id: string): Patch.Operation =>
  dialect.memberRemoval === "valueArray" ? Patch.removeMembersByValueDangerously([id]) : Patch.removeMember(id)
