/**
 * Finds in a snapshot what a one-shot change names: an entitlement, a grant, a principal.
 *
 * @since 0.1.0
 */
import { BatonIDSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_baton_id_pb"
import type { Resource } from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import * as C1z from "@access-kit/c1z/C1z"
import type { C1zError } from "@access-kit/c1z/C1zError"
import type { GrantRequest } from "@access-kit/connector-model/Connector"
import type { ResourceId } from "@access-kit/connector-model/Resource"
import { anyIs } from "@bufbuild/protobuf/wkt"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Order from "effect/Order"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as CommandError from "./CommandError.ts"

/**
 * @since 0.1.0
 */
export interface Snapshot {
  readonly entitlement: (id: string) => Effect.Effect<GrantRequest["entitlement"], CommandError.CommandError>
  readonly grant: (id: string) => Effect.Effect<GrantRequest, CommandError.CommandError>
  /** Fails unless the resource is there. */
  readonly principal: (id: ResourceId) => Effect.Effect<ResourceId, CommandError.CommandError>
}

const unusable = (error: C1zError) =>
  CommandError.make(
    "UnusableSnapshot",
    error.reason._tag === "TooLarge"
      ? `${error.message} It is in BATON_DECODER_MAX_DECODED_SIZE_MB, in MiB.`
      : `${error.message} Run a sync first; --file says which file is meant.`,
    error
  )

const unknownId = (what: string, id: string, path: string) =>
  CommandError.make(
    "UnknownId",
    `The snapshot ${JSON.stringify(path)} has no ${what} ${
      JSON.stringify(id)
    }. Check the id, or sync again if it is new.`
  )

/** The last finished full sync, or the last one that there is. */
const latest = (runs: ReadonlyArray<C1z.SyncRun>): C1z.SyncRun | undefined =>
  runs.toSorted(Order.combineAll([
    Order.mapInput(Order.Boolean, (run: C1z.SyncRun) => run.endedAt !== undefined && run.type === "full"),
    Order.mapInput(Order.Number, (run: C1z.SyncRun) => run.endedAt ?? run.startedAt ?? 0),
    Order.mapInput(Order.String, (run: C1z.SyncRun) => run.id)
  ])).at(-1)

/** Whoever copied a resource from another snapshot marks it so; the source knows nothing of it. */
const isForeign = (resource: Resource) => resource.annotations.some((annotation) => anyIs(annotation, BatonIDSchema))

/**
 * Opens a snapshot file. Fails with `UnusableSnapshot`.
 *
 * @since 0.1.0
 */
export const open = Effect.fn("Snapshot.open")(function*(
  path: string,
  options: C1z.OpenOptions
): Effect.fn.Return<Snapshot, CommandError.CommandError, Scope.Scope> {
  const c1z = yield* Effect.mapError(C1z.open(path, options), unusable)
  const run = latest(yield* Effect.mapError(Stream.runCollect(c1z.syncRuns), unusable))
  if (run === undefined) {
    return yield* CommandError.make(
      "UnusableSnapshot",
      `The snapshot ${JSON.stringify(path)} has no sync in it. Run a sync first; --file says which file is meant.`
    )
  }
  const inRun = { syncId: run.id }

  const first = <A>(
    rows: Stream.Stream<C1z.Row<A>, C1zError>,
    key: string,
    what: string,
    id: string
  ): Effect.Effect<A, CommandError.CommandError> =>
    rows.pipe(
      Stream.filter((row) => row.key === key),
      Stream.runHead,
      Effect.mapError(unusable),
      Effect.flatMap(Option.match({
        onNone: () => Effect.fail(unknownId(what, id, path)),
        onSome: (row) => Effect.succeed(row.message)
      }))
    )

  const resource = Effect.fnUntraced(function*(id: ResourceId) {
    const found = yield* first(
      c1z.resources(inRun),
      `${id.resourceType}:${id.resource}`,
      `resource of type ${JSON.stringify(id.resourceType)} with the id`,
      id.resource
    )
    if (!isForeign(found)) return id
    return yield* CommandError.make(
      "Refused",
      `${id.resourceType} ${
        JSON.stringify(id.resource)
      } was copied into the snapshot from another one. This connector can't change it.`
    )
  })

  const entitlement = Effect.fnUntraced(function*(id: string) {
    const found = yield* first(c1z.entitlements(inRun), id, "entitlement", id)
    const of = found.resource?.id
    if (of === undefined) return yield* unknownId("resource for the entitlement", id, path)
    return {
      id: found.id,
      slug: found.slug,
      resource: yield* resource({ resourceType: of.resourceType, resource: of.resource })
    }
  })

  return {
    entitlement,
    principal: resource,
    grant: Effect.fnUntraced(function*(id: string) {
      const found = yield* first(c1z.grants(inRun), id, "grant", id)
      const principal = found.principal?.id
      if (found.entitlement === undefined || principal === undefined) {
        return yield* unknownId("entitlement or principal for the grant", id, path)
      }
      return {
        entitlement: yield* entitlement(found.entitlement.id),
        principal: yield* resource({ resourceType: principal.resourceType, resource: principal.resource })
      }
    })
  }
})
