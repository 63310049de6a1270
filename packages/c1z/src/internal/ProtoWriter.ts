/**
 * A writer of protobuf wire format into one growing buffer. It exists for the few messages that a snapshot holds by the hundred thousand,
 * where building message objects first costs ten times as much. Its bytes are those of `toBinary`, which tests compare.
 */

/** Strings up to this length are copied byte by byte, which beats a call into native code. */
const SHORT = 48

const varintSize = (value: number): number => {
  let size = 1
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) size++
  return size
}

export class ProtoWriter {
  private buffer: Buffer<ArrayBuffer>
  /** Where the next byte goes; all bytes before it are written. */
  position = 0

  constructor(storage: ArrayBuffer) {
    this.buffer = Buffer.from(storage)
  }

  get storage(): ArrayBuffer {
    return this.buffer.buffer
  }

  /** A view, good until the writer grows or is emptied. */
  slice(start: number, end: number): Uint8Array {
    return this.buffer.subarray(start, end)
  }

  /** Goes on in other storage, from its start. */
  empty(storage: ArrayBuffer): void {
    this.buffer = Buffer.from(storage)
    this.position = 0
  }

  private reserve(bytes: number): void {
    const needed = this.position + bytes
    if (needed <= this.buffer.length) return
    const grown = Buffer.from(new ArrayBuffer(Math.max(needed, this.buffer.length * 2)))
    this.buffer.copy(grown, 0, 0, this.position)
    this.buffer = grown
  }

  private rawVarint(value: number): void {
    if (value < 128) {
      this.buffer[this.position++] = value
      return
    }
    let rest = value
    while (rest > 127) {
      this.buffer[this.position++] = (rest % 128) + 128
      rest = Math.floor(rest / 128)
    }
    this.buffer[this.position++] = rest
  }

  /** A field of type bool, enum, or a non-negative integer. Zero is not written: it is the default. */
  varint(field: number, value: number): void {
    if (value === 0) return
    this.presentVarint(field, value)
  }

  /** The same for a field that has presence: a member of a oneof. */
  presentVarint(field: number, value: number): void {
    this.reserve(16)
    this.rawVarint(field * 8)
    this.rawVarint(value)
  }

  /** An int64 field. */
  int64(field: number, value: bigint | number): void {
    if (Number(value) === 0) return
    this.reserve(16)
    this.rawVarint(field * 8)
    if (typeof value === "number" && value > 0) return this.rawVarint(value)
    let rest = BigInt.asUintN(64, BigInt(value))
    const more = BigInt(128)
    while (rest >= more) {
      this.buffer[this.position++] = Number(rest % more) + 128
      rest /= more
    }
    this.buffer[this.position++] = Number(rest)
  }

  /** A double that is a member of a oneof. */
  presentDouble(field: number, value: number): void {
    this.reserve(16)
    this.rawVarint(field * 8 + 1)
    this.position = this.buffer.writeDoubleLE(value, this.position)
  }

  /** A string field. The empty string is not written. */
  string(field: number, value: string): void {
    if (value.length > 0) this.presentString(field, value)
  }

  /** A string that is an element of a list, a member of a oneof, or part of a map entry. */
  presentString(field: number, value: string): void {
    const { length } = value
    this.reserve(length * 3 + 16)
    this.rawVarint(field * 8 + 2)
    if (length <= SHORT) {
      const { buffer } = this
      const start = this.position + 1
      let at = start
      let index = 0
      for (; index < length; index++) {
        const unit = value.charCodeAt(index)
        if (unit > 127) break
        buffer[at++] = unit
      }
      if (index === length) {
        buffer[this.position] = length
        this.position = at
        return
      }
    }
    const bytes = Buffer.byteLength(value)
    this.rawVarint(bytes)
    this.buffer.write(value, this.position)
    this.position += bytes
  }

  /** What was written elsewhere, tags and all. */
  copy(bytes: Uint8Array): void {
    this.reserve(bytes.length)
    const { buffer } = this
    let at = this.position
    // Short: a loop beats the call into native code.
    for (let index = 0; index < bytes.length; index++) buffer[at++] = bytes[index] ?? 0
    this.position = at
  }

  /** Bytes, or a message that is encoded already. */
  presentBytes(field: number, value: Uint8Array): void {
    this.reserve(value.length + 16)
    this.rawVarint(field * 8 + 2)
    this.rawVarint(value.length)
    this.buffer.set(value, this.position)
    this.position += value.length
  }

  /** An element of a packed list, inside its {@link open} and {@link close}. */
  packed(value: number): void {
    this.reserve(16)
    this.rawVarint(value)
  }

  /** Starts a message field: what is written until {@link close} is its content. */
  open(field: number): number {
    this.reserve(16)
    this.rawVarint(field * 8 + 2)
    return ++this.position
  }

  /** Ends the message field that {@link open} started. A long content moves to make room for its length. */
  close(start: number): void {
    const length = this.position - start
    if (length < 128) {
      this.buffer[start - 1] = length
      return
    }
    const shift = varintSize(length) - 1
    this.reserve(shift)
    this.buffer.copyWithin(start + shift, start, this.position)
    this.position = start - 1
    this.rawVarint(length)
    this.position += length
  }
}
