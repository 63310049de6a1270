/**
 * Batches that have to wait, made small: the reader would stand still with what little may wait in memory as it is, while the worker sorts grants and takes no
 * rows.
 */
import { deserialize, serialize } from "node:v8"
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib"
import type { Taken } from "./Batch.ts"
import type { Rows } from "./Protocol.ts"

/** More than most batches come to, which are then one piece each. */
const PACK = { chunkSize: 128 * 1024, params: { [constants.ZSTD_c_compressionLevel]: 1 } }
const UNPACK = { chunkSize: 512 * 1024 }

interface Contents {
  readonly rows: ReadonlyArray<Rows>
  readonly bytes: Uint8Array
}

/** In a buffer of its own that has no room to spare. */
export const pack = ({ rows, storage, used }: Pick<Taken, "rows" | "storage" | "used">): ArrayBuffer => {
  const contents: Contents = { rows, bytes: new Uint8Array(storage, 0, used) }
  const packed = zstdCompressSync(serialize(contents), PACK)
  const exact = new ArrayBuffer(packed.length)
  new Uint8Array(exact).set(packed)
  return exact
}

/** Calls with what {@link pack} was given, which is good until then only. `packed` must be of its making. */
export const unpack = (packed: ArrayBuffer, use: (bytes: Uint8Array, rows: ReadonlyArray<Rows>) => void): void => {
  const plain = zstdDecompressSync(new Uint8Array(packed), UNPACK)
  const { bytes, rows } = deserialize(plain) as Contents
  use(bytes, rows)
  free(packed)
  free(plain.buffer)
}

/**
 * Gives the memory back at once. A thread that makes little other garbage would come to collect it when there are tens of megabytes of it. Small ones may be of
 * the pool that all share.
 */
const free = (buffer: ArrayBufferLike): void => {
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) buffer.transfer(0)
}
