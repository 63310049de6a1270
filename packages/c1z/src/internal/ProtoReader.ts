/**
 * Walks the fields of a protobuf message without decoding it whole: listings read one or two fields of hundreds of thousands of messages.
 */

export const VARINT = 0
export const FIXED64 = 1
export const BYTES = 2
export const FIXED32 = 5

export class ProtoReader {
  readonly bytes: Uint8Array
  position: number
  readonly end: number
  /** Of the field that {@link next} has found. */
  field = 0
  wire = 0
  /** Where its content begins and ends. */
  start = 0
  stop = 0

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes
    this.position = start
    this.end = end
  }

  private varint(): number {
    let value = 0
    let scale = 1
    for (let count = 0; count < 10; count++) {
      if (this.position >= this.end) break
      const byte = this.bytes[this.position++] ?? 0
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
      scale *= 128
    }
    throw new Error("a number does not end")
  }

  /** Steps to the next field; false at the end. */
  next(): boolean {
    if (this.position >= this.end) return false
    const tag = this.varint()
    this.field = Math.floor(tag / 8)
    this.wire = tag & 7
    if (this.field === 0) throw new Error("a field has the number 0")
    switch (this.wire) {
      case VARINT:
        this.start = this.position
        this.varint()
        break
      case FIXED64:
        this.start = this.position
        this.position += 8
        break
      case FIXED32:
        this.start = this.position
        this.position += 4
        break
      case BYTES: {
        const length = this.varint()
        this.start = this.position
        this.position += length
        break
      }
      default:
        throw new Error(`field ${this.field} is of an unknown kind`)
    }
    this.stop = this.position
    if (this.stop > this.end) throw new Error(`field ${this.field} goes beyond the end`)
    return true
  }

  /** The field as a number; exact up to 2^53. */
  number(): number {
    let value = 0
    let scale = 1
    for (let index = this.start; index < this.stop; index++) {
      value += ((this.bytes[index] ?? 0) & 0x7f) * scale
      scale *= 128
    }
    return value
  }

  /** The field as text. */
  text(): string {
    return utf8(this.bytes, this.start, this.stop)
  }

  /** The message inside the field. */
  inside(): ProtoReader {
    if (this.wire !== BYTES) throw new Error(`field ${this.field} is no message`)
    return new ProtoReader(this.bytes, this.start, this.stop)
  }

  content(): Uint8Array {
    return this.bytes.subarray(this.start, this.stop)
  }
}

/** Text of a range. Short texts of ASCII, which nearly all are, cost less by hand than in a decoder. */
export const utf8 = (bytes: Uint8Array, start: number, stop: number): string => {
  if (stop - start < 24) {
    let text = ""
    for (let index = start; index < stop; index++) {
      const byte = bytes[index] ?? 0
      if (byte >= 0x80) return Buffer.from(bytes.buffer, bytes.byteOffset + start, stop - start).toString("utf8")
      text += String.fromCharCode(byte)
    }
    return text
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, stop - start).toString("utf8")
}
