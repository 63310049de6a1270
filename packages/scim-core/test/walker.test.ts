import { assert, describe, it } from "@effect/vitest"
import { Effect, Result, Stream } from "effect"
import * as fc from "fast-check"
import { walk } from "../src/internal/walker.ts"
import type { Page } from "../src/Page.ts"
import * as Pagination from "../src/Pagination.ts"
import type { ScimResource } from "../src/ScimResource.ts"

const row = (id: string): ScimResource => ({ id, externalId: undefined, schemas: [], meta: undefined, raw: { id } })

type Rows = ReadonlyArray<string>

/** Reads a directory whose rows are given anew for every request. */
const read = (
  rows: (request: number) => Rows,
  options: { readonly count: number; readonly cap: number; readonly concurrency: number; readonly totals: boolean }
) =>
  Effect.gen(function*() {
    let requests = 0
    const stream = walk<ScimResource>({
      concurrency: options.concurrency,
      maxRewalks: 1,
      plainIfStalled: true,
      manner: options.concurrency > 1 ? "concurrent" : "overlapping",
      start: (manner) =>
        Pagination.start({ count: options.count, concurrent: manner === "concurrent", overlap: manner !== "plain" }),
      step: (state) =>
        Effect.suspend(() => {
          const now = rows(requests++)
          const { count = 100, startIndex = 1 } = Pagination.window(state)
          const some = now.slice(startIndex - 1, startIndex - 1 + Math.min(count, options.cap)).map(row)
          const page: Page<ScimResource> = {
            resources: some,
            rowsReceived: some.length,
            totalResults: options.totals ? now.length : undefined,
            startIndex,
            itemsPerPage: undefined,
            nextCursor: undefined,
            findings: []
          }
          const advance = Pagination.advance(state, page)
          if (Result.isFailure(advance)) return Effect.fail(advance.failure)
          const done = Effect.succeed({ ...advance.success, page, state })
          // Pages of different segments come in turns.
          return options.concurrency > 1 ? Effect.andThen(Effect.yieldNow, done) : done
        })
    })
    const result = yield* Effect.result(Stream.runCollect(stream))
    return { result, requests }
  })

describe("A list of a directory that changes", () => {
  const change = fc.record({
    at: fc.nat(40),
    what: fc.constantFrom("in", "out", "both"),
    key: fc.double({ min: 0, max: 1, noNaN: true })
  })
  const scenario = fc.record({
    size: fc.nat(40),
    count: fc.integer({ min: 2, max: 12 }),
    cap: fc.integer({ min: 2, max: 12 }),
    concurrency: fc.constantFrom(1, 4),
    changes: fc.array(fc.array(change, { maxLength: 3 }), { maxLength: 25 }),
    totals: fc.boolean()
  })

  it.effect("has each row once, and every row that stayed, or fails typed", () =>
    Effect.gen(function*() {
      let whole = 0
      let failed = 0
      yield* Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(scenario, async ({ changes, size, ...options }) => {
            let now = Array.from({ length: size }, (_, i) => ({ id: `u${i}`, key: (i + 0.5) / size }))
            let stayed = now.map(({ id }) => id)
            let born = 0
            const { result } = await Effect.runPromise(read((request) => {
              for (const { at, key, what } of changes[request] ?? []) {
                // One out and one in leaves the total as it was.
                if (what !== "in") now = now.filter((_, i) => i !== at % Math.max(1, now.length))
                if (what !== "out") now = [...now, { id: `n${born++}`, key }].sort((a, b) => a.key - b.key)
              }
              const present = new Set(now.map(({ id }) => id))
              stayed = stayed.filter((id) => present.has(id))
              return now.map(({ id }) => id)
            }, options))
            if (Result.isFailure(result)) {
              failed++
              assert.include(["DirectoryDrift", "IncompleteList", "PaginationStalled"], result.failure.reason._tag)
              return
            }
            whole++
            const ids = result.success.map(({ id }) => id)
            assert.strictEqual(new Set(ids).size, ids.length)
            assert.includeMembers(ids, stayed)
          }),
          { numRuns: 3000 }
        )
      )
      // Both ends are reached, or the property says little.
      assert.isAbove(whole, 300)
      assert.isAbove(failed, 30)
    }))

  /** Every row out, in at every place, one out while another comes in, or nothing: before each of the first requests. */
  it.effect("cannot be made to hide a row by any schedule of small changes", () =>
    Effect.sync(() => {
      type Step = readonly [out: number, into: number]
      const size = 4
      const steps: Array<Step> = []
      for (let out = -1; out < size; out++) for (let into = -1; into <= size; into++) steps.push([out, into])
      let whole = 0
      let failed = 0
      for (const count of [2, 3]) {
        for (const first of steps) {
          for (const second of steps) {
            for (const third of steps) {
              let now = Array.from({ length: size }, (_, i) => `u${i}`)
              let stayed = now
              let born = 0
              const schedule = [undefined, first, second, third]
              const { result } = Effect.runSync(read((request) => {
                const [out, into] = schedule[request] ?? [-1, -1]
                if (into >= 0) now = now.toSpliced(into, 0, `n${born++}`)
                // The place counts without the row that has just come in.
                if (out >= 0) now = now.toSpliced(into >= 0 && into <= out ? out + 1 : out, 1)
                const present = new Set(now)
                stayed = stayed.filter((id) => present.has(id))
                return now
              }, { count, cap: count, concurrency: 1, totals: true }))
              if (Result.isFailure(result)) {
                failed++
                assert.include(["DirectoryDrift", "IncompleteList", "PaginationStalled"], result.failure.reason._tag)
                continue
              }
              whole++
              const ids = result.success.map(({ id }) => id)
              const what = JSON.stringify({ count, first, second, third })
              assert.strictEqual(new Set(ids).size, ids.length, what)
              for (const id of stayed) assert.isTrue(ids.includes(id), `${id} is missing: ${what}`)
            }
          }
        }
      }
      assert.isAbove(whole, 1_000)
      assert.isAbove(failed, 1_000)
    }))

  it.effect("is read in one pass when it holds still", () =>
    Effect.gen(function*() {
      for (const concurrency of [1, 4]) {
        for (const size of [0, 1, 19, 20, 21, 100, 101, 399]) {
          const rows = Array.from({ length: size }, (_, i) => `u${i}`)
          const { requests, result } = yield* read(() => rows, { count: 20, cap: 20, concurrency, totals: true })
          assert(Result.isSuccess(result))
          assert.deepStrictEqual(result.success.map(({ id }) => id), rows)
          assert.isAtMost(requests, 1 + Math.ceil(size / 19))
        }
      }
    }))
})
