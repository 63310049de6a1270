import { assert, describe, it } from "@effect/vitest"
import { Effect, Predicate } from "effect"
import { scimPatch } from "scim-patch"
import * as Dialect from "../src/Dialect.ts"
import * as Membership from "../src/Membership.ts"
import { type Answer, connect, type Handler, type Received, scimError, serve } from "./loopback.ts"

type Resource = { [key: string]: unknown }

const groupOf = (members: ReadonlyArray<string> | undefined): Resource => ({
  id: "g/1",
  displayName: "Crew",
  ...(members === undefined ? {} : { members: members.map((value) => ({ value })) })
})

/** One group that npm's scim-patch keeps; `bend` may answer in its place. */
const crew = (
  members: ReadonlyArray<string> | undefined,
  bend: (
    received: Received,
    apply: () => void,
    state: { group: Resource; reads: number }
  ) => ReturnType<Handler> | undefined = () => undefined
) => {
  const state = { group: groupOf(members), reads: 0 }
  const handler: Handler = (received) => {
    const apply = () => {
      state.group = scimPatch(state.group as never, JSON.parse(received.body).Operations) as unknown as Resource
    }
    if (received.method === "GET") state.reads++
    const bent = bend(received, apply, state)
    if (bent !== undefined) return bent
    if (received.method === "GET") return { body: state.group }
    apply()
    return { status: 204 }
  }
  return { handler, state }
}

const ids = ({ members }: Resource): ReadonlyArray<string> =>
  Array.isArray(members)
    ? members.flatMap((member: unknown) =>
      Predicate.hasProperty(member, "value") && typeof member.value === "string" ? [member.value] : []
    )
    : []

const start = (handler: Handler, dialect: Partial<Dialect.Dialect> = {}) =>
  Effect.gen(function*() {
    const server = yield* serve(handler)
    const scim = yield* connect(server, { dialect: { ...Dialect.standard, ...dialect } })
    const patches = () =>
      server.requests.filter(({ method }) => method === "PATCH").map(({ body }) => JSON.parse(body).Operations)
    return { scim, server, patches }
  })

const soon: Membership.Options = { patience: 0 }

describe("Membership.read", () => {
  const read = (group: Resource, options?: Membership.Options) =>
    Effect.gen(function*() {
      const { scim } = yield* start(() => ({ body: group }))
      return yield* Membership.read(scim, "g/1", options)
    })

  it.live("gives the ids, each once, whatever form they come in", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual([...yield* read(groupOf(["a", "b", "a"]))], ["a", "b"])
      assert.deepStrictEqual([...yield* read({ id: "g/1", Members: [{ Value: 7 }, "c"] })], ["7", "c"])
      assert.deepStrictEqual([...yield* read(groupOf([]))], [])
    }))

  it.live("takes a missing list for an empty one, or for unknown where it is told to", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual([...yield* read(groupOf(undefined))], [])
      assert.deepStrictEqual([...yield* read({ id: "g/1", members: null })], [])
      const error = yield* Effect.flip(read(groupOf(undefined), { absentMembers: "unknown" }))
      assert.strictEqual(error._tag, "MembersUnreadable")
    }))

  it.live("takes a list that it cannot read for no list at all", () =>
    Effect.gen(function*() {
      for (const members of ["a,b", 3, [{ value: "a" }, { display: "nameless" }], [null, { value: "" }]]) {
        const error = yield* Effect.flip(read({ id: "g/1", members }))
        assert.strictEqual(error._tag, "MembersUnreadable", JSON.stringify(members))
        assert.include(error.message, "g/1")
      }
    }))
})

describe("Membership.add", () => {
  it.live("asks for those who are not in it, each once, and reads back", () =>
    Effect.gen(function*() {
      const { handler, state } = crew(["a"])
      const { patches, scim, server } = yield* start(handler)
      const added = yield* Membership.add(scim, "g/1", ["b", "a", "c", "b"])
      assert.deepStrictEqual(added, { _tag: "Added", members: ["b", "c"] })
      assert.deepStrictEqual(patches(), [[{ op: "add", path: "members", value: [{ value: "b" }, { value: "c" }] }]])
      assert.deepStrictEqual(ids(state.group), ["a", "b", "c"])
      assert.deepStrictEqual(server.requests.map(({ method, path }) => `${method} ${path}`), [
        "GET /scim/v2/Groups/g%2F1",
        "PATCH /scim/v2/Groups/g%2F1",
        "GET /scim/v2/Groups/g%2F1"
      ])
    }))

  it.live("changes nothing for those who are in it", () =>
    Effect.gen(function*() {
      const { patches, scim } = yield* start(crew(["a", "b"]).handler)
      assert.deepStrictEqual(yield* Membership.add(scim, "g/1", ["b", "a"]), { _tag: "AlreadyMembers" })
      assert.deepStrictEqual(yield* Membership.add(scim, "g/1", []), { _tag: "AlreadyMembers" })
      assert.deepStrictEqual(patches(), [])
    }))

  it.live("cuts to what the server takes in one PATCH", () =>
    Effect.gen(function*() {
      const { handler, state } = crew([])
      const { patches, scim } = yield* start(handler, { maxPatchValues: 2 })
      yield* Membership.add(scim, "g/1", ["a", "b", "c", "d", "e"])
      assert.strictEqual(patches().length, 3)
      assert.deepStrictEqual(ids(state.group), ["a", "b", "c", "d", "e"])
    }))

  it.live("says who was dropped without a word", () =>
    Effect.gen(function*() {
      const { handler } = crew(["a"], ({ method }, _, { group }) => {
        if (method !== "PATCH") return undefined
        group["members"] = [{ value: "a" }, { value: "b" }]
        return { status: 200, body: group }
      })
      const { scim } = yield* start(handler)
      const error = yield* Effect.flip(Membership.add(scim, "g/1", ["b", "ghost"], soon))
      assert(error._tag === "NotApplied")
      assert.deepStrictEqual(error.members, ["ghost"])
      assert.include(error.message, "1 of 2")
    }))

  it.live("waits for readers that lag behind, and no longer than it was told", () =>
    Effect.gen(function*() {
      const lagging = (reads: number) =>
        crew(["a"], ({ method }, _, state) =>
          method === "GET" && state.reads > 1 && state.reads < reads ? { body: groupOf(["a"]) } : undefined)
      const patient = yield* start(lagging(4).handler)
      const added = yield* Membership.add(patient.scim, "g/1", ["b"], { patience: "20 seconds" })
      assert.strictEqual(added._tag, "Added")
      assert.strictEqual(
        patient.server.requests.filter(({ method }) =>
          method === "GET"
        ).length,
        4
      )
      const impatient = yield* start(lagging(4).handler)
      const error = yield* Effect.flip(Membership.add(impatient.scim, "g/1", ["b"], soon))
      assert.strictEqual(error._tag, "NotApplied")
      // Sent once, however long it was waited for.
      assert.strictEqual(patient.patches().length, 1)
    }))

  it.live("after an unclear answer lets the group decide", () =>
    Effect.gen(function*() {
      const gateway: Answer = { status: 502, body: "bad gateway" }
      const done = yield* start(
        crew(["a"], ({ method }, apply) => {
          if (method !== "PATCH") return undefined
          apply()
          return gateway
        }).handler
      )
      assert.deepStrictEqual(yield* Membership.add(done.scim, "g/1", ["b"], soon), { _tag: "Added", members: ["b"] })
      // An addition is not sent twice blindly: some servers would store it twice.
      assert.strictEqual(done.patches().length, 1)
      const lost = yield* start(crew(["a"], ({ method }) => method === "PATCH" ? gateway : undefined).handler)
      const error = yield* Effect.flip(Membership.add(lost.scim, "g/1", ["b"], soon))
      assert(error._tag === "ScimError")
      assert.strictEqual(error.reason._tag, "ServerFailure")
    }))

  it.live("passes a refusal on, and a group that is not there", () =>
    Effect.gen(function*() {
      const refused = yield* start(
        crew(["a"], ({ method }) => method === "PATCH" ? scimError(403, "not for you") : undefined).handler
      )
      const forbidden = yield* Effect.flip(Membership.add(refused.scim, "g/1", ["b"], soon))
      assert(forbidden._tag === "ScimError")
      assert.strictEqual(forbidden.reason._tag, "Forbidden")
      const nowhere = yield* start(() => scimError(404, "no such group"))
      const missing = yield* Effect.flip(Membership.add(nowhere.scim, "g/1", ["b"], soon))
      assert(missing._tag === "ScimError")
      assert.strictEqual(missing.reason._tag, "NotFound")
      assert.deepStrictEqual(nowhere.patches(), [])
    }))

  it.live("changes nothing where it cannot read who is in the group", () =>
    Effect.gen(function*() {
      const { patches, scim } = yield* start(crew(undefined).handler)
      const error = yield* Effect.flip(Membership.add(scim, "g/1", ["b"], { absentMembers: "unknown" }))
      assert.strictEqual(error._tag, "MembersUnreadable")
      assert.deepStrictEqual(patches(), [])
    }))
})

describe("Membership.remove", () => {
  it.live("names each member in a path of its own, so that nobody else goes", () =>
    Effect.gen(function*() {
      const odd = `o"d\\d]`
      const { handler, state } = crew(["a", "b", odd, "c"])
      const { patches, scim } = yield* start(handler)
      const removed = yield* Membership.remove(scim, "g/1", ["b", "stranger", "b"])
      assert.deepStrictEqual(removed, { _tag: "Removed", members: ["b"], othersGone: [] })
      assert.deepStrictEqual(patches(), [[{ op: "remove", path: `members[value eq "b"]` }]])
      assert.deepStrictEqual(ids(state.group), ["a", odd, "c"])
    }))

  it.live("changes nothing for those who are not in it", () =>
    Effect.gen(function*() {
      for (const members of [["a"], [], undefined]) {
        const { patches, scim } = yield* start(crew(members).handler)
        assert.deepStrictEqual(yield* Membership.remove(scim, "g/1", ["b"]), { _tag: "NotMembers" })
        assert.deepStrictEqual(patches(), [])
      }
    }))

  it.live("takes a refusal for success when the member is gone, and only then", () =>
    Effect.gen(function*() {
      for (const status of [400, 404]) {
        // Somebody else was faster.
        const raced = yield* start(
          crew(["a", "b"], ({ method }, _, state) => {
            if (method !== "PATCH") return undefined
            state.group = groupOf(["a"])
            return scimError(status, "no match", "noTarget")
          }).handler
        )
        assert.strictEqual((yield* Membership.remove(raced.scim, "g/1", ["b"], soon))._tag, "Removed")
        const refused = yield* start(
          crew(["a", "b"], ({ method }) => method === "PATCH" ? scimError(status, "no", "noTarget") : undefined).handler
        )
        const error = yield* Effect.flip(Membership.remove(refused.scim, "g/1", ["b"], soon))
        assert(error._tag === "ScimError")
        assert.strictEqual(error.status, status)
      }
    }))

  it.live("says who is still in it", () =>
    Effect.gen(function*() {
      const { scim } = yield* start(
        crew(["a", "b"], ({ method }) => method === "PATCH" ? { status: 200 } : undefined).handler
      )
      const error = yield* Effect.flip(Membership.remove(scim, "g/1", ["a", "b"], soon))
      assert(error._tag === "NotApplied")
      assert.deepStrictEqual(error.members, ["a", "b"])
      assert.include(error.message, "2 of 2")
    }))

  it.live("after an unclear answer asks again, since a removal does no harm twice, and lets the group decide", () =>
    Effect.gen(function*() {
      const { patches, scim } = yield* start(
        crew(["a", "b"], ({ method }, apply, state) => {
          if (method !== "PATCH" || !ids(state.group).includes("b")) return undefined
          apply()
          return (response) => response.destroy()
        }).handler
      )
      assert.strictEqual((yield* Membership.remove(scim, "g/1", ["b"], soon))._tag, "Removed")
      assert.strictEqual(patches().length, 2)
    }))

  it.live("sends the dangerous form only where the dialect says so", () =>
    Effect.gen(function*() {
      const { handler } = crew(["a", "b"], ({ method }, _, state) => {
        if (method !== "PATCH") return undefined
        state.group = groupOf(["a"])
        return { status: 204 }
      })
      const { patches, scim } = yield* start(handler, { memberRemoval: "valueArray" })
      assert.strictEqual((yield* Membership.remove(scim, "g/1", ["b"], soon))._tag, "Removed")
      assert.deepStrictEqual(patches(), [[{ op: "remove", path: "members", value: [{ value: "b" }] }]])
    }))

  it.live("tells who went besides those who were to go", () =>
    Effect.gen(function*() {
      // A server that takes the removal of one for the removal of all.
      const { handler } = crew(["a", "b", "c"], ({ method }, _, held) => {
        if (method !== "PATCH") return undefined
        held.group = groupOf([])
        return { status: 204 }
      })
      const { scim } = yield* start(handler)
      assert.deepStrictEqual(yield* Membership.remove(scim, "g/1", ["b"], soon), {
        _tag: "Removed",
        members: ["b"],
        othersGone: ["a", "c"]
      })
    }))
})
