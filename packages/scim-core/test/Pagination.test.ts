import { assert, describe, it } from "@effect/vitest"
import { Option, Result } from "effect"
import * as fc from "fast-check"
import type { Page } from "../src/Page.ts"
import * as Pagination from "../src/Pagination.ts"
import * as ScimError from "../src/ScimError.ts"
import type * as ScimResource from "../src/ScimResource.ts"

const row = (id: string): ScimResource.ScimResource => ({
  id,
  externalId: undefined,
  schemas: [],
  meta: undefined,
  raw: { id }
})

const ids = (n: number, from = 1) => Array.from({ length: n }, (_, i) => `u${from + i}`)

const page = (
  rows: ReadonlyArray<string>,
  facts: Partial<Omit<Page<unknown>, "resources">> = {}
): Page<ScimResource.ScimResource> => ({
  resources: rows.map(row),
  rowsReceived: rows.length,
  totalResults: undefined,
  startIndex: undefined,
  itemsPerPage: undefined,
  nextCursor: undefined,
  findings: [],
  ...facts
})

type Serve = (
  window: {
    readonly startIndex?: number | undefined
    readonly count?: number | undefined
    readonly cursor?: string | undefined
  },
  request: number
) => Page<ScimResource.ScimResource>

/** Walks everything there is, `next` and siblings, through the encoded form of each state. */
const walk = (serve: Serve, options?: Pagination.StartOptions) => {
  const open: Array<Pagination.WalkState> = [Pagination.start(options)]
  const rows: Array<string> = []
  let requests = 0
  let largest = 0
  while (true) {
    const state = open.shift()
    if (state === undefined) return Result.succeed({ rows, requests, largest })
    assert.isBelow(requests, 10_000, "the walk does not end")
    const text = Pagination.encode(state)
    largest = Math.max(largest, text.length)
    const again = Pagination.decode(text)
    assert.deepStrictEqual(again, Option.some(state))
    const advance = Pagination.advance(state, serve(Pagination.window(state), requests++))
    if (Result.isFailure(advance)) return Result.fail({ error: advance.failure, rows, requests })
    rows.push(...advance.success.resources.map(({ id }) => id))
    if (Option.isSome(advance.success.next)) open.unshift(advance.success.next.value)
    open.push(...advance.success.siblings)
  }
}

const read = (serve: Serve, options?: Pagination.StartOptions) => {
  const result = walk(serve, options)
  assert(Result.isSuccess(result), Result.isFailure(result) ? result.failure.error.message : "")
  return result.success
}

const refused = (serve: Serve, options?: Pagination.StartOptions): ScimError.ScimError => {
  const result = walk(serve, options)
  assert(Result.isFailure(result), "the walk went well")
  return result.failure.error
}

const directory = (all: ReadonlyArray<string>, cap = Infinity): Serve => ({ count = 100, startIndex = 1 }) =>
  page(all.slice(startIndex - 1, startIndex - 1 + Math.min(count, cap)), { totalResults: all.length, startIndex })

describe("Pagination by index", () => {
  it("advances by the rows that came when the server caps the page", () => {
    const { requests, rows } = read(directory(ids(45), 20), { count: 100 })
    assert.deepStrictEqual(rows, ids(45))
    assert.strictEqual(requests, 3)
  })

  it("does not believe an itemsPerPage that echoes the requested count", () => {
    const serve: Serve = (window, n) => ({ ...directory(ids(45), 20)(window, n), itemsPerPage: 100 })
    assert.deepStrictEqual(read(serve, { count: 100 }).rows, ids(45))
  })

  it("asks once more when one round page fulfils the total, since the total may be that of the page", () => {
    const serve: Serve = ({ startIndex = 1 }) => {
      const rows = ids(45).slice(startIndex - 1, startIndex + 19)
      return page(rows, { totalResults: rows.length })
    }
    assert.deepStrictEqual(read(serve, { count: 20 }).rows, ids(45))
    assert.deepStrictEqual(read(serve, { count: 100 }).rows, ids(45))
    assert.deepStrictEqual(read(serve, { count: 20, overlap: true }).rows, ids(45))
  })

  it("takes one request for a list whose total is neither a full nor a round page", () => {
    assert.strictEqual(read(directory(ids(7)), { count: 100 }).requests, 1)
    assert.strictEqual(read(directory([]), { count: 100 }).requests, 1)
  })

  it("ends when the server begins again behind its end", () => {
    const all = ids(40)
    const serve: Serve = ({ count = 100, startIndex = 1 }) => {
      const from = startIndex > all.length ? 0 : startIndex - 1
      return page(all.slice(from, from + count), { totalResults: all.length })
    }
    assert.deepStrictEqual(read(serve, { count: 40 }).rows, all)
  })

  it("reads to an empty page where there is no total", () => {
    const all = ids(45)
    const serve: Serve = ({ startIndex = 1 }) => page(all.slice(startIndex - 1, startIndex + 19))
    assert.deepStrictEqual(read(serve, { count: 20 }).rows, all)
    assert.deepStrictEqual(read(serve, { count: 20, overlap: true }).rows, all)
  })

  it("does not end at a short page", () => {
    const all = ids(50)
    const serve: Serve = ({ startIndex = 1 }, n) =>
      page(all.slice(startIndex - 1, startIndex - 1 + (n === 1 ? 3 : 20)), { totalResults: 50 })
    assert.deepStrictEqual(read(serve, { count: 20 }).rows, all)
  })

  it("fails when fewer rows come than were announced", () => {
    const serve: Serve = ({ count = 100, startIndex = 1 }) =>
      page(ids(45).slice(startIndex - 1, startIndex - 1 + count), { totalResults: 60 })
    for (const overlap of [false, true]) {
      const { reason } = refused(serve, { count: 20, overlap })
      assert(reason._tag === "IncompleteList")
      assert.deepStrictEqual([reason.expected, reason.received], [60, 45])
    }
  })

  it("names the first index when the server counts from 0", () => {
    const all = ids(45)
    const serve: Serve = ({ count = 100, startIndex = 0 }) =>
      page(all.slice(startIndex, startIndex + count), { totalResults: 45, startIndex: startIndex - 1 })
    const error = refused(serve, { count: 20 })
    assert.strictEqual(error.reason._tag, "IncompleteList")
    assert.include(error.message, "firstIndex")
    const zero: Serve = ({ count = 100, startIndex = 0 }) =>
      page(all.slice(startIndex, startIndex + count), { totalResults: 45, startIndex })
    assert.deepStrictEqual(read(zero, { count: 20, firstIndex: 0 }).rows, all)
  })

  it("stops at a server that ignores startIndex", () => {
    const error = refused(() => page(ids(20), { totalResults: 45 }), { count: 20 })
    assert.strictEqual(error.reason._tag, "PaginationStalled")
  })

  it("stops at a server whose pages go in a circle", () => {
    const error = refused((_, n) => page(ids(20, 1 + 20 * (n % 3)), { totalResults: 500 }), { count: 20 })
    assert.strictEqual(error.reason._tag, "PaginationStalled")
  })

  it("counts rows without an id as rows", () => {
    const all = ids(45)
    const serve: Serve = (window, n) => {
      const whole = directory(all)(window, n)
      return { ...whole, resources: whole.resources.filter(({ id }) => id !== "u7" && id !== "u20") }
    }
    for (const overlap of [false, true]) {
      assert.deepStrictEqual(
        read(serve, { count: 20, overlap }).rows,
        all.filter((id) => id !== "u7" && id !== "u20")
      )
    }
  })

  it("fails at the page limit", () => {
    const { reason } = refused(directory(ids(100)), { count: 10, maxPages: 3 })
    assert(reason._tag === "PageLimitExceeded")
    assert.strictEqual(reason.limit, 3)
  })

  it("fails when the list shrinks, since rows may have moved up past the border", () => {
    const serve: Serve = ({ count = 20, startIndex = 1 }, n) => {
      const all = n === 0 ? ids(45) : ids(45).filter((id) => id !== "u5")
      return page(all.slice(startIndex - 1, startIndex - 1 + count), { totalResults: all.length })
    }
    assert.strictEqual(refused(serve, { count: 20 }).reason._tag, "DirectoryDrift")
    assert.strictEqual(refused(serve, { count: 20, overlap: true }).reason._tag, "DirectoryDrift")
  })

  it("notices with overlap that a row moved although the total stayed", () => {
    const serve: Serve = ({ count = 20, startIndex = 1 }, n) => {
      const all = n === 0 ? ids(45) : [...ids(45).filter((id) => id !== "u5"), "new"]
      return page(all.slice(startIndex - 1, startIndex - 1 + count), { totalResults: 45 })
    }
    assert.strictEqual(refused(serve, { count: 20, overlap: true }).reason._tag, "DirectoryDrift")
  })

  it("gives no row twice with overlap, and needs hardly more requests", () => {
    const { requests, rows } = read(directory(ids(1000)), { count: 100, overlap: true })
    assert.deepStrictEqual(rows, ids(1000))
    assert.isAtMost(requests, 11)
  })

  it("stalls with overlap where the server counts in whole pages, and reads on without", () => {
    const all = ids(45)
    const serve: Serve = ({ count = 20, startIndex = 1 }) => {
      const first = Math.floor((startIndex - 1) / count) * count
      return page(all.slice(first, first + count), { totalResults: 45 })
    }
    assert.strictEqual(refused(serve, { count: 20, overlap: true }).reason._tag, "PaginationStalled")
    assert.deepStrictEqual(read(serve, { count: 20 }).rows, all)
  })

  it("changes over to the cursor that answers an index request", () => {
    const serve: Serve = ({ count, cursor, startIndex }) => {
      assert.strictEqual(count, 20)
      if (cursor === undefined) assert.strictEqual(startIndex, 1)
      const from = cursor === undefined ? 0 : Number(cursor)
      return page(ids(45).slice(from, from + 20), from + 20 < 45 ? { nextCursor: String(from + 20) } : {})
    }
    assert.deepStrictEqual(read(serve, { count: 20 }).rows, ids(45))
    assert.deepStrictEqual(read(serve, { count: 20, concurrent: true }).rows, ids(45))
  })
})

describe("Pagination in segments", () => {
  it("offers the rest of the list in ranges of the size that came", () => {
    const state = Pagination.start({ count: 100, concurrent: true })
    const advance = Pagination.advance(state, directory(ids(45), 20)(Pagination.window(state), 0))
    assert(Result.isSuccess(advance))
    assert.deepStrictEqual(advance.success.next, Option.none())
    assert.deepStrictEqual(advance.success.siblings.map(Pagination.window), [
      { startIndex: 21, count: 20 },
      { startIndex: 41, count: 20 }
    ])
  })

  it("reads the whole list from the segments, short ones too", () => {
    const { rows } = read(directory(ids(45), 20), { count: 100, concurrent: true })
    assert.deepStrictEqual(rows.toSorted(), ids(45).toSorted())
    const all = ids(100)
    const short: Serve = ({ count = 20, startIndex = 1 }, n) =>
      page(all.slice(startIndex - 1, startIndex - 1 + (n === 2 ? 7 : count)), { totalResults: 100 })
    const result = read(short, { count: 20, concurrent: true })
    assert.deepStrictEqual(result.rows.toSorted(), all.toSorted())
    assert.strictEqual(result.requests, 6)
  })

  it("leaves rows beyond a segment to the next one", () => {
    const all = ids(60)
    const serve: Serve = ({ startIndex = 1 }, n) =>
      page(all.slice(startIndex - 1, startIndex - 1 + (n === 1 ? 25 : 20)), { totalResults: 60 })
    assert.deepStrictEqual(read(serve, { count: 20, concurrent: true }).rows, all)
  })

  it("fails when a segment sees another total, or stays empty", () => {
    const drift: Serve = (window, n) => ({ ...directory(ids(60))(window, n), totalResults: n === 2 ? 59 : 60 })
    assert.strictEqual(refused(drift, { count: 20, concurrent: true }).reason._tag, "DirectoryDrift")
    const empty: Serve = (window, n) => n === 2 ? page([], { totalResults: 60 }) : directory(ids(60))(window, n)
    assert.strictEqual(refused(empty, { count: 20, concurrent: true }).reason._tag, "IncompleteList")
  })

  it("stops at a server that ignores startIndex", () => {
    const error = refused(() => page(ids(20), { totalResults: 60 }), { count: 20, concurrent: true })
    assert.strictEqual(error.reason._tag, "PaginationStalled")
  })

  it("does not build a billion segments for an absurd total", () => {
    const error = refused(() => page(ids(20), { totalResults: 1e15 }), { count: 20, concurrent: true })
    assert.strictEqual(error.reason._tag, "PageLimitExceeded")
  })

  it("offers none where the total is missing or fulfilled", () => {
    const { requests, rows } = read(({ startIndex = 1 }) => page(ids(45).slice(startIndex - 1, startIndex + 19)), {
      count: 20,
      concurrent: true
    })
    assert.deepStrictEqual(rows, ids(45))
    assert.strictEqual(requests, 4)
  })
})

describe("Pagination by cursor", () => {
  const cursors = (all: ReadonlyArray<string>, size: number): Serve => ({ cursor = "" }) => {
    const from = cursor === "" ? 0 : Number(cursor)
    return page(all.slice(from, from + size), from + size < all.length ? { nextCursor: String(from + size) } : {})
  }

  it("begins with the empty cursor and ends without one", () => {
    assert.deepStrictEqual(Pagination.window(Pagination.start({ method: "cursor", count: 20 })), {
      cursor: "",
      count: 20
    })
    assert.deepStrictEqual(read(cursors(ids(45), 20), { method: "cursor", count: 20 }).rows, ids(45))
  })

  it("goes on over an empty page", () => {
    const serve: Serve = (_, n) => page(n === 1 ? [] : ids(2, n * 2), n < 3 ? { nextCursor: `c${n}` } : {})
    assert.strictEqual(read(serve, { method: "cursor" }).rows.length, 6)
  })

  it("stops when a cursor repeats, at once or in a circle", () => {
    for (const period of [1, 2, 5]) {
      const error = refused((_, n) => page(ids(2, n * 2), { nextCursor: `c${n % period}` }), { method: "cursor" })
      assert.strictEqual(error.reason._tag, "PaginationStalled")
    }
  })

  it("fails when the last page leaves rows out", () => {
    const error = refused(() => page(ids(20), { totalResults: 45 }), { method: "cursor" })
    assert.strictEqual(error.reason._tag, "IncompleteList")
  })
})

describe("Pagination.recover", () => {
  const error = (reason: ScimError.Reason, status?: number, scimType?: string) =>
    ScimError.make(reason, { status, scimType })
  const invalid = new ScimError.InvalidRequest({ message: "" })
  const unsupported = new ScimError.NotSupported({ message: "" })
  const expired = new ScimError.CursorExpired({ message: "" })

  it("asks without parameters when the first page is refused", () => {
    for (const failure of [error(unsupported, 501), error(invalid, 400), error(invalid, 422)]) {
      const recovery = Pagination.recover(Pagination.start({ count: 100 }), failure)
      assert(recovery._tag === "Retry")
      assert.deepStrictEqual(Pagination.window(recovery.state), {})
      const whole = Pagination.advance(recovery.state, page(ids(300), { totalResults: 300 }))
      assert(Result.isSuccess(whole) && Option.isNone(whole.success.next))
      assert.strictEqual(Pagination.recover(recovery.state, failure)._tag, "Fail")
    }
  })

  it("does not take a bad filter for refused paging, nor a later page", () => {
    assert.strictEqual(Pagination.recover(Pagination.start(), error(invalid, 400, "invalidFilter"))._tag, "Fail")
    const state = Pagination.advance(Pagination.start({ count: 20 }), page(ids(20), { totalResults: 45 }))
    assert(Result.isSuccess(state) && Option.isSome(state.success.next))
    assert.strictEqual(Pagination.recover(state.success.next.value, error(invalid, 400))._tag, "Fail")
  })

  it("walks by index when cursors are refused", () => {
    const recovery = Pagination.recover(Pagination.start({ method: "cursor", count: 20 }), error(unsupported, 501))
    assert(recovery._tag === "Retry")
    assert.deepStrictEqual(Pagination.window(recovery.state), { startIndex: 1, count: 20 })
  })

  it("fails when an unpaged answer is not the whole list", () => {
    const recovery = Pagination.recover(Pagination.start(), error(unsupported, 501))
    assert(recovery._tag === "Retry")
    const part = Pagination.advance(recovery.state, page(ids(20), { totalResults: 45 }))
    assert(Result.isFailure(part))
    assert.strictEqual(part.failure.reason._tag, "IncompleteList")
  })

  it("begins again after an expired cursor, once", () => {
    const first = Pagination.advance(Pagination.start({ method: "cursor" }), page(ids(20), { nextCursor: "x" }))
    assert(Result.isSuccess(first) && Option.isSome(first.success.next))
    const recovery = Pagination.recover(first.success.next.value, error(expired, 400, "expiredCursor"))
    assert(recovery._tag === "Retry")
    assert.deepStrictEqual(Pagination.window(recovery.state), { cursor: "", count: undefined })
    const again = Pagination.advance(recovery.state, page(ids(20), { nextCursor: "y" }))
    assert(Result.isSuccess(again) && Option.isSome(again.success.next))
    assert.strictEqual(Pagination.recover(again.success.next.value, error(expired, 400))._tag, "Fail")
  })

  it("takes a refused probe for the end", () => {
    const first = Pagination.advance(Pagination.start({ count: 20 }), page(ids(20), { totalResults: 20 }))
    assert(Result.isSuccess(first) && Option.isSome(first.success.next))
    assert.strictEqual(Pagination.recover(first.success.next.value, error(invalid, 400))._tag, "Done")
  })
})

describe("Pagination.decode", () => {
  it("knows only what encode wrote", () => {
    for (
      const text of [
        "",
        "x",
        "{}",
        "[]",
        "[1]",
        "[2,\"u\",null,0,1,0,null,null,0]",
        "[1,\"i\",null,0,1,0,null,null,0,0,null,0,null]"
      ]
    ) {
      assert.deepStrictEqual(Pagination.decode(text), Option.none())
    }
  })

  it("never throws, and what it accepts can be walked", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.array(fc.oneof(fc.nat(), fc.string(), fc.constant(null))).map((parts) =>
            JSON.stringify([1, "i", ...parts])
          )
        ),
        (text) => {
          const state = Pagination.decode(text)
          if (Option.isSome(state)) {
            Pagination.window(state.value)
            Pagination.advance(state.value, page(ids(3), { totalResults: 3 }))
          }
        }
      )
    )
  })

  it("keeps a page token short", () => {
    assert.isBelow(read(directory(ids(1000)), { count: 100, concurrent: true }).largest, 90)
  })
})

describe("Any walk over a directory that changes", () => {
  // A stable order by key, as every honest server has; rows come and go between requests.
  const change = fc.record({ at: fc.nat(60), add: fc.boolean(), key: fc.double({ min: 0, max: 1, noNaN: true }) })
  const scenario = fc.record({
    size: fc.nat(60),
    // A page of one row has no second one to overlap with.
    count: fc.integer({ min: 2, max: 20 }),
    cap: fc.integer({ min: 2, max: 20 }),
    changes: fc.array(fc.array(change, { maxLength: 3 }), { maxLength: 30 }),
    totals: fc.boolean()
  })

  it("ends, repeats no id beyond what moved, and has every row that stayed or fails typed", () => {
    fc.assert(
      fc.property(scenario, ({ cap, changes, count, size, totals }) => {
        let now = Array.from({ length: size }, (_, i) => ({ id: `u${i}`, key: (i + 0.5) / size }))
        let stayed = new Set(now.map(({ id }) => id))
        let born = 0
        const serve: Serve = ({ count: asked = 10, startIndex = 1 }, n) => {
          for (const { add, at, key } of changes[n] ?? []) {
            now = add
              ? [...now, { id: `n${born++}`, key }].sort((a, b) => a.key - b.key)
              : now.filter((_, i) => i !== at)
          }
          const present = new Set(now.map(({ id }) => id))
          stayed = new Set([...stayed].filter((id) => present.has(id)))
          const rows = now.slice(startIndex - 1, startIndex - 1 + Math.min(asked, cap)).map(({ id }) => id)
          return page(rows, totals ? { totalResults: now.length, startIndex } : {})
        }
        const result = walk(serve, { count, overlap: true })
        if (Result.isFailure(result)) {
          assert.include(["DirectoryDrift", "IncompleteList", "PaginationStalled"], result.failure.error.reason._tag)
          return
        }
        const read = new Set(result.success.rows)
        // What appeared or vanished during the last request cannot be known to the walk.
        for (const id of stayed) assert.isTrue(read.has(id), `${id} is missing`)
      }),
      { numRuns: 2000 }
    )
  })
})
