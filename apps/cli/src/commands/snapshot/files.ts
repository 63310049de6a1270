/**
 * The commands that make files of a snapshot.
 *
 * @since 0.1.0
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { Output } from "../../Output.ts"
import * as Text from "../../Text.ts"
import type { View } from "../../View.ts"
import * as SnapshotView from "../../views/SnapshotView.ts"
import * as SnapshotFile from "./SnapshotFile.ts"

interface Written {
  readonly path: string
  readonly format: string
  readonly bytes: number
}

const written: View<Written> = {
  noun: ["file", "files"],
  columns: [
    { name: "path", header: "FILE", cell: (row) => row.path },
    { name: "format", header: "FORMAT", cell: (row) => row.format },
    { name: "bytes", header: "SIZE", cell: (row) => Text.bytes(row.bytes) }
  ],
  json: (row) => ({ path: row.path, format: row.format, bytes: row.bytes })
}

const out = Flag.String("out").pipe(
  Flag.withMetavar("FILE"),
  Flag.withDescription("Where it goes; a file that is there is replaced once the new one is whole")
)

/**
 * @since 0.1.0
 */
export const exporting = Command.make(
  "export",
  {
    format: Argument.Literals("format", ["csv", "xlsx", "ndjson", "sqlite", "parquet", "html"]).pipe(
      Argument.withDescription("html is the access review: to read, print and sign")
    ),
    file: SnapshotFile.file,
    out,
    title: Flag.String("title").pipe(
      Flag.withMetavar("TEXT"),
      Flag.withDescription("Heading of the access review"),
      Flag.optional
    ),
    syncId: SnapshotFile.syncId,
    maxSize: SnapshotFile.maxSize
  },
  Effect.fn("snapshot export")(function*({ format, out, title, ...flags }) {
    const output = yield* Output
    yield* output.plain
    const { c1z, snapshot } = yield* SnapshotFile.open(flags)
    const { AccessReview, Export } = c1z
    const now = yield* Clock.currentTimeMillis
    const writers = {
      csv: Export.toFile(out, Export.csv(snapshot)),
      ndjson: Export.toFile(out, Export.ndjson(snapshot)),
      html: Export.toFile(
        out,
        AccessReview.page(snapshot, Option.isSome(title) ? { title: title.value, now } : { now })
      ),
      xlsx: Export.xlsx(snapshot, out),
      sqlite: Export.sqlite(snapshot, out),
      parquet: Export.parquet(snapshot, out)
    }
    yield* output.record(written, { path: out, format, bytes: yield* writers[format] })
  }, Effect.scoped)
).pipe(
  Command.withDescription("Write CSV, XLSX, NDJSON, SQLite, Parquet, or an access review as HTML"),
  Command.withExamples([
    { command: "claude-enterprise snapshot export html claude.c1z --out review.html" },
    { command: "claude-enterprise snapshot export csv claude.c1z --out claude.csv" }
  ])
)

/**
 * @since 0.1.0
 */
export const prune = Command.make(
  "prune",
  {
    file: SnapshotFile.file,
    keep: Flag.Int("keep").pipe(
      Flag.withMetavar("N"),
      Flag.filter((keep) => keep >= 1, () => "Expected a number from 1 on"),
      Flag.withDescription("How many finished full syncs stay (default 2)"),
      Flag.withDefault(2)
    ),
    unfinished: Flag.Boolean("unfinished").pipe(
      Flag.withoutNegation,
      Flag.withDescription("Remove syncs that were not finished, too"),
      Flag.withDefault(false)
    ),
    out: Flag.String("out").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription("Write to this file (default: the file itself)"),
      Flag.optional
    ),
    dryRun: Flag.Boolean("dry-run").pipe(
      Flag.withoutNegation,
      Flag.withDescription("Say what would be removed, and remove nothing"),
      Flag.withDefault(false)
    ),
    maxSize: SnapshotFile.maxSize
  },
  Effect.fn("snapshot prune")(function*({ dryRun, keep, out, unfinished, ...flags }) {
    const output = yield* Output
    yield* output.plain
    const { c1z, file } = yield* SnapshotFile.openFile(flags)
    const plan = yield* c1z.Prune.plan(file, { keep, unfinished })
    const target = Option.getOrElse(out, () => flags.file)
    const removed = new Set(plan.remove.map((sync) => sync.id))
    const view: View<typeof plan.keep[number]> = {
      ...SnapshotView.sync,
      columns: [
        { name: "action", header: "ACTION", cell: (sync) => removed.has(sync.id) ? "remove" : "keep" },
        ...SnapshotView.sync.columns
      ],
      json: (sync) => ({ action: removed.has(sync.id) ? "remove" : "keep", ...SnapshotView.sync.json(sync) })
    }
    const needed = plan.remove.length > 0 || target !== flags.file
    const bytes = dryRun || !needed ? undefined : yield* c1z.Prune.prune(file, plan, target)
    yield* output.rows(view, file.syncRuns)
    yield* output.say(
      dryRun
        ? `Would remove ${Text.counted(plan.remove.length, "sync")}.`
        : bytes === undefined
        ? "Nothing to remove."
        : `Removed ${Text.counted(plan.remove.length, "sync")}; "${target}" has ${Text.bytes(bytes)}.`
    )
  }, Effect.scoped)
).pipe(
  Command.withDescription("Remove old syncs from a file"),
  Command.withExamples([{ command: "claude-enterprise snapshot prune claude.c1z --keep 5 --dry-run" }])
)

/**
 * @since 0.1.0
 */
export const convert = Command.make(
  "convert",
  {
    file: SnapshotFile.file,
    to: Flag.Literals("to", ["v1", "v1-legacy", "v3"]).pipe(
      Flag.withDescription(
        "v1: every baton tool; v1-legacy: those that copy syncs with SDK 0.7; v3: SDK 0.18 and newer"
      )
    ),
    out,
    syncId: SnapshotFile.syncId,
    maxSize: SnapshotFile.maxSize
  },
  Effect.fn("snapshot convert")(function*({ out, to, ...flags }) {
    const output = yield* Output
    yield* output.plain
    const { c1z, snapshot } = yield* SnapshotFile.open(flags)
    const bytes = yield* c1z.Convert.convert(snapshot, { format: to, path: out })
    yield* output.record(written, { path: out, format: to, bytes })
  }, Effect.scoped)
).pipe(
  Command.withDescription("Write one sync as a file of another format"),
  Command.withExamples([{ command: "claude-enterprise snapshot convert claude.c1z --to v3 --out claude-v3.c1z" }])
)
