/**
 * Where a sync stands, in memory. It changes in single synchronous steps only, so that a checkpoint taken at any moment is consistent.
 */
import type { Note } from "@access-kit/connector-model/Page"
import type { AccountStatus } from "@access-kit/connector-model/Resource"
import type { MissingPrincipal } from "@access-kit/connector-model/SnapshotSink"
import type { Kept } from "../ProgressEvent.ts"

export type AccountCounts = Record<AccountStatus, number>

export const noAccounts = (): AccountCounts => ({ enabled: 0, disabled: 0, deleted: 0, unknown: 0 })

export const addAccounts = (into: AccountCounts, more: AccountCounts): void => {
  into.enabled += more.enabled
  into.disabled += more.disabled
  into.deleted += more.deleted
  into.unknown += more.unknown
}

/**
 * One strand of a listing: a page and whatever its `next` leads to. It remembers one earlier cursor, moved up at every power of two
 * (Brent's algorithm), which is enough to see that a strand has become a circle.
 */
export interface Strand {
  cursor: string | undefined
  mark: string | undefined
  sinceMark: number
  untilMark: number
}

export const strand = (cursor: string | undefined): Strand => ({ cursor, mark: cursor, sinceMark: 0, untilMark: 1 })

/** Moves a strand on. False when it has been at `next` before. */
export const advance = (self: Strand, next: string): boolean => {
  if (next === self.mark) return false
  self.cursor = next
  self.sinceMark += 1
  if (self.sinceMark === self.untilMark) {
    self.mark = next
    self.sinceMark = 0
    self.untilMark *= 2
  }
  return true
}

export interface TypeState {
  readonly id: string
  /** Strands with a page that is not written yet. Empty when the type is read to its end. */
  readonly open: Set<Strand>
  /** Rows of the pages that were written, repeated ones included. */
  rows: number
  pages: number
  total: number | undefined
  /** Whether a settled snapshot was seen to have exactly the rows that were announced. */
  verified: boolean
  /** Principals of this type that were fetched one by one. */
  recovered: number
  readonly accounts: AccountCounts
  readonly notes: Map<string, Note>
}

export const newType = (id: string): TypeState => ({
  id,
  open: new Set([strand(undefined)]),
  rows: 0,
  pages: 0,
  total: undefined,
  verified: false,
  recovered: 0,
  accounts: noAccounts(),
  notes: new Map()
})

export interface SyncState {
  /** Types that were begun, by id. */
  readonly types: Map<string, TypeState>
  pages: number
  rewalks: number
  stalePrincipals: number
  staleGrants: number
  /** Principals that are being fetched one by one. While this is set, their records may be in the sink but are not counted. */
  recovering: ReadonlyArray<MissingPrincipal> | undefined
  readonly notes: Map<string, Note>
}

export const make = (): SyncState => ({
  types: new Map(),
  pages: 0,
  rewalks: 0,
  stalePrincipals: 0,
  staleGrants: 0,
  recovering: undefined,
  notes: new Map()
})

// A code stands for a kind of finding. A connector that puts ids into its codes must not make the state grow with the directory.
const MAX_CODES = 100

export const addNote = (into: Map<string, Note>, note: Note): void => {
  const known = into.get(note.code)
  if (known !== undefined) {
    into.set(note.code, { ...known, count: known.count + note.count })
  } else if (into.size < MAX_CODES || note.code === "further-notes") {
    into.set(note.code, note)
  } else {
    addNote(into, { code: "further-notes", message: "There were notes of further kinds.", count: note.count })
  }
}

export const keptOf = (state: SyncState): Kept => {
  let rows = 0
  let pages = 0
  const finishedTypes: Array<string> = []
  for (const type of state.types.values()) {
    rows += type.rows
    pages += type.pages
    if (type.open.size === 0) finishedTypes.push(type.id)
  }
  return { rows, pages, finishedTypes }
}
