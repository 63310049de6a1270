import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Result } from "effect"
import * as Dialect from "../src/Dialect.ts"
import * as Patch from "../src/Patch.ts"
import * as ResourceKind from "../src/ResourceKind.ts"
import { type Answer, connect, type Handler, listResponse, type Received, scimError, serve } from "./loopback.ts"

const userName = `"Zoë" \\o/@example.com`
const found = { id: "u1", userName: userName.toUpperCase() }
const body = { userName, name: { givenName: "Zoë", familyName: undefined }, active: true }

const methods = (requests: ReadonlyArray<Received>) => requests.map(({ method }) => method)

const patchOf = (operations: ReadonlyArray<Patch.Operation>) => Result.getOrThrow(Patch.make(operations))

describe("ResourceClient.create", () => {
  const create = (handler: Handler) =>
    Effect.gen(function*() {
      const server = yield* serve(handler)
      const scim = yield* connect(server)
      const result = yield* Effect.result(scim.users.create(body))
      return { result, server }
    })

  it.live("sends no null, no undefined, no read-only attribute, and takes the answer's id", () =>
    Effect.gen(function*() {
      for (const status of [200, 201, 202]) {
        const { result, server } = yield* create(() => ({ status, body: { ...body, id: "u1" } }))
        assert(Result.isSuccess(result))
        assert.strictEqual(result.success.id, "u1")
        assert.deepStrictEqual(JSON.parse(server.requests[0]?.body ?? ""), {
          schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
          userName,
          name: { givenName: "Zoë" },
          active: true
        })
      }
    }))

  it.live("takes an id that stands only in Location, of a 201", () =>
    Effect.gen(function*() {
      for (
        const location of ["https://elsewhere.example/scim/Users/u%2F1?x=1", "/scim/v2/Users/u%2F1", "Users/u%2F1"]
      ) {
        const { result, server } = yield* create((request) =>
          request.method === "POST" ? { status: 201, headers: { location } } : { body: { id: "u/1", userName } }
        )
        assert(Result.isSuccess(result))
        assert.strictEqual(result.success.id, "u/1")
        assert.strictEqual(server.requests[1]?.path, "/scim/v2/Users/u%2F1")
      }
    }))

  it.live("looks the resource up when the answer does not name it", () =>
    Effect.gen(function*() {
      const { result, server } = yield* create((request) =>
        request.method === "POST" ? { status: 201, body: {} } : { body: listResponse([found]) }
      )
      assert(Result.isSuccess(result))
      assert.strictEqual(result.success.id, "u1")
      assert.deepStrictEqual(methods(server.requests), ["POST", "GET"])
      assert.strictEqual(
        server.requests[1]?.query.get("filter"),
        String.raw`userName eq "\"Zoë\" \\o/@example.com"`
      )
    }))

  const unclear: ReadonlyArray<readonly [string, ReturnType<Handler>]> = [
    ["500", scimError(500, "x")],
    ["502", { status: 502, body: "<html>Bad gateway</html>" }],
    ["504", { status: 504 }],
    ["a broken connection", (response) => response.socket?.resetAndDestroy()],
    ["half an answer", { status: 201, body: `{"id": "u` }]
  ]
  for (const [name, failure] of unclear) {
    it.live(`finds what was created in spite of ${name}, and posts once`, () =>
      Effect.gen(function*() {
        const { result, server } = yield* create((request) =>
          request.method === "POST" ? failure : { body: listResponse([found]) }
        )
        assert(Result.isSuccess(result))
        assert.strictEqual(result.success.id, "u1")
        assert.deepStrictEqual(methods(server.requests), ["POST", "GET"])
      }))

    it.live(`posts again after ${name} when nothing was created`, () =>
      Effect.gen(function*() {
        const { result, server } = yield* create((request, n) =>
          request.method === "GET" ? { body: listResponse([]) } : n === 0 ? failure : { status: 201, body: found }
        )
        assert(Result.isSuccess(result))
        assert.deepStrictEqual(methods(server.requests), ["POST", "GET", "POST"])
      }))
  }

  it.live("finds what was created in spite of silence", () =>
    Effect.gen(function*() {
      const server = yield* serve((request) => request.method === "POST" ? () => {} : { body: listResponse([found]) })
      const scim = yield* connect(server, { timeout: "2 seconds" })
      assert.strictEqual((yield* scim.users.create(body)).id, "u1")
      assert.deepStrictEqual(methods(server.requests), ["POST", "GET"])
    }))

  it.live("takes the conflict that its own first attempt made for success", () =>
    Effect.gen(function*() {
      const { result } = yield* create((request, n) => {
        if (request.method === "POST") return n === 0 ? scimError(504, "x") : scimError(409, "exists")
        // At first the new row is not visible yet.
        return { body: listResponse(n === 1 ? [] : [found]) }
      })
      assert(Result.isSuccess(result))
      assert.strictEqual(result.success.id, "u1")
    }))

  const inconclusive: ReadonlyArray<readonly [string, Answer]> = [
    ["the filter is ignored", { body: listResponse([found, { id: "u2", userName: "other" }]) }],
    ["two fit", { body: listResponse([found, { id: "u2", userName }]) }],
    ["the filter is refused", scimError(400, "x", "invalidFilter")],
    ["the look-up fails", scimError(403, "x")]
  ]
  for (const [name, lookup] of inconclusive) {
    it.live(`says that the outcome is unknown when ${name}`, () =>
      Effect.gen(function*() {
        const { result, server } = yield* create((request) => request.method === "POST" ? scimError(502, "x") : lookup)
        assert(Result.isFailure(result))
        assert.strictEqual(result.failure.reason._tag, "OutcomeUnknown")
        assert.deepStrictEqual(methods(server.requests), ["POST", "GET"])
      }))
  }

  it.live("of a group without an external id cannot look, since display names are not unique", () =>
    Effect.gen(function*() {
      const server = yield* serve(() => scimError(502, "x"))
      const scim = yield* connect(server)
      const error = yield* Effect.flip(scim.groups.create({ displayName: "Staff" }))
      assert.strictEqual(error.reason._tag, "OutcomeUnknown")
      assert.deepStrictEqual(methods(server.requests), ["POST"])
    }))

  it.live("leaves a conflict to the caller", () =>
    Effect.gen(function*() {
      const answers = [
        scimError(409, "x", "uniqueness"),
        scimError(409, "x"),
        { status: 409 },
        scimError(400, "User already exists"),
        scimError(422, "x", "uniqueness")
      ]
      for (const answer of answers) {
        const { result, server } = yield* create(() => answer)
        assert(Result.isFailure(result))
        assert.strictEqual(result.failure.reason._tag, "Conflict")
        assert.strictEqual(server.requests.length, 1)
      }
    }))

  it.live("does not take a web page for success", () =>
    Effect.gen(function*() {
      const { result } = yield* create(() => ({
        headers: { "content-type": "text/html" },
        body: "<html>Log in</html>"
      }))
      assert(Result.isFailure(result))
      assert.strictEqual(result.failure.reason._tag, "NotScim")
    }))
})

describe("ResourceClient.createOrFind", () => {
  const run = (rows: ReadonlyArray<unknown>) =>
    Effect.gen(function*() {
      const server = yield* serve((request) =>
        request.method === "POST" ? scimError(409, "exists") : { body: listResponse(rows) }
      )
      const scim = yield* connect(server)
      return yield* Effect.result(scim.users.createOrFind(body))
    })

  it.live("takes the one exact match, whatever its case", () =>
    Effect.gen(function*() {
      const result = yield* run([found])
      assert(Result.isSuccess(result))
      assert.deepStrictEqual([result.success._tag, result.success.resource.id], ["Existing", "u1"])
    }))

  it.live("keeps the conflict when none or several fit, or the filter was ignored", () =>
    Effect.gen(function*() {
      for (const rows of [[], [found, { ...found, id: "u2" }], [{ id: "u9", userName: "somebody.else" }]]) {
        const result = yield* run(rows)
        assert(Result.isFailure(result))
        assert.strictEqual(result.failure.reason._tag, "Conflict")
      }
    }))
})

describe("ResourceClient.replace", () => {
  it.live("accepts an answer without a body", () =>
    Effect.gen(function*() {
      for (const answer of [{ status: 200 }, { status: 204 }, { body: {} }, { body: "OK" }]) {
        const scim = yield* connect(yield* serve(() => answer))
        assert.deepStrictEqual(yield* scim.users.replace("u1", body), Option.none())
      }
      const scim = yield* connect(yield* serve(() => ({ body: found })))
      assert.strictEqual(Option.getOrThrow(yield* scim.users.replace("u1", body)).id, "u1")
    }))

  it.live("is sent again after a failure", () =>
    Effect.gen(function*() {
      const server = yield* serve((_, n) => n === 0 ? scimError(503, "x") : { body: found })
      yield* (yield* connect(server)).users.replace("u1", body)
      assert.deepStrictEqual(methods(server.requests), ["PUT", "PUT"])
    }))
})

describe("ResourceClient.patch", () => {
  it.live("sends the operations, and accepts 200 and 204", () =>
    Effect.gen(function*() {
      for (const answer of [{ status: 204 }, { body: {} }, { body: { id: "g1", displayName: "x" } }]) {
        const server = yield* serve(() => answer)
        const scim = yield* connect(server)
        yield* scim.groups.patch("g1", patchOf([Patch.addMember("u1"), Patch.removeMember(`u"2`)]))
        assert.deepStrictEqual(JSON.parse(server.requests[0]?.body ?? ""), {
          schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
          Operations: [
            { op: "add", path: "members", value: [{ value: "u1" }] },
            { op: "remove", path: String.raw`members[value eq "u\"2"]` }
          ]
        })
      }
    }))

  it.live("is split by the dialect's limit", () =>
    Effect.gen(function*() {
      const server = yield* serve(() => ({ status: 204 }))
      const scim = yield* connect(server, { dialect: { ...Dialect.standard, maxPatchValues: 100 } })
      yield* scim.groups.patch("g1", patchOf([Patch.addMembers(Array.from({ length: 250 }, (_, i) => `u${i}`))]))
      const sizes = server.requests.map(({ body }) => JSON.parse(body).Operations[0].value.length)
      assert.deepStrictEqual(sizes, [100, 100, 50])
    }))

  it.live("is halved until the server takes it", () =>
    Effect.gen(function*() {
      const members: Array<string> = []
      const server = yield* serve(({ body }) => {
        const values: ReadonlyArray<{ readonly value: string }> = JSON.parse(body).Operations[0].value
        if (values.length > 30) return { status: 413 }
        members.push(...values.map(({ value }) => value))
        return { status: 204 }
      })
      const ids = Array.from({ length: 100 }, (_, i) => `u${i}`)
      yield* (yield* connect(server)).groups.patch("g1", patchOf([Patch.addMembers(ids)]))
      assert.deepStrictEqual(members, ids)
      const tiny = yield* connect(yield* serve(() => ({ status: 413 })))
      const error = yield* Effect.flip(tiny.groups.patch("g1", patchOf([Patch.addMembers(ids)])))
      assert.strictEqual(error.reason._tag, "RequestTooLarge")
    }))

  it.live("that adds is not sent again blindly, one that removes is", () =>
    Effect.gen(function*() {
      const flaky: Handler = (_, n) => n === 0 ? scimError(502, "x") : { status: 204 }
      const adding = yield* serve(flaky)
      const error = yield* Effect.flip((yield* connect(adding)).groups.patch("g1", patchOf([Patch.addMember("u1")])))
      assert.strictEqual(error.reason._tag, "ServerFailure")
      assert.strictEqual(adding.requests.length, 1)
      const removing = yield* serve(flaky)
      yield* (yield* connect(removing)).groups.patch("g1", patchOf([Patch.removeMember("u1")]))
      assert.strictEqual(removing.requests.length, 2)
      const asked = yield* serve(flaky)
      yield* (yield* connect(asked)).groups.patch("g1", patchOf([Patch.addMember("u1")]), { repeatable: true })
      assert.strictEqual(asked.requests.length, 2)
    }))

  it.live("is not sent where the dialect has none", () =>
    Effect.gen(function*() {
      const server = yield* serve(() => ({ status: 204 }))
      const scim = yield* connect(server, { dialect: { ...Dialect.standard, patch: false } })
      const error = yield* Effect.flip(scim.users.patch("u1", patchOf([Patch.setActive(false)])))
      assert.strictEqual(error.reason._tag, "NotSupported")
      assert.strictEqual(server.requests.length, 0)
    }))
})

describe("ResourceClient.delete", () => {
  it.live("is done when the resource is gone, whoever removed it", () =>
    Effect.gen(function*() {
      const outcome = (handler: Handler) =>
        Effect.gen(function*() {
          return yield* (yield* connect(yield* serve(handler))).users.delete("u1")
        })
      assert.strictEqual(yield* outcome(() => ({ status: 204 })), "Deleted")
      assert.strictEqual(yield* outcome(() => ({ status: 200, body: found })), "Deleted")
      assert.strictEqual(yield* outcome(() => ({ status: 200, body: "OK" })), "Deleted")
      assert.strictEqual(yield* outcome(() => scimError(404, "x")), "DidNotExist")
      assert.strictEqual(yield* outcome(() => ({ status: 404 })), "DidNotExist")
      // The first attempt removed it, although its answer was lost.
      assert.strictEqual(yield* outcome((_, n) => n === 0 ? { status: 502 } : scimError(404, "x")), "Deleted")
    }))

  it.live("does not take a 404 of another server for success", () =>
    Effect.gen(function*() {
      const server = yield* serve(() => ({
        status: 404,
        headers: { "content-type": "text/html" },
        body: "<html></html>"
      }))
      const error = yield* Effect.flip((yield* connect(server)).users.delete("u1"))
      assert.strictEqual(error.reason._tag, "WrongUrl")
    }))
})

describe("Entity tags", () => {
  it.live("guard writes, and read only what changed", () =>
    Effect.gen(function*() {
      const server = yield* serve(({ headers, method }) =>
        method === "GET"
          ? headers["if-none-match"] === `W/"2"` ? { status: 304 } : { body: { ...found, meta: { version: `W/"2"` } } }
          : headers["if-match"] === `W/"2"`
          ? { status: 204, headers: { etag: `W/"3"` } }
          : scimError(412, "x")
      )
      const scim = yield* connect(server)
      assert.deepStrictEqual(yield* scim.users.getIfChanged("u1", `W/"2"`), Option.none())
      const now = Option.getOrThrow(yield* scim.users.getIfChanged("u1", `W/"1"`))
      assert.strictEqual(now.meta?.version, `W/"2"`)
      const error = yield* Effect.flip(scim.users.replace("u1", body, { ifMatch: `W/"1"` }))
      assert.strictEqual(error.reason._tag, "PreconditionFailed")
      yield* scim.users.replace("u1", body, { ifMatch: `W/"2"` })
      assert.strictEqual(yield* scim.users.delete("u1", { ifMatch: `W/"2"` }), "Deleted")
      const bad = yield* Effect.flip(scim.users.delete("u1", { ifMatch: "a\r\nb: c" }))
      assert.strictEqual(bad.reason._tag, "InvalidConfiguration")
    }))

  it.live("go on from the new version when a patch is split", () =>
    Effect.gen(function*() {
      const server = yield* serve((_, n) => ({ status: 204, headers: { etag: `"${n + 2}"` } }))
      const scim = yield* connect(server, { dialect: { ...Dialect.standard, maxPatchValues: 1 } })
      yield* scim.groups.patch("g1", patchOf([Patch.addMembers(["u1", "u2", "u3"])]), { ifMatch: `"1"` })
      assert.deepStrictEqual(server.requests.map(({ headers }) => headers["if-match"]), [`"1"`, `"2"`, `"3"`])
    }))

  it.live("are not sent where the dialect knows none", () =>
    Effect.gen(function*() {
      const server = yield* serve(() => ({ body: found }))
      const scim = yield* connect(server, { dialect: Dialect.workos })
      yield* scim.users.replace("u1", body, { ifMatch: `"1"` })
      yield* scim.users.getIfChanged("u1", `"1"`)
      assert.deepStrictEqual(server.requests.map(({ headers }) => headers["if-match"] ?? headers["if-none-match"]), [
        undefined,
        undefined
      ])
    }))
})

describe("ResourceKind", () => {
  it.live("declares another type of resource", () =>
    Effect.gen(function*() {
      const server = yield* serve(({ method }) =>
        method === "POST" ? { status: 201, body: { id: "d1" } } : { body: listResponse([{ id: "d1", serial: "7" }]) }
      )
      const scim = yield* connect(server)
      const devices = scim.resource(
        ResourceKind.untyped({ name: "Device", endpoint: "/Devices", schemas: ["urn:example:Device"] })
      )
      assert.strictEqual((yield* devices.create({ serial: "7" })).id, "d1")
      assert.deepStrictEqual((yield* devices.list()).resources.map(({ raw }) => raw["serial"]), ["7"])
      assert.deepStrictEqual(server.requests.map(({ path }) => path), ["/scim/v2/Devices", "/scim/v2/Devices"])
      assert.deepStrictEqual(JSON.parse(server.requests[0]?.body ?? ""), {
        schemas: ["urn:example:Device"],
        serial: "7"
      })
    }))

  it.live("adds a typed extension", () =>
    Effect.gen(function*() {
      const urn = "urn:example:params:Badge"
      const kind = ResourceKind.extend(ResourceKind.user, {
        property: "badge",
        schema: urn,
        decode: (input) => typeof input["number"] === "number" ? { number: input["number"] } : undefined
      })
      const rows = [{ ...found, [urn.toUpperCase()]: { number: 7 } }, { id: "u2", userName: "x" }]
      const scim = yield* connect(yield* serve(() => ({ body: listResponse(rows) })))
      const { resources } = yield* scim.resource(kind).list()
      assert.deepStrictEqual(resources.map(({ badge, userName }) => [badge?.number, userName]), [
        [7, found.userName],
        [undefined, "x"]
      ])
    }))
})
