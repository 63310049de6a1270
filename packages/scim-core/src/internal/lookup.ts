/**
 * Finding resources by what they say, with every row of the answer checked again.
 */
import * as Effect from "effect/Effect"
import * as Filter from "../Filter.ts"
import type { Page, PageRequest } from "../Page.ts"
import type { List, Lookup, ReadOptions, WalkOptions } from "../ResourceClient.ts"
import * as ScimError from "../ScimError.ts"
import { attribute, type JsonObject, type ScimResource } from "../ScimResource.ts"
import type { Endpoint } from "./endpoint.ts"

export const make = <A extends ScimResource, New>(
  endpoint: Endpoint<A, New>,
  readPage: (request: PageRequest, expectRows: boolean) => Effect.Effect<Page<A>, ScimError.ScimError>,
  list: (options: WalkOptions) => Effect.Effect<List<A>, ScimError.ScimError>
) => {
  const { dialect, kind, named } = endpoint

  const findBy = Effect.fn("ScimClient.findBy", named)(function*(
    name: string,
    value: string,
    options: ReadOptions & { readonly caseExact?: boolean | undefined } = {}
  ) {
    if (!dialect.filter) return yield* noFilter("the dialect says so")
    const filter = Filter.eq(name, value)
    const { attributes, excludedAttributes } = options
    // Without paging parameters: a look-up has one row, and some servers refuse them.
    const first = yield* readPage({ filter, attributes, excludedAttributes }, true)
    const complete = first.nextCursor === undefined && (first.totalResults ?? 0) <= first.rowsReceived
    const matches = (rows: ReadonlyArray<A>, caseExact: boolean | undefined) =>
      rows.filter((row) =>
        Filter.matches(filter, row.raw, caseExact === undefined ? {} : { caseExact: () => caseExact })
      )
    // Where even one row does not fit, the filter was not applied, and what fits among the rest proves nothing.
    if (matches(first.resources, false).length < first.resources.length) {
      return yield* noFilter("it sent rows that do not fit the filter")
    }
    const all = complete ? first.resources : (yield* list({ filter, attributes, excludedAttributes })).resources
    return matches(all, options.caseExact)
  })

  const noFilter = (why: string) =>
    Effect.fail(
      ScimError.make(
        new ScimError.NotSupported({
          message:
            `The server does not filter ${endpoint.path} (${why}), so a ${kind.name} cannot be looked up by an attribute. Look it ` +
            "up by id, or list all of them."
        }),
        { method: "GET", path: endpoint.path }
      )
    )

  const lookUp = Effect.fnUntraced(function*(body: JsonObject) {
    for (const key of kind.naturalKeys) {
      const value = attribute(body, key.attribute)
      if (typeof value !== "string" || value === "") continue
      const found = yield* findBy(key.attribute, value, { caseExact: key.caseExact }).pipe(
        Effect.catchReasons("ScimError", {
          // A server that cannot filter by this attribute cannot say anything about it.
          NotSupported: () => Effect.succeed(undefined),
          InvalidRequest: () => Effect.succeed(undefined),
          FilterRequired: () => Effect.succeed(undefined)
        })
      )
      if (found === undefined) continue
      const [only, ...others] = found
      const lookup: Lookup<A> = only === undefined
        ? { _tag: "Absent" }
        : others.length === 0
        ? { _tag: "Found", resource: only }
        : { _tag: "Inconclusive", matches: found.length }
      return lookup
    }
    const nothing: Lookup<A> = { _tag: "Inconclusive", matches: 0 }
    return nothing
  })

  const find = Effect.fn("ScimClient.find", named)((resource: New) => lookUp(kind.encode(resource)))

  return { findBy, lookUp, find }
}
