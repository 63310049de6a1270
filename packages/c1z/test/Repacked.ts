/** v3 files with the payload of another one, packed in each of the ways that the format has. */
import {
  C1ZManifestV3Schema,
  IndexedFrameIndexSchema,
  PayloadEncoding
} from "@access-kit/baton-protocol/gen/c1/c1z/v3/manifest_pb"
import { create, fromBinary, toBinary } from "@bufbuild/protobuf"
import { createHash } from "node:crypto"
import { closeSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib"
import { preamble, read, TAR_END, tarHeader, tarMembers, tarPadding } from "../src/internal/V3Container.ts"

export type Packing = "TAR" | "TAR_ZSTD" | "INDEXED_ZSTD"

export type Files = ReadonlyArray<{ readonly name: string; readonly content: Uint8Array }>

/** Manifest and files of a v3 file, however it is packed. */
export const unpack = (path: string): { readonly manifest: Uint8Array; readonly files: Files } => {
  const bytes = readFileSync(path)
  const file = openSync(path, "r")
  try {
    const { manifest, members, payloadStart } = read(file, statSync(path).size)
    return {
      manifest: toBinary(C1ZManifestV3Schema, manifest),
      files: members === undefined
        ? untar(zstdDecompressSync(bytes.subarray(payloadStart)), `${path}.tar`)
        : members.map(({ name, packed, size, start }) => ({
          name,
          content: packed === undefined
            ? bytes.subarray(start, start + size)
            : zstdDecompressSync(bytes.subarray(start, start + packed.size))
        }))
    }
  } finally {
    closeSync(file)
  }
}

const untar = (bytes: Buffer, path: string): Files => {
  writeFileSync(path, bytes)
  const file = openSync(path, "r")
  try {
    return tarMembers(file, 0, bytes.length).map(({ name, size, start }) => ({
      name,
      content: bytes.subarray(start, start + size)
    }))
  } finally {
    closeSync(file)
    rmSync(path)
  }
}

const compress = (content: Uint8Array): Buffer =>
  zstdCompressSync(content, {
    pledgedSrcSize: content.length,
    params: { [constants.ZSTD_c_checksumFlag]: 1 }
  })

const tar = (files: Files): Buffer =>
  Buffer.concat([
    ...files.flatMap(({ content, name }) => [tarHeader(name, content.length), content, tarPadding(content.length)]),
    Buffer.alloc(TAR_END)
  ])

export interface Planted {
  /** The checksum that stands in the index, in place of the right one. */
  readonly sha256?: Uint8Array
  /** The size of the log that stands in the index. */
  readonly size?: number
}

const indexed = (files: Files, from: number, planted: Planted): Buffer => {
  const frames: Array<Buffer> = []
  let offset = from
  const entries = files.map(({ content, name }) => {
    const frame = compress(content)
    frames.push(frame)
    const entry = {
      name,
      frameOffset: BigInt(offset),
      compressedSize: BigInt(frame.length),
      rawSize: BigInt(name.endsWith(".log") ? planted.size ?? content.length : content.length),
      rawSha256: planted.sha256 ?? createHash("sha256").update(content).digest()
    }
    offset += frame.length
    return entry
  })
  const index = toBinary(IndexedFrameIndexSchema, create(IndexedFrameIndexSchema, { entries }))
  const footer = Buffer.alloc(28)
  footer.writeBigUInt64BE(BigInt(offset), 0)
  footer.writeUInt32BE(index.length, 8)
  footer.write("C1ZIDX1\0", 20, "latin1")
  return Buffer.concat([...frames, index, footer])
}

/** The same files, packed in another way. */
export const pack = (
  { files, manifest }: ReturnType<typeof unpack>,
  packing: Packing,
  planted: Planted = {}
): Buffer => {
  const message = fromBinary(C1ZManifestV3Schema, manifest)
  message.payloadEncoding = PayloadEncoding[packing]
  const head = preamble(toBinary(C1ZManifestV3Schema, message))
  return Buffer.concat([
    head,
    packing === "TAR"
      ? tar(files)
      : packing === "TAR_ZSTD"
      ? compress(tar(files))
      : indexed(files, head.length, planted)
  ])
}
