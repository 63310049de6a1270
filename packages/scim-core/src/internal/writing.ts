/**
 * Changing resources: created without ever repeating a request blindly, replaced, patched, deleted.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Patch from "../Patch.ts"
import type { Creation, Deletion, Lookup, PatchOptions, WriteOptions } from "../ResourceClient.ts"
import * as ScimError from "../ScimError.ts"
import type { JsonObject, ScimResource } from "../ScimResource.ts"
import * as Creating from "./creation.ts"
import { condition, type Endpoint, unreadable } from "./endpoint.ts"
import type { Response } from "./transport.ts"

export const make = <A extends ScimResource, New>(
  endpoint: Endpoint<A, New>,
  get: (id: string) => Effect.Effect<A, ScimError.ScimError>,
  lookUp: (body: JsonObject) => Effect.Effect<Lookup<A>, ScimError.ScimError>
) => {
  const { dialect, kind, named, pathOf, retry, transport, url, urlOf } = endpoint

  const post = Effect.fnUntraced(function*(body: JsonObject) {
    const target = yield* url()
    const facts = { method: "POST", path: endpoint.path } as const
    const response = yield* transport.send({
      ...facts,
      url: target,
      target: "list",
      repeatable: false,
      body: JSON.stringify(body)
    })
    const created = kind.decode(response.json)
    if (created !== undefined) return created
    // Only a 201 names the new resource by Location; elsewhere the header may be about anything.
    const id = response.status === 201 ? idFromLocation(response.headers["location"], endpoint.path) : undefined
    if (id !== undefined) return yield* get(id)
    return yield* unreadable(response, facts, `does not say which ${kind.name} was created`)
  })

  const createBody = (body: JsonObject) =>
    Creating.create({
      post: post(body),
      find: lookUp(body),
      retries: Duration.isZero(retry.budget) ? 0 : 2
    })

  const create = Effect.fn("ScimClient.create", named)((resource: New) => createBody(kind.encode(resource)))

  const createOrFind = Effect.fn("ScimClient.createOrFind", named)(function*(resource: New) {
    const body = kind.encode(resource)
    const result = yield* Effect.result(createBody(body))
    if (Result.isSuccess(result)) {
      const created: Creation<A> = { _tag: "Created", resource: result.success }
      return created
    }
    if (result.failure.reason._tag !== "Conflict") return yield* result.failure
    const found = yield* lookUp(body)
    if (found._tag !== "Found") return yield* result.failure
    const existing: Creation<A> = { _tag: "Existing", resource: found.resource }
    return existing
  })

  const ifMatch = (options: WriteOptions | undefined) =>
    dialect.etag && options?.ifMatch !== undefined ? condition("if-match", options.ifMatch) : Effect.succeed({})

  const optional = (response: Response): Option.Option<A> => Option.fromUndefinedOr(kind.decode(response.json))

  const replace = Effect.fn("ScimClient.replace", named)(function*(
    id: string,
    resource: New,
    options?: WriteOptions
  ) {
    const target = yield* urlOf(id)
    const response = yield* transport.send({
      method: "PUT",
      path: pathOf(id),
      url: target,
      target: "resource",
      repeatable: true,
      headers: yield* ifMatch(options),
      body: JSON.stringify(kind.encode(resource))
    })
    return optional(response)
  })

  const patch = Effect.fn("ScimClient.patch", named)(function*(
    id: string,
    patch: Patch.Patch,
    options?: PatchOptions
  ) {
    if (!dialect.patch) {
      return yield* ScimError.make(
        new ScimError.NotSupported({
          message: `The server does not support PATCH, says the dialect ${dialect.name}. Use replace.`
        }),
        { method: "PATCH", path: pathOf(id) }
      )
    }
    const target = yield* urlOf(id)
    const repeatable = options?.repeatable ?? patch.operations.every((operation) => operation._tag !== "Add")
    let headers = yield* ifMatch(options)
    let last = Option.none<A>()
    let parts: ReadonlyArray<Patch.Patch> = Patch.split(patch, {
      maxOperations: dialect.maxPatchOperations,
      maxValues: dialect.maxPatchValues
    })
    while (true) {
      const [part, ...rest] = parts
      if (part === undefined) return last
      const result = yield* Effect.result(transport.send({
        method: "PATCH",
        path: pathOf(id),
        url: target,
        target: "resource",
        repeatable,
        headers,
        body: JSON.stringify(Patch.encode(part))
      }))
      if (Result.isSuccess(result)) {
        last = optional(result.success)
        // The first part made a new version of the resource, so the old tag would stop the second.
        const etag = result.success.headers["etag"]
        headers = "if-match" in headers && etag !== undefined ? yield* condition("if-match", etag) : {}
        parts = rest
        continue
      }
      const size = changes(part)
      if (result.failure.reason._tag !== "RequestTooLarge" || size < 2) return yield* result.failure
      parts = [...Patch.split(part, { maxValues: Math.ceil(size / 2) }), ...rest]
    }
  })

  const remove = Effect.fn("ScimClient.delete", named)(function*(id: string, options?: WriteOptions) {
    const target = yield* urlOf(id)
    const response = yield* transport.send({
      method: "DELETE",
      path: pathOf(id),
      url: target,
      target: "resource",
      repeatable: true,
      accept: "NotFound",
      headers: yield* ifMatch(options)
    })
    // An attempt that ended unclearly may be what removed it.
    const outcome: Deletion = response.status === 404 && !response.mayHaveRunBefore ? "DidNotExist" : "Deleted"
    return outcome
  })

  return { create, createOrFind, replace, patch, delete: remove }
}

/** How many single changes a patch holds: what splitting it divides. */
const changes = (patch: Patch.Patch): number =>
  patch.operations.reduce((sum, operation) => {
    const value = operation._tag === "RemoveValues"
      ? operation.values
      : operation._tag === "Remove"
      ? undefined
      : operation.value
    return sum + (Array.isArray(value) ? Math.max(1, value.length) : 1)
  }, 0)

const idFromLocation = (location: string | undefined, endpoint: string): string | undefined => {
  const match = location === undefined ? null : /^([^?#]*)\/([^/?#]+)\/?(?:[?#].*)?$/.exec(location)
  const tail = match?.[2]
  if (tail === undefined || !`/${match?.[1] ?? ""}`.toLowerCase().endsWith(endpoint.toLowerCase())) return undefined
  const id = Result.try(() => decodeURIComponent(tail))
  return Result.isSuccess(id) ? id.success : undefined
}
