import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import * as Bulk from "../src/Bulk.ts"
import * as Patch from "../src/Patch.ts"
import * as ResourceKind from "../src/ResourceKind.ts"
import { type Answer, connect, type Handler, scimError, serve } from "./loopback.ts"

interface BulkOperation {
  readonly method: string
  readonly path: string
  readonly bulkId?: string
  readonly version?: string
  readonly data?: { readonly userName?: string; readonly members?: ReadonlyArray<{ readonly value: string }> }
}

interface Request {
  readonly failOnErrors?: number
  readonly Operations: ReadonlyArray<BulkOperation>
}

interface Provider {
  readonly config?: unknown
  readonly maxOperations?: number
  readonly maxBytes?: number
  /** Turns one result into what this server sends. */
  readonly shape?: (result: Record<string, unknown>, operation: BulkOperation) => unknown
}

/** A service provider that carries bulk requests out: it gives ids, knows what exists, and resolves references. */
const provider = (options: Provider = {}) => {
  const stored = new Map<string, unknown>()
  let born = 0
  const handler: Handler = (request): Answer => {
    if (request.path.endsWith("/ServiceProviderConfig")) {
      return options.config === undefined
        ? { status: 404 }
        : { body: options.config }
    }
    if (options.maxBytes !== undefined && request.body.length > options.maxBytes) return { status: 413 }
    const { Operations, failOnErrors = Infinity }: Request = JSON.parse(request.body)
    if (Operations.length > (options.maxOperations ?? Infinity)) return scimError(413, "too many operations")
    const ids = new Map<string, string>()
    const results: Array<unknown> = []
    let errors = 0
    for (const operation of Operations) {
      if (errors >= failOnErrors) break
      const result = apply(operation, ids)
      if (Number(result["status"]) >= 400) errors++
      results.push((options.shape ?? ((result) => result))(result, operation))
    }
    return { body: { schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"], Operations: results } }
  }
  const apply = ({ bulkId, data, method, path }: BulkOperation, ids: Map<string, string>): Record<string, unknown> => {
    const text = JSON.stringify(data ?? {}).replaceAll(
      /bulkId:([\w-]+)/g,
      (whole, name: string) => ids.get(name) ?? whole
    )
    const where = path.replace(/bulkId:([\w-]+)/, (whole, name: string) => ids.get(name) ?? whole)
    if (text.includes("bulkId:") || where.includes("bulkId:")) {
      return { method, bulkId, status: "409", response: { detail: "unresolved" } }
    }
    if (method === "POST") {
      if (data?.userName === "taken") {
        return { method, bulkId, status: "409", response: { status: "409", scimType: "uniqueness", detail: "taken" } }
      }
      const id = `id${++born}`
      if (bulkId !== undefined) ids.set(bulkId, id)
      stored.set(`${path}/${id}`, JSON.parse(text))
      return { method, bulkId, status: "201", location: `https://example.com/v2${path}/${id}`, version: `W/"1"` }
    }
    if (!stored.has(where)) {
      return { method, location: `https://example.com/v2${where}`, status: "404", response: { detail: "no" } }
    }
    if (method === "DELETE") stored.delete(where)
    else stored.set(where, JSON.parse(text))
    return { method, location: `https://example.com/v2${where}`, status: method === "DELETE" ? "204" : "200" }
  }
  return { handler, stored }
}

const user = (n: number) => Bulk.create(ResourceKind.user, { userName: `user${n}` }, `b${n}`)

const tags = (outcomes: ReadonlyArray<Bulk.Outcome>) => outcomes.map(({ _tag }) => _tag)

const bulks = (
  server: { readonly requests: ReadonlyArray<{ readonly path: string; readonly body: string }> }
): ReadonlyArray<Request> =>
  server.requests.filter(({ path }) => path.endsWith("/Bulk")).map(({ body }) => JSON.parse(body))

describe("Bulk.run", () => {
  it.live("gives one outcome per operation, in order", () =>
    Effect.gen(function*() {
      const { handler, stored } = provider()
      const server = yield* serve(handler)
      const scim = yield* connect(server)
      const [first] = yield* Bulk.run(scim, [user(1)])
      assert(first?._tag === "Done")
      assert.deepStrictEqual([first.id, first.status, first.version], ["id1", 201, `W/"1"`])
      const outcomes = yield* Bulk.run(scim, [
        user(2),
        Bulk.create(ResourceKind.user, { userName: "taken" }, "x"),
        Bulk.replace(ResourceKind.user, "id1", { userName: "new" }, `W/"1"`),
        Bulk.patch(ResourceKind.user, "id1", Result.getOrThrow(Patch.make([Patch.setActive(false)]))),
        Bulk.remove(ResourceKind.user, "nobody"),
        Bulk.remove(ResourceKind.user, "id1")
      ])
      assert.deepStrictEqual(tags(outcomes), ["Done", "Refused", "Done", "Done", "Refused", "Done"])
      assert(outcomes[1]?._tag === "Refused" && outcomes[4]?._tag === "Refused")
      assert.deepStrictEqual([outcomes[1].error.reason._tag, outcomes[1].error.scimType], ["Conflict", "uniqueness"])
      assert.strictEqual(outcomes[4].error.reason._tag, "NotFound")
      assert.deepStrictEqual([...stored.keys()], ["/Users/id2"])
      assert.strictEqual(bulks(server)[1]?.Operations[2]?.version, `W/"1"`)
    }))

  it.live("cuts by the operations and bytes that the server's configuration names", () =>
    Effect.gen(function*() {
      const limits = { bulk: { supported: true, maxOperations: 7, maxPayloadSize: 600 } }
      const { handler, stored } = provider({ config: limits, maxOperations: 7, maxBytes: 600 })
      const server = yield* serve(handler)
      const scim = yield* connect(server)
      const outcomes = yield* Bulk.run(scim, Array.from({ length: 50 }, (_, i) => user(i)))
      assert.isTrue(outcomes.every(({ _tag }) => _tag === "Done"))
      assert.strictEqual(stored.size, 50)
      assert.isTrue(bulks(server).every(({ Operations }) => Operations.length <= 7))
    }))

  it.live("halves a request that the server finds too large", () =>
    Effect.gen(function*() {
      const { handler, stored } = provider({ maxOperations: 6 })
      const scim = yield* connect(yield* serve(handler))
      const outcomes = yield* Bulk.run(scim, Array.from({ length: 50 }, (_, i) => user(i)))
      assert.isTrue(outcomes.every(({ _tag }) => _tag === "Done"))
      assert.strictEqual(stored.size, 50)
    }))

  it.live("refuses what is too large alone, and sends the rest", () =>
    Effect.gen(function*() {
      const { handler, stored } = provider({ maxBytes: 1000 })
      const scim = yield* connect(yield* serve(handler))
      const large = Bulk.create(ResourceKind.user, { userName: "x".repeat(2000) }, "large")
      const outcomes = yield* Bulk.run(scim, [user(1), large, user(2)], { maxPayloadSize: 1000 })
      assert.deepStrictEqual(tags(outcomes), ["Done", "Refused", "Done"])
      assert(outcomes[1]?._tag === "Refused")
      assert.strictEqual(outcomes[1].error.reason._tag, "RequestTooLarge")
      assert.strictEqual(stored.size, 2)
    }))

  it.live("resolves references within a request and across the cuts", () =>
    Effect.gen(function*() {
      for (const maxOperations of [10, 2, 1]) {
        const { handler, stored } = provider({ maxOperations })
        const scim = yield* connect(yield* serve(handler))
        const outcomes = yield* Bulk.run(scim, [
          user(1),
          user(2),
          Bulk.create(
            ResourceKind.group,
            { displayName: "g", members: [Bulk.reference("b1"), Bulk.reference("b2")] },
            "g"
          ),
          Bulk.remove(ResourceKind.user, Bulk.reference("b2"))
        ], { maxOperations })
        assert.deepStrictEqual(tags(outcomes), ["Done", "Done", "Done", "Done"])
        const group = stored.get("/Groups/id3")
        assert.include(JSON.stringify(group), `"members":[{"value":"id1"},{"value":"id2"}]`)
        assert.deepStrictEqual([...stored.keys()], ["/Users/id1", "/Groups/id3"])
      }
    }))

  it.live("refuses what refers to a creation that failed or comes later", () =>
    Effect.gen(function*() {
      const { handler } = provider()
      const server = yield* serve(handler)
      const scim = yield* connect(server)
      const outcomes = yield* Bulk.run(scim, [
        Bulk.create(ResourceKind.user, { userName: "taken" }, "failed"),
        Bulk.remove(ResourceKind.user, Bulk.reference("failed")),
        Bulk.remove(ResourceKind.user, Bulk.reference("later")),
        Bulk.create(ResourceKind.user, { userName: "x" }, "later")
      ], { maxOperations: 1 })
      assert.deepStrictEqual(tags(outcomes), ["Refused", "Refused", "Refused", "Done"])
      assert.strictEqual(bulks(server).length, 2)
    }))

  it.live("stops after so many refusals, across the cuts", () =>
    Effect.gen(function*() {
      const { handler, stored } = provider()
      const server = yield* serve(handler)
      const scim = yield* connect(server)
      const taken = (n: number) => Bulk.create(ResourceKind.user, { userName: "taken" }, `t${n}`)
      const outcomes = yield* Bulk.run(scim, [taken(1), user(1), taken(2), user(2), user(3)], {
        failOnErrors: 2,
        maxOperations: 2
      })
      assert.deepStrictEqual(tags(outcomes), ["Refused", "Done", "Refused", "NotSent", "NotSent"])
      assert.deepStrictEqual(bulks(server).map(({ failOnErrors }) => failOnErrors), [2, 1])
      assert.strictEqual(stored.size, 1)
    }))

  const shapes: ReadonlyArray<readonly [string, NonNullable<Provider["shape"]>]> = [
    ["numeric statuses", (result) => ({ ...result, status: Number(result["status"]) })],
    ["statuses of the drafts", (result) => ({ ...result, status: { code: result["status"] } })],
    [
      "other names",
      (result) => Object.fromEntries(Object.entries(result).map(([name, value]) => [name.toUpperCase(), value]))
    ],
    [
      "no location but a body",
      ({ location, ...result }) =>
        typeof location === "string" ? { ...result, response: { id: location.split("/").at(-1) } } : result
    ],
    ["nothing but method and status", ({ method, response, status }) => ({ method, response, status })]
  ]
  for (const [name, shape] of shapes) {
    it.live(`reads results with ${name}`, () =>
      Effect.gen(function*() {
        const scim = yield* connect(yield* serve(provider({ shape }).handler))
        const outcomes = yield* Bulk.run(scim, [
          user(1),
          Bulk.create(ResourceKind.user, { userName: "taken" }, "x"),
          user(2)
        ])
        assert.deepStrictEqual(tags(outcomes), ["Done", "Refused", "Done"])
      }))
  }

  it.live("matches results that come in another order", () =>
    Effect.gen(function*() {
      const { handler } = provider()
      const server = yield* serve((request, n) => {
        const answer = handler(request, n)
        if (typeof answer === "function" || !request.path.endsWith("/Bulk")) return answer
        const { Operations }: { readonly Operations: ReadonlyArray<unknown> } = JSON.parse(JSON.stringify(answer.body))
        return { body: { Operations: Operations.toReversed() } }
      })
      const scim = yield* connect(server)
      const outcomes = yield* Bulk.run(scim, [
        user(1),
        Bulk.create(ResourceKind.user, { userName: "taken" }, "x"),
        user(2)
      ])
      assert.deepStrictEqual(tags(outcomes), ["Done", "Refused", "Done"])
      assert(outcomes[0]?._tag === "Done")
      assert.strictEqual(outcomes[0].id, "id1")
    }))

  it.live("fails when nothing can be carried out at all", () =>
    Effect.gen(function*() {
      const config = { bulk: { supported: false } }
      const none = yield* serve(provider({ config }).handler)
      assert.strictEqual((yield* Effect.flip(Bulk.run(yield* connect(none), [user(1)]))).reason._tag, "NotSupported")
      assert.strictEqual(bulks(none).length, 0)
      for (const [status, tag] of [[401, "Unauthorized"], [404, "WrongUrl"], [501, "NotSupported"]] as const) {
        const scim = yield* connect(yield* serve(() => ({ status })))
        assert.strictEqual((yield* Effect.flip(Bulk.run(scim, [user(1)]))).reason._tag, tag)
      }
    }))

  it.live("says which outcomes are unclear when an answer is lost, and does not send them again", () =>
    Effect.gen(function*() {
      const { handler } = provider()
      let lost = 0
      const server = yield* serve((request, n) => {
        const answer = handler(request, n)
        return request.path.endsWith("/Bulk") && ++lost === 2
          ? (response) => response.socket?.resetAndDestroy()
          : answer
      })
      const scim = yield* connect(server)
      const outcomes = yield* Bulk.run(scim, [user(1), user(2), user(3)], { maxOperations: 1 })
      assert.deepStrictEqual(tags(outcomes), ["Done", "Unclear", "NotSent"])
      assert.strictEqual(bulks(server).length, 2)
    }))

  it.live("does nothing for nothing", () =>
    Effect.gen(function*() {
      const server = yield* serve(provider().handler)
      assert.deepStrictEqual(yield* Bulk.run(yield* connect(server), []), [])
      assert.strictEqual(bulks(server).length, 0)
    }))
})
