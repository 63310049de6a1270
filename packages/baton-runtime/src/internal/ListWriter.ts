/**
 * The list of a list response, encoded as it is filled: elements one after another in one buffer, which goes into the response as it is. Building message
 * objects for half a million grants, or a writer for each, costs many times as much.
 */
import type { UnknownField } from "@bufbuild/protobuf"
import { WireType } from "@bufbuild/protobuf/wire"

/** The number of the list in every list response. */
const LIST = 1

const lengthDelimited = (field: number): number => field * 8 + WireType.LengthDelimited

/** Bytes that a varint takes. */
export const sizeOfVarint = (value: number): number => {
  let size = 1
  for (let rest = value; rest > 127; rest = Math.floor(rest / 128)) size++
  return size
}

/** Bytes that a field takes whose content has this length, for field numbers below 16. */
export const sizeOfField = (length: number): number => 1 + sizeOfVarint(length) + length

export class ListWriter {
  private buffer = Buffer.allocUnsafeSlow(64 * 1024)
  /** Bytes that are written. */
  length = 0

  private reserve(bytes: number): void {
    const needed = this.length + bytes
    if (needed <= this.buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2))
    this.buffer.copy(grown, 0, 0, this.length)
    this.buffer = grown
  }

  /** Starts a field with a content of this length, which has to follow. */
  open(field: number, length: number): void {
    this.reserve(length + 8)
    this.buffer[this.length++] = lengthDelimited(field)
    let rest = length
    while (rest > 127) {
      this.buffer[this.length++] = (rest % 128) + 128
      rest = Math.floor(rest / 128)
    }
    this.buffer[this.length++] = rest
  }

  /** Starts an element of the list. */
  element(length: number): void {
    this.open(LIST, length)
  }

  bytes(content: Uint8Array): void {
    this.reserve(content.length)
    this.buffer.set(content, this.length)
    this.length += content.length
  }

  /** A text whose length in UTF-8 is known. */
  text(content: string, length: number): void {
    this.reserve(length)
    this.buffer.write(content, this.length)
    this.length += length
  }

  /** Takes back what was written after this length. */
  truncate(length: number): void {
    this.length = length
  }

  /** The written elements, as a response carries them. */
  get fields(): Array<UnknownField> {
    // protobuf-es writes the tag of such a field, and then its data as they are: here the rest of all elements.
    return this.length === 0 ? [] : [{
      no: LIST,
      wireType: WireType.LengthDelimited,
      data: this.buffer.subarray(1, this.length)
    }]
  }
}
