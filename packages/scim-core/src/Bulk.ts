/**
 * Many changes in few requests (RFC 7644 §3.7): cut to the server's limits, one result per operation, references between operations
 * that hold across the cuts.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { decodeResults } from "./internal/bulkResponse.ts"
import { isUnclear } from "./internal/creation.ts"
import * as Patch from "./Patch.ts"
import type { ResourceKind } from "./ResourceKind.ts"
import * as Schemas from "./Schemas.ts"
import type { ScimClient } from "./ScimClient.ts"
import * as ScimError from "./ScimError.ts"
import type { JsonObject, ScimResource } from "./ScimResource.ts"

/**
 * One change. Build with {@link create}, {@link replace}, {@link patch} and {@link remove}.
 *
 * @since 0.1.0
 */
export interface Operation {
  readonly method: "POST" | "PUT" | "PATCH" | "DELETE"
  /** Below the base URL. */
  readonly path: string
  /** Name by which other operations refer to what this one creates. */
  readonly bulkId: string | undefined
  /** Entity tag that the resource must still have. */
  readonly version: string | undefined
  readonly data: JsonObject | undefined
}

/**
 * What became of one operation.
 *
 * - `Done`: carried out. `id` is that of the resource, where the answer tells.
 * - `Refused`: the server did not carry it out, for this reason.
 * - `Unclear`: the request that held it ended without a clear answer.
 * - `NotSent`: it was not attempted, since earlier ones failed.
 *
 * @since 0.1.0
 */
export type Outcome =
  | {
    readonly _tag: "Done"
    readonly operation: Operation
    readonly status: number
    readonly id: string | undefined
    readonly version: string | undefined
    readonly response: unknown
  }
  | { readonly _tag: "Refused"; readonly operation: Operation; readonly error: ScimError.ScimError }
  | { readonly _tag: "Unclear"; readonly operation: Operation; readonly error: ScimError.ScimError }
  | { readonly _tag: "NotSent"; readonly operation: Operation }

/**
 * @since 0.1.0
 */
export interface Options {
  /** Stop after so many refusals (RFC 7644 §3.7.3). Default: never. */
  readonly failOnErrors?: number | undefined
  /** Most operations in one request. Default: what the server's configuration says, else 1000. */
  readonly maxOperations?: number | undefined
  /** Largest request body in bytes. Default: what the server's configuration says, else 1 MiB. */
  readonly maxPayloadSize?: number | undefined
}

const pathOf = (endpoint: string, id: string): string => `${endpoint}/${encodeURIComponent(id)}`

/**
 * @since 0.1.0
 */
export const create = <A extends ScimResource, New>(
  kind: ResourceKind<A, New>,
  resource: New,
  bulkId: string
): Operation => ({ method: "POST", path: kind.endpoint, bulkId, version: undefined, data: kind.encode(resource) })

/**
 * `id` may be a {@link reference}.
 *
 * @since 0.1.0
 */
export const replace = <A extends ScimResource, New>(
  kind: ResourceKind<A, New>,
  id: string,
  resource: New,
  version?: string
): Operation => ({
  method: "PUT",
  path: pathOf(kind.endpoint, id),
  bulkId: undefined,
  version,
  data: kind.encode(resource)
})

/**
 * `id` may be a {@link reference}.
 *
 * @since 0.1.0
 */
export const patch = (
  kind: { readonly endpoint: string },
  id: string,
  patch: Patch.Patch,
  version?: string
): Operation => ({
  method: "PATCH",
  path: pathOf(kind.endpoint, id),
  bulkId: undefined,
  version,
  data: Patch.encode(patch)
})

/**
 * @since 0.1.0
 */
export const remove = (kind: { readonly endpoint: string }, id: string, version?: string): Operation => ({
  method: "DELETE",
  path: pathOf(kind.endpoint, id),
  bulkId: undefined,
  version,
  data: undefined
})

/**
 * Stands for the id of what another operation creates, wherever an id may stand: as the id of an operation, as the value of a member.
 *
 * @since 0.1.0
 */
export const reference = (bulkId: string): string => `bulkId:${bulkId}`

/**
 * Sends the operations in order and gives their outcomes in the same order. Fails only when nothing at all was carried out, for a
 * reason that holds for all of them: no bulk support, a wrong token, an unreachable server.
 *
 * A `bulkId` created in one request is replaced by the id it got in those that follow. An operation that refers to one created in a
 * later request, or to one that failed, is `Refused` without being sent.
 *
 * @since 0.1.0
 */
export const run = Effect.fn("Bulk.run")(function*(
  client: ScimClient["Service"],
  operations: ReadonlyArray<Operation>,
  options: Options = {}
) {
  const { bulk } = yield* client.serviceProviderConfig
  if (bulk.support === "unsupported") {
    return yield* failure(
      new ScimError.NotSupported({
        message: "The server's configuration says that it does not support bulk requests. Send the changes one by one."
      })
    )
  }
  const maxOperations = Math.max(1, options.maxOperations ?? bulk.maxOperations ?? 1000)
  const maxBytes = options.maxPayloadSize ?? bulk.maxPayloadSize ?? 1_048_576

  const outcomes = new Map<number, Outcome>()
  const ids = new Map<string, string>()
  let refusals = 0
  let carriedOut = false
  const settle = (index: number, outcome: Outcome) => {
    outcomes.set(index, outcome)
    if (outcome._tag === "Refused") refusals++
    if (outcome._tag === "Done" && outcome.operation.bulkId !== undefined && outcome.id !== undefined) {
      ids.set(outcome.operation.bulkId, outcome.id)
    }
  }

  let open = operations.map((operation, index) => ({ operation, index }))
  let limit = maxOperations
  while (open.length > 0 && (options.failOnErrors === undefined || refusals < options.failOnErrors)) {
    const envelope = sizeOf({
      schemas: [Schemas.BulkRequest],
      failOnErrors: options.failOnErrors,
      Operations: []
    })
    const batch: Array<{ readonly index: number; readonly operation: Operation; readonly encoded: JsonObject }> = []
    let bytes = envelope
    for (const { index, operation } of open.slice(0, limit)) {
      const encoded = encode(operation, ids)
      const size = sizeOf(encoded) + 1
      if (batch.length > 0 && bytes + size > maxBytes) break
      bytes += size
      batch.push({ index, operation, encoded })
    }
    const together = new Set(batch.flatMap(({ operation }) => operation.bulkId ?? []))
    const sendable = batch.filter(({ encoded, index, operation }) => {
      const dangling = referencesOf(encoded).find((bulkId) => !together.has(bulkId))
      const error = dangling !== undefined
        ? new ScimError.InvalidRequest({
          message:
            `The operation refers to bulkId "${dangling}", which was not created before it. Put the creation first.`
        })
        : batch.length === 1 && bytes > maxBytes
        ? new ScimError.RequestTooLarge({
          message: `The operation alone is larger than the ${maxBytes} bytes that the server takes in one request.`
        })
        : undefined
      if (error !== undefined) {
        settle(index, { _tag: "Refused", operation, error: ScimError.make(error, facts(operation)) })
      }
      return error === undefined
    })
    if (sendable.length === 0) {
      open = open.slice(batch.length)
      continue
    }

    const result = yield* Effect.result(client.request({
      method: "POST",
      path: "/Bulk",
      body: {
        schemas: [Schemas.BulkRequest],
        failOnErrors: options.failOnErrors === undefined ? undefined : options.failOnErrors - refusals,
        Operations: sendable.map(({ encoded }) => encoded)
      }
    }))
    if (result._tag === "Failure") {
      const error = result.failure
      if (error.reason._tag === "RequestTooLarge" && batch.length > 1) {
        limit = Math.ceil(batch.length / 2)
        // What was settled above without being sent stays so.
        open = open.filter(({ index }) => !outcomes.has(index))
        continue
      }
      const clear = !isUnclear(error)
      if (clear && !carriedOut) return yield* error
      for (const { index, operation } of sendable) {
        settle(index, { _tag: clear ? "Refused" : "Unclear", operation, error })
      }
      break
    }

    carriedOut = true
    const answers = decodeResults(result.success.body, sendable.map(({ operation }) => operation))
    for (const [i, { index, operation }] of sendable.entries()) {
      const answer = answers[i]
      settle(
        index,
        answer === undefined
          ? refusals > 0 || answers.some((other) => other !== undefined && other.status >= 400)
            ? { _tag: "NotSent", operation }
            : {
              _tag: "Unclear",
              operation,
              error: ScimError.make(
                new ScimError.Decode({
                  message:
                    "The answer to the bulk request says nothing about this operation. Look whether it was carried out."
                }),
                facts(operation)
              )
            }
          : answer.status < 400
          ? { _tag: "Done", operation, ...answer }
          : { _tag: "Refused", operation, error: refusal(operation, answer) }
      )
    }
    open = open.slice(batch.length)
  }
  return operations.map((operation, index): Outcome => outcomes.get(index) ?? { _tag: "NotSent", operation })
})

const failure = (reason: ScimError.Reason) => Effect.fail(ScimError.make(reason, { method: "POST", path: "/Bulk" }))

const facts = (operation: Operation): ScimError.Facts => ({ method: operation.method, path: operation.path })

const refusal = (
  operation: Operation,
  answer: { readonly status: number; readonly scimType: string | undefined; readonly detail: string | undefined }
): ScimError.ScimError => {
  const says = answer.detail === undefined ? "" : ` The server says: "${answer.detail}"`
  const message =
    `The server refused ${operation.method} ${operation.path} within a bulk request (${answer.status}).${says}`
  const reason = answer.status === 404
    ? new ScimError.NotFound({ message })
    : answer.status === 409
    ? new ScimError.Conflict({ message })
    : answer.status === 412
    ? new ScimError.PreconditionFailed({ message })
    : answer.status >= 500 && answer.status !== 501
    ? new ScimError.ServerFailure({ message })
    : new ScimError.InvalidRequest({ message })
  return ScimError.make(reason, { ...facts(operation), ...answer })
}

const encode = (operation: Operation, ids: ReadonlyMap<string, string>): JsonObject => ({
  method: operation.method,
  path: operation.path.replace(/\/bulkId(?::|%3A)([^/]+)/i, (whole, bulkId: string) => {
    const name = decodeURIComponent(bulkId)
    const id = ids.get(name)
    // The colon stands unescaped in RFC 7644's own examples.
    return id === undefined ? `/bulkId:${name}` : whole.slice(0, 1) + encodeURIComponent(id)
  }),
  bulkId: operation.bulkId,
  version: operation.version,
  data: operation.data === undefined ? undefined : resolve(operation.data, ids)
})

/** Puts ids in place of the references whose ids are known. */
const resolve = (value: unknown, ids: ReadonlyMap<string, string>): unknown => {
  if (typeof value === "string") {
    return value.startsWith("bulkId:") ? ids.get(value.slice("bulkId:".length)) ?? value : value
  }
  if (Array.isArray(value)) return value.map((item: unknown) => resolve(item, ids))
  return typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, resolve(item, ids)]))
    : value
}

const referencesOf = (value: unknown): ReadonlyArray<string> => {
  if (typeof value === "string") {
    const match = /^(?:.*\/)?bulkId:([^/]+)$/.exec(value)
    return match?.[1] === undefined ? [] : [match[1]]
  }
  if (Array.isArray(value)) return value.flatMap(referencesOf)
  return typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([name, item]) => name === "bulkId" ? [] : referencesOf(item))
    : []
}

const encoder = new TextEncoder()

const sizeOf = (value: unknown): number => encoder.encode(JSON.stringify(value)).length
