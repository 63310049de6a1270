/**
 * The small interface through which the suite drives a SCIM client, whatever language it is written in. Write one of these for a client
 * and the whole suite runs against it.
 *
 * Answers are plain data, so that a driver may as well sit at the other end of a pipe.
 *
 * @since 0.1.0
 */

/**
 * How a client can say that something went wrong. A driver maps the client's own errors to these words; what fits none is `other`.
 *
 * @since 0.1.0
 */
export type FailureKind =
  | "unauthorized"
  | "forbidden"
  | "not-found"
  | "conflict"
  | "precondition-failed"
  | "invalid-request"
  | "filter-required"
  | "rate-limited"
  | "server-error"
  | "timeout"
  | "network"
  | "redirect-refused"
  | "not-scim"
  | "invalid-answer"
  | "too-large"
  | "incomplete"
  | "stalled"
  | "page-limit"
  | "cursor-expired"
  | "not-applied"
  | "unsupported"
  | "configuration"
  | "other"

/**
 * @since 0.1.0
 */
export interface Failure {
  readonly kind: FailureKind
  /** Everything that the client would show or log for this error, cause and stack included. The suite looks for the token in it. */
  readonly text: string
  /** The HTTP status, if the client's error carries it. */
  readonly status?: number | undefined
  /** The SCIM error's detail, if the client's error carries it. */
  readonly detail?: string | undefined
}

/**
 * @since 0.1.0
 */
export type Answer<A> =
  | { readonly ok: true; readonly value: A }
  | { readonly ok: false; readonly failure: Failure }

/**
 * @since 0.1.0
 */
export interface SeenUser {
  readonly id: string
  readonly userName?: string | undefined
  readonly displayName?: string | undefined
  readonly externalId?: string | undefined
  /** Absent when the server did not say and the client does not pretend to know. */
  readonly active?: boolean | undefined
  readonly emails: ReadonlyArray<string>
  /** Whether the client still has an attribute that it does not know: `urn:example:color` in the suite. */
  readonly color?: string | undefined
}

/**
 * @since 0.1.0
 */
export interface SeenMember {
  readonly id: string
  readonly type?: "User" | "Group" | undefined
}

/**
 * @since 0.1.0
 */
export interface SeenGroup {
  readonly id: string
  readonly displayName?: string | undefined
  /** `unknown` where the server did not send the attribute: that is not the same as nobody. */
  readonly members: ReadonlyArray<SeenMember> | "unknown"
}

/**
 * A user to create.
 *
 * @since 0.1.0
 */
export interface NewUser {
  readonly userName: string
  readonly email: string
  readonly givenName?: string | undefined
  readonly familyName?: string | undefined
  readonly externalId?: string | undefined
}

/**
 * Three-valued: a server that does not say is not a server that says no.
 *
 * @since 0.1.0
 */
export type Support = "supported" | "unsupported" | "unknown"

/**
 * @since 0.1.0
 */
export interface SeenConfiguration {
  readonly patch: Support
  readonly bulk: Support
  readonly filter: Support
}

/**
 * What a case may ask of the client. The suite's defaults are small, so that a case needs few rows.
 *
 * @since 0.1.0
 */
export interface ClientOptions {
  readonly baseUrl: string
  readonly token: string
  /** `count` to ask for. */
  readonly pageSize: number
  /** Milliseconds until a silent server counts as one. */
  readonly timeoutMillis: number
  /** Largest answer in bytes. */
  readonly maxBodyBytes: number
  /** Most pages of one listing. */
  readonly maxPages: number
  /** Most requests at once. */
  readonly concurrency: number
  /** Most operations, or member values, in one PATCH; 0 for no limit. */
  readonly patchLimit: number
  /** Most milliseconds to wait for a server that asks for patience. */
  readonly maxWaitMillis: number
}

/**
 * One client, connected to one misbehaving server. A member that the client has no means for is left out: its cases count as unsupported.
 *
 * @since 0.1.0
 */
export interface Session {
  readonly listUsers?: () => Promise<Answer<ReadonlyArray<SeenUser>>>
  readonly listGroups?: () => Promise<Answer<ReadonlyArray<SeenGroup>>>
  readonly getUser?: (id: string) => Promise<Answer<SeenUser>>
  readonly getGroup?: (id: string) => Promise<Answer<SeenGroup>>
  /** All users whose attribute equals the value, by the server's filter. */
  readonly findUsers?: (attribute: string, value: string) => Promise<Answer<ReadonlyArray<SeenUser>>>
  readonly createUser?: (user: NewUser) => Promise<Answer<SeenUser>>
  /** Replaces the whole user. The answer need not hold more than the id. */
  readonly replaceUser?: (id: string, user: NewUser) => Promise<Answer<{ readonly id: string }>>
  readonly setActive?: (id: string, active: boolean) => Promise<Answer<{ readonly id: string }>>
  readonly deleteUser?: (id: string) => Promise<Answer<{ readonly id: string }>>
  /** Puts people into a group, so that they are in it afterwards. `already` if they all were. */
  readonly addMembers?: (groupId: string, ids: ReadonlyArray<string>) => Promise<Answer<"added" | "already">>
  /** Takes somebody out of a group. `already` if they were not in it. */
  readonly removeMember?: (groupId: string, id: string) => Promise<Answer<"removed" | "already">>
  /** Replaces a user only if it still has this version. */
  readonly replaceIfMatch?: (id: string, user: NewUser, version: string) => Promise<Answer<{ readonly id: string }>>
  readonly configuration?: () => Promise<Answer<SeenConfiguration>>
  /** Everything that the client logged or traced in this session, for the search for the token. */
  readonly logged?: () => Promise<string>
  readonly close: () => Promise<void>
}

/**
 * @since 0.1.0
 */
export interface Driver {
  /** Name and version of the client, for the table. */
  readonly client: string
  readonly connect: (options: ClientOptions) => Promise<Session>
}
