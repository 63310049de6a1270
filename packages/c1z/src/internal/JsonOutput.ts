/**
 * Pieces of JSON, gathered into chunks that are handed on.
 */

/** Bytes of a chunk. */
const CHUNK = 256 * 1024

/** Up to here copying byte by byte costs less than a call into native code. */
const SHORT = 96

const QUOTE = 0x22
const BACKSLASH = 0x5c

export class JsonOutput {
  private buffer = Buffer.allocUnsafeSlow(CHUNK)
  private length = 0
  private full: Array<Uint8Array> = []
  private readonly reuse: boolean
  /** Chunks that were handed on with the last {@link take}, and may still be in use, and those that no longer are. */
  private lent: Array<Buffer<ArrayBuffer>> = []
  private idle: Array<Buffer<ArrayBuffer>> = []
  private taken: Array<Buffer<ArrayBuffer>> = []

  /**
   * @param reuse whether a chunk is written to again once the {@link take} after the next one has come: hundreds of megabytes of chunks would
   *   otherwise be garbage, and collecting it a third of all work
   */
  constructor(reuse = false) {
    this.reuse = reuse
  }

  flush(): void {
    if (this.length === 0) return
    this.full.push(this.buffer.subarray(0, this.length))
    if (this.reuse) this.taken.push(this.buffer)
    this.buffer = this.idle.pop() ?? Buffer.allocUnsafeSlow(CHUNK)
    this.length = 0
  }

  /** Whether there is something to {@link take}. */
  get isFull(): boolean {
    return this.full.length > 0
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
    if (length < SHORT) {
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

  /** A text as it stands between the quotes of a JSON string. */
  inString(text: string): void {
    const { length } = text
    if (length >= SHORT || this.length + length > CHUNK) return this.text(JSON.stringify(text).slice(1, -1))
    const { buffer } = this
    let at = this.length
    for (let index = 0; index < length; index++) {
      const unit = text.charCodeAt(index)
      if (unit < 0x20 || unit > 0x7e || unit === QUOTE || unit === BACKSLASH) {
        return this.text(JSON.stringify(text).slice(1, -1))
      }
      buffer[at++] = unit
    }
    this.length = at
  }

  take(): Array<Uint8Array> {
    const { full } = this
    this.full = []
    this.idle.push(...this.lent)
    this.lent = this.taken
    this.taken = []
    return full
  }
}
