/** Bulk operations (RFC 7644 section 3.7): one request, many operations, with references between them by `bulkId`. */
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as ScimFailure from "../ScimFailure.ts"
import { bulkLimits } from "./Discovery.ts"
import { isJsonObject, type JsonObject, parse, stringOf } from "./Json.ts"
import * as Reply from "./Reply.ts"

export interface Operation {
  readonly method: string
  /** Below the base URL. */
  readonly path: string
  readonly bulkId: string | undefined
  /** For `If-Match`. */
  readonly version: string | undefined
  readonly data: unknown
}

const methods = new Set(["POST", "PUT", "PATCH", "DELETE"])

const operationOf = (input: unknown): Operation | undefined => {
  if (!isJsonObject(input)) return undefined
  const method = stringOf(input["method"])?.toUpperCase() ?? ""
  const path = stringOf(input["path"]) ?? ""
  const bulkId = stringOf(input["bulkId"])
  // A POST without a bulkId could never be reported back (RFC 7644 section 3.7).
  if (!methods.has(method) || !path.startsWith("/") || (method === "POST" && bulkId === undefined)) return undefined
  return { method, path, bulkId, version: stringOf(input["version"]), data: input["data"] }
}

const reference = /^bulkId:(.+)$/

/** References that are not resolved yet. */
const unresolved = (value: unknown, ids: ReadonlyMap<string, string>): ReadonlyArray<string> => {
  if (Predicate.isString(value)) {
    const name = reference.exec(value)?.[1]
    return name !== undefined && !ids.has(name) ? [name] : []
  }
  if (Array.isArray(value)) return value.flatMap((item) => unresolved(item, ids))
  return isJsonObject(value) ? Object.values(value).flatMap((item) => unresolved(item, ids)) : []
}

const resolved = (value: unknown, ids: ReadonlyMap<string, string>): unknown => {
  if (Predicate.isString(value)) return ids.get(reference.exec(value)?.[1] ?? "") ?? value
  if (Array.isArray(value)) return value.map((item) => resolved(item, ids))
  return isJsonObject(value)
    ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolved(item, ids)]))
    : value
}

const resultOf = (operation: Operation, reply: Reply.Reply, baseUrl: string): JsonObject => {
  const body = reply.body === undefined ? undefined : Result.getOrUndefined(parse(Reply.text(reply)))
  const failed = reply.status >= 400
  const location = operation.method === "POST"
    ? reply.headers["location"]
    : failed
    ? undefined
    : `${baseUrl}${operation.path}`
  const etag = reply.headers["etag"]
  return {
    ...(location === undefined ? {} : { location }),
    method: operation.method,
    ...(operation.bulkId === undefined ? {} : { bulkId: operation.bulkId }),
    ...(etag === undefined ? {} : { version: etag }),
    status: String(reply.status),
    ...(failed ? { response: body } : {})
  }
}

/**
 * Runs the operations in the order given; one that refers to a later one waits until that has run. After `failOnErrors`
 * failures the rest is left out of the answer.
 */
export const run = (
  body: unknown,
  baseUrl: string,
  perform: (operation: Operation) => Reply.Reply
): Result.Result<JsonObject, ScimFailure.ScimFailure> => {
  const operations = isJsonObject(body) ? body["Operations"] : undefined
  if (!isJsonObject(body) || !Array.isArray(operations)) {
    return Result.fail(ScimFailure.make(400, "'Operations' is expected array", "invalidSyntax"))
  }
  if (operations.length > bulkLimits.maxOperations) {
    return Result.fail(ScimFailure.make(413, `More than maxOperations (${bulkLimits.maxOperations}) operations`))
  }
  const decoded = operations.map(operationOf)
  const all = decoded.filter((operation) => operation !== undefined)
  if (all.length < decoded.length) {
    return Result.fail(ScimFailure.make(400, "An operation lacks method, path or bulkId", "invalidSyntax"))
  }
  const limit = Predicate.isNumber(body["failOnErrors"]) ? body["failOnErrors"] : Infinity
  const ids = new Map<string, string>()
  const results: Array<JsonObject> = []
  let waiting: ReadonlyArray<Operation> = all
  let failures = 0
  while (waiting.length > 0 && failures < limit) {
    const later: Array<Operation> = []
    for (const operation of waiting) {
      if (failures >= limit) break
      if (unresolved([operation.data, operation.path.split("/").at(-1)], ids).length > 0) {
        later.push(operation)
        continue
      }
      const target = operation.path.split("/").map((segment) => String(resolved(segment, ids))).join("/")
      const ready = { ...operation, path: target, data: resolved(operation.data, ids) }
      const reply = perform(ready)
      if (reply.status >= 400) failures += 1
      const id = reply.headers["location"]?.split("/").at(-1)
      if (operation.method === "POST" && operation.bulkId !== undefined && id !== undefined) {
        ids.set(operation.bulkId, decodeURIComponent(id))
      }
      results.push(resultOf(ready, reply, baseUrl))
    }
    if (later.length === waiting.length) {
      // Nothing moved: these refer to operations that failed, do not exist, or wait for each other.
      for (const operation of later) {
        const names = unresolved([operation.data, operation.path], ids).join(", ")
        const failure = ScimFailure.make(409, `The bulkId '${names}' can't be resolved`)
        results.push(resultOf(operation, Reply.failure(failure), baseUrl))
      }
      break
    }
    waiting = later
  }
  return Result.succeed({ schemas: ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"], Operations: results })
}
