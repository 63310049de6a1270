/**
 * The bundled server with its snapshots in an S3-compatible store: Python's moto, which checks each signature; and Amazon's own client as the judge of what
 * is there.
 */
import { Directory, Sandbox } from "@access-kit/scim-sandbox"
import { ServerClient } from "@access-kit/server-api/ServerClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { expect, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, Redacted, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { createHash } from "node:crypto"
import * as MotoS3 from "../src/MotoS3.ts"
import * as ServerUnderTest from "../src/ServerUnderTest.ts"
import { needing } from "./needing.ts"

const BUCKET = "claude-snapshots"

const settings = (
  { place }: MotoS3.MotoS3,
  change: { readonly bucket?: string; readonly secret?: string; readonly id?: string } = {}
): ServerUnderTest.Options => ({
  args: [
    "--snapshot-store",
    `s3://${change.bucket ?? BUCKET}/access/claude`,
    "--s3-endpoint",
    place.endpoint,
    "--s3-region",
    place.region,
    "--s3-access-key-id",
    change.id ?? place.accessKeyId
  ],
  env: { CLAUDE_ENTERPRISE_SERVER_S3_SECRET_ACCESS_KEY: change.secret ?? place.secretAccessKey }
})

const clientOf = ({ token, url }: ServerUnderTest.ServerUnderTest) =>
  Layer.fresh(ServerClient.layer({ baseUrl: url, token }).pipe(Layer.provide(FetchHttpClient.layer)))

/** Adds a connector and answers it once its first sync has ended. */
const connect = Effect.fnUntraced(function*(sandbox: Sandbox.Sandbox["Service"]) {
  const client = yield* ServerClient
  const { body } = yield* client.connectors.create({
    headers: {},
    payload: {
      name: "sandbox",
      kind: "claude-enterprise",
      settings: { "scim-url": sandbox.baseUrl, "scim-token": Redacted.value(sandbox.token) },
      schedule: { type: "manual" }
    }
  })
  yield* follow(body.lastSyncId ?? "")
  return body.id
})

/** Until the sync has ended. */
const follow = Effect.fnUntraced(function*(syncId: string) {
  const client = yield* ServerClient
  yield* Stream.runDrain(yield* client.syncs.events({ params: { syncId }, headers: {} }))
  return yield* client.syncs.get({ params: { syncId } })
})

const download = Effect.fnUntraced(function*(snapshotId: string) {
  const client = yield* ServerClient
  const answer = yield* client.snapshots.download({ params: { snapshotId }, headers: {} })
  const hash = createHash("sha256")
  let bytes = 0
  yield* Stream.runForEach(answer?.body ?? Stream.empty, (chunk) =>
    Effect.sync(() => {
      hash.update(chunk)
      bytes += chunk.length
    }))
  return { bytes, sha256: hash.digest("hex") }
})

needing("python", "snapshots in an S3-compatible store", (bin) => {
  it.live("are put, given out whole, compared and taken away", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const moto = yield* MotoS3.start(bin, BUCKET)
      const sandbox = yield* Sandbox.make({
        directory: yield* Directory.generate({ users: 4_000, groups: 100, memberships: 20_000, seed: 3 })
      })
      const server = yield* ServerUnderTest.start(settings(moto))
      yield* Effect.gen(function*() {
        const client = yield* ServerClient
        const connectorId = yield* connect(sandbox)
        const params = { connectorId }
        const { users } = yield* sandbox.directory.snapshot
        yield* sandbox.directory.erase("User", users[0]?.id ?? "")
        const second = yield* follow((yield* client.syncs.start({ params, headers: {} })).id)
        expect(second.state).toBe("succeeded")
        const { items: [now, before] } = yield* client.snapshots.list({ params, query: {} })
        expect(now?.bytes).toBeGreaterThan(100_000)
        for (const snapshot of [now, before]) {
          expect(yield* download(snapshot?.id ?? "")).toEqual({ bytes: snapshot?.bytes, sha256: snapshot?.sha256 })
        }
        // Nothing but the two: what was tried out at the start is gone.
        expect((yield* moto.objects).toSorted((one, other) => one.key < other.key ? -1 : 1)).toEqual(
          [now, before].map((snapshot) => ({
            key: `access/claude/${connectorId}/${snapshot?.id}.c1z`,
            size: snapshot?.bytes
          })).toSorted((one, other) => one.key < other.key ? -1 : 1)
        )
        const { items } = yield* client.snapshots.diff({
          params: { snapshotId: now?.id ?? "" },
          query: { since: before?.id ?? "", limit: 500 }
        })
        // And the groups that the person was in have changed.
        expect(items.filter(({ change, what }) => what === "resource" && change === "removed")).toMatchObject([{
          id: expect.stringContaining(users[0]?.id ?? "")
        }])
        const cached = yield* client.snapshots.download({
          params: { snapshotId: now?.id ?? "" },
          headers: { "if-none-match": `"${now?.sha256}"` }
        })
        expect(cached).toBeUndefined()

        yield* client.connectors.remove({ params, headers: {} })
        yield* Effect.repeat(moto.objects, { until: (left) => left.length === 0 })
      }).pipe(Effect.provide(clientOf(server)))
      expect(server.log()).not.toContain(moto.place.secretAccessKey)
      expect((yield* files.readDirectory(server.dataDirectory)).includes("snapshots")).toBe(false)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))

  it.live("keep the server from starting with wrong keys and without a bucket, and say what to do", () =>
    Effect.gen(function*() {
      const moto = yield* MotoS3.start(bin, BUCKET)
      for (
        const [change, message] of [
          [{ secret: "wrong" }, /answered 403 SignatureDoesNotMatch\. Check the access key/],
          [{ id: "AKIANOBODY" }, /answered 403 InvalidAccessKeyId\. Check the access key/],
          [{ bucket: "no-such-bucket" }, /answered 404 NoSuchBucket\. Check the name of the bucket/]
        ] as const
      ) {
        const failed = yield* Effect.flip(Effect.scoped(ServerUnderTest.start(settings(moto, change))))
        expect(failed).toMatchObject({ _tag: "ServerFailed", exitCode: 3 })
        expect(failed.message).toMatch(message)
        expect(failed.message).not.toContain(moto.place.secretAccessKey)
      }
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))

  it.live("leave the server with its answers when the store is gone, and say so", () =>
    Effect.gen(function*() {
      const moto = yield* MotoS3.start(bin, BUCKET)
      const sandbox = yield* Sandbox.make({
        directory: yield* Directory.generate({ users: 20, groups: 3, memberships: 20 })
      })
      const server = yield* ServerUnderTest.start(settings(moto))
      yield* Effect.gen(function*() {
        const client = yield* ServerClient
        const connectorId = yield* connect(sandbox)
        const params = { connectorId }
        const { items: [snapshot] } = yield* client.snapshots.list({ params, query: {} })
        yield* moto.stop
        const failed = yield* follow((yield* client.syncs.start({ params, headers: {} })).id)
        expect(failed).toMatchObject({ state: "failed", error: { reason: "SnapshotStore" } })
        expect(failed.error?.message).toMatch(/bucket "claude-snapshots" at 127\.0\.0\.1:\d+ can't be reached/)
        const { body: connector } = yield* client.connectors.get({ params })
        expect(connector).toMatchObject({ status: "failing", statusDetail: failed.error?.message })
        const { items: lines } = yield* client.syncs.logs({ params: { syncId: failed.id }, query: {} })
        expect(lines.some(({ level }) => level === "warning")).toBe(true)
        const refused = yield* Effect.flip(download(snapshot?.id ?? ""))
        expect(refused).toMatchObject({ _tag: "Unavailable" })
        const accounts = yield* client.directory.accounts({ params, headers: {}, query: { limit: 500 } })
        expect(accounts?.body.items).toHaveLength(20)
        // Whoever starts it now has these answers too.
        const another = yield* ServerUnderTest.start(settings(moto))
        expect(another.log()).toContain("The store of the snapshots does not answer")
      }).pipe(Effect.provide(clientOf(server)))
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
})
