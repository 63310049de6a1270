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
import * as Outcomes from "@access-kit/connector-model/Outcome"
import { ResourceId } from "@access-kit/connector-model/Resource"
import type { PageRequest } from "@access-kit/server-api/Paging"
import { type InvalidInput, type NotFound, Unavailable } from "@access-kit/server-api/Problems"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as SqlClient from "effect/sql/SqlClient"
import * as Changes from "./directory/Changes.ts"
import * as Generations from "./directory/Generations.ts"
import * as Listings from "./directory/Listings.ts"
import * as Load from "./directory/Load.ts"
import * as Reads from "./directory/Reads.ts"
import * as SearchIndex from "./directory/SearchIndex.ts"
import { available } from "./storage/Available.ts"

/**
 * The body of an answer, and an entity tag that changes whenever it does.
 *
 * @since 0.1.0
 */
export interface Encoded {
  /** JSON of the schema in `@access-kit/server-api/Directory`. */
  readonly body: string
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
export interface Options {
  /**
   * How long what is no longer shown stays, for requests that have begun to read it.
   *
   * @default 30 seconds
   */
  readonly grace?: Duration.Duration
}

/** Changes older than this are in every snapshot that may still be loaded, one that waits for approval included. */
const REMEMBERED = Duration.toMillis(Duration.days(30))

const OutcomeJson = Schema.fromJsonString(Schema.Union([
  Outcomes.GrantOutcome,
  Outcomes.RevokeOutcome,
  Outcomes.CreateAccountOutcome,
  Outcomes.DeleteOutcome
]))

const encodeOutcome = Schema.encodeEffect(OutcomeJson)
const decodeOutcome = Schema.decodeUnknownEffect(OutcomeJson)

const Granted = Schema.fromJsonString(Schema.Struct({ entitlementId: Schema.String, resource: ResourceId }))
const decodeGranted = Schema.decodeUnknownEffect(Granted)

const Principal = Schema.fromJsonString(Schema.Struct({ principal: ResourceId }))
const decodePrincipal = Schema.decodeUnknownEffect(Principal)

/**
 * @since 0.1.0
 */
export class Directory extends Context.Service<Directory, {
  readonly accounts: Listing<{ readonly search?: string; readonly status?: string; readonly email?: string }>
  readonly account: Single
  /** An `Access`: what the account holds, and what follows from it. */
  readonly access: Single
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

  /**
   * Loads a published snapshot file in place of what is there, and shows it in one step; what was applied since its sync began is applied to it first.
   * The old rows go afterwards. Loading what is shown already, or something older, changes nothing.
   */
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
}>()("@access-kit/http-server/Directory") {
  /**
   * @since 0.1.0
   */
  static readonly layer = (options: Options = {}): Layer.Layer<Directory, never, SqlClient.SqlClient> =>
    Layer.effect(Directory, make(options))
}

const make = Effect.fn("Directory.make")(function*(options: Options) {
  const sql = yield* SqlClient.SqlClient
  const scope = yield* Scope.Scope
  const index = yield* SearchIndex.make
  const generations = yield* Generations.make(index)
  const loads = yield* Load.make(index, generations)
  const changes = yield* Changes.make(index)
  const reads = yield* Reads.make
  const listings = yield* Listings.make(index)
  const grace = options.grace ?? Duration.seconds(30)

  const reading = available("Reading the directory")
  const writing = available("Changing the directory")

  /** In a transaction: until it ends, nobody else changes this directory or shows another generation of it. */
  const hold = Effect.fnUntraced(function*(connectorId: string) {
    const rows = yield* sql<{
      readonly generation: number | null
      readonly snapshot_id: string | null
      readonly as_of: number | null
    }>`INSERT INTO directories ${sql.insert({ connector_id: connectorId, revision: 1 })}
      ON CONFLICT (connector_id) DO UPDATE SET revision = directories.revision + 1
      RETURNING generation, snapshot_id, as_of`
    return rows[0]
  })

  const sweep = (connectorId: string) =>
    Effect.catch(
      generations.sweep(connectorId),
      (error) => Effect.logWarning("Old rows of a directory stay for now", error)
    )

  /** What is not swept now because the process ends is swept after the next load. */
  const sweepLater = (connectorId: string) => Effect.forkIn(Effect.delay(sweep(connectorId), grace), scope)

  /** Shows a generation in place of the one before, unless that is of a later sync. */
  const show = Effect.fnUntraced(function*(
    connectorId: string,
    snapshotId: string,
    generation: number,
    startedAt: number
  ) {
    const [connector] = yield* sql`SELECT id FROM connectors WHERE id = ${connectorId}`
    if (connector === undefined || !(yield* generations.touch(generation))) return yield* new Load.Superseded()
    const before = yield* hold(connectorId)
    if ((before?.as_of ?? 0) > startedAt) return yield* new Load.Superseded()
    const since = yield* sql<{ readonly outcome: string }>`SELECT outcome FROM directory_changes
      WHERE connector_id = ${connectorId} AND at >= ${startedAt} ORDER BY sequence`
    for (const { outcome } of since) {
      yield* changes.apply(generation, yield* Effect.orDie(decodeOutcome(outcome)))
    }
    yield* sql`UPDATE directories SET ${
      sql.update({ generation, snapshot_id: snapshotId, as_of: startedAt })
    } WHERE connector_id = ${connectorId}`
    yield* sql`UPDATE directory_generations SET state = 'shown' WHERE generation = ${generation}`
    if (before?.generation !== undefined && before.generation !== null) {
      yield* sql`UPDATE directory_generations SET state = 'old' WHERE generation = ${before.generation}`
    }
    const now = yield* Clock.currentTimeMillis
    yield* sql`DELETE FROM directory_changes WHERE connector_id = ${connectorId} AND at < ${now - REMEMBERED}`
  })

  const load = Effect.fn("Directory.load")(function*(connectorId: string, snapshotId: string, path: string) {
    const [known] = yield* sql`SELECT connector_id FROM directories
      WHERE connector_id = ${connectorId} AND snapshot_id = ${snapshotId}`
    if (known !== undefined) return
    yield* sweep(connectorId)
    const generation = yield* generations.begin(connectorId, snapshotId)
    yield* loads.load(generation, path).pipe(
      Effect.flatMap(({ startedAt }) => sql.withTransaction(show(connectorId, snapshotId, generation, startedAt))),
      Effect.onError(() => Effect.ignore(generations.abandon(generation))),
      Effect.catchTag(
        "Superseded",
        () =>
          Effect.logInfo("A snapshot was not shown: its connector is gone, or a later one is shown already").pipe(
            Effect.annotateLogs({ connectorId, snapshotId })
          )
      )
    )
    yield* sweepLater(connectorId)
  }, (effect) =>
    effect.pipe(
      Effect.catchTags({
        C1zError: (error) => unreadable(error),
        QueryError: (error) => unreadable(error)
      }),
      available("Loading a snapshot into the directory")
    ))

  const apply = Effect.fn("Directory.apply")(function*(connectorId: string, outcome: Changes.Outcome) {
    if (outcome._tag.startsWith("Would")) return
    yield* sql.withTransaction(Effect.gen(function*() {
      const place = yield* hold(connectorId)
      yield* sql`INSERT INTO directory_changes ${
        sql.insert({
          connector_id: connectorId,
          at: yield* Clock.currentTimeMillis,
          outcome: yield* Effect.orDie(encodeOutcome(outcome))
        })
      }`
      if (place?.generation !== undefined && place.generation !== null) yield* changes.apply(place.generation, outcome)
    }))
  }, writing)

  const remove = Effect.fn("Directory.remove")(function*(connectorId: string) {
    yield* sql.withTransaction(Effect.gen(function*() {
      yield* sql`UPDATE directory_generations SET state = 'old' WHERE connector_id = ${connectorId}`
      yield* sql`DELETE FROM directory_changes WHERE connector_id = ${connectorId}`
      yield* sql`DELETE FROM directories WHERE connector_id = ${connectorId}`
    }))
    yield* Effect.forkIn(sweep(connectorId), scope)
  }, writing)

  const findGrant = Effect.fn("Directory.findGrant")(function*(connectorId: string, grantId: string) {
    const row = yield* reads.grantRow(connectorId, grantId)
    const granted = yield* Effect.orDie(decodeGranted(`{${row.granted}}`))
    const { principal } = yield* Effect.orDie(decodePrincipal(`{${row.principal}}`))
    return { id: grantId, ...granted, slug: row.slug, principal }
  }, reading)

  const findEntitlement = Effect.fn("Directory.findEntitlement")(function*(connectorId: string, entitlementId: string) {
    const row = yield* reads.known(connectorId, entitlementId)
    return { ...(yield* Effect.orDie(decodeGranted(`{${row.granted}}`))), slug: row.slug }
  }, reading)

  return Directory.of({
    accounts: (connectorId, filter, page) => reading(listings.accounts(connectorId, filter, page)),
    account: (connectorId, id) => reading(reads.account(connectorId, id)),
    access: (connectorId, accountId) => reading(reads.access(connectorId, accountId)),
    groups: (connectorId, filter, page) => reading(listings.groups(connectorId, filter, page)),
    group: (connectorId, id) => reading(reads.group(connectorId, id)),
    entitlements: (connectorId, filter, page) => reading(listings.entitlements(connectorId, filter, page)),
    entitlement: (connectorId, id) => reading(reads.entitlement(connectorId, id)),
    grants: (connectorId, filter, page) => reading(listings.grants(connectorId, filter, page)),
    grant: (connectorId, id) => reading(reads.grant(connectorId, id)),
    load,
    apply,
    findGrant,
    findEntitlement,
    remove
  })
})

const unreadable = (error: { readonly message: string }) =>
  Effect.andThen(
    Effect.logError("A snapshot can't be loaded into the directory", error),
    Effect.fail(new Unavailable({ detail: "The snapshot file can't be read. The log of the server says why." }))
  )
