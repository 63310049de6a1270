/** What becomes of uploads: good ones, damaged ones, those that break off. */
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { describe } from "vitest"
import { C1Sandbox } from "../src/index.ts"
import { connect, hostId, statusOf, upload } from "./Connector.ts"

const fixture = (name: string): Buffer => readFileSync(new URL(`../../c1z/test/fixtures/${name}`, import.meta.url))

const start = Effect.fnUntraced(function*(options: C1Sandbox.Options = {}, debug = false) {
  const c1 = yield* C1Sandbox.make(options)
  const client = yield* connect(c1)
  const id = yield* c1.enqueue({ case: "syncFull", value: {} }, { debug })
  yield* Effect.promise(() => client.getTask({ hostId }))
  const last = c1.log.awaitEntry((entry) => entry.method === "UploadAsset")
  return { c1, client, id, last }
})

const filesOf = (c1: C1Sandbox.C1SandboxService) => readdirSync(c1.directory).filter((name) => name !== "ca.pem")

describe("uploads", () => {
  it.live.each(["v1-sync.c1z", "v1-two-syncs.c1z"])(
    "of %s are kept, counted and looked through",
    (name) =>
      Effect.gen(function*() {
        const { c1, client, id, last } = yield* start()
        const bytes = fixture(name)
        yield* Effect.promise(() => client.uploadAsset(upload(id, bytes)))
        const kept = yield* c1.awaitUpload(id)
        expect(readFileSync(kept.path).equals(bytes)).toBe(true)
        expect(kept).toMatchObject({
          taskId: id,
          hostId,
          kind: "snapshot",
          bytes: bytes.length,
          chunks: [bytes.length]
        })
        expect(kept.snapshot).toMatchObject({ format: "v1", syncType: "full", finished: true, rowsRead: true })
        expect(kept.snapshot?.counts?.grants).toBeGreaterThan(0)
        expect((yield* last).request).toMatchObject({ chunks: 1, bytes: bytes.length, metadata: { taskId: id } })
        expect((yield* last).remarks).toEqual([])
      }).pipe(Effect.scoped)
  )

  it.live("of Pebble files are known by their manifest", () =>
    Effect.gen(function*() {
      const { c1, client, id } = yield* start()
      yield* Effect.promise(() => client.uploadAsset(upload(id, fixture("v3-sync.c1z"))))
      const { snapshot } = yield* c1.awaitUpload(id)
      expect(snapshot).toMatchObject({ format: "v3", finished: true, rowsRead: false })
      expect(snapshot?.counts?.resources).toBeGreaterThan(0)
    }).pipe(Effect.scoped))

  it.live("of a log come beside the snapshot, and are remarked on where nobody asked for one", () =>
    Effect.gen(function*() {
      const log = Buffer.from("{\"level\":\"debug\"}\n".repeat(60_000))
      const asked = yield* start({}, true)
      yield* Effect.promise(() => asked.client.uploadAsset(upload(asked.id, fixture("v1-sync.c1z"))))
      yield* Effect.promise(() => asked.client.uploadAsset(upload(asked.id, log)))
      const second = yield* asked.c1.awaitUpload(asked.id, 2)
      expect([second.kind, second.bytes, second.chunks]).toEqual(["log", log.length, [
        524_288,
        524_288,
        log.length - 1_048_576
      ]])
      expect((yield* asked.c1.log.entries).flatMap((entry) => entry.remarks)).toEqual([])

      const unasked = yield* start()
      yield* Effect.promise(() => unasked.client.uploadAsset(upload(unasked.id, log, { chunk: 1000 })))
      expect((yield* unasked.last).remarks).toEqual([
        expect.stringContaining("pieces of other sizes"),
        expect.stringContaining("asked for no log")
      ])
    }).pipe(Effect.scoped))

  it.live("are refused when something is wrong with them, and leave nothing behind", () =>
    Effect.gen(function*() {
      const { c1, client, id } = yield* start()
      const bytes = fixture("v1-sync.c1z")
      const status = (messages: Parameters<typeof client.uploadAsset>[0]) =>
        statusOf(() => client.uploadAsset(messages))
      expect(yield* status(upload(id, bytes, { checksum: new Uint8Array(32) }))).toMatch(/^DataLoss: .*checksum/)
      expect(yield* status(upload(id, bytes, { checksum: new Uint8Array(31) }))).toMatch(
        /^InvalidArgument: .*sha256_checksum/
      )
      expect(yield* status(upload(id, Buffer.alloc(2_000_000), { chunk: 1_048_577 }))).toMatch(
        /^InvalidArgument: .*data/
      )
      expect(yield* status(upload(id, bytes.subarray(0, bytes.length - 20)))).toMatch(
        /^InvalidArgument: .*can't be read/
      )
      expect(yield* status(upload(id, Buffer.alloc(0)))).toMatch(/holds nothing/)
      expect(yield* status(upload("x".repeat(27), bytes))).toMatch(/^NotFound/)
      expect(yield* status(upload(id, bytes, { host: "" }))).toMatch(/host_id/)
      const parts = async function*(...cases: ReadonlyArray<"metadata" | "data" | "eof">) {
        for (const part of cases) {
          if (part === "metadata") yield { msg: { case: part, value: { hostId, taskId: id } } }
          if (part === "data") yield { msg: { case: part, value: { data: new Uint8Array(3) } } }
          if (part === "eof") yield { msg: { case: part, value: { sha256Checksum: new Uint8Array(32) } } }
        }
      }
      expect(yield* status(parts("data"))).toMatch(/begins with its metadata/)
      expect(yield* status(parts("metadata", "metadata"))).toMatch(/begins with its metadata/)
      expect(yield* status(parts("metadata", "data"))).toMatch(/no end/)
      expect(yield* status(parts("metadata", "data", "eof", "data"))).toMatch(/follows the end/)
      expect(yield* status(parts())).toMatch(/no end/)
      expect([yield* c1.uploads, filesOf(c1)]).toEqual([[], []])
      // It was the upload that was wrong and not the task.
      expect(yield* status(upload(id, bytes))).toBe("OK")
    }).pipe(Effect.scoped))

  it.live("are not taken for tasks that nobody is at work on", () =>
    Effect.gen(function*() {
      const { c1, client, id } = yield* start()
      yield* c1.expire(id)
      expect(yield* statusOf(() => client.uploadAsset(upload(id, fixture("v1-sync.c1z"))))).toMatch(
        /^FailedPrecondition/
      )
    }).pipe(Effect.scoped))

  it.live("are gone with the sandbox, unless it was told where to keep them", () =>
    Effect.gen(function*() {
      const used = yield* Effect.scoped(Effect.gen(function*() {
        const { c1, client, id } = yield* start()
        yield* Effect.promise(() => client.uploadAsset(upload(id, fixture("v1-sync.c1z"))))
        return c1.directory
      }))
      expect(existsSync(used)).toBe(false)
    }))

  it.live("tell C1 of accounts, groups and grants", () =>
    Effect.gen(function*() {
      const { c1, client, id } = yield* start()
      expect((yield* c1.known.resource("user", "alice"))._tag).toBe("None")
      yield* Effect.promise(() => client.uploadAsset(upload(id, fixture("v1-sync.c1z"))))
      const alice = yield* Effect.fromOption(yield* c1.known.resource("user", "u-alice"))
      expect((yield* c1.known.resource("user", alice.displayName.toUpperCase()))._tag).toBe("Some")
      expect((yield* c1.known.resource("group", "u-alice"))._tag).toBe("None")
      const eng = yield* Effect.fromOption(yield* c1.known.entitlement("group", "g-eng"))
      expect([eng.slug, eng.resource?.displayName === ""]).toEqual(["member", false])
      const grant = yield* c1.known.grant(eng, alice)
      expect([grant.id, grant.entitlement?.id, grant.principal?.displayName]).toEqual([
        `${eng.id}:user:u-alice`,
        eng.id,
        alice.displayName
      ])
      const stranger = {
        ...alice,
        id: {
          $typeName: "c1.connector.v2.ResourceId" as const,
          resourceType: "user",
          resource: "x",
          batonResource: false
        }
      }
      expect((yield* c1.known.grant(eng, stranger)).id).toContain("UNKNOWN_GRANT_ID")
    }).pipe(Effect.scoped))
})
