/**
 * Listings of the contract on walks of the SCIM client: a cursor is a walk state in text.
 */
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import type { ListRequest, Note, Page } from "@access-kit/connector-model/Page"
import type { WalkState } from "@access-kit/scim-core/Pagination"
import * as Pagination from "@access-kit/scim-core/Pagination"
import type { ResourceClient, WalkStep } from "@access-kit/scim-core/ResourceClient"
import type { Finding, ScimResource } from "@access-kit/scim-core/ScimResource"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

/**
 * The state that a request asks for: a new walk that offers its rest as siblings, or the one in the cursor. Pages have the size that the
 * request wishes for, else `pageSize`, else the client's.
 */
export const stateOf = <A extends ScimResource, New>(
  client: ResourceClient<A, New>,
  request: ListRequest,
  pageSize?: number
): Effect.Effect<WalkState, ConnectorError.ConnectorError> => {
  if (request.cursor === undefined) {
    const count = request.pageSize === undefined ? pageSize : Math.max(1, Math.trunc(request.pageSize))
    return Effect.sync(() => client.startWalk(count === undefined ? { concurrent: true } : { concurrent: true, count }))
  }
  const state = Pagination.decode(request.cursor)
  return Option.isSome(state) ? Effect.succeed(state.value) : Effect.fail(ConnectorError.make(
    "list",
    new ConnectorError.InvalidInput({
      field: "cursor",
      message: "The cursor was not made by this version of the connector. Begin the listing again without one."
    })
  ))
}

const kebab = (word: string): string => word.replaceAll(/(?<=[a-z])[A-Z]/g, "-$&").toLowerCase()

/**
 * What the client forgave, as notes.
 */
export const notesOf = (findings: ReadonlyArray<Finding>): ReadonlyArray<Note> =>
  findings.map((finding) => ({
    code: `scim-${kebab(finding.kind)}`,
    message: `${finding.attribute}: ${finding.note}`,
    count: finding.count
  }))

/**
 * A page with the records of a step and everything that follows from the step.
 */
export const pageOf = <A, Row>(
  step: WalkStep<Row>,
  items: ReadonlyArray<A>,
  notes: ReadonlyArray<Note> = []
): Page<A> => {
  const all = step.findings.length === 0 ? notes : [...notesOf(step.findings), ...notes]
  return {
    items,
    ...(Option.isSome(step.next) ? { next: Pagination.encode(step.next.value) } : {}),
    ...(step.siblings.length === 0 ? {} : { siblings: step.siblings.map(Pagination.encode) }),
    ...(step.totalResults === undefined ? {} : { total: step.totalResults }),
    ...(all.length === 0 ? {} : { notes: all })
  }
}
