/** Processes that are killed, and what the next one makes of what they left. */
import { C1zSink } from "@access-kit/c1z"
import type { SnapshotSink } from "@access-kit/connector-model"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Logger } from "effect"
import { TestClock } from "effect/testing"
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import * as Directory from "./Directory.ts"

const SCRIPT = join(import.meta.dirname, "fixtures/sync.ts")

/** 60 pages of accounts, 60 of groups, with a checkpoint about every 16 of those; and a compression that takes a moment. */
const SIZE = { accounts: 600, groups: 600, members: 60 }

interface Run {
  readonly lines: ReadonlyArray<string>
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** Runs the script. `until` is asked after every line and every few milliseconds whether to kill it. */
const run = (
  path: string,
  until: (lines: ReadonlyArray<string>, child: ChildProcess) => boolean = () => false,
  { hold = 0, pause = 0 }: { readonly pause?: number; readonly hold?: number } = {}
) =>
  Effect.callback<Run>((resume) => {
    const { accounts, groups, members } = SIZE
    const child: ChildProcess = spawn(
      process.execPath,
      [SCRIPT, path, String(accounts), String(groups), String(members), String(pause), String(hold)],
      { stdio: ["pipe", "pipe", "inherit"] }
    )
    const lines: Array<string> = []
    let rest = ""
    const look = () => {
      if (until(lines, child)) child.kill("SIGKILL")
    }
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      const parts = (rest + chunk).split("\n")
      rest = parts.pop() ?? ""
      lines.push(...parts)
      look()
    })
    const timer = setInterval(look, 2)
    child.once("close", (code, signal) => {
      clearInterval(timer)
      resume(Effect.succeed({ lines, code, signal }))
    })
    return Effect.sync(() => {
      child.kill("SIGKILL")
    })
  })

const begunAt = (lines: ReadonlyArray<string>): number => Number(lines[0]?.replace("begun ", ""))

const hidden = (directory: string): ReadonlyArray<string> =>
  readdirSync(directory).filter((name) => name.startsWith("."))

/** A finished file that was there before, and what it is like. */
const previous = Effect.fnUntraced(function*(directory: string) {
  const path = join(directory, "out.c1z")
  yield* Directory.sync(path, Directory.pages(3, 1, 2))
  return { path, before: readFileSync(path) }
})

/** What a sync that nothing interrupts makes of the same directory. */
const expected = Effect.flatMap(Directory.temporary, (directory) => {
  const path = join(directory, "uninterrupted.c1z")
  return Effect.map(
    Directory.sync(path, Directory.pages(SIZE.accounts, SIZE.groups, SIZE.members)),
    () => Directory.digest(path)
  )
})

/**
 * The thread that stores is a little behind the pages. The first commit of rows makes the work file much larger than its tables are, and is done when its
 * journal is emptied.
 */
const hasCheckpoint = (directory: string): boolean => {
  const file = join(directory, ".out.c1z.partial")
  if (!existsSync(file) || statSync(file).size <= 1024 * 1024) return false
  return (statSync(`${file}-journal`, { throwIfNoEntry: false })?.size ?? 0) === 0
}

describe("a killed process", () => {
  const points: ReadonlyArray<
    readonly [string, (lines: ReadonlyArray<string>, directory: string) => boolean, boolean]
  > = [
    ["before the first checkpoint", (lines) => lines.includes("page 2"), false],
    ["between checkpoints", (lines, directory) => lines.includes("page 85") && hasCheckpoint(directory), true],
    ["while it settles", (lines) => lines.includes("page 120"), true],
    ["when it has settled", (lines) => lines.includes("settled"), true],
    ["while it compresses", (_, directory) => existsSync(join(directory, ".out.c1z.tmp")), true]
  ]
  for (const [name, until, resumes] of points) {
    it.effect(
      `${name}: the file before is untouched, and the next one goes on and ends with everything`,
      () =>
        Effect.gen(function*() {
          const directory = yield* Directory.temporary
          const { before, path } = yield* previous(directory)
          let killed: Run
          // The process may be faster than the look at it; then there is a finished file, and it is tried again.
          for (let attempt = 0;; attempt++) {
            killed = yield* run(path, (lines) => until(lines, directory), { pause: 3 })
            if (killed.signal === "SIGKILL" && readFileSync(path).equals(before)) break
            assert.isBelow(attempt, 50, "it was never killed in time")
            writeFileSync(path, before)
          }
          const next = yield* run(path)
          assert.strictEqual(next.code, 0, next.lines.join("\n"))
          const pages = killed.lines.filter((line) => line.startsWith("page ")).length
          if (resumes) {
            assert.isAbove(begunAt(next.lines), 0, "it did not go on")
            assert.isAtMost(begunAt(next.lines), begunAt(killed.lines) + pages + 1)
          } else {
            assert.strictEqual(begunAt(next.lines), 0)
          }
          assert.deepStrictEqual(Directory.digest(path), yield* expected)
          assert.deepStrictEqual(hidden(directory), [])
        }).pipe(Effect.scoped),
      600_000
    )
  }

  it.effect("again and again at random: nothing is lost and nothing comes twice", () =>
    Effect.gen(function*() {
      const directory = yield* Directory.temporary
      const { path } = yield* previous(directory)
      let kills = 0
      let furthest = 0
      for (let session = 0;; session++) {
        assert.isBelow(session, 60)
        // The first few wait a little further on until they are killed, however late that comes; the others run on.
        const page = [85, 98, 112][session]
        const after = 22 + session * 4
        const result = yield* run(
          path,
          (lines) =>
            page === undefined
              ? lines.filter((line) => line.startsWith("page ")).length >= after
              : lines.includes(`page ${page}`),
          { pause: 3, ...(page === undefined ? {} : { hold: page + 3 }) }
        )
        assert.isAtLeast(begunAt(result.lines), furthest, "a checkpoint was lost")
        furthest = begunAt(result.lines)
        if (result.signal !== "SIGKILL") break
        kills++
      }
      assert.isAtLeast(kills, 3)
      assert.deepStrictEqual(Directory.digest(path), yield* expected)
      assert.deepStrictEqual(hidden(directory), [])
    }).pipe(Effect.scoped), 600_000)
})

/** Leaves an unfinished sync behind that has a checkpoint. */
const interrupted = (path: string, header: SnapshotSink.SnapshotHeader = Directory.HEADER) =>
  Effect.scoped(Effect.gen(function*() {
    const sink = yield* C1zSink.make({ path })
    const start = yield* sink.begin(header)
    yield* sink.write(Directory.pages(10, 1, 2).flat(), () => "kept")
    yield* sink.settle({ missingLimit: 0 })
    return start
  }))

const begin = (path: string, header: SnapshotSink.SnapshotHeader = Directory.HEADER, resume = true) =>
  Effect.scoped(Effect.flatMap(C1zSink.make({ path, resume }), (sink) => sink.begin(header)))

/** Runs an effect and gives the log lines with what it made. */
const logged = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const lines: Array<string> = []
    const logger = Logger.make<unknown, void>(({ message }) => {
      lines.push(String(message))
    })
    return Effect.map(Effect.provide(effect, Logger.layer([logger])), (value) => ({ value, lines }))
  })

describe("what an interrupted sync left", () => {
  it.effect("is taken up by the same connector and source, with its id and start", () =>
    Effect.gen(function*() {
      const path = join(yield* Directory.temporary, "out.c1z")
      yield* TestClock.setTime(Date.UTC(2026, 10, 24))
      const first = yield* interrupted(path)
      yield* TestClock.adjust("6 days")
      const second = yield* begin(path)
      assert.deepStrictEqual(second, { ...first, checkpoint: "kept" })
    }).pipe(Effect.scoped))

  const changes: ReadonlyArray<readonly [string, SnapshotSink.SnapshotHeader]> = [
    ["another source", { ...Directory.HEADER, source: "https://other.test/v2" }],
    ["another version of the connector", { ...Directory.HEADER, connectorVersion: "1.0.1" }],
    ["other resource types", { ...Directory.HEADER, resourceTypes: Directory.TYPES.slice(0, 1) }]
  ]
  for (const [name, header] of changes) {
    it.effect(`is not for ${name}, and that is said`, () =>
      Effect.gen(function*() {
        const path = join(yield* Directory.temporary, "out.c1z")
        yield* interrupted(path)
        const { lines, value } = yield* logged(begin(path, header))
        assert.isUndefined(value.checkpoint)
        assert.match(lines.join("\n"), /another source, or with another version/)
        // And it is gone for good: what was read for one source must never turn up in a file of another.
        assert.isUndefined((yield* begin(path)).checkpoint)
      }).pipe(Effect.scoped))
  }

  it.effect("is not taken up after a week, or when a new sync is asked for", () =>
    Effect.gen(function*() {
      const path = join(yield* Directory.temporary, "out.c1z")
      yield* interrupted(path)
      yield* TestClock.adjust("8 days")
      const old = yield* logged(begin(path))
      assert.isUndefined(old.value.checkpoint)
      assert.match(old.lines.join("\n"), /older than seven days/)

      yield* interrupted(path)
      const unwanted = yield* logged(begin(path, Directory.HEADER, false))
      assert.isUndefined(unwanted.value.checkpoint)
      assert.match(unwanted.lines.join("\n"), /a new one was asked for/)
    }).pipe(Effect.scoped))

  it.effect("is not taken up after a restart of the machine, which may have cost it rows", () =>
    Effect.gen(function*() {
      const directory = yield* Directory.temporary
      const path = join(directory, "out.c1z")
      yield* interrupted(path)
      const database = new DatabaseSync(join(directory, ".out.c1z.partial"))
      database.exec("UPDATE v1_sync_runs SET sync_token = json_set(sync_token, '$.boot', 'id of another start')")
      database.close()
      const { lines, value } = yield* logged(begin(path))
      assert.isUndefined(value.checkpoint)
      assert.match(lines.join("\n"), /restarted/)
    }).pipe(Effect.scoped))

  it.effect("is not published a second time when the process died right after publishing", () =>
    Effect.gen(function*() {
      const directory = yield* Directory.temporary
      const path = join(directory, "out.c1z")
      yield* interrupted(path)
      // As it is between the rename and the removal: sealed, with the seal beside it, and without the temporary file.
      const database = new DatabaseSync(join(directory, ".out.c1z.partial"))
      const row = database.prepare("SELECT sync_id, sync_token FROM v1_sync_runs").get()
      database.exec(
        "UPDATE v1_sync_runs SET ended_at = '2026-11-24 00:00:00', sync_token = ''; PRAGMA application_id = 0"
      )
      database.close()
      writeFileSync(
        join(directory, ".out.c1z.seal"),
        JSON.stringify({ syncId: row?.["sync_id"], token: JSON.parse(String(row?.["sync_token"])) })
      )
      const { lines, value } = yield* logged(begin(path))
      assert.isUndefined(value.checkpoint)
      assert.match(lines.join("\n"), /published already/)
      assert.deepStrictEqual(hidden(directory), [])
    }).pipe(Effect.scoped))

  it.effect("is left alone if it is not ours", () =>
    Effect.gen(function*() {
      for (
        const make of [
          (file: string) => writeFileSync(file, "somebody's notes"),
          (file: string) => {
            const database = new DatabaseSync(file)
            database.exec("CREATE TABLE notes (text); INSERT INTO notes VALUES ('mine')")
            database.close()
          }
        ]
      ) {
        const directory = yield* Directory.temporary
        const file = join(directory, ".out.c1z.partial")
        make(file)
        const before = readFileSync(file)
        const error = yield* Effect.flip(begin(join(directory, "out.c1z")))
        assert.strictEqual(error.reason._tag, "InvalidTarget")
        assert.include(error.message, file)
        assert.isTrue(readFileSync(file).equals(before))
      }
    }).pipe(Effect.scoped))

  it.effect("is a typed error if it is damaged", () =>
    Effect.gen(function*() {
      const directory = yield* Directory.temporary
      const path = join(directory, "out.c1z")
      yield* interrupted(path)
      const file = join(directory, ".out.c1z.partial")
      const bytes = readFileSync(file)
      writeFileSync(file, Buffer.concat([bytes.subarray(0, 100), Buffer.alloc(bytes.length - 100, 0xa5)]))
      const error = yield* Effect.flip(begin(path))
      assert.strictEqual(error.reason._tag, "Corrupt")
      assert.match(error.message, /Delete/)
    }).pipe(Effect.scoped))
})

describe("two writers of one file", () => {
  it.effect("in one process: the second is refused, and the first is not disturbed", () =>
    Effect.gen(function*() {
      const directory = yield* Directory.temporary
      const path = join(directory, "out.c1z")
      const first = yield* C1zSink.make({ path })
      yield* first.begin(Directory.HEADER)
      for (let attempt = 0; attempt < 2; attempt++) {
        const error = yield* Effect.flip(begin(path))
        assert.strictEqual(error.reason._tag, "Busy")
        assert.include(error.message, path)
      }
      yield* first.write(Directory.pages(10, 1, 2).flat(), () => "1")
      yield* first.settle({ missingLimit: 0 })
      assert.strictEqual((yield* first.finish).grants, 2)
      assert.deepStrictEqual(readdirSync(directory), ["out.c1z"])
    }).pipe(Effect.scoped))

  it.effect(
    "in two processes: the second is refused as long as the first has not published",
    () =>
      Effect.gen(function*() {
        const directory = yield* Directory.temporary
        const path = join(directory, "out.c1z")
        const refusals: Array<string> = []
        const attempt = () =>
          Effect.runPromise(Effect.exit(begin(path))).then((exit) =>
            refusals.push(exit._tag === "Success" ? "it began" : String(exit.cause))
          )
        let meanwhile: Promise<unknown> | undefined
        const first = yield* run(path, (lines, child) => {
          if (meanwhile === undefined && lines.includes("holding")) {
            // A second try, because the first must not have loosened the lock.
            meanwhile = attempt().then(attempt).then(() => child.stdin?.end("\n"))
          }
          return false
        }, { hold: 100 })
        yield* Effect.promise(() => meanwhile ?? Promise.resolve())
        assert.strictEqual(first.code, 0, first.lines.join("\n"))
        assert.strictEqual(refusals.length, 2)
        for (const refusal of refusals) assert.match(refusal, /Another process is writing/)
        assert.deepStrictEqual(Directory.digest(path), yield* expected)
        assert.deepStrictEqual(hidden(directory), [])
      }).pipe(Effect.scoped)
  )
})

describe("publishing that fails", () => {
  it.effect("leaves nothing half-written, and can be done again", () =>
    Effect.gen(function*() {
      const directory = yield* Directory.temporary
      const path = join(directory, "out.c1z")
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* C1zSink.make({ path })
        yield* sink.begin(Directory.HEADER)
        yield* sink.write(Directory.pages(50, 2, 10).flat(), () => "all")
        yield* sink.settle({ missingLimit: 0 })
        // In the way of the rename, which is the last step.
        mkdirSync(path)
        const error = yield* Effect.flip(sink.finish)
        assert.strictEqual(error.reason._tag, "InvalidTarget")
      }))
      rmdirSync(path)
      assert.deepStrictEqual(readdirSync(directory), [".out.c1z.partial"])
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* C1zSink.make({ path })
        assert.strictEqual((yield* sink.begin(Directory.HEADER)).checkpoint, "all")
        assert.strictEqual((yield* sink.settle({ missingLimit: 0 })).duplicates, 0)
        assert.strictEqual((yield* sink.finish).grants, 20)
      }))
      assert.deepStrictEqual(readdirSync(directory), ["out.c1z"])
    }).pipe(Effect.scoped))
})
