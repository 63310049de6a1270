/**
 * The commands about one person or group in a snapshot.
 *
 * @since 0.1.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Output } from "../../Output.ts"
import * as Text from "../../Text.ts"
import * as SnapshotView from "../../views/SnapshotView.ts"
import * as SnapshotFile from "./SnapshotFile.ts"

const principal = Argument.String("principal").pipe(
  Argument.withDescription("Id, <type>:<id>, e-mail, login or display name")
)

const nameOf = (row: { readonly displayName: string; readonly type: string; readonly id: string }): string =>
  `${row.displayName === "" ? "" : `${row.displayName} `}(${row.type}:${row.id})`

/**
 * @since 0.1.0
 */
export const access = Command.make(
  "access",
  {
    file: SnapshotFile.file,
    principal,
    syncId: SnapshotFile.syncId,
    maxSize: SnapshotFile.maxSize,
    ...SnapshotFile.paging
  },
  Effect.fn("snapshot access")(function*(flags) {
    const output = yield* Output
    const { c1z, snapshot } = yield* SnapshotFile.open(flags)
    const found = yield* c1z.Resources.find(snapshot, flags.principal)
    if (output.asked === "baton-json") {
      yield* SnapshotFile.refuse({ limit: flags.limit, "page-token": flags.pageToken, columns: flags.columns })
      const { BatonJson } = yield* Effect.promise(() => import("../../BatonAnswers.ts"))
      return yield* output.raw(BatonJson.access(snapshot, found))
    }
    const { rows } = yield* c1z.Access.of(snapshot, found)
    yield* output.say(`${nameOf(found)} holds ${Text.counted(rows.length, "entitlement")}.`)
    const view = yield* SnapshotFile.chosen(SnapshotView.access, flags.columns)
    const { announce } = yield* SnapshotFile.page(
      flags,
      ["access", snapshot.sync.id, found.type, found.id],
      SnapshotFile.numbered(Stream.fromIterable(rows.map((row) => ({ ...row, principal: found })))),
      (rows) => output.rows(view, rows)
    )
    yield* announce
  }, Effect.scoped)
).pipe(
  Command.withDescription("Show everything that a person or group holds, groups within groups included"),
  Command.withExamples([{ command: "claude-enterprise snapshot access claude.c1z jane@example.com" }])
)

/**
 * @since 0.1.0
 */
export const explain = Command.make(
  "explain",
  {
    file: SnapshotFile.file,
    principal,
    entitlement: Argument.String("entitlement").pipe(
      Argument.withDescription("Id or display name of an entitlement, or id or name of a group that has one")
    ),
    slug: Flag.String("slug").pipe(
      Flag.withMetavar("SLUG"),
      Flag.withDescription("Which entitlement of the group, where it has several"),
      Flag.optional
    ),
    syncId: SnapshotFile.syncId,
    maxSize: SnapshotFile.maxSize,
    ...SnapshotFile.paging
  },
  Effect.fn("snapshot explain")(function*(flags) {
    const output = yield* Output
    yield* output.plain
    const { c1z, snapshot } = yield* SnapshotFile.open(flags)
    const found = yield* c1z.Resources.find(snapshot, flags.principal)
    const entitlement = yield* c1z.Entitlements.find(
      snapshot,
      flags.entitlement,
      Option.isSome(flags.slug) ? { slug: flags.slug.value } : {}
    )
    const explanation = yield* c1z.Access.explain(snapshot, found, entitlement.id)
    const what = `${entitlement.displayName || entitlement.id} (${entitlement.id})`
    yield* output.say(
      !explanation.held
        ? `${nameOf(found)} does not hold ${what}.`
        : explanation.paths.length === 0
        ? `${nameOf(found)} holds ${what}, and the snapshot does not say through what.`
        : `${nameOf(found)} holds ${what}${explanation.more ? "; more ways than are shown" : ""}.`
    )
    const view = yield* SnapshotFile.chosen(SnapshotView.path, flags.columns)
    const { announce } = yield* SnapshotFile.page(
      flags,
      ["explain", snapshot.sync.id, found.type, found.id, entitlement.id],
      SnapshotFile.numbered(Stream.fromIterable(explanation.paths.map((path, index) => ({ number: index + 1, path })))),
      (rows) => output.rows(view, rows)
    )
    yield* announce
  }, Effect.scoped)
).pipe(
  Command.withDescription("Say why a person or group holds something: directly, or through which others"),
  Command.withExamples([{ command: "claude-enterprise snapshot explain claude.c1z jane@example.com Engineering" }])
)
