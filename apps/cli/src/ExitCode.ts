/**
 * What the number at the end means. A script can tell every reason apart; the numbers are part of what the command promises.
 *
 * @since 0.1.0
 */
import type * as C1zError from "@access-kit/c1z/C1zError"
import type * as QueryError from "@access-kit/c1z/QueryError"
import type * as WriteError from "@access-kit/c1z/WriteError"
import type * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import type * as SnapshotSink from "@access-kit/connector-model/SnapshotSink"
import type * as SyncError from "@access-kit/connector-sync/SyncError"

/** Reasons that only a command line has. */
type OwnReason =
  | "Unexpected"
  | "Usage"
  | "ValidationFailed"
  | "NotConfirmed"
  | "SomeFailed"
  | "PortUnavailable"
  | "UnsupportedNode"
  | "AwaitingApproval"
  | "ProblemsFound"
  | "Different"
  | "Interrupted"
  | "OutputClosed"

/**
 * Why a command ended other than well.
 *
 * @since 0.1.0
 */
export type Reason =
  | ConnectorError.Reason["_tag"]
  | SnapshotSink.SinkReason["_tag"]
  | SyncError.Reason["_tag"]
  | C1zError.C1zErrorReason["_tag"]
  | QueryError.QueryErrorReason["_tag"]
  | WriteError.WriteErrorReason["_tag"]
  | OwnReason

/**
 * One line of the table.
 *
 * @since 0.1.0
 */
export interface Entry {
  readonly code: number
  readonly meaning: string
}

/**
 * Everything went well. An outcome such as "was a member already" is well too.
 *
 * @since 0.1.0
 */
export const ok: Entry = { code: 0, meaning: "Done, or there was nothing to do" }

/**
 * The record type makes the compiler say when a reason has no number.
 *
 * @since 0.1.0
 */
export const entries: Readonly<Record<Reason, Entry>> = {
  Unexpected: { code: 1, meaning: "A bug: please report it with the output of --verbose" },
  Usage: { code: 2, meaning: "The command line is not understood" },
  InvalidConfiguration: { code: 3, meaning: "A setting is missing, wrong or given twice" },
  Unauthenticated: { code: 4, meaning: "The token is not accepted" },
  PermissionDenied: { code: 5, meaning: "The token may not do this" },
  NotFound: { code: 6, meaning: "No such account, group, endpoint or sync" },
  Ambiguous: { code: 7, meaning: "A name fits several; the message lists them" },
  InvalidInput: { code: 8, meaning: "A value can't be right, for example a malformed e-mail address" },
  Conflict: { code: 9, meaning: "The change contradicts what the directory holds" },
  Unsupported: { code: 10, meaning: "Not possible over this connector" },
  RateLimited: { code: 11, meaning: "Asked to slow down for longer than the limit" },
  Unavailable: { code: 12, meaning: "The server can't be reached or fails" },
  Timeout: { code: 13, meaning: "No answer in time" },
  UnexpectedResponse: { code: 14, meaning: "The answer is not SCIM; most often a wrong URL" },
  IncompleteListing: { code: 15, meaning: "A listing ended early; there is no partial result" },
  DirectoryChanged: { code: 16, meaning: "The directory changed while it was read; run again" },
  NotApplied: { code: 17, meaning: "Accepted, but reading back shows no change" },
  LimitExceeded: { code: 18, meaning: "More changes than --max-changes allows" },
  InvalidTarget: { code: 20, meaning: "The output can't be written there, for example a directory" },
  NotWritable: { code: 21, meaning: "No permission to write there" },
  Busy: { code: 22, meaning: "Another sync is writing the same file" },
  StorageFull: { code: 23, meaning: "The disk is full" },
  Corrupt: { code: 24, meaning: "What an earlier run left can't be read" },
  StorageFailure: { code: 25, meaning: "Any other failure of the storage" },
  FewerThanExpected: { code: 26, meaning: "Fewer accounts than --expect-accounts; nothing was published" },
  TooManyMissingPrincipals: { code: 27, meaning: "Groups name too many members that are in no listing" },
  ContractViolation: { code: 28, meaning: "A bug of the connector: please report it" },
  ValidationFailed: { code: 30, meaning: "validate found something that has to be mended" },
  NotConfirmed: { code: 31, meaning: "Not confirmed: answered no, or --yes is missing where nobody can be asked" },
  SomeFailed: { code: 32, meaning: "Several items, some failed; the output says which" },
  PortUnavailable: { code: 33, meaning: "sandbox can't listen on that port" },
  UnsupportedNode: { code: 34, meaning: "Node.js is too old" },
  AwaitingApproval: { code: 35, meaning: "The server waits for an approval; the message says how to give it" },
  Unreadable: { code: 40, meaning: "No such snapshot file, or it can't be opened" },
  NotAC1z: { code: 41, meaning: "The file is no snapshot" },
  UnsupportedFormat: { code: 42, meaning: "A snapshot whose rows only baton reads" },
  Truncated: { code: 43, meaning: "The snapshot ends too early" },
  Damaged: { code: 44, meaning: "A checksum of the snapshot is wrong, or what is in it makes no sense" },
  TrailingBytes: { code: 45, meaning: "Something follows the snapshot that does not belong to it" },
  TooLarge: { code: 46, meaning: "The snapshot is larger than --max-size-mb allows" },
  NoTemporaryFile: { code: 47, meaning: "No room or permission to decompress the snapshot" },
  NoSync: { code: 48, meaning: "The snapshot holds no sync" },
  InvalidPageToken: { code: 49, meaning: "The page token is of another listing, or damaged" },
  ProblemsFound: { code: 50, meaning: "snapshot verify found errors" },
  Different: { code: 51, meaning: "snapshot diff --exit-code found changes" },
  Interrupted: { code: 130, meaning: "Ctrl-C, or asked to end" },
  OutputClosed: { code: 141, meaning: "Whoever read the output stopped reading" }
}

/**
 * @since 0.1.0
 */
export const of = (reason: Reason): number => entries[reason].code

/**
 * The table as text, for `--help`.
 *
 * @since 0.1.0
 */
export const help = (): string =>
  [["Ok", ok] as const, ...Object.entries(entries)]
    .map(([reason, entry]) => `  ${String(entry.code).padStart(3)}  ${reason.padEnd(24)} ${entry.meaning}`)
    .join("\n")
