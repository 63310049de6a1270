/** Every kind of task, against the sandbox. */
import { type ConnectorApiBatonV1, ConnectorV2 } from "@access-kit/baton-protocol"
import { C1Sandbox } from "@access-kit/c1-sandbox"
import * as C1z from "@access-kit/c1z/C1z"
import { ConnectorError } from "@access-kit/connector-model"
import type { MessageInitShape } from "@bufbuild/protobuf"
import { anyIs, anyUnpack } from "@bufbuild/protobuf/wkt"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Fiber, FileSystem, Stream } from "effect"
import * as Directory from "../Directory.ts"
import { atPresent, grantTask, passing, requests, revokeTask, start, syncTask } from "./Connected.ts"

type Sandbox = C1Sandbox.C1SandboxService

type SyncFull = MessageInitShape<typeof ConnectorApiBatonV1.Task_SyncFullTaskSchema>

const outcomeOf = (sandbox: Sandbox, task: Parameters<Sandbox["enqueue"]>[0]) =>
  Effect.gen(function*() {
    const id = yield* sandbox.enqueue(task)
    const record = yield* sandbox.awaitFinished(id)
    if (record.outcome === undefined) return yield* Effect.die(`no outcome for ${id}`)
    return record.outcome
  })

const rowsOf = (path: string) =>
  Effect.scoped(Effect.gen(function*() {
    const c1z = yield* C1z.open(path)
    const ids = <A, E>(rows: Stream.Stream<A, E>, of: (row: A) => string) =>
      Effect.map(Stream.runCollect(rows), (all) => [...all].map(of).toSorted())
    return {
      syncs: yield* Effect.map(Stream.runCollect(c1z.syncRuns), (all) => [...all].map((run) => run.type)),
      types: yield* ids(c1z.resourceTypes(), (row) => row.message.id),
      resources: yield* ids(c1z.resources(), (row) => `${row.message.id?.resourceType}:${row.message.id?.resource}`),
      entitlements: yield* ids(c1z.entitlements(), (row) => row.message.id),
      grantableTo: yield* ids(
        c1z.entitlements(),
        (row) => row.message.grantableTo.map((type) => type.displayName).join()
      ),
      grants: yield* ids(c1z.grants(), (row) => row.message.id)
    }
  }))

/** Nobody has to wait for the next task. */
const quick = { nextPoll: "50 millis" } as const

const resourceOf = (type: string, id: string) => ({ id: { resourceType: type, resource: id } })

describe("Hello", () => {
  it.live("says what the connector is, where it runs, and leaves nothing empty", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make(quick)
      yield* start(sandbox)
      const { request } = yield* sandbox.awaitHello()
      expect(request).toMatchObject({ hostId: "test-host", taskId: "" })
      expect(request.buildInfo).toMatchObject({ package: "baton-directory", packageVersion: "1.2.3" })
      for (const value of Object.values({ ...request.osInfo, ...request.buildInfo })) expect.soft(value).not.toBe("")
      expect(request.connectorMetadata).toMatchObject({ displayName: "Directory" })
      expect(request.connectorMetadata?.capabilities?.resourceTypeCapabilities.length).toBe(2)
      const again = yield* sandbox.enqueue({ case: "hello", value: {} })
      const hello = yield* sandbox.awaitHello(2)
      expect(hello.request.taskId).toBe(again)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("is repeated, with longer and longer pauses, until C1 is there", () =>
    Effect.gen(function*() {
      yield* atPresent
      const sandbox = yield* C1Sandbox.make({
        ...quick,
        faults: [
          { name: "rpcError", method: "Hello", code: 14, times: 2 },
          { name: "httpStatus", method: "Hello", status: 502, times: 2 }
        ]
      })
      yield* start(sandbox)
      yield* passing(sandbox, sandbox.awaitHello())
      expect(yield* requests(sandbox, "Hello", 5)).toBe(5)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("ends the service with the code that C1 gave, where asking again is of no use", () =>
    Effect.gen(function*() {
      for (const code of [3, 5, 7, 9, 12, 16]) {
        const sandbox = yield* C1Sandbox.make({ ...quick, faults: [{ name: "rpcError", method: "Hello", code }] })
        const { fiber } = yield* start(sandbox)
        const error = yield* Effect.flip(Fiber.join(fiber))
        expect.soft(error).toMatchObject({ _tag: "RpcError", code })
      }
    }).pipe(Effect.provide(NodeServices.layer)))
})

describe("a change", () => {
  it.live("is carried out and answered as the connector answers it", () =>
    Effect.gen(function*() {
      const content = Directory.sample()
      const sandbox = yield* C1Sandbox.make(quick)
      yield* start(sandbox, { connector: Directory.make({ content }) })
      const granted = yield* outcomeOf(sandbox, grantTask("g3", "u1"))
      expect(granted._tag).toBe("Succeeded")
      if (granted._tag === "Succeeded" && granted.response !== undefined) {
        const response = anyUnpack(granted.response, ConnectorV2.GrantManagerServiceGrantResponseSchema)
        expect(response?.grants.map((grant) => grant.id)).toEqual(["group:g3:member:user:u1"])
      }
      expect(content.teams[2]?.members).toEqual(["u1"])

      const again = yield* outcomeOf(sandbox, grantTask("g3", "u1"))
      expect(again.annotations.map((any) => anyIs(any, ConnectorV2.GrantAlreadyExistsSchema))).toEqual([true])
      expect(content.teams[2]?.members).toEqual(["u1"])

      expect((yield* outcomeOf(sandbox, revokeTask("g3", "u1")))._tag).toBe("Succeeded")
      const gone = yield* outcomeOf(sandbox, revokeTask("g3", "u1"))
      expect(gone.annotations.map((any) => anyIs(any, ConnectorV2.GrantAlreadyRevokedSchema))).toEqual([true])

      const created = yield* outcomeOf(sandbox, {
        case: "createAccount",
        value: {
          accountInfo: {
            login: "new@example.com",
            emails: [{ address: "new@example.com", isPrimary: true }],
            profile: { display_name: "New Person" }
          },
          credentialOptions: { options: { case: "noPassword", value: {} } }
        }
      })
      expect(created._tag).toBe("Succeeded")
      if (created._tag === "Succeeded" && created.response !== undefined) {
        const response = anyUnpack(created.response, ConnectorV2.CreateAccountResponseSchema)
        expect(response?.result.case).toBe("success")
      }
      const remove = {
        case: "deleteResource" as const,
        value: { resourceId: { resourceType: "user", resource: "u-new@example.com" } }
      }
      expect((yield* outcomeOf(sandbox, remove)).annotations).toEqual([])
      const missing = yield* outcomeOf(sandbox, remove)
      expect(missing.annotations.map((any) => anyIs(any, ConnectorV2.ResourceDoesNotExistSchema))).toEqual([true])
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("that can't be made is a final error with the connector's code, text and details", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make(quick)
      yield* start(sandbox)
      const cases: ReadonlyArray<readonly [Parameters<Sandbox["enqueue"]>[0], number, string]> = [
        [grantTask("nobody", "u1"), 5, "grant failed: There is no group \"nobody\""],
        [
          {
            case: "grant",
            value: {
              entitlement: { id: "role:r1:member", resource: resourceOf("role", "r1") },
              principal: resourceOf("user", "u1")
            }
          },
          12,
          "does not have provisioner configured"
        ],
        [{ case: "grant", value: {} }, 3, "malformed grant task"],
        [{ case: "revoke", value: { grant: { id: "x" } } }, 3, "malformed revoke task"],
        [{ case: "createAccount", value: {} }, 3, "malformed account creation task"],
        [{ case: "createAccount", value: { accountInfo: { login: "nobody" } } }, 3, "no e-mail address"],
        [{ case: "createResource", value: { resource: resourceOf("group", "new") } }, 12, "resource manager"],
        [
          { case: "deleteResource", value: { resourceId: { resourceType: "group", resource: "g1" } } },
          12,
          "resource manager"
        ],
        [{ case: "deleteResource", value: {} }, 3, "malformed delete task"],
        [
          { case: "rotateCredentials", value: { resourceId: { resourceType: "user", resource: "u1" } } },
          12,
          "credential manager"
        ],
        [{ case: "issueCredential", value: {} }, 3, "malformed credential task"]
      ]
      for (const [task, code, words] of cases) {
        const outcome = yield* outcomeOf(sandbox, task)
        expect.soft([words, outcome]).toMatchObject([words, { _tag: "Failed", code, nonRetryable: true }])
        if (outcome._tag !== "Failed") continue
        expect.soft(outcome.message).toContain(words)
        expect.soft(outcome.message).toMatch(/\ntask failed and is non-retryable$/)
      }
      const unknown = yield* outcomeOf(sandbox, grantTask("nobody", "u1"))
      expect(unknown._tag === "Failed" ? unknown.details.map((any) => any.typeUrl) : []).toEqual([
        "type.googleapis.com/google.rpc.ErrorInfo"
      ])
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("is refused without provisioning", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make(quick)
      yield* start(sandbox, { provisioning: false })
      expect(yield* outcomeOf(sandbox, grantTask("g3", "u1"))).toMatchObject({
        _tag: "Failed",
        code: 9,
        nonRetryable: true,
        message: expect.stringContaining("provisioning is not enabled")
      })
    }).pipe(Effect.provide(NodeServices.layer)))
})

describe("what this connector has not", () => {
  it.live("is answered, so that C1 does not wait for it", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make(quick)
      yield* start(sandbox)
      const failing: ReadonlyArray<readonly [Parameters<Sandbox["enqueue"]>[0], number, string]> = [
        [{ case: "eventFeed", value: {} }, 2, "unsupported task type"],
        [{ case: "createSyncDiff", value: {} }, 2, "unsupported task type"],
        [{ case: "compactSyncs", value: {} }, 2, "unsupported task type"],
        [{ case: "createTicketTask", value: { ticketRequest: { displayName: "t" } } }, 2, "ticketing is not enabled"],
        [{ case: "listTicketSchemas", value: {} }, 2, "ticketing is not enabled"],
        [{ case: "getTicket", value: { ticketId: "1" } }, 2, "ticketing is not enabled"],
        [
          { case: "bulkCreateTickets", value: { ticketRequests: [{ ticketRequest: { displayName: "t" } }] } },
          2,
          "ticketing is not enabled"
        ],
        [{ case: "bulkGetTickets", value: { ticketRequests: [{ ticketId: "1" }] } }, 2, "ticketing is not enabled"],
        [{ case: "actionGetSchema", value: { name: "a" } }, 5, "action schema a not found"],
        [{ case: "actionInvoke", value: { name: "a" } }, 5, "handler for action a not found"],
        [{ case: "actionStatus", value: { name: "a", id: "1" } }, 5, "action status for id 1 not found"],
        [{ case: "listEvents", value: { eventFeedId: "f" } }, 5, "event feed id f not found"]
      ]
      for (const [task, code, words] of failing) {
        const outcome = yield* outcomeOf(sandbox, task)
        expect.soft([words, outcome]).toMatchObject([words, { _tag: "Failed", code, nonRetryable: false }])
        expect.soft(outcome._tag === "Failed" ? outcome.message : "").toContain(words)
      }
      for (const task of ["actionListSchemas", "listEventFeeds"] as const) {
        const outcome = yield* outcomeOf(sandbox, { case: task, value: {} })
        expect.soft([task, outcome]).toMatchObject([task, { _tag: "Succeeded", annotations: [] }])
      }
    }).pipe(Effect.provide(NodeServices.layer)))
})

const everything = {
  grantableTo: ["User", "User", "User"],
  types: ["group", "user"],
  resources: ["group:g1", "group:g2", "group:g3", "user:u1", "user:u2", "user:u3"],
  entitlements: ["group:g1:member", "group:g2:member", "group:g3:member"],
  grants: [
    "group:g1:member:user:u1",
    "group:g1:member:user:u2",
    "group:g2:member:group:g1",
    "group:g2:member:user:u3"
  ]
}

describe("a full sync", () => {
  it.live("is read, uploaded with its checksum, and leaves no file behind", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const sandbox = yield* C1Sandbox.make(quick)
      const { directory, stop } = yield* start(sandbox)
      const id = yield* sandbox.enqueue(syncTask)
      const record = yield* sandbox.awaitFinished(id)
      expect(record).toMatchObject({
        outcome: { _tag: "Succeeded", response: undefined, annotations: [] },
        finishes: 1
      })
      expect(record.heartbeats).toBeGreaterThan(0)
      const upload = yield* sandbox.awaitUpload(id)
      expect(upload.snapshot).toMatchObject({ format: "v1", syncType: "full", finished: true, findings: [] })
      expect(yield* rowsOf(upload.path)).toEqual({ syncs: ["full"], ...everything })
      expect((yield* sandbox.uploads).length).toBe(1)
      yield* stop
      expect(yield* files.readDirectory(directory)).toEqual([])
      expect((yield* sandbox.log.entries).flatMap((entry) => entry.remarks)).toEqual([])
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("is as the task asks: types, resources, without grants, without entitlements", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make(quick)
      yield* start(sandbox, { sync: { resourceTypes: ["group"] } })
      const syncOf = Effect.fnUntraced(function*(value: SyncFull) {
        const id = yield* sandbox.enqueue({ case: "syncFull", value })
        yield* sandbox.awaitFinished(id)
        return yield* rowsOf((yield* sandbox.awaitUpload(id)).path)
      })
      // The flag, where the task says nothing; then the task.
      expect(yield* syncOf({})).toEqual({
        syncs: ["full"],
        types: ["group"],
        resources: ["group:g1", "group:g2", "group:g3"],
        // Described, though it is no part of the snapshot.
        grantableTo: everything.grantableTo,
        entitlements: everything.entitlements,
        grants: ["group:g2:member:group:g1"]
      })
      expect(yield* syncOf({ syncResourceTypeIds: ["user"] })).toMatchObject({
        types: ["user"],
        resources: ["user:u1", "user:u2", "user:u3"],
        grants: []
      })
      const both = { syncResourceTypeIds: ["user", "group"] }
      expect(yield* syncOf({ ...both, skipGrants: true })).toEqual({ syncs: ["full"], ...everything, grants: [] })
      expect(yield* syncOf({ ...both, skipEntitlementsAndGrants: true })).toEqual({
        syncs: ["resources_only"],
        ...everything,
        grantableTo: [],
        entitlements: [],
        grants: []
      })
      expect(yield* syncOf({ ...both, skipExpandGrants: true })).toEqual({ syncs: ["full"], ...everything })
      const pebble = yield* sandbox.enqueue({ case: "syncFull", value: { ...both, storageEngine: "pebble" } })
      expect((yield* sandbox.awaitUpload(pebble)).snapshot).toMatchObject({
        format: "v3",
        syncType: "full",
        finished: true,
        counts: { resourceTypes: 2, resources: 6, entitlements: 3, grants: 4 }
      })
      expect(
        yield* syncOf({
          ...both,
          targetedSyncResources: [resourceOf("group", "g1"), resourceOf("user", "u3"), resourceOf("group", "gone")]
        })
      ).toEqual({
        syncs: ["partial"],
        types: ["group", "user"],
        resources: ["group:g1", "user:u3"],
        grantableTo: ["User"],
        entitlements: ["group:g1:member"],
        grants: ["group:g1:member:user:u1", "group:g1:member:user:u2"]
      })
      expect(yield* outcomeOf(sandbox, { case: "syncFull", value: { syncResourceTypeIds: ["role"] } })).toMatchObject({
        _tag: "Failed",
        code: 3,
        nonRetryable: false,
        message: expect.stringContaining("invalid resource type 'role'")
      })
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("uploads an empty snapshot where full syncs are skipped", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make(quick)
      yield* start(sandbox, { sync: { skip: true } })
      const id = yield* sandbox.enqueue(syncTask)
      yield* sandbox.awaitFinished(id)
      const upload = yield* sandbox.awaitUpload(id)
      expect(upload.snapshot).toMatchObject({
        syncType: "full",
        finished: true,
        counts: { resourceTypes: 0, resources: 0, entitlements: 0, grants: 0 }
      })
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("brings the log that C1 asks for with it, and only then", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const sandbox = yield* C1Sandbox.make(quick)
      yield* start(sandbox)
      yield* Effect.flatMap(sandbox.enqueue(syncTask), sandbox.awaitFinished)
      expect((yield* sandbox.uploads).map((upload) => upload.kind)).toEqual(["snapshot"])
      const id = yield* sandbox.enqueue(syncTask, { debug: true })
      yield* sandbox.awaitFinished(id)
      const log = yield* sandbox.awaitUpload(id, 2)
      expect(log.kind).toBe("log")
      const text = yield* files.readFileString(log.path)
      expect(text).toContain("sync complete")
      expect(text).toContain(`"task_id":"${id}"`)
      expect(text).toContain("DEBUG")
      yield* Effect.flatMap(sandbox.enqueue(syncTask), sandbox.awaitFinished)
      expect((yield* sandbox.uploads).length).toBe(4)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live(
    "of a large directory goes up in pieces of 512 KiB, and once more where the stream breaks",
    () =>
      Effect.gen(function*() {
        const sandbox = yield* C1Sandbox.make({ ...quick, faults: [{ name: "cutUpload", chunks: 1, times: 2 }] })
        const noise = (index: number) =>
          Buffer.from(Array.from({ length: 60 }, (_, at) => (index * 31 + at * 17) % 251))
        const content = {
          people: Array.from({ length: 30_000 }, (_, index) => ({
            id: `u${(index * 2654435761) % 4294967296}-${index}`,
            name: noise(index * index).toString("base64"),
            email: `p${(index * 40503 * 65537) % 1000003}.${index}@example.com`
          })),
          teams: []
        }
        yield* start(sandbox, { connector: Directory.make({ content }) })
        const id = yield* sandbox.enqueue(syncTask)
        expect((yield* sandbox.awaitFinished(id)).outcome?._tag).toBe("Succeeded")
        const upload = yield* sandbox.awaitUpload(id)
        expect(upload.chunks.length).toBeGreaterThan(2)
        expect(new Set(upload.chunks.slice(0, -1))).toEqual(new Set([524_288]))
        expect(upload.snapshot?.counts?.resources).toBe(30_000)
        expect((yield* sandbox.uploads).length).toBe(1)
        expect(yield* requests(sandbox, "UploadAsset", 3)).toBe(3)
      }).pipe(Effect.provide(NodeServices.layer))
  )

  it.live("that can't be uploaded is an error that C1 may try again", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make({
        ...quick,
        faults: [{ name: "rpcError", method: "UploadAsset", code: 14 }]
      })
      yield* start(sandbox)
      expect(yield* outcomeOf(sandbox, syncTask)).toMatchObject({
        _tag: "Failed",
        code: 14,
        nonRetryable: false,
        message: expect.stringContaining("upload failed: ")
      })
      expect(yield* requests(sandbox, "UploadAsset", 3)).toBe(3)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("of a source that is down is an error that C1 may try again", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make(quick)
      const down = ConnectorError.make("list", new ConnectorError.Unavailable({ message: "The source is down." }))
      yield* start(sandbox, {
        connector: Directory.make({ content: Directory.sample(), before: () => Effect.fail(down) })
      })
      expect(yield* outcomeOf(sandbox, syncTask)).toMatchObject({
        _tag: "Failed",
        code: 14,
        nonRetryable: false,
        message: "sync failed: The source is down."
      })
      expect(yield* sandbox.uploads).toEqual([])
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("that breaks down is an error, and the next task is carried out", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make(quick)
      let times = 0
      yield* start(sandbox, {
        connector: Directory.make({
          content: Directory.sample(),
          before: (operation) =>
            operation.startsWith("list") && times++ === 0 ? Effect.die(new Error("a mistake")) : Effect.void
        })
      })
      expect(yield* outcomeOf(sandbox, syncTask)).toMatchObject({ _tag: "Failed", code: 13, nonRetryable: false })
      expect(yield* outcomeOf(sandbox, syncTask)).toMatchObject({ _tag: "Succeeded" })
    }).pipe(Effect.provide(NodeServices.layer)))
})
