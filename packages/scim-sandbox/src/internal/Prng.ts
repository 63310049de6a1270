/** A small seeded generator of pseudo-random numbers, so that the same seed always makes the same directory and ids. */

export interface Prng {
  /** An integer from 0 to 2^32 - 1. */
  readonly uint32: () => number
  /** An integer from 0 to `bound` - 1. */
  readonly below: (bound: number) => number
  /** An RFC 9562 version 4 UUID in lower case. */
  readonly uuid: () => string
}

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))
const byteAt = (word: number, shift: number): string => hex[(word >>> shift) & 0xff] ?? "00"

/** SplitMix32: one addition and two multiplications per number, no state beside a counter. */
export const make = (seed: number): Prng => {
  let state = (Math.imul(seed | 0, 0x9e3779b1) ^ 0x2545f491) | 0
  const uint32 = (): number => {
    state = (state + 0x9e3779b9) | 0
    let mixed = state ^ (state >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }
  const uuid = (): string => {
    const a = uint32()
    const b = (uint32() & 0xffff0fff) | 0x4000
    const c = (uint32() & 0x3fffffff) | 0x80000000
    const d = uint32()
    return byteAt(a, 24) + byteAt(a, 16) + byteAt(a, 8) + byteAt(a, 0) + "-" + byteAt(b, 24) + byteAt(b, 16) + "-" +
      byteAt(b, 8) + byteAt(b, 0) + "-" + byteAt(c, 24) + byteAt(c, 16) + "-" + byteAt(c, 8) + byteAt(c, 0) +
      byteAt(d, 24) + byteAt(d, 16) + byteAt(d, 8) + byteAt(d, 0)
  }
  return { uint32, below: (bound) => Math.floor((uint32() / 0x1_0000_0000) * bound), uuid }
}
