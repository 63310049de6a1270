/**
 * Changes as Pebble writes them into its log: a sequence number, a count, and keys with values. And the order of its keys: a kind, then a tuple of
 * texts.
 */

const SET = 1
const DELETE = 0

const HEADER = 12

export class BatchFault extends Error {}

export interface Change {
  readonly key: Uint8Array
  /** Absent for a key that goes. */
  readonly value: Uint8Array | undefined
}

const varint = (bytes: Uint8Array, at: number): readonly [value: number, next: number] => {
  let value = 0
  let scale = 1
  for (let index = at; index < at + 5 && index < bytes.length; index++) {
    const byte = bytes[index] ?? 0
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return [value, index + 1]
    scale *= 128
  }
  throw new BatchFault("its log has a damaged entry")
}

const take = (bytes: Uint8Array, at: number): readonly [content: Uint8Array, next: number] => {
  const [length, start] = varint(bytes, at)
  if (start + length > bytes.length) throw new BatchFault("its log has a damaged entry")
  return [bytes.subarray(start, start + length), start + length]
}

/** What a record of the log changes. */
export const changes = function*(record: Uint8Array): Generator<Change> {
  if (record.length < HEADER) throw new BatchFault("its log has a damaged entry")
  for (let at = HEADER; at < record.length;) {
    const kind = record[at] ?? 0
    const [key, afterKey] = take(record, at + 1)
    if (kind === DELETE) {
      yield { key, value: undefined }
      at = afterKey
    } else if (kind === SET) {
      const [value, next] = take(record, afterKey)
      yield { key, value }
      at = next
    } else {
      throw new BatchFault(`its log has changes of kind ${kind}`)
    }
  }
}

/** Gathers changes for a record of the log. */
export class BatchWriter {
  private buffer = Buffer.alloc(64 * 1024)
  private length = HEADER
  count = 0

  get size(): number {
    return this.length
  }

  private reserve(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return
    const larger = Buffer.alloc(Math.max(this.buffer.length * 2, this.length + bytes))
    larger.set(this.buffer.subarray(0, this.length))
    this.buffer = larger
  }

  private sized(bytes: Uint8Array): void {
    let rest = bytes.length
    while (rest > 0x7f) {
      this.buffer[this.length++] = (rest & 0x7f) | 0x80
      rest = Math.floor(rest / 128)
    }
    this.buffer[this.length++] = rest
    this.buffer.set(bytes, this.length)
    this.length += bytes.length
  }

  set(key: Uint8Array, value: Uint8Array): void {
    this.reserve(key.length + value.length + 16)
    this.buffer[this.length++] = SET
    this.sized(key)
    this.sized(value)
    this.count++
  }

  /** The record; the writer is empty afterwards. */
  take(sequence: number): Uint8Array {
    this.buffer.writeBigUInt64LE(BigInt(sequence), 0)
    this.buffer.writeUInt32LE(this.count, 8)
    const record = this.buffer.subarray(0, this.length)
    this.length = HEADER
    this.count = 0
    return record
  }
}

const VERSION = 3

/** Kinds of keys. */
export const KIND = {
  resourceType: 0x01,
  resource: 0x02,
  entitlement: 0x03,
  grant: 0x04,
  asset: 0x05,
  syncRun: 0x06,
  index: 0x07,
  session: 0x09,
  engine: 0xff
} as const

/** Kinds of index keys. */
export const INDEX = { byParent: 0x01, byPrincipal: 0x04, byNeedsExpansion: 0x05 } as const

const escapedTuple = (parts: ReadonlyArray<string>): Buffer => {
  // A separator between parts, and an escape where a part has such a byte itself.
  const plain = parts.join("\u0000")
  const special = parts.some((part) => part.includes("\u0000") || part.includes("\u0001"))
  return Buffer.from(
    special
      ? parts.map((part) => part.replaceAll("\u0001", "\u0001\u0002").replaceAll("\u0000", "\u0001\u0001")).join(
        "\u0000"
      )
      : plain
  )
}

/** The key of a record. */
export const key = (kind: number, ...parts: ReadonlyArray<string>): Uint8Array =>
  parts.length === 0
    ? Buffer.of(VERSION, kind)
    : Buffer.concat([Buffer.of(VERSION, kind, 0), escapedTuple(parts)])

/** A key of an index; its value is empty. */
export const indexKey = (index: number, ...parts: ReadonlyArray<string>): Uint8Array =>
  Buffer.concat([Buffer.of(VERSION, KIND.index, index, 0), escapedTuple(parts)])

/** A key of the engine's own notes. */
export const engineKey = (name: string): Uint8Array =>
  Buffer.concat([Buffer.of(VERSION, KIND.engine), Buffer.from(name)])

/** The kind of a key, or undefined where it is of another layout. */
export const kindOf = (bytes: Uint8Array): number | undefined => bytes[0] === VERSION ? bytes[1] : undefined
