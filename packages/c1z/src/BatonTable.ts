/**
 * The table that `baton export csv` and `baton export xlsx` write: twelve columns, a row for each person, entitlement and grant of a person. Unlike
 * baton's, rows come in an order that does not change, and the names of resources are there for files of every format.
 *
 * @since 0.1.0
 */
import * as Stream from "effect/Stream"
import type * as C1zError from "./C1zError.ts"
import { halves } from "./internal/TableHalves.ts"
import type { Snapshot } from "./Snapshot.ts"

/**
 * @since 0.1.0
 */
export const columns = [
  "Type",
  "Last Name",
  "First Name",
  "User ID",
  "User Status",
  "Email Address",
  "Entitlement Display Name",
  "Entitlement",
  "Resource Type",
  "Resource Name",
  "Entitlement Description",
  "Entitlement Slug"
] as const

/**
 * @since 0.1.0
 */
export const rows = (snapshot: Snapshot): Stream.Stream<ReadonlyArray<string>, C1zError.C1zError> =>
  Stream.map(halves(snapshot), ([who, what]) => [...who.cells, ...what.cells])
