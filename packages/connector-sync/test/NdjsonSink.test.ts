/**
 * On real files, through real syncs: what the lines hold is what the sink in memory holds.
 */
import type { SnapshotSink } from "@access-kit/connector-model"
import { MemorySink, NdjsonSink } from "@access-kit/connector-sync"
import { NodeServices } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, FileSystem, Path, PlatformError, Schema } from "effect"
import * as FileFailure from "../src/internal/FileFailure.ts"
import * as Chaos from "./ChaosConnector.ts"
import * as SyncRun from "./SyncRun.ts"

const inDirectory = <A, E>(
  body: (
    file: string,
    left: Effect.Effect<ReadonlyArray<string>>
  ) => Effect.Effect<A, E, FileSystem.FileSystem | Path.Path>
) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const directory = yield* fs.makeTempDirectoryScoped({ prefix: "ndjson-sink-" })
    return yield* body(path.join(directory, "out.ndjson"), Effect.orDie(fs.readDirectory(directory)))
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))

const sync = (
  chaos: Chaos.ChaosConnector,
  path: string,
  change: (sink: SnapshotSink.SnapshotSink["Service"]) => SnapshotSink.SnapshotSink["Service"] = (sink) => sink
) =>
  Effect.scoped(
    Effect.flatMap(NdjsonSink.make({ path }), (sink) => SyncRun.run(chaos.connector, change(sink), { concurrency: 4 }))
  )

const decodeLine = Schema.decodeUnknownEffect(Schema.fromJsonString(NdjsonSink.Line))

const read = Effect.fnUntraced(function*(path: string) {
  const text = yield* (yield* FileSystem.FileSystem).readFileString(path)
  assert.isTrue(text.endsWith("\n"))
  const lines = yield* Effect.forEach(text.slice(0, -1).split("\n"), (line) => decodeLine(line))
  const [first, ...rest] = lines
  if (first?._tag !== "Snapshot") return yield* Effect.die("the first line is no snapshot")
  return { text, first, rest }
})

const manner: Chaos.Options = { paging: "siblings", pageSize: 10, seed: 4 }

describe("NdjsonSink", () => {
  it.effect("writes each row on a line, type after type, as a whole", () =>
    inDirectory(Effect.fnUntraced(function*(file, left) {
      const directory = Chaos.directory(53, 4)
      const memory = MemorySink.make()
      yield* SyncRun.run(Chaos.make(directory, manner).connector, memory.sink)
      const report = yield* sync(Chaos.make(directory, manner), file)
      const { first, rest, text } = yield* read(file)
      const store = yield* SyncRun.storeOf(memory)
      assert.isDefined(store)

      assert.deepInclude(first, {
        format: 1,
        connector: "chaos",
        connectorVersion: "1.0.0",
        source: "memory://directory"
      })
      assert.strictEqual(first.syncId, report.summary.syncId)
      assert.deepStrictEqual(
        rest.map((line) => line._tag).filter((tag, index, all) => tag !== all[index - 1]).slice(0, 5),
        [
          "ResourceType",
          "Account",
          "ResourceType",
          "Group",
          "Entitlement"
        ]
      )
      const resources = rest.filter((line) => line._tag === "Account" || line._tag === "Group")
      assert.deepStrictEqual(resources.map((line) => line.id.resource), [
        ...directory.users.map((user) => user.id),
        ...directory.groups.map((group) => group.id)
      ])
      assert.sameDeepMembers(resources, store.resources.map(([, resource]) => resource))
      const plain = (tag: "Entitlement" | "Grant") =>
        rest.filter((line) => line._tag === tag).map(({ _tag, ...row }) => row)
      assert.sameDeepMembers(plain("Entitlement"), store.entitlements.map(([, row]) => row))
      assert.sameDeepMembers(plain("Grant"), store.grants.map(([, row]) => row))
      assert.deepInclude(report.summary, {
        location: file,
        bytes: Buffer.byteLength(text),
        resources: { user: 53, group: 4 },
        entitlements: 4,
        grants: store.grants.length
      })
      assert.deepStrictEqual(yield* left, ["out.ndjson"])
    })))

  it.effect("forgets a listing that is read again, and leaves out grants to who is gone", () =>
    inDirectory(Effect.fnUntraced(function*(file) {
      const directory = Chaos.directory(3_000, 20)
      directory.groups = directory.groups.map((group) => ({ ...group, members: [...group.members, "gone", "robot:r"] }))
      const chaos = Chaos.make(directory, {
        ...manner,
        pageSize: 100,
        before: (answer) =>
          Effect.sync(() => {
            // More than one buffer is on disk by then.
            if (answer.number === 20) directory.users = [{ id: "a-first", status: "enabled" }, ...directory.users]
          })
      })
      const report = yield* sync(chaos, file)
      assert.deepStrictEqual([report.rewalks, report.stalePrincipals], [1, { principals: 1, grants: 20 }])
      const { rest } = yield* read(file)
      assert.deepStrictEqual(
        rest.filter((line) => line._tag === "Account").map((line) => line.id.resource),
        directory.users.map((user) => user.id)
      )
      const grants = rest.filter((line) => line._tag === "Grant")
      assert.strictEqual(grants.length, report.summary.grants)
      assert.strictEqual(grants.filter((line) => line.principal.resource === "gone").length, 0)
      assert.strictEqual(grants.filter((line) => line.principal.resourceType === "robot").length, 20)
    })))

  it.effect("keeps a row once, and counts what came again", () =>
    inDirectory(Effect.fnUntraced(function*(file) {
      yield* Effect.scoped(Effect.gen(function*() {
        const sink = yield* NdjsonSink.make({ path: file })
        yield* sink.begin({ connector: "c", connectorVersion: "1", source: "s", resourceTypes: [] })
        const [users] = Chaos.make(Chaos.directory(3, 0), { ...manner, pageSize: 3 }).connector.resourceTypes
        const page = yield* (users?.list({ include: "everything" }) ?? Effect.die("there are users"))
        yield* sink.write(page.items, () => "")
        yield* sink.write(page.items.slice(1), () => "")
        const settled = yield* sink.settle({ missingLimit: 1 })
        assert.deepStrictEqual(settled, { resources: { user: 3 }, duplicates: 2, missingPrincipals: [] })
      }))
    })))

  it.effect("replaces the snapshot before it in one step, and leaves it alone when the sync fails or is interrupted", () =>
    inDirectory(Effect.fnUntraced(function*(file, left) {
      yield* sync(Chaos.make(Chaos.directory(10, 1), manner), file)
      const { text } = yield* read(file)

      const failing = Chaos.make(Chaos.directory(50, 1), {
        ...manner,
        before: (answer) => answer.number === 3 ? Effect.fail(Chaos.unavailable) : Effect.void
      })
      assert.strictEqual(yield* Effect.flip(sync(failing, file)), Chaos.unavailable)
      assert.deepStrictEqual([(yield* read(file)).text, yield* left], [text, ["out.ndjson"]])

      const stuck = yield* Deferred.make<void>()
      const blocking = Chaos.make(Chaos.directory(50, 1), {
        ...manner,
        before: (answer) =>
          answer.number === 3 ? Effect.andThen(Deferred.succeed(stuck, undefined), Effect.never) : Effect.void
      })
      const fiber = yield* Effect.forkChild(sync(blocking, file))
      yield* Deferred.await(stuck)
      assert.strictEqual((yield* left).length, 2)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual([(yield* read(file)).text, yield* left], [text, ["out.ndjson"]])

      const report = yield* sync(Chaos.make(Chaos.directory(50, 1), manner), file)
      assert.isFalse(report.resumed)
      assert.strictEqual((yield* read(file)).rest.filter((line) => line._tag === "Account").length, 50)
    })))

  it.effect("refuses a directory, a file of another kind and a directory that is not there, and touches nothing", () =>
    inDirectory(Effect.fnUntraced(function*(file, left) {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const directory = path.dirname(file)
      const other = path.join(directory, "notes.txt")
      yield* fs.writeFileString(other, "mine")
      const cases: ReadonlyArray<readonly [string, RegExp]> = [
        [directory, /it is a directory/],
        [other, /a file of another kind is there and would be lost/],
        [path.join(directory, "none", "out.ndjson"), /in a directory that exists/],
        [path.join(other, "out.ndjson"), /in a directory that exists/]
      ]
      for (const [target, words] of cases) {
        const chaos = Chaos.make(Chaos.directory(5, 1), manner)
        const error = yield* Effect.flip(sync(chaos, target))
        assert.strictEqual(error._tag, "SinkError")
        assert.deepInclude(error.reason, { _tag: "InvalidTarget", location: target })
        assert.match(error.message, words)
        assert.strictEqual(chaos.answers.length, 0)
      }
      assert.strictEqual(yield* fs.readFileString(other), "mine")
      assert.deepStrictEqual(yield* left, ["notes.txt"])
    })))
})

describe("failures of files", () => {
  const failure = (tag: PlatformError.SystemErrorTag, code: string) =>
    FileFailure.of("/data/out")(PlatformError.systemError({
      _tag: tag,
      module: "FileSystem",
      method: "open",
      cause: Object.assign(new Error(code), { code })
    }))

  it("become reasons that say what to do", () => {
    const cases: ReadonlyArray<readonly [PlatformError.SystemErrorTag, string, string]> = [
      ["Unknown", "ENOSPC", "StorageFull"],
      ["PermissionDenied", "EACCES", "NotWritable"],
      ["Unknown", "EROFS", "NotWritable"],
      ["NotFound", "ENOENT", "InvalidTarget"],
      ["Unknown", "ENAMETOOLONG", "InvalidTarget"],
      ["Unknown", "EIO", "StorageFailure"]
    ]
    for (const [tag, code, reason] of cases) {
      const error = failure(tag, code)
      assert.strictEqual(error.reason._tag, reason, code)
      assert.include(error.message, "/data/out")
    }
  })
})
