import { Connector, ConnectorError, type Page } from "@access-kit/connector-model"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Stream } from "effect"
import * as TeamConnector from "./TeamConnector.ts"

const ids = (records: Iterable<Page.ResourceRecord>) => Array.from(records, ({ resource }) => resource.id.resource)

/** A handler that answers from a table of pages by cursor, and counts. */
const listing = (
  pages: Readonly<Record<string, Omit<Page.Page<string>, "items"> & { readonly items: ReadonlyArray<string> }>>
) => {
  const asked: Array<string> = []
  const running = { now: 0, most: 0 }
  const handler: Connector.ResourceTypeHandler = {
    resourceType: { id: "user", displayName: "User", traits: [] },
    list: ({ cursor = "first", include }) =>
      Effect.gen(function*() {
        asked.push(cursor)
        assert.strictEqual(include, "resources")
        running.now += 1
        running.most = Math.max(running.most, running.now)
        yield* Effect.yieldNow
        running.now -= 1
        const page = pages[cursor]
        if (page === undefined) {
          return yield* Effect.fail(
            ConnectorError.make("list", new ConnectorError.Unavailable({ message: `no ${cursor}` }))
          )
        }
        return { ...page, items: page.items.map(TeamConnector.person) }
      }),
    get: () => Effect.die("not asked for"),
    find: () => Effect.die("not asked for")
  }
  return { handler, asked, running }
}

const fanned = {
  first: { items: ["a", "b"], siblings: ["second", "third", "fourth"], total: 9 },
  second: { items: ["c", "d"] },
  third: { items: ["e", "f"], next: "after" },
  fourth: { items: ["g"] },
  after: { items: [], next: "last" },
  last: { items: ["h", "i"] }
}

describe("Connector.records", () => {
  it.effect("follows next and siblings to the end, each once", () =>
    Effect.gen(function*() {
      for (const concurrency of [undefined, 0, 1, 2, 8]) {
        const { asked, handler, running } = listing(fanned)
        const records = yield* Stream.runCollect(
          Connector.records(handler, { include: "resources", ...(concurrency === undefined ? {} : { concurrency }) })
        )
        assert.deepStrictEqual(ids(records).sort(), ["a", "b", "c", "d", "e", "f", "g", "h", "i"])
        assert.deepStrictEqual([...asked].sort(), ["after", "first", "fourth", "last", "second", "third"])
        assert.strictEqual(running.most, Math.min(3, Math.max(1, concurrency ?? 1)))
      }
    }))

  it.effect("keeps the source's order where one page leads to the next", () =>
    Effect.gen(function*() {
      const { handler } = listing({
        first: { items: ["c"], next: "2" },
        2: { items: [], next: "3" },
        3: { items: ["a"], next: "4" },
        4: { items: ["b"] }
      })
      const records = yield* Stream.runCollect(Connector.records(handler, { include: "resources", concurrency: 4 }))
      assert.deepStrictEqual(ids(records), ["c", "a", "b"])
    }))

  it.effect("gives a repeated row once, and then says that the listing is not to be trusted", () =>
    Effect.gen(function*() {
      const { handler } = listing({ first: { items: ["a", "b"], next: "2" }, 2: { items: ["b", "d"] } })
      const seen: Array<string> = []
      const error = yield* Connector.records(handler, { include: "resources" }).pipe(
        Stream.runForEach((record) =>
          Effect.sync(() => {
            seen.push(record.resource.id.resource)
          })
        ),
        Effect.flip
      )
      assert.deepStrictEqual(seen, ["a", "b", "d"])
      assert.deepInclude(error.reason, { _tag: "IncompleteListing", expected: 4, received: 3 })
    }))

  it.effect("asks for no more pages than are taken", () =>
    Effect.gen(function*() {
      const { asked, handler } = listing(fanned)
      const records = yield* Connector.records(handler, { include: "resources" }).pipe(
        Stream.take(3),
        Stream.runCollect
      )
      assert.deepStrictEqual(ids(records), ["a", "b", "c"])
      assert.deepStrictEqual(asked, ["first", "second"])
    }))

  it.effect("fails when a page does, after the rows before it", () =>
    Effect.gen(function*() {
      const { handler } = listing({ first: { items: ["a"], next: "broken" } })
      const seen: Array<string> = []
      const error = yield* Connector.records(handler, { include: "resources" }).pipe(
        Stream.runForEach((record) =>
          Effect.sync(() => {
            seen.push(record.resource.id.resource)
          })
        ),
        Effect.flip
      )
      assert.strictEqual(error.message, "no broken")
      assert.deepStrictEqual(seen, ["a"])
    }))
})

describe("looking for a handler or a capability", () => {
  it.effect("gives what is there", () =>
    Effect.gen(function*() {
      const { connector } = yield* TeamConnector.make
      const [people, teams] = connector.resourceTypes
      assert.strictEqual(yield* Connector.handlerOf(connector, "group", "list"), teams)
      assert.strictEqual(yield* Connector.capabilityOf(connector, "user", "delete"), people?.delete)
    }))

  it.effect("says which types there are", () =>
    Effect.gen(function*() {
      const { connector } = yield* TeamConnector.make
      const error = yield* Effect.flip(Connector.handlerOf(connector, "role", "list"))
      assert.strictEqual(error.operation, "list")
      assert.deepInclude(error.reason, { _tag: "NotFound", key: "role" })
      assert.strictEqual(error.message, `Team has no resource type "role". It has: user, group.`)
      assert.strictEqual(
        (yield* Effect.flip(Connector.capabilityOf(connector, "role", "delete"))).reason._tag,
        "NotFound"
      )
    }))

  it.effect("says what can be done instead", () =>
    Effect.gen(function*() {
      const { connector } = yield* TeamConnector.make
      const error = yield* Effect.flip(Connector.capabilityOf(connector, "group", "delete"))
      assert.deepInclude(error.reason, { _tag: "Unsupported", resourceType: "group" })
      assert.strictEqual(error.message, `Team can't do "delete" for resource type "group". It can for: user.`)

      const readOnly = {
        ...connector,
        resourceTypes: connector.resourceTypes.map(({ find, get, list, resourceType }) => ({
          find,
          get,
          list,
          resourceType
        }))
      }
      assert.match(
        (yield* Effect.flip(Connector.capabilityOf(readOnly, "group", "grant"))).message,
        /It can't do it for any type\.$/
      )
    }))
})
