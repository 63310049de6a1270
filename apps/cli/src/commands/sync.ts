/**
 * `claude-enterprise sync`: the whole directory into a `.c1z` snapshot.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Connection from "../Connection.ts"
import { CommandError } from "../Failure.ts"
import { isJson, Output } from "../Output.ts"
import * as Progress from "../Progress.ts"
import type { ServerSettings } from "../ServerFlags.ts"
import * as Text from "../Text.ts"
import * as ServerSyncView from "../views/ServerSyncView.ts"
import * as SyncView from "../views/SyncView.ts"

/** The server reads, and this command follows it and fetches the snapshot. */
const throughServer = Effect.fn("sync --server")(function*(
  settings: ServerSettings,
  options: { readonly out: Option.Option<string>; readonly quiet: boolean }
) {
  const output = yield* Output
  const { run } = yield* Effect.promise(() => import("../server/ServerSync.ts"))
  const progress = yield* Progress.make({ quiet: options.quiet || isJson(output.format) })
  const summary = yield* run(settings, {
    out: Option.getOrUndefined(options.out),
    progress: progress.tell,
    warn: output.warn
  })
  for (const note of summary.sync.notes ?? []) {
    yield* output.warn(`${note.message}${note.count > 1 ? ` (${Text.grouped(note.count)} times)` : ""}`)
  }
  yield* output.record(ServerSyncView.view, summary)
})

const usage = (message: string) => new CommandError({ reason: "Usage", message })

/**
 * @since 0.1.0
 */
export const sync = Command.make(
  "sync",
  {
    out: Flag.String("out").pipe(
      Flag.withMetavar("FILE"),
      Flag.withDescription(
        "Where the snapshot goes; an older one there is replaced once the new one is whole. With --server it may be left out"
      ),
      Flag.optional
    ),
    format: Flag.Literals("format", ["v1", "v1-legacy", "v3"]).pipe(
      Flag.withDescription(
        "v1 (default): every baton tool; v1-legacy: those that copy syncs with SDK 0.7; v3: SDK 0.18 and newer"
      ),
      Flag.optional
    ),
    fresh: Flag.Boolean("fresh").pipe(
      Flag.withoutNegation,
      Flag.withDescription("Forget what an interrupted run has kept and begin anew"),
      Flag.withDefault(false)
    ),
    expectAccounts: Flag.Int("expect-accounts").pipe(
      Flag.withMetavar("N"),
      Flag.withDescription("Publish nothing if the directory has fewer accounts, as after a reset"),
      Flag.optional
    ),
    quiet: Flag.Boolean("quiet").pipe(
      Flag.withAlias("q"),
      Flag.withoutNegation,
      Flag.withDescription("Show no progress"),
      Flag.withDefault(false)
    )
  },
  Effect.fn("sync")(function*({ expectAccounts, format, fresh, out: asked, quiet }) {
    const output = yield* Output
    const server = yield* Connection.server
    if (server !== undefined) {
      const [own] = [
        ...(Option.isSome(format) ? ["--format"] : []),
        ...(fresh ? ["--fresh"] : []),
        ...(Option.isSome(expectAccounts) ? ["--expect-accounts"] : [])
      ]
      if (own !== undefined) {
        return yield* usage(
          `${own} is for reading the SCIM endpoint itself; a server reads as it is set up. Leave ${own} out.`
        )
      }
      return yield* throughServer(server, { out: asked, quiet })
    }
    if (Option.isNone(asked)) {
      return yield* usage(
        "--out is missing: name the file that the snapshot goes into. See: claude-enterprise sync --help"
      )
    }
    const out = asked.value
    const settings = yield* Connection.settings
    const { ScimClient, Sync, snapshotFile } = yield* Effect.promise(() => import("../SyncRun.ts"))
    const progress = yield* Progress.make({ quiet: quiet || isJson(output.format) })

    const run = Effect.gen(function*() {
      const client = yield* ScimClient
      const report = yield* Sync.run({
        concurrency: settings.scimConcurrency,
        progress: progress.tell,
        ...(Option.isSome(expectAccounts) ? { expectAtLeast: { user: expectAccounts.value } } : {})
      })
      return { report, stats: yield* client.stats }
    }).pipe(
      Effect.provide(Layer.merge(
        snapshotFile({
          path: out,
          format: Option.getOrElse(format, () => "v1" as const),
          fresh
        }),
        Connection.of(settings)
      )),
      Effect.onError((cause) =>
        Effect.suspend(() => {
          const stopped = progress.stopped()
          // Without this event nothing had begun, and the error alone says it all.
          if (stopped === undefined) return Effect.void
          const before = Cause.hasInterruptsOnly(cause) ? "Interrupted." : "Not finished."
          const after = "A finished snapshot that was there before is untouched."
          return output.warn(
            stopped.kept === undefined || stopped.kept.rows === 0
              ? `${before} Nothing is kept of this run. ${after}`
              : `${before} ${Text.counted(stopped.kept.rows, "row")} from ${
                Text.counted(stopped.kept.pages, "page")
              } are kept beside ${out}: the same command goes on from there, and --fresh begins anew. ${after}`
          )
        })
      )
    )
    const summary = yield* run
    for (const note of summary.report.notes) {
      yield* output.warn(`${note.message}${note.count > 1 ? ` (${Text.grouped(note.count)} times)` : ""}`)
    }
    yield* output.record(SyncView.view, summary)
  })
).pipe(
  Command.withDescription("Read the whole directory into a .c1z snapshot; an interrupted run goes on where it stopped"),
  Command.withExamples([
    { command: "claude-enterprise sync --out claude.c1z" },
    { command: "claude-enterprise sync --server http://127.0.0.1:8080", description: "Has a server read it" },
    { command: "claude-enterprise sync --out claude.c1z --format v3", description: "For tools of SDK 0.18 and newer" },
    { command: "claude-enterprise sync --out claude.c1z --expect-accounts 500 --quiet", description: "From cron" }
  ])
)
