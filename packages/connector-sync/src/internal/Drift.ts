/**
 * The finding that a listing can't be right as it was read, since the directory moved under it. Caught inside the sync, which reads the
 * listing again; `error` is what the caller gets when that doesn't help.
 */
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import * as Data from "effect/Data"
import type { SyncError } from "../SyncError.ts"

export class Drift extends Data.TaggedError("Drift")<{
  readonly resourceType: string
  readonly error: ConnectorError.ConnectorError | SyncError
}> {}

const ADVICE = "Nothing was published. Run the sync again when fewer changes are made to the directory."

export const totalChanged = (resourceType: string, before: number, now: number): Drift =>
  new Drift({
    resourceType,
    error: ConnectorError.make(
      "sync",
      new ConnectorError.DirectoryChanged({
        resourceType,
        message:
          `The directory announced ${before} resources of type "${resourceType}" at first and ${now} while they were read. ${ADVICE}`
      })
    )
  })

export const incomplete = (resourceType: string, expected: number, received: number): Drift =>
  new Drift({
    resourceType,
    error: ConnectorError.make(
      "sync",
      new ConnectorError.IncompleteListing({
        resourceType,
        expected,
        received,
        message:
          `${expected} resources of type "${resourceType}" were expected and ${received} different ones arrived. `
          + `An incomplete listing is not taken for the whole. ${ADVICE}`
      })
    )
  })

export const circle = (resourceType: string, received: number): Drift =>
  new Drift({
    resourceType,
    error: ConnectorError.make(
      "sync",
      new ConnectorError.IncompleteListing({
        resourceType,
        received,
        message:
          `The listing of type "${resourceType}" comes back to a page that it already had, after ${received} rows, and has no end. `
          + "Nothing was published. Report this to whoever runs the source or maintains the connector."
      })
    )
  })

/** Whether a failure of `list` is cured by beginning the listing again. */
export const isCurable = (error: ConnectorError.ConnectorError): boolean => {
  const { reason } = error
  switch (reason._tag) {
    case "DirectoryChanged":
    case "IncompleteListing":
      return true
    case "InvalidInput":
      // A cursor that was good once and is refused now: it was kept too long.
      return reason.field === "cursor"
    default:
      return false
  }
}
