/**
 * The outside of a v3 file: its manifest, and the names and places of the files in its payload. Nothing is decompressed here, and no size that the
 * file claims is believed before it is checked.
 */
import {
  type C1ZManifestV3,
  C1ZManifestV3Schema,
  PayloadEncoding
} from "@access-kit/baton-protocol/gen/c1/c1z/v3/manifest_pb"
import { IndexedFrameIndexSchema } from "@access-kit/baton-protocol/gen/c1/c1z/v3/manifest_pb"
import { fromBinary } from "@bufbuild/protobuf"
import { readSync } from "node:fs"

export const MAGIC = "C1Z3\0"

/** Magic and the length of the manifest. */
const HEADER = 9

const MAX_MANIFEST = 16 * 1024 * 1024
const MAX_INDEX = 64 * 1024 * 1024
const TAR_BLOCK = 512
const FOOTER = 28
const FOOTER_MAGIC = "C1ZIDX1\0"

export class ContainerFault extends Error {
  readonly kind: "truncated" | "damaged" | "trailing"
  readonly offset: number

  constructor(kind: ContainerFault["kind"], message: string, offset = 0) {
    super(message)
    this.kind = kind
    this.offset = offset
  }
}

export interface Member {
  readonly name: string
  readonly start: number
  /** Of the content. */
  readonly size: number
  /** Present where the content is a frame of its own. */
  readonly packed: { readonly size: number; readonly sha256: Uint8Array } | undefined
}

export interface Container {
  readonly manifest: C1ZManifestV3
  readonly payloadStart: number
  /** Absent where the payload is compressed as a whole, so that what is in it can't be seen. */
  readonly members: ReadonlyArray<Member> | undefined
}

/** Reads exactly so much, or says that the file is too short. */
export const readAt = (file: number, position: number, length: number): Buffer => {
  const bytes = Buffer.alloc(length)
  let done = 0
  while (done < length) {
    const read = readSync(file, bytes, done, length - done, position + done)
    if (read === 0) throw new ContainerFault("truncated", "it ends too early")
    done += read
  }
  return bytes
}

const octal = (block: Buffer, start: number, length: number): number => {
  const digits = block.toString("latin1", start, start + length).replace(/[\0 ]+$/, "").trim()
  if (!/^[0-7]{1,12}$/.test(digits)) throw new ContainerFault("damaged", "a size in its payload is no number")
  return Number.parseInt(digits, 8)
}

const isZero = (block: Buffer): boolean => block.every((byte) => byte === 0)

const checksum = (block: Buffer): number =>
  block.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? 0x20 : byte), 0)

/** The entries of a tar archive. */
export const tarMembers = (file: number, from: number, size: number): ReadonlyArray<Member> => {
  const members: Array<Member> = []
  let position = from
  for (;;) {
    const block = readAt(file, position, TAR_BLOCK)
    if (isZero(block)) break
    if (octal(block, 148, 8) !== checksum(block)) {
      throw new ContainerFault("damaged", "a checksum of its payload is wrong")
    }
    const prefix = block.toString("utf8", 345, 500).replace(/\0.*$/s, "")
    const name = block.toString("utf8", 0, 100).replace(/\0.*$/s, "")
    const type = block.toString("latin1", 156, 157)
    const length = octal(block, 124, 12)
    const start = position + TAR_BLOCK
    if (start + length > size) throw new ContainerFault("truncated", "it ends within its payload")
    if (type === "0" || type === "\0") {
      members.push({
        name: (prefix === "" ? name : `${prefix}/${name}`).replace(/^\.\//, ""),
        start,
        size: length,
        packed: undefined
      })
    } else if (type !== "5" && type !== "g" && type !== "x") {
      throw new ContainerFault("damaged", `its payload has an entry of kind ${JSON.stringify(type)}`)
    }
    position = start + Math.ceil(length / TAR_BLOCK) * TAR_BLOCK
    if (members.length > 100_000) throw new ContainerFault("damaged", "its payload has too many entries")
  }
  for (; position < size; position += TAR_BLOCK) {
    // An archive may be padded with zeros, and with nothing else.
    const rest = readAt(file, position, Math.min(TAR_BLOCK, size - position))
    if (!isZero(rest)) throw new ContainerFault("trailing", "something follows its payload", position)
  }
  return members
}

const indexedMembers = (file: number, from: number, size: number): ReadonlyArray<Member> => {
  if (size - from < FOOTER) throw new ContainerFault("truncated", "it ends before its index")
  const footer = readAt(file, size - FOOTER, FOOTER)
  if (footer.toString("latin1", 20) !== FOOTER_MAGIC) throw new ContainerFault("truncated", "it ends before its index")
  const offset = Number(footer.readBigUInt64BE(0))
  const length = footer.readUInt32BE(8)
  if (length > MAX_INDEX || offset < from || offset + length !== size - FOOTER) {
    throw new ContainerFault("damaged", "the place of its index makes no sense")
  }
  const index = fromBinary(IndexedFrameIndexSchema, readAt(file, offset, length))
  return index.entries.map((entry) => {
    const start = Number(entry.frameOffset)
    const stop = start + Number(entry.compressedSize)
    if (start < from || stop < start || stop > offset || entry.rawSize < BigInt(0)) {
      throw new ContainerFault("damaged", "the place of a part of its payload makes no sense")
    }
    return {
      name: entry.name,
      start,
      size: Number(entry.rawSize),
      packed: { size: stop - start, sha256: entry.rawSha256 }
    }
  })
}

/** Reads the outside of an open file of `size` bytes that begins with {@link MAGIC}. */
export const read = (file: number, size: number): Container => {
  const length = readAt(file, MAGIC.length, 4).readUInt32BE(0)
  if (length > MAX_MANIFEST) throw new ContainerFault("damaged", "its manifest is larger than any manifest may be")
  if (HEADER + length > size) throw new ContainerFault("truncated", "it ends within its manifest")
  let manifest: C1ZManifestV3
  try {
    manifest = fromBinary(C1ZManifestV3Schema, readAt(file, HEADER, length))
  } catch (error) {
    if (error instanceof ContainerFault) throw error
    throw new ContainerFault("damaged", "its manifest can't be read")
  }
  const payloadStart = HEADER + length
  switch (manifest.payloadEncoding) {
    case PayloadEncoding.TAR:
      return { manifest, payloadStart, members: tarMembers(file, payloadStart, size) }
    case PayloadEncoding.INDEXED_ZSTD:
      return { manifest, payloadStart, members: indexedMembers(file, payloadStart, size) }
    case PayloadEncoding.TAR_ZSTD:
      return { manifest, payloadStart, members: undefined }
    default:
      throw new ContainerFault("damaged", "its payload is packed in a way that no version of the format has")
  }
}

/** The logs of a payload that is nothing but logs, the oldest first, or undefined where rows are in tables of Pebble's own. */
export const logsOf = (members: ReadonlyArray<Member>): ReadonlyArray<Member> | undefined => {
  if (members.some((member) => member.name.endsWith(".sst") && member.size > 0)) return undefined
  const logs = members.filter((member) => /^\d+\.log$/.test(member.name))
  return logs.length === 0
    ? undefined
    : logs.toSorted((a, b) => Number.parseInt(a.name, 10) - Number.parseInt(b.name, 10))
}

/** The note of the engine that names its live files. Of several the marker says which counts. */
export const versionsOf = (members: ReadonlyArray<Member>): Member | undefined => {
  const marker = members.findLast((member) => member.name.startsWith("marker.manifest."))
  const name = marker?.name.split(".").slice(3).join(".")
  const found = members.filter((member) => /^MANIFEST-\d+$/.test(member.name))
  return found.find((member) => member.name === name) ?? found.at(-1)
}

/** An entry of a tar archive: its header. */
export const tarHeader = (name: string, size: number): Buffer => {
  const block = Buffer.alloc(TAR_BLOCK)
  block.write(name, 0, "utf8")
  block.write("0000600\0", 100)
  block.write("0000000\0", 108)
  block.write("0000000\0", 116)
  block.write(`${size.toString(8).padStart(11, "0")}\0`, 124)
  block.write("00000000000\0", 136)
  block.write("0", 156)
  block.write("ustar\u000000", 257)
  block.write(`${checksum(block).toString(8).padStart(6, "0")}\0 `, 148)
  return block
}

/** Zeros after the content of an entry. */
export const tarPadding = (size: number): Buffer => Buffer.alloc((TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK)

/** Zeros after the last entry. */
export const TAR_END = 2 * TAR_BLOCK

/** Magic, length and manifest. */
export const preamble = (manifest: Uint8Array): Buffer => {
  const header = Buffer.alloc(HEADER)
  header.write(MAGIC, 0, "latin1")
  header.writeUInt32BE(manifest.length, MAGIC.length)
  return Buffer.concat([header, manifest])
}
