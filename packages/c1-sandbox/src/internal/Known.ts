/** What C1 knows of a connector's directory: the newest snapshot that it could read, and accounts that tasks have created since. */
import { UserTraitSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_trait_pb"
import { type Entitlement, EntitlementSchema } from "@access-kit/baton-protocol/gen/c1/connector/v2/entitlement_pb"
import {
  type Grant,
  GrantManagerServiceGrantResponseSchema,
  GrantSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import {
  CreateAccountResponseSchema,
  type Resource,
  ResourceSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import * as C1z from "@access-kit/c1z/C1z"
import type * as C1zError from "@access-kit/c1z/C1zError"
import * as Snapshot from "@access-kit/c1z/Snapshot"
import { clone, create } from "@bufbuild/protobuf"
import { anyUnpack } from "@bufbuild/protobuf/wkt"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Upload } from "../Upload.ts"
import type { TaskBoard } from "./TaskBoard.ts"

/** What C1 writes where it knows that somebody has access, and not by which grant. */
const UNKNOWN_GRANT = "🧸_UNKNOWN_GRANT_ID"

const folded = (text: string): string => text.trim().toLowerCase()

/** Whether a person would call the resource so: by id, name, login or e-mail address. */
const isCalled = (resource: Resource, key: string): boolean => {
  if (resource.id?.resource === key || folded(resource.displayName) === folded(key)) return true
  const traits = resource.annotations.flatMap((annotation) => anyUnpack(annotation, UserTraitSchema) ?? [])
  return traits.some((trait) =>
    [trait.login, ...trait.loginAliases, ...trait.emails.map(({ address }) => address)].some((name) =>
      name !== "" && folded(name) === folded(key)
    )
  )
}

export interface Known {
  readonly resource: (resourceType: string, key: string) => Effect.Effect<Option.Option<Resource>>
  readonly entitlement: (resourceType: string, key: string, slug: string) => Effect.Effect<Option.Option<Entitlement>>
  readonly grant: (entitlement: Entitlement, principal: Resource) => Effect.Effect<Grant>
}

export const make = (board: TaskBoard, uploads: ReadonlyArray<Upload>): Known => {
  /** Asks the newest snapshot, if there is one. */
  const ask = <A>(
    question: (snapshot: Snapshot.Snapshot) => Effect.Effect<Option.Option<A>, C1zError.C1zError>
  ): Effect.Effect<Option.Option<A>> =>
    Effect.suspend(() => {
      const upload = uploads.findLast((candidate) => candidate.snapshot?.rowsRead === true)
      if (upload === undefined) return Effect.succeed(Option.none<A>())
      return Effect.scoped(Effect.flatMap(C1z.open(upload.path), (file) => Effect.flatMap(Snapshot.of(file), question)))
    }).pipe(
      // It was read when it came.
      Effect.orDie
    )

  const created = (): ReadonlyArray<Resource> =>
    board.records.toReversed().flatMap(({ outcome }) => {
      if (outcome?._tag !== "Succeeded" || outcome.response === undefined) return []
      const result = anyUnpack(outcome.response, CreateAccountResponseSchema)?.result.value
      return result?.resource === undefined ? [] : [result.resource]
    })

  const resource: Known["resource"] = (resourceType, key) =>
    Effect.suspend(() => {
      const fits = (candidate: Resource) => candidate.id?.resourceType === resourceType && isCalled(candidate, key)
      const found = created().find(fits)
      if (found !== undefined) return Effect.succeedSome(clone(ResourceSchema, found))
      return ask(({ file, sync }) =>
        file.resources({ syncId: sync.id }).pipe(
          Stream.map((row) => row.message),
          Stream.filter(fits),
          Stream.runHead
        )
      )
    })

  return {
    resource,
    entitlement: Effect.fnUntraced(function*(resourceType, key, slug) {
      const on = yield* resource(resourceType, key)
      if (Option.isNone(on)) return Option.none()
      const found = yield* ask(({ file, sync }) =>
        file.entitlements({ syncId: sync.id }).pipe(
          Stream.map((row) => row.message),
          Stream.filter(({ resource, slug: own }) =>
            own === slug && resource?.id?.resourceType === resourceType
            && resource.id.resource === on.value.id?.resource
          ),
          Stream.runHead
        )
      )
      // Snapshots keep the id of the resource only, and C1 sends the whole.
      return Option.map(found, (entitlement) => {
        const whole = clone(EntitlementSchema, entitlement)
        whole.resource = on.value
        return whole
      })
    }),
    grant: Effect.fnUntraced(function*(entitlement, principal) {
      const fits = (candidate: Grant) =>
        candidate.entitlement?.id === entitlement.id
        && candidate.principal?.id?.resourceType === principal.id?.resourceType
        && candidate.principal?.id?.resource === principal.id?.resource
      const answered = board.records.flatMap(({ outcome }) =>
        outcome?._tag === "Succeeded" && outcome.response !== undefined
          ? anyUnpack(outcome.response, GrantManagerServiceGrantResponseSchema)?.grants ?? []
          : []
      ).findLast(fits)
      const found = answered === undefined
        ? yield* ask(({ file, sync }) =>
          file.grants({ syncId: sync.id }).pipe(
            Stream.map((row) => row.message),
            Stream.filter(fits),
            Stream.runHead
          )
        )
        : Option.some(answered)
      return create(GrantSchema, {
        id: Option.match(found, { onNone: () => UNKNOWN_GRANT, onSome: ({ id }) => id || UNKNOWN_GRANT }),
        entitlement,
        principal
      })
    })
  }
}
