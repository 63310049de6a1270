/**
 * One type of resource at one server: where its requests go, and what they have in common.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Dialect } from "../Dialect.ts"
import type { ReadOptions } from "../ResourceClient.ts"
import type { ResourceKind } from "../ResourceKind.ts"
import * as ResourcePath from "../ResourcePath.ts"
import type { RetryPolicy } from "../RetryPolicy.ts"
import * as ScimError from "../ScimError.ts"
import type { ScimResource } from "../ScimResource.ts"
import type { Response, Transport } from "./transport.ts"

export interface Surroundings {
  readonly base: ResourcePath.BaseUrl
  readonly transport: Transport
  readonly dialect: Dialect
  readonly pageSize: number
  readonly retry: RetryPolicy
}

export interface Endpoint<A extends ScimResource, New> extends Surroundings {
  readonly kind: ResourceKind<A, New>
  /** Path of the list below the base URL, with a slash in front. */
  readonly path: string
  /** Path of one resource, as errors and spans show it. */
  readonly pathOf: (id: string) => string
  readonly url: (query?: ResourcePath.Query) => Effect.Effect<string, ScimError.ScimError>
  readonly urlOf: (id: string, query?: ResourcePath.Query) => Effect.Effect<string, ScimError.ScimError>
  /** Attributes of every span. */
  readonly named: { readonly attributes: { readonly "scim.resource_type": string } }
}

export const make = <A extends ScimResource, New>(
  kind: ResourceKind<A, New>,
  surroundings: Surroundings
): Endpoint<A, New> => {
  const path = kind.endpoint.startsWith("/") ? kind.endpoint : `/${kind.endpoint}`
  return {
    ...surroundings,
    kind,
    path,
    pathOf: (id) => `${path}/${encodeURIComponent(id)}`,
    url: (query) => located(ResourcePath.collection(surroundings.base, path, query)),
    urlOf: (id, query) => located(ResourcePath.resource(surroundings.base, path, id, query)),
    named: { attributes: { "scim.resource_type": kind.name } }
  }
}

/** What a path that cannot be built says about the argument at fault. */
export const located = (
  result: Result.Result<string, ResourcePath.InvalidResourcePath>
): Effect.Effect<string, ScimError.ScimError> =>
  Result.isSuccess(result)
    ? Effect.succeed(result.success)
    : Effect.fail(
      ScimError.make(
        new ScimError.InvalidConfiguration({ option: result.failure.part, message: result.failure.message })
      )
    )

const joined = (names: ReadonlyArray<string> | undefined): string | undefined =>
  names === undefined || names.length === 0 ? undefined : names.join(",")

export const readQuery = (options: ReadOptions | undefined) => ({
  attributes: joined(options?.attributes),
  excludedAttributes: joined(options?.excludedAttributes)
})

export const unreadable = (response: Response, facts: ScimError.Facts, what: string) =>
  ScimError.make(
    new ScimError.Decode({ message: `The answer to ${facts.method} ${facts.path} ${what}.` }),
    { ...facts, status: response.status }
  )

/** Entity tags go into headers, and come from wherever the caller got them. */
export const condition = (
  header: "if-match" | "if-none-match",
  etag: string
): Effect.Effect<{ readonly [name: string]: string }, ScimError.ScimError> =>
  /^[\x20-\x7e]+$/.test(etag)
    ? Effect.succeed({ [header]: etag })
    : Effect.fail(
      ScimError.make(
        new ScimError.InvalidConfiguration({
          option: header,
          message:
            "The entity tag is empty or contains characters that no HTTP header can hold. Use meta.version as the server sent it."
        })
      )
    )
