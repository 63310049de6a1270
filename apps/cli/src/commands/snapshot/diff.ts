/**
 * `claude-enterprise snapshot diff`: what changed from one sync to another.
 *
 * @since 0.1.0
 */
import type { Change } from "@access-kit/c1z/Diff"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { CommandError } from "../../Failure.ts"
import { Output } from "../../Output.ts"
import * as Text from "../../Text.ts"
import * as SnapshotView from "../../views/SnapshotView.ts"
import * as SnapshotFile from "./SnapshotFile.ts"

const sync = (name: string, which: string) =>
  Flag.String(name).pipe(
    Flag.withMetavar("ID"),
    Flag.withDescription(`The ${which} sync (default: the ${which} one of the file that was finished)`),
    Flag.optional
  )

/** The two syncs that are compared. */
const sides = Effect.fnUntraced(function*(flags: {
  readonly file: string
  readonly other: Option.Option<string>
  readonly from: Option.Option<string>
  readonly to: Option.Option<string>
  readonly maxSize: Option.Option<number>
}) {
  const { c1z, file } = yield* SnapshotFile.openFile(flags)
  if (Option.isSome(flags.other)) {
    const after = yield* SnapshotFile.open({ file: flags.other.value, syncId: flags.to, maxSize: flags.maxSize })
    const before = yield* c1z.Snapshot.of(file, Option.isSome(flags.from) ? { syncId: flags.from.value } : {})
    return { c1z, before, after: after.snapshot }
  }
  const after = yield* c1z.Snapshot.of(file, Option.isSome(flags.to) ? { syncId: flags.to.value } : {})
  const finished = (yield* Stream.runCollect(file.syncRuns))
    .filter((run) => run.endedAt !== undefined && run.type === "full" && run.id !== after.sync.id)
    .filter((run) => (run.endedAt ?? 0) <= (after.sync.endedAt ?? Number.POSITIVE_INFINITY))
    .toSorted((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0))
  const from = Option.getOrElse(flags.from, () => finished[0]?.id)
  if (from === undefined) {
    return yield* new CommandError({
      reason: "Usage",
      message:
        `"${flags.file}" has only one finished full sync, so there is nothing to compare it with. Give a second file.`
    })
  }
  return { c1z, before: yield* c1z.Snapshot.of(file, { syncId: from }), after }
})

/** Prints changes as rows of a Markdown table. */
const markdown = Effect.fnUntraced(function*<E, R>(output: Output["Service"], changes: Stream.Stream<Change, E, R>) {
  let count = 0
  const rows = Stream.map(changes, (change) => {
    count += 1
    return SnapshotView.changeMarkdown.row(change)
  })
  yield* output.raw(Stream.concat(Stream.succeed(SnapshotView.changeMarkdown.heading), rows))
  return count
})

/**
 * @since 0.1.0
 */
export const diff = Command.make(
  "diff",
  {
    file: SnapshotFile.file,
    other: Argument.String("other-file").pipe(
      Argument.withDescription("Compare with this file; without, the last two syncs of the one file"),
      Argument.optional
    ),
    from: sync("from", "earlier"),
    to: sync("to", "later"),
    kind: Flag.Literals("kind", ["resource-type", "resource", "entitlement", "grant"]).pipe(
      Flag.withDescription("Only changes of this kind"),
      Flag.optional
    ),
    exitCode: Flag.Boolean("exit-code").pipe(
      Flag.withoutNegation,
      Flag.withDescription("End with 51 if anything changed, for scripts"),
      Flag.withDefault(false)
    ),
    ...SnapshotFile.paging,
    maxSize: SnapshotFile.maxSize
  },
  Effect.fn("snapshot diff")(function*(flags) {
    const output = yield* Output
    const { after, before, c1z } = yield* sides(flags)
    const view = yield* SnapshotFile.chosen(SnapshotView.change, flags.columns)
    const counts = { created: 0, deleted: 0, modified: 0 }
    const kinds = Option.isSome(flags.kind)
      ? { kinds: c1z.Diff.kinds.filter((kind) => kind.replace(" ", "-") === Option.getOrUndefined(flags.kind)) }
      : {}
    const changes = Stream.tap(c1z.Diff.changes(before, after, kinds), ({ change }) =>
      Effect.sync(() => {
        counts[change] += 1
      }))
    let announce: Effect.Effect<void> = Effect.void
    if (output.asked === "baton-json") {
      yield* SnapshotFile.refuse({ limit: flags.limit, "page-token": flags.pageToken, columns: flags.columns })
      const { BatonJson } = yield* Effect.promise(() => import("../../BatonAnswers.ts"))
      yield* output.raw(BatonJson.diff(changes))
    } else {
      const page = yield* SnapshotFile.page(
        flags,
        ["diff", before.sync.id, after.sync.id, kinds],
        SnapshotFile.numbered(changes),
        (rows) => output.asked === "markdown" ? markdown(output, rows) : output.rows(view, rows),
        // What is not shown counts all the same.
        { whole: true }
      )
      announce = page.announce
    }
    const total = counts.created + counts.deleted + counts.modified
    yield* output.say(
      total === 0
        ? `No difference between sync ${before.sync.id} and sync ${after.sync.id}.`
        : `From sync ${before.sync.id} to sync ${after.sync.id}: ${Text.grouped(counts.created)} created, ${
          Text.grouped(counts.deleted)
        } deleted, ${Text.grouped(counts.modified)} modified.`
    )
    yield* announce
    if (flags.exitCode && total > 0) {
      return yield* new CommandError({ reason: "Different", message: "There are changes.", reported: true })
    }
  }, Effect.scoped)
).pipe(
  Command.withDescription("Compare two syncs of a file or of two files, field by field"),
  Command.withExamples([
    { command: "claude-enterprise snapshot diff yesterday.c1z today.c1z --exit-code" },
    { command: "claude-enterprise snapshot diff claude.c1z -o markdown" }
  ])
)
