import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as fc from "fast-check"
import * as ListResponse from "../src/ListResponse.ts"
import * as Schemas from "../src/Schemas.ts"
import * as ScimResource from "../src/ScimResource.ts"

const decode = (body: unknown, options?: ListResponse.DecodeOptions, findings?: ScimResource.Findings) =>
  ListResponse.decode(body, ScimResource.decode, findings, options)

const page = (
  body: unknown,
  options?: ListResponse.DecodeOptions
): ListResponse.ListResponse<ScimResource.ScimResource> => {
  const result = decode(body, options)
  assert(Result.isSuccess(result), "the answer was refused")
  return result.success
}

const ids = (body: unknown): ReadonlyArray<string> => page(body).resources.map(({ id }) => id)

const refused = (body: unknown, options?: ListResponse.DecodeOptions): ListResponse.InvalidListResponse => {
  const result = decode(body, options)
  assert(Result.isFailure(result), `accepted ${JSON.stringify(body)}`)
  return result.failure
}

describe("ListResponse", () => {
  it("reads the answer of RFC 7644 §3.4.2", () => {
    const rows = [{ id: "2819c223" }, { id: "c75ad752" }]
    assert.deepStrictEqual(
      page({ schemas: [Schemas.ListResponse], totalResults: 2, itemsPerPage: 10, startIndex: 1, Resources: rows }),
      {
        resources: rows.map((row) => ({ id: row.id, externalId: undefined, schemas: [], meta: undefined, raw: row })),
        rowsReceived: 2,
        skipped: 0,
        totalResults: 2,
        startIndex: 1,
        itemsPerPage: 10,
        nextCursor: undefined,
        previousCursor: undefined
      }
    )
  })

  it("reads cursors (RFC 9865); empty and null ones are none", () => {
    const cursors = page({ Resources: [], nextCursor: "VZUTiyhEQJ94IR", previousCursor: "abc" })
    assert.strictEqual(cursors.nextCursor, "VZUTiyhEQJ94IR")
    assert.strictEqual(cursors.previousCursor, "abc")
    assert.strictEqual(cursors.totalResults, undefined)
    assert.strictEqual(page({ Resources: [], nextCursor: "" }).nextCursor, undefined)
    assert.strictEqual(page({ Resources: [], nextCursor: null }).nextCursor, undefined)
    assert.strictEqual(page({ Resources: [], NextCursor: 100 }).nextCursor, "100")
  })

  it("case 4: totalResults missing", () => {
    assert.strictEqual(page({ Resources: [{ id: "1" }] }).totalResults, undefined)
  })

  it("case 6: numbers as text or with a fraction of zero; everything else is absent", () => {
    const total = (totalResults: unknown) => page({ totalResults, Resources: [] }).totalResults
    assert.strictEqual(total("45"), 45)
    assert.strictEqual(total("45.0"), 45)
    assert.strictEqual(total(JSON.parse("45.0")), 45)
    for (const nonsense of [-1, 45.5, "many", "", "-1", "1e3", null, {}, [], true, 1e300, "99999999999999999999"]) {
      assert.strictEqual(total(nonsense), undefined, JSON.stringify(nonsense))
    }
  })

  it("case 7: Resources missing with totalResults 0 is an empty page", () => {
    for (const body of [{ totalResults: 0 }, { totalResults: "0", Resources: null }, { TotalResults: 0 }]) {
      assert.deepStrictEqual(page(body).resources, [])
      assert.strictEqual(page(body).totalResults, 0)
    }
  })

  it("case 8: Resources missing or null with totalResults 5 is no page", () => {
    for (const body of [{ totalResults: 5 }, { totalResults: 5, Resources: null }]) {
      const failure = refused(body)
      assert.strictEqual(failure._tag, "InvalidListResponse")
      assert.strictEqual(failure.reason, "ResourcesMissing")
      assert.strictEqual(failure.totalResults, 5)
      assert.strictEqual(
        failure.message,
        "The answer says totalResults 5 but has no Resources, so its rows cannot be read."
      )
    }
  })

  it("Resources may be missing where no rows were asked for", () => {
    assert.deepStrictEqual(page({ totalResults: 5 }, { expectRows: false }).resources, [])
    assert.strictEqual(refused({}, { expectRows: false }).reason, "ResourcesMissing")
  })

  it("objects that are no list are refused", () => {
    for (
      const body of [{}, { error: "x" }, { schemas: [Schemas.Error], status: "400" }, {
        schemas: [Schemas.ListResponse]
      }]
    ) {
      assert.strictEqual(refused(body).reason, "ResourcesMissing")
    }
    for (const Resources of ["x", 1, true, { id: "1" }, {}]) {
      assert.strictEqual(refused({ totalResults: 1, Resources }).reason, "ResourcesNotAList")
    }
    for (const body of [null, undefined, "<html>", 5, true]) {
      assert.strictEqual(refused(body).reason, "NotAnObject")
    }
  })

  it("case 9: names in any case", () => {
    for (const name of ["Resources", "resources", "RESOURCES"]) {
      assert.deepStrictEqual(ids({ [name]: [{ id: "1" }], TOTALRESULTS: 1 }), ["1"])
      assert.strictEqual(page({ [name]: [], TOTALRESULTS: 1 }).totalResults, 1)
    }
    assert.deepStrictEqual(ids({ resources: [{ id: "no" }], Resources: [{ id: "yes" }] }), ["yes"])
  })

  it("case 20: a bare array is read as its rows, and reported; or refused where asked for", () => {
    const findings = new ScimResource.Findings()
    const result = decode([{ id: "1" }, { id: "2" }], undefined, findings)
    assert(Result.isSuccess(result))
    assert.strictEqual(result.success.rowsReceived, 2)
    assert.strictEqual(result.success.totalResults, undefined)
    assert.deepStrictEqual(findings.toArray().map(({ kind }) => kind), ["Shape"])
    assert.strictEqual(refused([{ id: "1" }], { bareArray: false }).reason, "NotAnObject")
  })

  it("case 21: rows without id are left out, counted and reported", () => {
    const findings = new ScimResource.Findings()
    const result = decode(
      { totalResults: 5, Resources: [{ id: "1" }, {}, null, "x", { id: "2" }] },
      undefined,
      findings
    )
    assert(Result.isSuccess(result))
    assert.deepStrictEqual(result.success.resources.map(({ id }) => id), ["1", "2"])
    assert.strictEqual(result.success.rowsReceived, 5)
    assert.strictEqual(result.success.skipped, 3)
    assert.deepStrictEqual(findings.toArray().map(({ count, kind }) => [kind, count]), [["Malformed", 2], [
      "MissingId",
      1
    ]])
  })

  it("case 37: ids with any characters", () => {
    assert.deepStrictEqual(ids({ Resources: [{ id: "a/b %\"😀" }, { id: " " }] }), ["a/b %\"😀", " "])
  })

  it("never throws, and every row is either read or counted as skipped", () => {
    const names = fc.constantFrom("Resources", "resources", "totalResults", "nextCursor", "startIndex", "x")
    const rows = fc.array(fc.oneof(fc.jsonValue(), fc.record({ id: fc.oneof(fc.string(), fc.integer()) })))
    fc.assert(fc.property(fc.oneof(fc.jsonValue(), fc.dictionary(names, fc.oneof(fc.jsonValue(), rows))), (json) => {
      const body: unknown = JSON.parse(JSON.stringify(json))
      const result = decode(body, undefined, new ScimResource.Findings())
      if (Result.isSuccess(result)) {
        const { resources, rowsReceived, skipped, totalResults } = result.success
        assert.strictEqual(resources.length + skipped, rowsReceived)
        assert.isTrue(totalResults === undefined || (Number.isSafeInteger(totalResults) && totalResults >= 0))
      } else {
        assert.isAbove(result.failure.message.length, 10)
      }
    }))
  })
})
