import { assert, describe, it } from "@effect/vitest"
import { OpenApi } from "effect/http-api"
import { Api } from "../src/Api.ts"

describe("Api", () => {
  const spec = OpenApi.fromApi(Api)
  const operations = Object.entries(spec.paths).flatMap(([path, item]) =>
    (["get", "post", "patch", "put", "delete"] as const).flatMap((method) => {
      const operation = item?.[method]
      return operation === undefined ? [] : [{ path, method, operation }]
    })
  )

  it("is an OpenAPI 3.1 document in which every operation is named, summed up and guarded", () => {
    assert.strictEqual(spec.openapi, "3.1.0")
    assert.isAbove(operations.length, 40)
    const ids = operations.map(({ operation }) => operation.operationId)
    assert.strictEqual(new Set(ids).size, ids.length)
    for (const { method, operation, path } of operations) {
      assert.isString(operation.summary, `${method} ${path} has no summary`)
      assert.deepStrictEqual(operation.security, [{ bearer: [] }], `${method} ${path} takes no bearer token`)
    }
  })

  it("answers every error as a problem document", () => {
    for (const { method, operation, path } of operations) {
      for (const [status, response] of Object.entries(operation.responses)) {
        if (Number(status) < 400) continue
        assert.deepStrictEqual(
          Object.keys(response.content ?? {}),
          ["application/problem+json"],
          `${method} ${path} answers ${status} otherwise`
        )
      }
    }
  })

  it("takes an Idempotency-Key with every change", () => {
    for (const { method, operation, path } of operations) {
      if (method === "get" || path.endsWith("/test")) continue
      assert.isTrue(
        operation.parameters.some((parameter) => parameter.in === "header" && parameter.name === "idempotency-key"),
        `${method} ${path} takes none`
      )
    }
  })
})
