/**
 * Answers who has access, from an indexed store of each connector's latest snapshot to which the outcomes of later changes are applied at once.
 *
 * Rows are kept as the JSON that the API sends, so that a page is put together from bytes and not encoded again.
 *
 * @since 0.1.0
 */
import type {
  CreateAccountOutcome,
  DeleteOutcome,
  GrantOutcome,
  RevokeOutcome
} from "@access-kit/connector-model/Outcome"
import type { ResourceId } from "@access-kit/connector-model/Resource"
import type { Access } from "@access-kit/server-api/Directory"
import type { PageRequest } from "@access-kit/server-api/Paging"
import type { InvalidInput, NotFound, Unavailable } from "@access-kit/server-api/Problems"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

/**
 * The body of an answer, and an entity tag that changes whenever it does.
 *
 * @since 0.1.0
 */
export interface Encoded {
  /** UTF-8 JSON of the schema in `@access-kit/server-api/Directory`. */
  readonly body: Uint8Array
  /** With its quotes, as in the header. */
  readonly etag: string
}

type Listing<Filter> = (
  connectorId: string,
  filter: Filter,
  page: PageRequest
) => Effect.Effect<Encoded, NotFound | InvalidInput | Unavailable>

type Single = (connectorId: string, id: string) => Effect.Effect<Encoded, NotFound | Unavailable>

/**
 * A grant as jobs need it.
 *
 * @since 0.1.0
 */
export interface KnownGrant {
  readonly id: string
  readonly entitlementId: string
  readonly resource: ResourceId
  readonly slug: string
  readonly principal: ResourceId
}

/**
 * @since 0.1.0
 */
export class Directory extends Context.Service<Directory, {
  readonly accounts: Listing<{ readonly search?: string; readonly status?: string; readonly email?: string }>
  readonly account: Single
  readonly access: (connectorId: string, accountId: string) => Effect.Effect<Access, NotFound | Unavailable>
  readonly groups: Listing<{ readonly search?: string }>
  readonly group: Single
  readonly entitlements: Listing<{
    readonly search?: string
    readonly resourceType?: string
    readonly resourceId?: string
    readonly slug?: string
  }>
  readonly entitlement: Single
  readonly grants: Listing<{
    readonly search?: string
    readonly entitlementId?: string
    readonly resourceId?: string
    readonly principalId?: string
    readonly principalStatus?: string
  }>
  readonly grant: Single

  /** Loads a published snapshot file in place of what is there, and shows it in one step. The old rows go afterwards. */
  readonly load: (connectorId: string, snapshotId: string, path: string) => Effect.Effect<void, Unavailable>
  /** Applies what a change came to. Ids that the snapshot did not have yet are added, so that a change is seen at once. */
  readonly apply: (
    connectorId: string,
    outcome: GrantOutcome | RevokeOutcome | CreateAccountOutcome | DeleteOutcome
  ) => Effect.Effect<void, Unavailable>
  /** What a grant id is about; ids are never taken apart. */
  readonly findGrant: (connectorId: string, grantId: string) => Effect.Effect<KnownGrant, NotFound | Unavailable>
  /** The resource and slug of an entitlement. */
  readonly findEntitlement: (
    connectorId: string,
    entitlementId: string
  ) => Effect.Effect<Pick<KnownGrant, "entitlementId" | "resource" | "slug">, NotFound | Unavailable>
  readonly remove: (connectorId: string) => Effect.Effect<void, Unavailable>
}>()("@access-kit/http-server/Directory") {}
