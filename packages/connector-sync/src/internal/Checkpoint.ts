/**
 * A sync's state as text, kept by the sink together with the rows it speaks of. Cursors are opaque and belong to the version of the
 * connector that made them, so a checkpoint of another version is not used.
 */
import type { ConnectorSpec } from "@access-kit/connector-model/Connector"
import { Note } from "@access-kit/connector-model/Page"
import { ResourceId } from "@access-kit/connector-model/Resource"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SyncState from "./SyncState.ts"

const VERSION = 1

const TypeCheckpoint = Schema.Struct({
  id: Schema.String,
  /** Cursors of the pages that are not written yet; null is the first page. Absent when the type is read to its end. */
  open: Schema.optionalKey(Schema.NonEmptyArray(Schema.NullOr(Schema.String))),
  rows: Schema.Natural,
  pages: Schema.Natural,
  total: Schema.optionalKey(Schema.Natural),
  verified: Schema.Boolean,
  recovered: Schema.Natural,
  accounts: Schema.Struct({
    enabled: Schema.Natural,
    disabled: Schema.Natural,
    deleted: Schema.Natural,
    unknown: Schema.Natural
  }),
  notes: Schema.Array(Note)
})

const Checkpoint = Schema.Struct({
  version: Schema.Literal(VERSION),
  connector: Schema.String,
  connectorVersion: Schema.String,
  types: Schema.Array(TypeCheckpoint),
  pages: Schema.Natural,
  rewalks: Schema.Natural,
  stalePrincipals: Schema.Natural,
  staleGrants: Schema.Natural,
  recovering: Schema.optionalKey(Schema.Array(Schema.Struct({ id: ResourceId, grants: Schema.Natural }))),
  notes: Schema.Array(Note)
})

type Checkpoint = typeof Checkpoint.Type

const decodeCheckpoint = Schema.decodeUnknownOption(Schema.fromJsonString(Checkpoint))

// Written by hand: the sink asks for it at every commit, and what is written needs no checking.
export const encode = (spec: Pick<ConnectorSpec, "name" | "version">, state: SyncState.SyncState): string => {
  const types: Array<typeof TypeCheckpoint.Encoded> = []
  for (const type of state.types.values()) {
    const [first, ...others] = Array.from(type.open, (strand) => strand.cursor ?? null)
    types.push({
      id: type.id,
      ...(first === undefined ? {} : { open: [first, ...others] }),
      rows: type.rows,
      pages: type.pages,
      ...(type.total === undefined ? {} : { total: type.total }),
      verified: type.verified,
      recovered: type.recovered,
      accounts: type.accounts,
      notes: [...type.notes.values()]
    })
  }
  const checkpoint: typeof Checkpoint.Encoded = {
    version: VERSION,
    connector: spec.name,
    connectorVersion: spec.version,
    types,
    pages: state.pages,
    rewalks: state.rewalks,
    stalePrincipals: state.stalePrincipals,
    staleGrants: state.staleGrants,
    ...(state.recovering === undefined ? {} : { recovering: state.recovering }),
    notes: [...state.notes.values()]
  }
  return JSON.stringify(checkpoint)
}

const restore = (checkpoint: Checkpoint): SyncState.SyncState => {
  const state = SyncState.make()
  for (const saved of checkpoint.types) {
    const type = SyncState.newType(saved.id)
    type.open.clear()
    for (const cursor of saved.open ?? []) type.open.add(SyncState.strand(cursor ?? undefined))
    type.rows = saved.rows
    type.pages = saved.pages
    type.total = saved.total
    type.verified = saved.verified
    type.recovered = saved.recovered
    SyncState.addAccounts(type.accounts, saved.accounts)
    for (const note of saved.notes) SyncState.addNote(type.notes, note)
    state.types.set(type.id, type)
  }
  state.pages = checkpoint.pages
  state.rewalks = checkpoint.rewalks
  state.stalePrincipals = checkpoint.stalePrincipals
  state.staleGrants = checkpoint.staleGrants
  state.recovering = checkpoint.recovering
  for (const note of checkpoint.notes) SyncState.addNote(state.notes, note)
  return state
}

export type Decoded =
  | { readonly _tag: "Usable"; readonly state: SyncState.SyncState }
  | {
    readonly _tag: "Unusable"
    /** The end of a sentence that begins with "because". */
    readonly because: string
    /** Resource types that the sink may hold records of. */
    readonly types: ReadonlyArray<string>
  }

export const decode = (
  spec: Pick<ConnectorSpec, "name" | "version">,
  knownTypes: ReadonlyArray<string>,
  text: string
): Decoded => {
  const decoded = decodeCheckpoint(text)
  if (Option.isNone(decoded)) {
    return { _tag: "Unusable", because: "its checkpoint can't be read", types: knownTypes }
  }
  const checkpoint = decoded.value
  const types = checkpoint.types.map((type) => type.id)
  const unusable = (because: string): Decoded => ({
    _tag: "Unusable",
    because,
    types: [...new Set([...knownTypes, ...types])]
  })
  if (checkpoint.connector !== spec.name || checkpoint.connectorVersion !== spec.version) {
    return unusable(
      `${checkpoint.connector} ${checkpoint.connectorVersion} wrote it and this is ${spec.name} ${spec.version}`
    )
  }
  if (new Set(types).size !== types.length || !types.every((id) => knownTypes.includes(id))) {
    return unusable("it has resource types that the connector does not have")
  }
  return { _tag: "Usable", state: restore(checkpoint) }
}
