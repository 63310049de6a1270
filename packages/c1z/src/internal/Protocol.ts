/**
 * What the sink and its worker thread say to each other. Rows travel as bytes in one transferred buffer with a few strings beside it, so
 * that handing over a page costs next to nothing.
 */
import type { ResourceId } from "@access-kit/connector-model/Resource"
import type { Format } from "../Convert.ts"

/** A stretch of the batch's buffer. */
export interface Bytes {
  readonly start: number
  readonly end: number
}

/** Resources of one type that have no parent. */
export interface ResourcesRows {
  readonly kind: "resources"
  readonly resourceType: string
  readonly ids: Array<string>
  /** Where each `Resource` message ends; it begins where the one before ended, the first at `start`. */
  readonly start: number
  readonly ends: Array<number>
}

/** A resource that has a parent. */
export interface ChildRow extends Bytes {
  readonly kind: "child"
  readonly id: ResourceId
  readonly parent: ResourceId
}

export interface EntitlementRow extends Bytes {
  readonly kind: "entitlement"
  readonly id: string
  readonly resource: ResourceId
}

/** Plain grants of one entitlement to principals of one type. The bytes are the `Entitlement` message that each of them carries. */
export interface GrantsRows extends Bytes {
  readonly kind: "grants"
  readonly entitlementId: string
  readonly resource: ResourceId
  readonly principalType: string
  readonly principals: ReadonlyArray<string>
}

/** A grant that is not plain. The bytes are the whole `Grant` message. */
export interface GrantRow extends Bytes {
  readonly kind: "grant"
  readonly id: string
  readonly entitlementId: string
  readonly resource: ResourceId
  readonly principal: ResourceId
  readonly expansion?: Bytes
}

export type Rows = ResourcesRows | ChildRow | EntitlementRow | GrantsRows | GrantRow

/** Why an unfinished work file that was found was not taken up. */
export type Discarded = "not wanted" | "other source" | "too old" | "machine restarted" | "already published"

export interface Started {
  readonly syncId: string
  readonly startedAt: number
  readonly checkpoint: string | undefined
  readonly discarded: Discarded | undefined
}

export interface Settled {
  readonly resources: Readonly<Record<string, number>>
  readonly duplicates: number
  readonly missingPrincipals: ReadonlyArray<{ readonly id: ResourceId; readonly grants: number }>
}

export interface Published {
  readonly syncId: string
  readonly startedAt: number
  readonly endedAt: number
  readonly location: string
  readonly bytes: number
  readonly resources: Readonly<Record<string, number>>
  readonly entitlements: number
  readonly grants: number
}

/** What is asked of the worker, by name: `[question, answer]`. `now` is epoch milliseconds by the caller's clock. */
export interface Calls {
  readonly begin: [
    {
      readonly path: string
      readonly now: number
      /** Names the sync if a new one begins. */
      readonly syncId: string
      /** Says whether an unfinished sync is about the same thing. */
      readonly fingerprint: string
      readonly syncType: string
      /** Whether to take up an unfinished sync at all. */
      readonly resume: boolean
      /** Whether the syncs of the file stay, and how many full ones: null for all. */
      readonly append?: {
        readonly keep: number | null
        readonly temporaryDirectory?: string
        readonly maxDecodedBytes?: number
      }
      readonly resourceTypes: ReadonlyArray<{ readonly id: string; readonly data: Uint8Array }>
    },
    Started
  ]
  /** Answers with the buffer, to be used again. */
  readonly write: [
    {
      readonly now: number
      readonly storage: ArrayBuffer
      readonly rows: ReadonlyArray<Rows>
      /** Present when what was written up to here is to be made durable, together with it. */
      readonly checkpoint: string | undefined
    },
    ArrayBuffer
  ]
  /** The same of a batch that had to wait; see `Packing`. */
  readonly writePacked: [
    { readonly now: number; readonly packed: ArrayBuffer; readonly checkpoint: string | undefined },
    null
  ]
  /** Most likely no more grants come: time to sort them. */
  readonly indexGrants: [null, null]
  readonly discard: [{ readonly resourceType: string; readonly checkpoint: string }, null]
  readonly settle: [{ readonly missingLimit: number }, Settled]
  readonly dropGrantsTo: [{ readonly principals: ReadonlyArray<ResourceId> }, number]
  readonly finish: [{ readonly now: number; readonly format: Format }, Published]
  /** Rolls back what has no checkpoint yet and lets go of the work file. */
  readonly close: [null, null]
}

export type Call = keyof Calls

export type Request = {
  [K in Call]: { readonly sequence: number; readonly call: K; readonly question: Calls[K][0] }
}[Call]

/** A failure without its class, which does not survive the way between threads. */
export interface Failure {
  readonly tag: "InvalidTarget" | "NotWritable" | "Busy" | "StorageFull" | "Corrupt" | "StorageFailure"
  readonly message: string
  readonly location: string
  /** What the system said, for the log. */
  readonly detail?: string
}

export type Reply =
  | { readonly sequence: number; readonly answer: unknown }
  | { readonly sequence: number; readonly failure: Failure }
