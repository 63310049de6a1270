/**
 * The record format of LevelDB's and Pebble's logs: blocks of 32 KiB, each record in one or more pieces, each piece with a checksum, a length and
 * its place in the record.
 */
import { crc32c, masked } from "./Crc32c.ts"

const BLOCK = 32 * 1024
const HEADER = 7

const FULL = 1
const FIRST = 2
const MIDDLE = 3
const LAST = 4

/** Larger records are refused; our own are of at most a few mebibytes. */
const MAX_RECORD = 256 * 1024 * 1024

export class LogFault extends Error {}

/** Yields the records of a log that `read` gives block after block. */
export const records = function*(
  read: (position: number, length: number) => Uint8Array,
  size: number
): Generator<Uint8Array> {
  let pieces: Array<Uint8Array> = []
  let total = 0
  for (let position = 0; position < size; position += BLOCK) {
    const block = read(position, Math.min(BLOCK, size - position))
    let at = 0
    while (block.length - at >= HEADER) {
      const view = new DataView(block.buffer, block.byteOffset + at, HEADER)
      const checksum = view.getUint32(0, true)
      const length = view.getUint16(4, true)
      const type = view.getUint8(6)
      // The rest of a block, or of a preallocated file, is zeros.
      if (type === 0 && length === 0 && checksum === 0) break
      const start = at + HEADER
      const end = start + length
      if (end > block.length) throw new LogFault("its log ends within a record")
      if (masked(crc32c(block, at + 6, end)) !== checksum) throw new LogFault("a checksum of its log is wrong")
      const begins = type === FULL || type === FIRST
      if (type < FULL || type > LAST) throw new LogFault(`its log has pieces of kind ${type}`)
      if (begins !== (pieces.length === 0)) throw new LogFault("the pieces of its log are not in order")
      total += length
      if (total > MAX_RECORD) throw new LogFault("its log has a record that is too large")
      pieces.push(block.slice(start, end))
      if (type === FULL || type === LAST) {
        yield pieces.length === 1 ? pieces[0] ?? new Uint8Array(0) : Buffer.concat(pieces, total)
        pieces = []
        total = 0
      }
      at = end
    }
  }
  if (pieces.length > 0) throw new LogFault("its log ends within a record")
}

/** Puts records into blocks. */
export class LogWriter {
  private readonly write: (bytes: Uint8Array) => void
  private inBlock = 0
  size = 0

  constructor(write: (bytes: Uint8Array) => void) {
    this.write = write
  }

  private emit(bytes: Uint8Array): void {
    this.write(bytes)
    this.size += bytes.length
  }

  append(record: Uint8Array): void {
    for (let from = 0, first = true; first || from < record.length; first = false) {
      if (BLOCK - this.inBlock < HEADER) {
        this.emit(new Uint8Array(BLOCK - this.inBlock))
        this.inBlock = 0
      }
      const length = Math.min(record.length - from, BLOCK - this.inBlock - HEADER)
      const last = from + length === record.length
      const piece = Buffer.allocUnsafe(HEADER + length)
      piece.writeUInt16LE(length, 4)
      piece.writeUInt8(first ? (last ? FULL : FIRST) : last ? LAST : MIDDLE, 6)
      piece.set(record.subarray(from, from + length), HEADER)
      piece.writeUInt32LE(masked(crc32c(piece, 6)), 0)
      this.emit(piece)
      this.inBlock += piece.length
      from += length
    }
  }
}
