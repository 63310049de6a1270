/**
 * Finding resources by what people call them, on servers that filter, ignore filters or refuse them.
 */
import type { ResourceClient } from "@access-kit/scim-core/ResourceClient"
import type { ScimError } from "@access-kit/scim-core/ScimError"
import type { ScimResource } from "@access-kit/scim-core/ScimResource"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/**
 * One way of meaning a resource: an attribute that a server may filter by, and the check that decides.
 */
export interface Criterion<A> {
  readonly attribute: string
  readonly value: string
  readonly matches: (resource: A) => boolean
}

/** The comparison of RFC 7643 §2.2 for attributes that are not `caseExact`. */
export const sameText = (left: string | undefined, right: string): boolean =>
  left !== undefined && left.toLowerCase() === right.toLowerCase()

/**
 * What the server has for a criterion, or `undefined` when it won't be asked that way: it refuses the filter, or ignores it.
 */
const filtered = <A extends ScimResource, New>(
  client: ResourceClient<A, New>,
  criterion: Criterion<A>,
  excludedAttributes: ReadonlyArray<string> | undefined
): Effect.Effect<ReadonlyArray<A> | undefined, ScimError> =>
  client.findBy(criterion.attribute, criterion.value, { caseExact: false, excludedAttributes }).pipe(
    Effect.map((rows): ReadonlyArray<A> | undefined => rows.filter(criterion.matches)),
    Effect.catchIf(
      (error) => error.reason._tag === "NotSupported" || error.reason._tag === "InvalidRequest",
      () => Effect.succeed(undefined)
    )
  )

/**
 * The resources that fit the first criterion that any fits. Criteria are asked in order, as filters; where the server does not serve
 * one, the list is walked once for it and all that follow, since no answer to a filter says nothing about who exists.
 */
export const firstMatches = Effect.fnUntraced(function*<A extends ScimResource, New>(
  client: ResourceClient<A, New>,
  criteria: ReadonlyArray<Criterion<A>>,
  options: { readonly excludedAttributes?: ReadonlyArray<string>; readonly concurrency: number }
): Effect.fn.Return<ReadonlyArray<A>, ScimError> {
  for (const [position, criterion] of criteria.entries()) {
    const rows = yield* filtered(client, criterion, options.excludedAttributes)
    if (rows === undefined) return yield* walked(client, criteria.slice(position), options)
    if (rows.length > 0) return rows
  }
  return []
})

const walked = <A extends ScimResource, New>(
  client: ResourceClient<A, New>,
  criteria: ReadonlyArray<Criterion<A>>,
  options: { readonly excludedAttributes?: ReadonlyArray<string>; readonly concurrency: number }
): Effect.Effect<ReadonlyArray<A>, ScimError> => {
  const found: Array<Array<A>> = criteria.map(() => [])
  return client.stream(options).pipe(
    Stream.runForEach((resource) =>
      Effect.sync(() => {
        for (const [position, criterion] of criteria.entries()) {
          if (criterion.matches(resource)) found[position]?.push(resource)
        }
      })
    ),
    Effect.map(() => found.find((rows) => rows.length > 0) ?? [])
  )
}
