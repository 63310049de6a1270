/**
 * The commands about a snapshot as a whole: what it is, whether it is sound, what is in it.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { CommandError } from "../../Failure.ts"
import { Output } from "../../Output.ts"
import * as Text from "../../Text.ts"
import * as SnapshotView from "../../views/SnapshotView.ts"
import * as SnapshotFile from "./SnapshotFile.ts"

const baton = Effect.promise(() => import("../../BatonAnswers.ts"))

/**
 * @since 0.1.0
 */
export const info = Command.make(
  "info",
  { file: SnapshotFile.file, maxSize: SnapshotFile.maxSize },
  Effect.fn("snapshot info")(function*(flags) {
    const output = yield* Output
    const { C1z } = yield* Effect.promise(() => import("../../SnapshotQueries.ts"))
    const inspection = yield* C1z.inspect(flags.file)
    const syncs = inspection.readable
      ? yield* Stream.runCollect((yield* SnapshotFile.openFile(flags)).file.syncRuns)
      : []
    yield* output.record(SnapshotView.info, { inspection, syncs })
  }, Effect.scoped)
).pipe(Command.withDescription("Show what kind of file it is, its size and its syncs"))

/**
 * @since 0.1.0
 */
export const verify = Command.make(
  "verify",
  {
    ...SnapshotFile.flags,
    columns: SnapshotFile.paging.columns,
    strict: Flag.Boolean("strict").pipe(
      Flag.withoutNegation,
      Flag.withDescription("Let warnings count as errors"),
      Flag.withDefault(false)
    )
  },
  Effect.fn("snapshot verify")(function*({ columns, strict, ...flags }) {
    const output = yield* Output
    const { c1z, snapshot } = yield* SnapshotFile.open(flags)
    const view = yield* SnapshotFile.chosen(SnapshotView.finding, columns)
    let errors = 0
    let warnings = 0
    const findings = Stream.tap(c1z.Verify.findings(snapshot), (finding) =>
      Effect.sync(() => {
        if (finding.severity === "error") errors += 1
        else warnings += 1
      }))
    if (output.format === "table") {
      // A heading without rows says less than the line that follows.
      const rows = yield* Stream.runCollect(Stream.take(findings, 1_000))
      if (rows.length > 0) yield* output.rows(view, Stream.fromIterable(rows))
      if (rows.length === 1_000) yield* output.say("The first 1,000 are shown; -o ndjson has all.")
    } else {
      yield* output.rows(view, findings)
    }
    yield* output.say(
      errors + warnings === 0
        ? `Sound: the file is whole, and nothing is wrong in sync ${snapshot.sync.id}.`
        : `${Text.counted(errors, "error")}, ${Text.counted(warnings, "warning")}.`
    )
    if (errors > 0 || (strict && warnings > 0)) {
      return yield* new CommandError({
        reason: "ProblemsFound",
        message: "The snapshot has problems.",
        reported: true
      })
    }
  }, Effect.scoped)
).pipe(
  Command.withDescription("Look for damage, dangling references, duplicate ids, missing traits and bad addresses")
)

/**
 * @since 0.1.0
 */
export const syncs = Command.make(
  "syncs",
  { file: SnapshotFile.file, maxSize: SnapshotFile.maxSize, columns: SnapshotFile.paging.columns },
  Effect.fn("snapshot syncs")(function*({ columns, ...flags }) {
    const output = yield* Output
    const { file } = yield* SnapshotFile.openFile(flags)
    if (output.asked === "baton-json") return yield* output.raw((yield* baton).BatonJson.syncs(file))
    yield* output.rows(yield* SnapshotFile.chosen(SnapshotView.sync, columns), file.syncRuns)
  }, Effect.scoped)
).pipe(Command.withDescription("List the syncs of the file"))

/**
 * @since 0.1.0
 */
export const stats = Command.make(
  "stats",
  SnapshotFile.flags,
  Effect.fn("snapshot stats")(function*(flags) {
    const output = yield* Output
    const { c1z, snapshot } = yield* SnapshotFile.open(flags)
    if (output.asked === "baton-json") return yield* output.raw((yield* baton).BatonJson.stats(snapshot))
    yield* output.record(SnapshotView.stats, { sync: snapshot.sync, stats: yield* c1z.Stats.of(snapshot) })
  }, Effect.scoped)
).pipe(Command.withDescription("Count people, groups, entitlements and grants"))
