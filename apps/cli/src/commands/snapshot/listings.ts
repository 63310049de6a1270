/**
 * The commands that list rows of a snapshot.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Listing from "../../Listing.ts"
import { Output } from "../../Output.ts"
import * as SnapshotRowView from "../../views/SnapshotRowView.ts"
import * as SnapshotFile from "./SnapshotFile.ts"

const baton = Effect.promise(() => import("../../BatonAnswers.ts"))

const type = (description: string) =>
  Flag.String("type").pipe(
    Flag.withAlias("t"),
    Flag.withMetavar("TYPE"),
    Flag.withDescription(description),
    Flag.optional
  )

const text = (name: string, metavar: string, description: string) =>
  Flag.String(name).pipe(Flag.withMetavar(metavar), Flag.withDescription(description), Flag.optional)

const email = text("email", "ADDRESS", "Only with this e-mail address, whatever the case")

const status = Flag.Literals("status", ["enabled", "disabled", "deleted", "unknown"]).pipe(
  Flag.withDescription("Only of this status"),
  Flag.optional
)

const slug = text("slug", "SLUG", "Only of entitlements with this slug, for example member")

const entitlement = text("entitlement", "ID", "Only of this entitlement")

const resource = text("resource", "ID", "Only of the resource with this id; with --type")

/**
 * @since 0.1.0
 */
export const resourceTypes = Command.make(
  "resource-types",
  { ...SnapshotFile.flags, ...SnapshotFile.paging },
  Effect.fn("snapshot resource-types")(function*(flags) {
    const output = yield* Output
    const { c1z, snapshot } = yield* SnapshotFile.open(flags)
    if (output.asked === "baton-json") {
      yield* SnapshotFile.refuse({ limit: flags.limit, "page-token": flags.pageToken, columns: flags.columns })
      return yield* output.raw((yield* baton).BatonJson.resourceTypes(snapshot))
    }
    yield* SnapshotFile.print(
      SnapshotRowView.resourceType,
      flags,
      ["resource-types", snapshot.sync.id],
      (after) => c1z.Resources.types(snapshot, after === undefined ? {} : { after })
    )
  }, Effect.scoped)
).pipe(Command.withDescription("List the resource types"))

/**
 * @since 0.1.0
 */
export const resources = Command.make(
  "resources",
  {
    ...SnapshotFile.flags,
    type: type("Only resources of this type"),
    search: Listing.search,
    email,
    status,
    ...SnapshotFile.paging
  },
  Effect.fn("snapshot resources")(function*(flags) {
    const output = yield* Output
    const { c1z, snapshot } = yield* SnapshotFile.open(flags)
    if (output.asked === "baton-json") {
      const { columns, email, limit, search, status } = flags
      yield* SnapshotFile.refuse({ search, email, status, limit, "page-token": flags.pageToken, columns })
      return yield* output.raw((yield* baton).BatonJson.resources(snapshot, SnapshotFile.given({ type: flags.type })))
    }
    const filter = SnapshotFile.given({
      type: flags.type,
      text: flags.search,
      email: flags.email,
      status: flags.status
    })
    yield* SnapshotFile.print(
      SnapshotRowView.resource,
      flags,
      ["resources", snapshot.sync.id, filter],
      (after) => c1z.Resources.list(snapshot, { ...filter, ...after === undefined ? {} : { after } })
    )
  }, Effect.scoped)
).pipe(Command.withDescription("List people, groups and other resources"))

/**
 * @since 0.1.0
 */
export const entitlements = Command.make(
  "entitlements",
  {
    ...SnapshotFile.flags,
    type: type("Only of resources of this type"),
    resource,
    search: Listing.search,
    slug,
    ...SnapshotFile.paging
  },
  Effect.fn("snapshot entitlements")(function*(flags) {
    const output = yield* Output
    const { c1z, snapshot } = yield* SnapshotFile.open(flags)
    if (output.asked === "baton-json") {
      const { columns, limit, resource, search, slug } = flags
      yield* SnapshotFile.refuse({ resource, search, slug, limit, "page-token": flags.pageToken, columns })
      return yield* output.raw(
        (yield* baton).BatonJson.entitlements(snapshot, SnapshotFile.given({ type: flags.type }))
      )
    }
    const filter = SnapshotFile.given({
      type: flags.type,
      resourceId: flags.resource,
      text: flags.search,
      slug: flags.slug
    })
    yield* SnapshotFile.print(
      SnapshotRowView.entitlement,
      flags,
      ["entitlements", snapshot.sync.id, filter],
      (after) => c1z.Entitlements.list(snapshot, { ...filter, ...after === undefined ? {} : { after } })
    )
  }, Effect.scoped)
).pipe(Command.withDescription("List what can be held, and how many hold it"))

/**
 * @since 0.1.0
 */
export const grants = Command.make(
  "grants",
  {
    ...SnapshotFile.flags,
    type: type("Only on resources of this type"),
    resource,
    entitlement,
    slug,
    principal: text("principal", "NAME", "Only of this principal: id, e-mail, login or display name"),
    search: Listing.search,
    email,
    status,
    ...SnapshotFile.paging
  },
  Effect.fn("snapshot grants")(function*(flags) {
    const output = yield* Output
    const { c1z, snapshot } = yield* SnapshotFile.open(flags)
    if (output.asked === "baton-json") {
      const { columns, email, limit, principal, search, slug, status } = flags
      yield* SnapshotFile.refuse({
        principal,
        search,
        email,
        status,
        slug,
        limit,
        "page-token": flags.pageToken,
        columns
      })
      const filter = SnapshotFile.given({
        type: flags.type,
        resourceId: flags.resource,
        entitlementId: flags.entitlement
      })
      return yield* output.raw((yield* baton).BatonJson.grants(snapshot, filter, { reuse: true }))
    }
    const principal = Option.isSome(flags.principal)
      ? yield* c1z.Resources.find(snapshot, flags.principal.value)
      : undefined
    const filter = {
      ...SnapshotFile.given({
        type: flags.type,
        resourceId: flags.resource,
        entitlementId: flags.entitlement,
        slug: flags.slug,
        text: flags.search,
        email: flags.email,
        status: flags.status
      }),
      ...principal === undefined ? {} : { principalType: principal.type, principalId: principal.id }
    }
    yield* SnapshotFile.print(
      SnapshotRowView.grant,
      flags,
      ["grants", snapshot.sync.id, filter],
      (after) => c1z.Grants.list(snapshot, { ...filter, ...after === undefined ? {} : { after } })
    )
  }, Effect.scoped)
).pipe(
  Command.withDescription("List who holds what"),
  Command.withExamples([
    { command: "claude-enterprise snapshot grants claude.c1z --status disabled" },
    { command: "claude-enterprise snapshot grants claude.c1z -o csv --columns email,resourceName" }
  ])
)

/**
 * @since 0.1.0
 */
export const principals = Command.make(
  "principals",
  {
    ...SnapshotFile.flags,
    type: type("Only principals of this type"),
    entitlement,
    resource: text("resource", "NAME", "Only who holds something on this resource: id, <type>:<id> or display name"),
    search: Listing.search,
    email,
    status,
    ...SnapshotFile.paging
  },
  Effect.fn("snapshot principals")(function*(flags) {
    const output = yield* Output
    const { c1z, snapshot } = yield* SnapshotFile.open(flags)
    const on = Option.isSome(flags.resource)
      ? yield* c1z.Resources.find(snapshot, flags.resource.value)
      : undefined
    if (output.asked === "baton-json") {
      const { columns, email, limit, search, status, type } = flags
      yield* SnapshotFile.refuse({ type, search, email, status, limit, "page-token": flags.pageToken, columns })
      const filter = {
        ...SnapshotFile.given({ entitlementId: flags.entitlement }),
        ...on === undefined ? {} : { type: on.type, resourceId: on.id }
      }
      return yield* output.raw((yield* baton).BatonJson.principals(snapshot, filter))
    }
    const filter = {
      ...SnapshotFile.given({
        type: flags.type,
        entitlementId: flags.entitlement,
        text: flags.search,
        email: flags.email,
        status: flags.status
      }),
      ...on === undefined ? {} : { resource: { type: on.type, id: on.id } }
    }
    yield* SnapshotFile.print(
      SnapshotRowView.principal,
      flags,
      ["principals", snapshot.sync.id, filter],
      (after) => c1z.Resources.principals(snapshot, { ...filter, ...after === undefined ? {} : { after } })
    )
  }, Effect.scoped)
).pipe(Command.withDescription("List whoever holds something, and how much"))
