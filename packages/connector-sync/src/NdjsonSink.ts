/**
 * Writes a snapshot as a text file with one JSON value per line, for `jq`, DuckDB and whatever else reads lines. {@link Line} says what they are:
 * first the `Snapshot`, then each `ResourceType` with its resources, entitlements and grants.
 *
 * The file appears, or replaces the one before it, in one step when the sync is finished. Until then the lines are in a hidden directory beside
 * it, one file for each resource type. An interrupted sync begins anew: use the sink of `@access-kit/c1z` where that matters. Ids of resources and
 * of principals are held in memory, some 100 bytes each; grants are not.
 *
 * @since 0.1.0
 */
import * as Entitlement from "@access-kit/connector-model/Entitlement"
import * as Grant from "@access-kit/connector-model/Grant"
import type { ResourceRecord } from "@access-kit/connector-model/Page"
import { Account, Group, Item, keyOf, type ResourceId } from "@access-kit/connector-model/Resource"
import * as ResourceType from "@access-kit/connector-model/ResourceType"
import {
  type MissingPrincipal,
  type SinkError,
  type SnapshotHeader,
  SnapshotSink
} from "@access-kit/connector-model/SnapshotSink"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Failure from "./internal/FileFailure.ts"

/**
 * The first line.
 *
 * @since 0.1.0
 */
export const Snapshot = Schema.TaggedStruct("Snapshot", {
  format: Schema.Literal(1),
  syncId: Schema.String,
  connector: Schema.String,
  connectorVersion: Schema.String,
  source: Schema.String,
  /** Epoch milliseconds. */
  startedAt: Schema.Number,
  /** Epoch milliseconds. */
  endedAt: Schema.Number
})

/**
 * Any line, told apart by `_tag`.
 *
 * @since 0.1.0
 */
export const Line = Schema.Union([
  Snapshot,
  Schema.TaggedStruct("ResourceType", ResourceType.ResourceType.fields),
  Account,
  Group,
  Item,
  Schema.TaggedStruct("Entitlement", Entitlement.Entitlement.fields),
  Schema.TaggedStruct("Grant", Grant.Grant.fields)
])

/**
 * @since 0.1.0
 */
export type Line = typeof Line.Type

/**
 * @since 0.1.0
 */
export interface Options {
  /** The file to write. A snapshot of this format is replaced; any other file is left alone and refused. */
  readonly path: string
}

const FIRST_BYTES = `{"_tag":"Snapshot"`

/** Characters that are gathered before they are written. */
const CHUNK = 1 << 18

const lineOf = (value: typeof Line.Encoded): string => `${JSON.stringify(value)}\n`

const GrantLine = Schema.fromJsonString(Schema.TaggedStruct("Grant", Grant.Grant.fields))

/** What the sink holds of one resource type. */
interface Part {
  readonly path: string
  readonly file: FileSystem.File
  buffer: Array<string>
  waiting: number
  readonly ids: Set<string>
  entitlements: number
  grants: number
  /** Grants of this part by principal. */
  readonly principals: Map<string, { readonly id: ResourceId; grants: number }>
  /** Principals whose grants are left out when the file is put together. */
  readonly dropped: Set<string>
}

/** The one sync that a sink serves. */
interface Run {
  readonly header: SnapshotHeader
  readonly syncId: string
  readonly startedAt: number
  readonly directory: string
  readonly parts: Map<string, Part>
  duplicates: number
}

/**
 * @since 0.1.0
 */
export const make = Effect.fn("NdjsonSink.make")(function*(
  options: Options
): Effect.fn.Return<SnapshotSink["Service"], never, FileSystem.FileSystem | Path.Path | Scope.Scope> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const scope = yield* Scope.Scope
  const target = path.resolve(options.path)
  const at = Failure.mapped(options.path)
  const encoder = new TextEncoder()
  let current: Run | undefined

  const running = Effect.suspend(() =>
    current === undefined
      ? Effect.die(new Error("NdjsonSink: begin has to be called first"))
      : Effect.succeed(current)
  )

  /** Refuses a target that is no file, or a file that this sink did not write. */
  const checkTarget = Effect.gen(function*() {
    if (!(yield* fs.exists(target))) return
    const { type } = yield* fs.stat(target)
    if (type !== "File") return yield* Failure.invalidTarget(options.path, `it is a ${type.toLowerCase()}`)
    const start = yield* fs.stream(target, { bytesToRead: FIRST_BYTES.length }).pipe(
      Stream.decodeText,
      Stream.mkString
    )
    if (start !== "" && start !== FIRST_BYTES) {
      return yield* Failure.invalidTarget(options.path, "a file of another kind is there and would be lost")
    }
  }).pipe(at)

  const openPart = (run: Run, resourceType: string): Effect.Effect<Part, SinkError> =>
    Effect.suspend(() => {
      const known = run.parts.get(resourceType)
      if (known !== undefined) return Effect.succeed(known)
      const file = path.join(run.directory, `${run.parts.size}.ndjson`)
      return fs.open(file, { flag: "w" }).pipe(
        Scope.provide(scope),
        at,
        Effect.map((opened) => {
          const part: Part = {
            path: file,
            file: opened,
            buffer: [],
            waiting: 0,
            ids: new Set(),
            entitlements: 0,
            grants: 0,
            principals: new Map(),
            dropped: new Set()
          }
          run.parts.set(resourceType, part)
          return part
        })
      )
    })

  const flush = (part: Part): Effect.Effect<void, SinkError> =>
    Effect.suspend(() => {
      if (part.waiting === 0) return Effect.void
      const bytes = encoder.encode(part.buffer.join(""))
      part.buffer = []
      part.waiting = 0
      return at(part.file.writeAll(bytes))
    })

  const add = (part: Part, line: string): void => {
    part.buffer.push(line)
    part.waiting += line.length
  }

  const addRecord = (run: Run, part: Part, record: ResourceRecord): void => {
    const { resource } = record.resource.id
    if (part.ids.has(resource)) {
      run.duplicates += 1
      return
    }
    part.ids.add(resource)
    add(part, lineOf(record.resource))
    for (const entitlement of record.entitlements) add(part, lineOf({ _tag: "Entitlement", ...entitlement }))
    for (const grant of record.grants) {
      add(part, lineOf({ _tag: "Grant", ...grant }))
      const key = keyOf(grant.principal)
      const known = part.principals.get(key)
      if (known === undefined) part.principals.set(key, { id: grant.principal, grants: 1 })
      else known.grants += 1
    }
    part.entitlements += record.entitlements.length
    part.grants += record.grants.length
  }

  const resourcesOf = (run: Run): Record<string, number> => {
    const counts: Record<string, number> = {}
    for (const [id, part] of run.parts) {
      if (part.ids.size > 0) counts[id] = part.ids.size
    }
    return counts
  }

  const missingOf = (run: Run, limit: number): ReadonlyArray<MissingPrincipal> => {
    const types = new Set(run.header.resourceTypes.map((type) => type.id))
    const found = new Map<string, MissingPrincipal>()
    for (const part of run.parts.values()) {
      for (const [key, { grants, id }] of part.principals) {
        if (!types.has(id.resourceType) || run.parts.get(id.resourceType)?.ids.has(id.resource) === true) continue
        found.set(key, { id, grants: grants + (found.get(key)?.grants ?? 0) })
      }
    }
    return [...found].sort(([a], [b]) => a < b ? -1 : 1).slice(0, limit).map(([, principal]) => principal)
  }

  /** The lines of a part, without grants to principals that were dropped. */
  const linesOf = (part: Part): Stream.Stream<Uint8Array, SinkError> => {
    const bytes = fs.stream(part.path)
    if (part.dropped.size === 0) return Stream.mapError(bytes, Failure.of(options.path))
    const decode = Schema.decodeUnknownOption(GrantLine)
    return bytes.pipe(
      Stream.decodeText,
      Stream.splitLines,
      Stream.filter((line) => {
        if (!line.startsWith(`{"_tag":"Grant"`)) return true
        const grant = decode(line)
        return Option.isNone(grant) || !part.dropped.has(keyOf(grant.value.principal))
      }),
      Stream.map((line) => encoder.encode(`${line}\n`)),
      Stream.mapError(Failure.of(options.path))
    )
  }

  return SnapshotSink.of({
    begin: Effect.fn("NdjsonSink.begin")(function*(header) {
      yield* checkTarget
      const directory = yield* fs.makeTempDirectoryScoped({
        directory: path.dirname(target),
        prefix: `.${path.basename(target)}.`
      }).pipe(Scope.provide(scope), at)
      const startedAt = yield* Clock.currentTimeMillis
      // The name of the directory is new each time, which is all that an id of a sync has to be.
      const syncId = path.basename(directory).slice(path.basename(target).length + 2)
      current = { header, syncId, startedAt, directory, parts: new Map(), duplicates: 0 }
      return { syncId, startedAt }
    }),

    write: Effect.fnUntraced(function*(records: ReadonlyArray<ResourceRecord>) {
      const run = yield* running
      for (const record of records) {
        const type = record.resource.id.resourceType
        const part = run.parts.get(type) ?? (yield* openPart(run, type))
        addRecord(run, part, record)
        if (part.waiting >= CHUNK) yield* flush(part)
      }
    }),

    discard: Effect.fn("NdjsonSink.discard")(function*(resourceType) {
      const run = yield* running
      const part = run.parts.get(resourceType)
      if (part === undefined) return
      part.buffer = []
      part.waiting = 0
      part.ids.clear()
      part.principals.clear()
      part.dropped.clear()
      part.entitlements = 0
      part.grants = 0
      yield* at(Effect.andThen(part.file.truncate(0), part.file.seek(0n, "start")))
    }),

    settle: Effect.fn("NdjsonSink.settle")(function*({ missingLimit }) {
      const run = yield* running
      yield* Effect.forEach(run.parts.values(), flush, { discard: true })
      return {
        resources: resourcesOf(run),
        duplicates: run.duplicates,
        missingPrincipals: missingOf(run, missingLimit)
      }
    }),

    dropGrantsTo: Effect.fn("NdjsonSink.dropGrantsTo")(function*(principals) {
      const run = yield* running
      let removed = 0
      for (const principal of principals) {
        const key = keyOf(principal)
        for (const part of run.parts.values()) {
          const held = part.principals.get(key)
          if (held === undefined) continue
          part.principals.delete(key)
          part.dropped.add(key)
          part.grants -= held.grants
          removed += held.grants
        }
      }
      return removed
    }),

    finish: Effect.gen(function*() {
      const run = yield* running
      const { directory, header, startedAt, syncId } = run
      yield* Effect.forEach(run.parts.values(), flush, { discard: true })
      const endedAt = yield* Clock.currentTimeMillis
      const whole = path.join(directory, "whole.ndjson")
      let bytes = 0
      let entitlements = 0
      let grants = 0
      yield* Effect.scoped(Effect.gen(function*() {
        const file = yield* at(fs.open(whole, { flag: "w" }))
        const write = (chunk: Uint8Array) => {
          bytes += chunk.length
          return at(file.writeAll(chunk))
        }
        yield* write(encoder.encode(lineOf({
          _tag: "Snapshot",
          format: 1,
          syncId,
          connector: header.connector,
          connectorVersion: header.connectorVersion,
          source: header.source,
          startedAt,
          endedAt
        })))
        for (const type of header.resourceTypes) {
          yield* write(encoder.encode(lineOf({ _tag: "ResourceType", ...type })))
          const part = run.parts.get(type.id)
          if (part === undefined) continue
          entitlements += part.entitlements
          grants += part.grants
          yield* Stream.runForEach(linesOf(part), write)
        }
        // On the disk before it has its name, so that a crash of the machine can't leave half a file under it.
        yield* at(file.sync)
      }))
      yield* at(fs.rename(whole, target))
      current = undefined
      return {
        syncId,
        startedAt,
        endedAt,
        location: options.path,
        bytes,
        resources: resourcesOf(run),
        entitlements,
        grants
      }
    }).pipe(Effect.withSpan("NdjsonSink.finish"))
  })
})

/**
 * Provides a {@link SnapshotSink} that writes lines to a file. When the scope closes before `finish`, nothing is left.
 *
 * @since 0.1.0
 */
export const layer = (
  options: Options
): Layer.Layer<SnapshotSink, never, FileSystem.FileSystem | Path.Path> => Layer.effect(SnapshotSink, make(options))
