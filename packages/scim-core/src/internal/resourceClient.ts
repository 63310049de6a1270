/**
 * The operations on one type of resource, over the shared transport.
 */
import type { ResourceClient } from "../ResourceClient.ts"
import type { ResourceKind } from "../ResourceKind.ts"
import type { ScimResource } from "../ScimResource.ts"
import * as Endpoint from "./endpoint.ts"
import * as Listing from "./listing.ts"
import * as Lookup from "./lookup.ts"
import * as Reading from "./reading.ts"
import * as Writing from "./writing.ts"

export const make = <A extends ScimResource, New>(
  kind: ResourceKind<A, New>,
  surroundings: Endpoint.Surroundings
): ResourceClient<A, New> => {
  const endpoint = Endpoint.make(kind, surroundings)
  const { get, getIfChanged, page, readPage, search } = Reading.make(endpoint)
  const listing = Listing.make(endpoint, readPage)
  const { find, findBy, lookUp } = Lookup.make(endpoint, readPage, listing.list)
  const writing = Writing.make(endpoint, get, lookUp)
  return { kind, get, getIfChanged, page, search, find, findBy, ...listing, ...writing }
}
