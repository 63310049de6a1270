/**
 * Where the files of snapshots are: a directory, or a bucket of an S3-compatible store.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"

/**
 * The store can't be used. The message says which, why, and what to do; it never has a secret. `Refused` stays so until somebody changes something,
 * `Unreachable` may be over in a moment.
 *
 * @since 0.1.0
 */
export class SnapshotStoreError extends Schema.TaggedError<SnapshotStoreError>()("SnapshotStoreError", {
  reason: Schema.Literals(["Refused", "Unreachable"]),
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {}

/**
 * What to store, with what is known about it.
 *
 * @since 0.1.0
 */
export interface SnapshotFile {
  readonly path: string
  readonly bytes: number
  /** Hexadecimal. */
  readonly sha256: string
}

/**
 * @since 0.1.0
 */
export type Location = Data.TaggedEnum<{
  Directory: { readonly path: string }
  S3: {
    readonly bucket: string
    /** Without a slash at either end; empty for the top of the bucket. */
    readonly prefix: string
  }
}>

/**
 * @since 0.1.0
 */
export const Location = Data.taggedEnum<Location>()

/**
 * `s3://bucket/prefix` is a bucket, anything else a directory.
 *
 * @since 0.1.0
 */
export const locate = (text: string): Location => {
  const [, bucket, prefix] = /^s3:\/\/([^/]+)\/?(.*)$/i.exec(text) ?? []
  return bucket === undefined
    ? Location.Directory({ path: text })
    : Location.S3({ bucket, prefix: (prefix ?? "").replaceAll(/^\/+|\/+$/g, "") })
}

/**
 * How to reach an S3-compatible store.
 *
 * @since 0.1.0
 */
export interface S3Options {
  readonly bucket: string
  readonly prefix: string
  readonly region: string
  /** For example `https://minio.example.com`; that of AWS if absent. */
  readonly endpoint?: string
  readonly accessKeyId: string
  readonly secretAccessKey: Redacted.Redacted<string>
  readonly sessionToken?: Redacted.Redacted<string>
}

/**
 * Keys are relative paths with slashes: letters, digits, `.` and `-`.
 *
 * @since 0.1.0
 */
export class SnapshotFiles extends Context.Service<SnapshotFiles, {
  /** In one step: before it, and if it fails, there is no file of this key, or the one before. The file at the path may be moved away. */
  readonly put: (key: string, file: SnapshotFile) => Effect.Effect<void, SnapshotStoreError>
  /** The contents as they are stored, once it is known that they can be had; fails where there is no such file. */
  readonly get: (key: string) => Effect.Effect<Stream.Stream<Uint8Array, SnapshotStoreError>, SnapshotStoreError>
  /** It need not be there. */
  readonly remove: (key: string) => Effect.Effect<void, SnapshotStoreError>
  /** The path of a file, where the store is on this machine. */
  readonly pathOf: (key: string) => string | undefined
  /** Whether the store can be read and written at all, tried out. */
  readonly check: Effect.Effect<void, SnapshotStoreError>
}>()("@access-kit/http-server/SnapshotFiles") {}
