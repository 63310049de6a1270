/**
 * Finds the zstd frames of a file (RFC 8878) from their headers alone. Node's decompressor stops at the end of a frame without a word about what
 * follows, and trusts whatever sizes a header claims; here both are looked at first.
 */
import { readSync } from "node:fs"

export interface ZstdFrame {
  readonly start: number
  readonly end: number
  /** Present if the header says it. */
  readonly contentSize: bigint | undefined
  readonly windowSize: bigint
  readonly hasChecksum: boolean
}

export type ZstdFault =
  | { readonly fault: "truncated" }
  | { readonly fault: "not a frame"; readonly offset: number }
  | { readonly fault: "damaged"; readonly offset: number }

const MAGIC = 0xfd2fb528

/** Sixteen magic numbers announce a frame that decoders skip. */
const SKIPPABLE = 0x184d2a50

/** Magic, descriptor, window, dictionary id, content size. */
const LONGEST_HEADER = 4 + 1 + 1 + 4 + 8

const isFault = (value: ZstdFrame | ZstdFault | undefined): value is ZstdFault =>
  value !== undefined && "fault" in value

/** The frame that begins at an offset; undefined for a skippable one, whose end is then in `skip`. */
const frameAt = (file: number, start: number, size: number): ZstdFrame | ZstdFault | { readonly skip: number } => {
  const header = Buffer.alloc(LONGEST_HEADER)
  const length = readSync(file, header, 0, LONGEST_HEADER, start)
  if (length < 4) return { fault: "truncated" }
  const magic = header.readUInt32LE(0)
  if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE) {
    if (length < 8) return { fault: "truncated" }
    const skip = start + 8 + header.readUInt32LE(4)
    return skip > size ? { fault: "truncated" } : { skip }
  }
  if (magic !== MAGIC) return { fault: "not a frame", offset: start }
  if (length < 6) return { fault: "truncated" }

  const descriptor = header.readUInt8(4)
  if ((descriptor & 0x08) !== 0) return { fault: "damaged", offset: start + 4 }
  const singleSegment = (descriptor & 0x20) !== 0
  const hasChecksum = (descriptor & 0x04) !== 0
  let at = 5
  let windowSize = BigInt(0)
  if (!singleSegment) {
    const window = header.readUInt8(at++)
    const base = BigInt(1) << BigInt(10 + (window >> 3))
    windowSize = base + (base / BigInt(8)) * BigInt(window & 7)
  }
  at += [0, 1, 2, 4][descriptor & 3] ?? 0
  const sizeFlag = descriptor >> 6
  const sizeBytes = sizeFlag === 0 ? (singleSegment ? 1 : 0) : 1 << sizeFlag
  if (length < at + sizeBytes) return { fault: "truncated" }
  let contentSize: bigint | undefined
  if (sizeBytes === 1) contentSize = BigInt(header.readUInt8(at))
  else if (sizeBytes === 2) contentSize = BigInt(header.readUInt16LE(at) + 256)
  else if (sizeBytes === 4) contentSize = BigInt(header.readUInt32LE(at))
  else if (sizeBytes === 8) contentSize = header.readBigUInt64LE(at)
  if (singleSegment) windowSize = contentSize ?? BigInt(0)

  let offset = start + at + sizeBytes
  const block = Buffer.alloc(3)
  for (let last = false; !last;) {
    if (readSync(file, block, 0, 3, offset) < 3) return { fault: "truncated" }
    const value = block.readUIntLE(0, 3)
    last = (value & 1) === 1
    const type = (value >> 1) & 3
    if (type === 3) return { fault: "damaged", offset }
    // A repeated byte is stored once, whatever its count.
    offset += 3 + (type === 1 ? 1 : value >> 3)
    if (offset > size) return { fault: "truncated" }
  }
  const end = offset + (hasChecksum ? 4 : 0)
  if (end > size) return { fault: "truncated" }
  return { start, end, contentSize, windowSize, hasChecksum }
}

/** All frames from an offset to the end of the file, or what is wrong. Skippable frames are skipped. */
export const find = (file: number, from: number, size: number): ReadonlyArray<ZstdFrame> | ZstdFault => {
  const frames: Array<ZstdFrame> = []
  for (let offset = from; offset < size;) {
    const found = frameAt(file, offset, size)
    if ("skip" in found) {
      offset = found.skip
    } else if (isFault(found)) {
      return found
    } else {
      frames.push(found)
      offset = found.end
    }
  }
  return frames.length === 0 ? { fault: "truncated" } : frames
}
