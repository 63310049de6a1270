import {
  EnqueuePageTokensSchema,
  TypeScopedGrantsSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/annotation_type_scoped_grants_pb"
import {
  GrantsService,
  GrantsServiceListGrantsResponseSchema
} from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import { ResourcesService } from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import { BatonServices } from "@access-kit/baton-runtime"
import { Connector } from "@access-kit/connector-model/Connector"
import { create, toBinary } from "@bufbuild/protobuf"
import { createRouterTransport } from "@connectrpc/connect"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fc from "fast-check"
import * as BatonClient from "../src/BatonClient.ts"
import * as FromMessage from "../src/FromMessage.ts"
import * as ToMessage from "../src/ToMessage.ts"
import * as Directory from "./Directory.ts"
import * as Loopback from "./Loopback.ts"

const LIMIT = 4 * 1024 * 1024

const mark = ToMessage.annotation(TypeScopedGrantsSchema, create(TypeScopedGrantsSchema))

const wholeType = { resource: { id: { resourceType: "group", resource: "group" } }, annotations: [mark] }

const one = (id: string) => ({ resource: { id: { resourceType: "group", resource: id } } })

/** A server in memory that has just been started and remembers nothing. */
const fresh = (connector: Connector["Service"]) =>
  Effect.map(
    BatonServices.make().pipe(Effect.provideService(Connector, connector)),
    (services) => BatonClient.fromTransport(createRouterTransport(services.routes, { router: services.routerOptions }))
  )

/** Follows every page, as a syncer does, and checks each. `client` may give another server for every call. */
const grants = Effect.fnUntraced(function*(
  client: Effect.Effect<BatonClient.BatonClient>,
  request: { readonly pageSize?: number; readonly resource: object },
  onPage: () => void = () => {}
) {
  const open = [""]
  const seen = new Set<string>()
  const ids: Array<string> = []
  let pages = 0
  for (let pageToken = open.pop(); pageToken !== undefined; pageToken = open.pop()) {
    const page = yield* (yield* client).call(GrantsService.method.listGrants, { ...request, pageToken })
    pages++
    assert.isBelow(toBinary(GrantsServiceListGrantsResponseSchema, page).length, LIMIT)
    if (request.pageSize !== undefined) assert.isAtMost(page.list.length, request.pageSize)
    for (const grant of page.list) ids.push(grant.id)
    const siblings = FromMessage.annotation(page.annotations, EnqueuePageTokensSchema)?.pageTokens ?? []
    assert.isAtMost(siblings.length, 1024)
    for (const next of [...siblings, page.nextPageToken]) {
      if (next === "") continue
      assert.isFalse(seen.has(next), "a page token came twice")
      seen.add(next)
      open.push(next)
    }
    onPage()
  }
  return { ids, pages }
})

const expected = (content: Directory.Content): ReadonlyArray<string> =>
  content.teams.flatMap((team) => team.members.map((id) => `group:${team.id}:member:user:${id}`)).sort()

const long = "x".repeat(400)

const huge = (members: number): Directory.Content => ({
  people: [],
  teams: [
    { id: "g1", name: "Small", members: ["u1"] },
    { id: "g2", name: `Huge ${long}`, members: Array.from({ length: members }, (_, index) => `u${index}`) },
    { id: "g3", name: "Empty", members: [] }
  ]
})

describe("Large groups", () => {
  it.live("go over the wire in parts that every caller accepts", () =>
    Effect.gen(function*() {
      const content = huge(30_000)
      const client = yield* Loopback.over(Directory.make({ content }))
      for (const request of [one("g2"), wholeType]) {
        const { ids, pages } = yield* grants(Effect.succeed(client), request)
        assert.isAbove(pages, 1)
        assert.deepStrictEqual(
          ids.sort(),
          request === wholeType ? expected(content) : expected({ ...content, teams: content.teams.slice(1) })
        )
      }
    }).pipe(Effect.scoped))

  it.live("can be read on at another server that knows nothing of the pages before", () =>
    Effect.gen(function*() {
      const content = huge(20_000)
      const { ids, pages } = yield* grants(fresh(Directory.make({ content })), wholeType)
      assert.isAbove(pages, 2)
      assert.deepStrictEqual(ids.sort(), expected(content))
    }))

  it.live("are read from the source once where the server remembers them", () =>
    Effect.gen(function*() {
      let asked = 0
      const content = huge(30_000)
      const client = yield* fresh(Directory.make({
        content,
        before: () =>
          Effect.sync(() => {
            asked++
          })
      }))
      const { pages } = yield* grants(Effect.succeed(client), one("g2"))
      assert.isAbove(pages, 2)
      assert.strictEqual(asked, 1)
    }))

  it.live("that change between two parts end the listing, instead of losing a row", () =>
    Effect.gen(function*() {
      const content = huge(20_000)
      const connector = Directory.make({ content })
      const failed = yield* Effect.flip(
        grants(fresh(connector), one("g2"), () => {
          content.teams = content.teams.map((team) => ({ ...team, members: team.members.slice(1) }))
        }) as Effect.Effect<unknown, { readonly codeName: string; readonly message: string }>
      )
      assert.strictEqual(failed.codeName, "Aborted")
      assert.include(failed.message, "Begin the listing again")
    }))

  it.live("that grow at their end stay whole", () =>
    Effect.gen(function*() {
      const content = huge(20_000)
      let grown = 0
      const { ids } = yield* grants(fresh(Directory.make({ content })), one("g2"), () => {
        grown++
        content.teams = content.teams.map((team) =>
          team.id === "g2" ? { ...team, members: [...team.members, `late${grown}`] } : team
        )
      })
      const found = new Set(ids)
      for (let index = 0; index < 20_000; index++) assert.isTrue(found.has(`group:g2:member:user:u${index}`))
    }))

  it.live("with one row that is too large are refused with its name", () =>
    Effect.gen(function*() {
      const content: Directory.Content = {
        people: [],
        teams: [{ id: "g1", name: "x".repeat(LIMIT), members: ["u1"] }]
      }
      const client = yield* fresh(Directory.make({ content }))
      const failed = yield* Effect.flip(client.call(GrantsService.method.listGrants, one("g1")))
      assert.strictEqual(failed.codeName, "ResourceExhausted")
      assert.include(failed.message, "group:g1:member:user:u1")
    }))

  it.live("are repeated part by part when a part is asked for again", () =>
    Effect.gen(function*() {
      const client = yield* fresh(Directory.make({ content: huge(30_000) }))
      const ask = (pageToken: string) => client.call(GrantsService.method.listGrants, { ...one("g2"), pageToken })
      const first = yield* ask("")
      const second = yield* ask(first.nextPageToken)
      const third = yield* ask(second.nextPageToken)
      assert.deepStrictEqual(yield* ask(first.nextPageToken), second)
      assert.deepStrictEqual(yield* ask(second.nextPageToken), third)
    }))
})

describe("Many pages", () => {
  it.live("without siblings for the caller carry the open cursors in their tokens", () =>
    Effect.gen(function*() {
      const content: Directory.Content = {
        people: Array.from({ length: 3_000 }, (_, index) => Directory.person(index)),
        teams: []
      }
      const client = yield* fresh(Directory.make({ content, pageSize: 10, siblings: true }))
      const ids: Array<string> = []
      let pageToken = ""
      let longest = 0
      do {
        const page = yield* client.call(ResourcesService.method.listResources, { resourceTypeId: "user", pageToken })
        for (const resource of page.list) ids.push(resource.id?.resource ?? "")
        pageToken = page.nextPageToken
        longest = Math.max(longest, pageToken.length)
      } while (pageToken !== "")
      assert.deepStrictEqual(ids.sort(), content.people.map((each) => each.id).sort())
      assert.isBelow(longest, 4_096)
    }))

  it.live("beyond the siblings that an answer may offer are offered with the next", () =>
    Effect.gen(function*() {
      const content: Directory.Content = {
        people: [],
        teams: Array.from({ length: 2_500 }, (_, index) => ({ id: `t${index}`, name: "T", members: [`u${index}`] }))
      }
      const connector = Directory.make({ content, pageSize: 1, siblings: true })
      const { ids } = yield* grants(Effect.succeed(yield* fresh(connector)), wholeType)
      assert.deepStrictEqual(ids.sort(), expected(content))
    }))
})

it.live("Every directory is listed whole, whatever its shape and the size of its pages", () =>
  Effect.promise(() =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            name: fc.oneof(fc.string({ unit: "grapheme", maxLength: 20 }), fc.constant("y".repeat(1_500))),
            members: fc.oneof(
              { weight: 6, arbitrary: fc.nat({ max: 30 }) },
              { weight: 1, arbitrary: fc.integer({ min: 2_000, max: 6_000 }) }
            )
          }),
          { maxLength: 12 }
        ),
        fc.record({
          pageSize: fc.integer({ min: 1, max: 5 }),
          siblings: fc.boolean(),
          asked: fc.option(fc.integer({ min: 100, max: 250 }), { nil: undefined }),
          scoped: fc.boolean(),
          forgetful: fc.boolean()
        }),
        (shape, options) =>
          Effect.runPromise(Effect.gen(function*() {
            const content: Directory.Content = {
              people: [],
              teams: shape.map(({ members, name }, index) => ({
                id: `t${index}`,
                name,
                members: Array.from({ length: members }, (_, member) => `u${member}`)
              }))
            }
            const connector = Directory.make({ content, pageSize: options.pageSize, siblings: options.siblings })
            const server = fresh(connector)
            // A page size that is asked for also asks for fewer groups at a time.
            const sized = options.asked === undefined || options.forgetful ? {} : { pageSize: options.asked }
            const client = options.forgetful ? server : Effect.succeed(yield* server)
            const requests = options.scoped ? [wholeType] : content.teams.map((team) => one(team.id))
            const ids: Array<string> = []
            for (const request of requests) ids.push(...(yield* grants(client, { ...request, ...sized })).ids)
            assert.deepStrictEqual(ids.sort(), expected(content))
          }))
      ),
      { numRuns: 25 }
    )
  ))
