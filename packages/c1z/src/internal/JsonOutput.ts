/**
 * Pieces of JSON, gathered into chunks that are handed on.
 */

/** Bytes of a chunk. */
const CHUNK = 256 * 1024

export class JsonOutput {
  private buffer = Buffer.allocUnsafeSlow(CHUNK)
  private length = 0
  private full: Array<Uint8Array> = []

  flush(): void {
    if (this.length === 0) return
    this.full.push(this.buffer.subarray(0, this.length))
    this.buffer = Buffer.allocUnsafeSlow(CHUNK)
    this.length = 0
  }

  bytes(bytes: Uint8Array): void {
    if (this.length + bytes.length > CHUNK) {
      this.flush()
      if (bytes.length > CHUNK) {
        this.full.push(bytes)
        return
      }
    }
    this.buffer.set(bytes, this.length)
    this.length += bytes.length
  }

  /** A part of some bytes, copied without an object in between. */
  part(from: Uint8Array, start: number, stop: number): void {
    const length = stop - start
    if (length > CHUNK) return this.bytes(from.slice(start, stop))
    if (this.length + length > CHUNK) this.flush()
    if (length < 96) {
      // A call costs more than such a short copy.
      const { buffer } = this
      let at = this.length
      for (let index = start; index < stop; index++) buffer[at++] = from[index] ?? 0
    } else {
      Buffer.prototype.copy.call(from, this.buffer, this.length, start, stop)
    }
    this.length += length
  }

  place({ length, slab, start }: { readonly slab: Uint8Array; readonly start: number; readonly length: number }): void {
    this.part(slab, start, start + length)
  }

  text(text: string): void {
    // A unit of UTF-16 takes at most three bytes.
    if (text.length * 3 > CHUNK) return this.bytes(Buffer.from(text))
    if (this.length + text.length * 3 > CHUNK) this.flush()
    this.length += this.buffer.write(text, this.length)
  }

  take(): Array<Uint8Array> {
    const { full } = this
    this.full = []
    return full
  }
}
