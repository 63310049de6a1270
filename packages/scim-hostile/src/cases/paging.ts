/** Servers that count wrongly, page wrongly, or never come to an end. */
import * as Effect from "effect/Effect"
import type { FailureKind } from "../Driver.ts"
import type { HostileCase, Stage } from "../HostileCase.ts"
import * as HostileServer from "../HostileServer.ts"
import type { Received, Reply } from "../HostileServer.ts"
import { all, ask, exactly, fails, good, loud, right, when, wrong } from "../internal/judge.ts"
import * as Service from "../internal/service.ts"

const idsOf = (rows: ReadonlyArray<Service.Json>): ReadonlyArray<string> => rows.map((row) => String(row["id"]))

/** A server that answers every listing of users with `reply`. */
const listing = (
  reply: (request: Received, rows: ReadonlyArray<Service.Json>) => Reply,
  rows: ReadonlyArray<Service.Json>
) =>
  HostileServer.make((request) =>
    request.path.endsWith("/Users") ? reply(request, rows) : Service.failure(404, "No such endpoint")
  )

/** The client must find all the rows, whatever the server does on the way. */
const complete =
  (count: number, reply: (request: Received, rows: ReadonlyArray<Service.Json>) => Reply) => (): Stage => {
    const rows = Service.users(count)
    const server = listing(reply, rows)
    return {
      server,
      play: (session) => ask(session.listUsers, good((seen) => exactly(idsOf(rows))(seen)))
    }
  }

/** The client must end, and say that the listing is not to be trusted. */
const refused = (
  count: number,
  kinds: ReadonlyArray<FailureKind>,
  reply: (request: Received, rows: ReadonlyArray<Service.Json>) => Reply
) =>
(): Stage => {
  const server = listing(reply, Service.users(count))
  return {
    server,
    play: (session) => ask(session.listUsers, (answer) => fails(...kinds)(answer))
  }
}

const start = (request: Received): number => Service.window(request, 100).start

const cursorPage = (
  request: Received,
  rows: ReadonlyArray<Service.Json>,
  size: number,
  extra: (next: string | undefined) => Service.Json
): Reply => {
  const from = Number(/^at-(\d+)$/u.exec(request.query.get("cursor") ?? "")?.[1] ?? 0)
  const page = rows.slice(from, from + size)
  const next = from + size < rows.length ? `at-${from + size}` : undefined
  return { status: 200, body: { schemas: [Service.listSchema], Resources: page, ...extra(next) } }
}

export const cases: ReadonlyArray<HostileCase> = [
  {
    id: "1",
    name: "server-caps-count",
    area: "paging",
    server: "caps pages at 20 rows although 100 are asked for; 45 rows in all",
    client: "reads 3 pages, 45 rows",
    options: { pageSize: 100 },
    start: complete(45, (request, rows) => Service.list(Service.pageOf(rows, request, 20), rows.length, start(request)))
  },
  {
    id: "2",
    name: "items-per-page-echoes-count",
    area: "paging",
    server: "says itemsPerPage 100 on pages of 20 rows",
    client: "goes on by the rows it received, not by itemsPerPage",
    options: { pageSize: 100 },
    start: complete(
      45,
      (request, rows) =>
        Service.list(Service.pageOf(rows, request, 20), rows.length, start(request), { itemsPerPage: 100 })
    )
  },
  {
    id: "3",
    name: "total-is-page-size",
    area: "paging",
    server: "says on each page that totalResults is the size of the page",
    client: "looks for a next page after a full one, and finds all rows",
    start: complete(25, (request, rows) => {
      const page = Service.pageOf(rows, request)
      return Service.list(page, page.length, start(request))
    })
  },
  {
    id: "4",
    name: "total-missing",
    area: "paging",
    server: "sends no totalResults",
    client: "reads on until there is nothing more",
    start: complete(25, (request, rows) => Service.list(Service.pageOf(rows, request), undefined, start(request)))
  },
  {
    id: "5",
    name: "total-too-big",
    area: "paging",
    server: "says 40 rows and has 25",
    client: "ends at the empty page and reports the listing as incomplete",
    start: refused(
      25,
      ["incomplete", "stalled"],
      (request, rows) => Service.list(Service.pageOf(rows, request), 40, start(request))
    )
  },
  {
    id: "6a",
    name: "total-is-a-string",
    area: "paging",
    server: "sends totalResults as the string \"25\"",
    client: "reads it as a number",
    start: complete(25, (request, rows) => Service.list(Service.pageOf(rows, request), "25", String(start(request))))
  },
  {
    id: "6b",
    name: "total-is-a-decimal",
    area: "paging",
    server: "sends totalResults as 25.0",
    client: "reads it as a whole number",
    start: complete(25, (request, rows) => {
      const page = Service.pageOf(rows, request)
      const text = `{"schemas":["${Service.listSchema}"],"totalResults":25.0,"startIndex":${start(request)},`
        + `"itemsPerPage":${page.length}.0,"Resources":${JSON.stringify(page)}}`
      return { status: 200, headers: { "content-type": "application/scim+json" }, body: text }
    })
  },
  {
    id: "7",
    name: "resources-missing-when-empty",
    area: "paging",
    server: "leaves Resources out of an empty list",
    client: "answers an empty list",
    start: complete(0, () => ({ status: 200, body: { schemas: [Service.listSchema], totalResults: 0 } }))
  },
  {
    id: "8a",
    name: "resources-missing-when-not-empty",
    area: "paging",
    server: "leaves Resources out although totalResults is 5",
    client: "says that this is no list",
    start: refused(5, ["invalid-answer", "incomplete"], () => ({
      status: 200,
      body: { schemas: [Service.listSchema], totalResults: 5 }
    }))
  },
  {
    id: "8b",
    name: "resources-null-when-not-empty",
    area: "paging",
    server: "sends Resources null although totalResults is 5",
    client: "says that this is no list",
    start: refused(5, ["invalid-answer", "incomplete"], () => ({
      status: 200,
      body: { schemas: [Service.listSchema], totalResults: 5, Resources: null }
    }))
  },
  ...["resources", "RESOURCES"].map((key, index): HostileCase => ({
    id: `9${"ab"[index] ?? ""}`,
    name: `resources-key-${key === "resources" ? "lower" : "upper"}-case`,
    area: "paging",
    server: `calls the rows "${key}"`,
    client: "reads attribute names without regard to case (RFC 7643 §2.1)",
    start: complete(5, (request, rows) => ({
      status: 200,
      body: { schemas: [Service.listSchema], totalResults: 5, startIndex: start(request), [key]: rows }
    }))
  })),
  {
    id: "10",
    name: "rows-repeat-across-pages",
    area: "paging",
    server: "begins each page with the last two rows of the one before; the total is right",
    client: "gives each row once",
    start: () => {
      const rows = Service.users(25)
      const server = listing((request) => {
        const { count, start } = Service.window(request, 100)
        const page = rows.slice(Math.max(0, start - 3), start - 1 + count)
        return Service.list(page, rows.length, start)
      }, rows)
      return {
        server,
        play: (session) =>
          ask(
            session.listUsers,
            (answer) => answer.ok ? exactly(idsOf(rows))(answer.value) : fails("incomplete", "stalled")(answer)
          )
      }
    }
  },
  {
    id: "11",
    name: "start-index-ignored",
    area: "paging",
    server: "sends the first page whatever is asked for",
    client: "sees that nothing new comes, ends, and says so",
    start: refused(
      25,
      ["stalled", "incomplete"],
      (request, rows) => Service.list(rows.slice(0, Service.window(request, 10).count), rows.length, 1)
    )
  },
  {
    id: "12",
    name: "index-from-zero",
    area: "paging",
    server: "counts rows from 0, so that startIndex=1 leaves out the first; echoes a startIndex of 0 for 0",
    client: "reads the first row too, or says that one is missing",
    start: () => {
      const rows = Service.users(25)
      const server = listing((request) => {
        const from = Math.max(0, Number(request.query.get("startIndex") ?? 0))
        const count = Math.min(10, Number(request.query.get("count") ?? 10))
        return Service.list(rows.slice(from, from + count), rows.length, from)
      }, rows)
      return {
        server,
        play: (session) =>
          ask(
            session.listUsers,
            (answer) =>
              answer.ok ? exactly(idsOf(rows))(answer.value) : fails("incomplete", "stalled", "invalid-answer")(answer)
          )
      }
    }
  },
  {
    id: "13a",
    name: "row-inserted-between-pages",
    area: "paging",
    server: "puts a new row at the front after the first page, so that the rest moves by one",
    client: "gives no row twice and none less",
    start: () => {
      const rows = Service.users(25)
      const late = Service.user("late")
      const server = listing((request) => {
        const now = request.index === 0 ? rows : [late, ...rows]
        return Service.list(Service.pageOf(now, request, 10), now.length, start(request))
      }, rows)
      return {
        server,
        play: (session) =>
          ask(session.listUsers, (answer) => {
            if (!answer.ok) return fails("incomplete", "stalled")(answer)
            const seen = answer.value.filter((row) => row.id !== "late")
            return exactly(idsOf(rows))(seen)
          })
      }
    }
  },
  {
    id: "13b",
    name: "row-deleted-between-pages",
    area: "paging",
    server: "deletes the first row after the first page, so that the rest moves up and one row slips through",
    client: "has every row that was there throughout, or says that it has not",
    start: () => {
      const rows = Service.users(25)
      const server = listing((request) => {
        const now = request.index === 0 ? rows : rows.slice(1)
        return Service.list(Service.pageOf(now, request, 10), now.length, start(request))
      }, rows)
      return {
        server,
        play: (session) =>
          ask(session.listUsers, (answer) => {
            if (!answer.ok) return fails("incomplete", "stalled")(answer)
            const seen = answer.value.filter((row) => row.id !== "u001")
            return exactly(idsOf(rows.slice(1)))(seen)
          })
      }
    }
  },
  ...[400, 501].map((status, index): HostileCase => ({
    id: `14${"ab"[index] ?? ""}`,
    name: `paging-refused-${status}`,
    area: "paging",
    server: `answers ${status} to startIndex and count, and everything at once without them`,
    client: "asks again without them",
    start: complete(
      25,
      (request, rows) =>
        request.query.has("startIndex") || request.query.has("count") || request.query.has("cursor")
          ? Service.failure(status, "Pagination is not supported")
          : Service.list(rows, rows.length, 1)
    )
  })),
  {
    id: "15",
    name: "cursor-on-index-request",
    area: "paging",
    server: "answers an index request with nextCursor and no startIndex (RFC 9865 §2.3)",
    client: "goes on by the cursor, with the same count",
    start: () => {
      const rows = Service.users(25)
      const server = listing((request) => {
        if (request.query.has("cursor") && request.query.get("count") === null) {
          return Service.failure(400, "count must be repeated", "invalidCount")
        }
        return cursorPage(
          request,
          rows,
          10,
          (next) => ({ totalResults: rows.length, ...(next ? { nextCursor: next } : {}) })
        )
      }, rows)
      return {
        server,
        play: (session) =>
          ask(
            session.listUsers,
            good((seen) =>
              all(
                exactly(idsOf(rows))(seen),
                when(
                  new Set(server.received.map((request) => request.query.get("count"))).size === 1,
                  "count changed on the way"
                )
              )
            )
          )
      }
    }
  },
  {
    id: "16",
    name: "cursor-without-totals",
    area: "paging",
    server: "pages by cursor and sends neither totalResults nor startIndex",
    client: "reads to the page without nextCursor",
    start: complete(25, (request, rows) => cursorPage(request, rows, 10, (next) => next ? { nextCursor: next } : {}))
  },
  {
    id: "17",
    name: "cursor-repeats",
    area: "paging",
    server: "sends the same nextCursor and the same page for ever",
    client: "ends and says so",
    start: refused(25, ["stalled", "incomplete"], (_, rows) => ({
      status: 200,
      body: { schemas: [Service.listSchema], Resources: rows.slice(0, 10), nextCursor: "again" }
    }))
  },
  {
    id: "18",
    name: "cursor-expires",
    area: "paging",
    server: "answers expiredCursor once, in the middle",
    client: "starts anew once and gives each row once, or says that the cursor expired",
    start: () => {
      const rows = Service.users(25)
      let expired = false
      const server = listing((request) => {
        if (request.query.get("cursor") === "at-20" && !expired) {
          expired = true
          return Service.failure(400, "The cursor expired", "expiredCursor")
        }
        return cursorPage(
          request,
          rows,
          10,
          (next) => ({ totalResults: rows.length, ...(next ? { nextCursor: next } : {}) })
        )
      }, rows)
      return {
        server,
        play: (session) =>
          ask(
            session.listUsers,
            (answer) => answer.ok ? exactly(idsOf(rows))(answer.value) : fails("cursor-expired")(answer)
          )
      }
    }
  },
  {
    id: "19",
    name: "filter-required",
    area: "paging",
    server: "answers tooMany to a list without a filter",
    client: "says that the server wants a filter",
    start: refused(5, ["filter-required"], () => Service.failure(400, "Specify a filter", "tooMany"))
  },
  {
    id: "20",
    name: "bare-array",
    area: "paging",
    server: "sends a bare array instead of a list response",
    client: "reads it, or says that it is no list",
    start: () => {
      const rows = Service.users(5)
      const server = listing((request) => ({
        status: 200,
        body: rows.slice(start(request) - 1)
      }), rows)
      return {
        server,
        play: (session) =>
          ask(
            session.listUsers,
            (answer) => answer.ok ? exactly(idsOf(rows))(answer.value) : fails("invalid-answer")(answer)
          )
      }
    }
  },
  {
    id: "21",
    name: "row-without-id",
    area: "paging",
    server: "sends one row without an id among 25",
    client: "leaves it out, and reads on",
    start: () => {
      const rows = Service.users(25)
      const server = listing((request) => {
        const shown = rows.map((row, index) => {
          if (index !== 12) return row
          const { id: _, ...rest } = row
          return rest
        })
        return Service.list(Service.pageOf(shown, request, 10), rows.length, start(request))
      }, rows)
      const expected = idsOf(rows).filter((_, index) => index !== 12)
      return {
        server,
        play: (session) => ask(session.listUsers, good((seen) => exactly(expected)(seen)))
      }
    }
  },
  {
    id: "22",
    name: "pages-without-end",
    area: "paging",
    server: "has ever new rows and never an end",
    client: "stops at the limit of pages it was given, and says so",
    options: { maxPages: 20 },
    start: () => {
      const server = HostileServer.make((request) => {
        const from = Service.window(request, 10).start
        const rows = Array.from({ length: 10 }, (_, index) => Service.user(`endless-${from + index}`))
        return Service.list(rows, undefined, from)
      })
      return {
        server,
        play: (session) =>
          Effect.map(ask(session.listUsers, fails("page-limit")), (verdict) =>
            HostileServer.isEndless(server)
              ? wrong("went on for ever")
              : verdict._tag === "right" && server.received.length > 25
              ? loud(`stopped only after ${server.received.length} pages`)
              : verdict._tag === "right"
              ? right
              : verdict)
      }
    }
  }
]
