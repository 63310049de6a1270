/**
 * What listing and finding have in common, whatever the resources are.
 *
 * @since 0.1.0
 */
import type * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import type { ListRequest } from "@access-kit/connector-model/Page"
import type { Resource } from "@access-kit/connector-model/Resource"
import type { Page } from "@access-kit/server-api/Paging"
import * as Effect from "effect/Effect"
import { type Calls, PAGE } from "./Calls.ts"
import * as Names from "./Names.ts"
import { unexpected } from "./Outcomes.ts"
import type * as Problem from "./Problem.ts"

/** An answer with its headers; nothing for one that the client has already, which is never asked for. */
type Answer<A> = Effect.Effect<{ readonly body: A } | void, Problem.Problem>

type Query = { readonly limit: number; readonly pageToken?: string }

/**
 * One thing.
 *
 * @since 0.1.0
 */
export const one = <A>(
  calls: Calls,
  operation: string,
  answer: Answer<A>
): Effect.Effect<A, ConnectorError.ConnectorError> =>
  Effect.flatMap(
    calls.ask(operation, answer),
    (found) => typeof found !== "object" ? unexpected(calls, operation, "a cached answer") : Effect.succeed(found.body)
  )

/**
 * Every row of a listing.
 *
 * @since 0.1.0
 */
export const all = <A>(calls: Calls, operation: string, page: (query: Query) => Answer<Page<A>>) =>
  calls.list(
    operation,
    (query) => Effect.map(page(query), (answer): Page<A> => typeof answer === "object" ? answer.body : { items: [] })
  )

/**
 * A page as the connector contract has it.
 *
 * @since 0.1.0
 */
export const page = <A, B>(
  calls: Calls,
  { cursor, pageSize = PAGE }: Partial<Pick<ListRequest, "cursor" | "pageSize">>,
  ask: (query: Query) => Answer<Page<A>>,
  row: (item: A) => B
) =>
  Effect.map(
    one(
      calls,
      "list",
      ask({ limit: Math.min(PAGE, pageSize), ...(cursor === undefined ? {} : { pageToken: cursor }) })
    ),
    ({ items, nextPageToken }) => ({
      items: items.map(row),
      ...(nextPageToken === undefined ? {} : { next: nextPageToken })
    })
  )

/**
 * Whatever has the text for its id or for one of its names.
 *
 * @since 0.1.0
 */
export const find = <A extends Resource>(
  text: string,
  how: {
    readonly get: (id: string) => Effect.Effect<A, ConnectorError.ConnectorError>
    /** All of which a name has the text somewhere. */
    readonly search: (text: string) => Effect.Effect<ReadonlyArray<A>, ConnectorError.ConnectorError>
    readonly names: (resource: A) => ReadonlyArray<string>
  }
): Effect.Effect<ReadonlyArray<A>, ConnectorError.ConnectorError> =>
  Effect.gen(function*() {
    const byId = Names.canBeId(text)
      ? yield* Effect.map(how.get(text), (found) => [found]).pipe(
        Effect.catchReason("ConnectorError", "NotFound", () => Effect.succeed([]))
      )
      : []
    const search = Names.search(text)
    const named = search === undefined ? [] : yield* how.search(search)
    return [
      ...byId,
      ...named.filter((found) => found.id.resource !== text && how.names(found).some((name) => Names.same(name, text)))
    ]
  })
