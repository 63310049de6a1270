/**
 * The published snapshots: a row for each in the database, a `.c1z` file for each in a directory or in an S3-compatible store.
 *
 * @since 0.1.0
 */
import type { Page, PageRequest } from "@access-kit/server-api/Paging"
import type { InvalidInput, NotFound, Unavailable } from "@access-kit/server-api/Problems"
import type { Difference, Snapshot } from "@access-kit/server-api/Snapshots"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"

/**
 * @since 0.1.0
 */
export class Snapshots extends Context.Service<Snapshots, {
  /** Takes a finished file in: stores it, writes its row. The file at `path` may be moved away. Kept snapshots per connector are bounded. */
  readonly publish: (request: {
    readonly connectorId: string
    readonly syncId: string
    readonly path: string
    readonly resources: Readonly<Record<string, number>>
    readonly entitlements: number
    readonly grants: number
  }) => Effect.Effect<Snapshot, Unavailable>
  /** Newest first. */
  readonly list: (
    connectorId: string,
    page: PageRequest
  ) => Effect.Effect<Page<Snapshot>, NotFound | InvalidInput | Unavailable>
  readonly get: (id: string) => Effect.Effect<Snapshot, NotFound | Unavailable>
  readonly download: (id: string) => Effect.Effect<Stream.Stream<Uint8Array, Unavailable>, NotFound | Unavailable>
  /** A local file with the snapshot, for as long as the scope is open. */
  readonly local: (id: string) => Effect.Effect<string, NotFound | Unavailable, Scope.Scope>
  /** What has changed in `id` since `since`. */
  readonly diff: (
    id: string,
    since: string,
    page: PageRequest
  ) => Effect.Effect<Page<Difference>, NotFound | InvalidInput | Unavailable>
  readonly removeAll: (connectorId: string) => Effect.Effect<void, Unavailable>
}>()("@access-kit/http-server/Snapshots") {}
