/**
 * JSON as bytes, in a buffer that grows.
 */

const QUOTE = 0x22
const BACKSLASH = 0x5c

export class JsonBytes {
  buffer = Buffer.allocUnsafeSlow(64 * 1024)
  length = 0

  reserve(bytes: number): void {
    const needed = this.length + bytes
    if (needed <= this.buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2))
    this.buffer.copy(grown, 0, 0, this.length)
    this.buffer = grown
  }

  byte(value: number): void {
    this.reserve(1)
    this.buffer[this.length++] = value
  }

  bytes(value: Uint8Array): void {
    const { length } = value
    this.reserve(length)
    const { buffer } = this
    let at = this.length
    for (let index = 0; index < length; index++) buffer[at++] = value[index] ?? 0
    this.length = at
  }

  text(value: string): void {
    this.reserve(value.length * 3)
    this.length += this.buffer.write(value, this.length)
  }

  /** UTF-8 as a JSON string. */
  quoted(from: Uint8Array, start: number, stop: number): void {
    this.reserve(stop - start + 2)
    const { buffer } = this
    let at = this.length
    buffer[at++] = QUOTE
    for (let index = start; index < stop; index++) {
      const byte = from[index] ?? 0
      if (byte < 0x20 || byte > 0x7f || byte === QUOTE || byte === BACKSLASH) {
        // Escapes, and bytes that may be no UTF-8, are left to those who know.
        return this.text(
          JSON.stringify(Buffer.from(from.buffer, from.byteOffset + start, stop - start).toString("utf8"))
        )
      }
      buffer[at++] = byte
    }
    buffer[at++] = QUOTE
    this.length = at
  }
}
