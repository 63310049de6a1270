/**
 * The commands about a snapshot as a whole: what it is, whether it is sound, what is in it.
 *
 * @since 0.1.0
 */
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

const baton = Effect.promise(() => import("../../BatonAnswers.ts"))

/**
 * @since 0.1.0
 */
export const info = Command.make(
  "info",
  { file: SnapshotFile.file, maxSize: SnapshotFile.maxSize },
  Effect.fn("snapshot info")(function*(flags) {
    const output = yield* Output
    yield* output.plain
    const { C1z } = yield* Effect.promise(() => import("../../SnapshotQueries.ts"))
    const inspection = yield* C1z.inspect(flags.file, SnapshotFile.bounds(flags))
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
    ...SnapshotFile.paging,
    strict: Flag.Boolean("strict").pipe(
      Flag.withoutNegation,
      Flag.withDescription("Let warnings count as errors"),
      Flag.withDefault(false)
    )
  },
  Effect.fn("snapshot verify")(function*({ columns, strict, ...flags }) {
    const output = yield* Output
    yield* output.plain
    const { c1z, snapshot } = yield* SnapshotFile.open(flags)
    const view = yield* SnapshotFile.chosen(SnapshotView.finding, columns)
    let errors = 0
    let warnings = 0
    const findings = Stream.tap(c1z.Verify.findings(snapshot), (finding) =>
      Effect.sync(() => {
        if (finding.severity === "error") errors += 1
        else warnings += 1
      }))
    // Nobody reads more of a table; all of them count.
    const limit = output.format === "table" ? Option.orElseSome(flags.limit, () => 1_000) : flags.limit
    const { announce } = yield* SnapshotFile.page(
      { ...flags, limit },
      ["verify", snapshot.sync.id],
      SnapshotFile.numbered(findings),
      (rows) => output.rows(view, rows),
      { whole: true }
    )
    yield* output.say(
      errors + warnings === 0
        ? `Sound: the file is whole, and nothing is wrong in sync ${snapshot.sync.id}.`
        : `${Text.counted(errors, "error")}, ${Text.counted(warnings, "warning")}.`
    )
    yield* announce
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
  { file: SnapshotFile.file, maxSize: SnapshotFile.maxSize, ...SnapshotFile.paging },
  Effect.fn("snapshot syncs")(function*({ columns, ...flags }) {
    const output = yield* Output
    const { file } = yield* SnapshotFile.openFile(flags)
    if (output.asked === "baton-json") {
      yield* SnapshotFile.refuse({ limit: flags.limit, "page-token": flags.pageToken, columns })
      return yield* output.raw((yield* baton).BatonJson.syncs(file))
    }
    const view = yield* SnapshotFile.chosen(SnapshotView.sync, columns)
    const { announce } = yield* SnapshotFile.page(
      flags,
      ["syncs"],
      SnapshotFile.numbered(file.syncRuns),
      (rows) => output.rows(view, rows)
    )
    yield* announce
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
