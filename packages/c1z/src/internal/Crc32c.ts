/**
 * CRC-32C (Castagnoli), which guards every piece of a write-ahead log. Node.js has only the other polynomial.
 */

const TABLES = ((): ReadonlyArray<Uint32Array> => {
  const first = new Uint32Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let value = byte
    for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1
    first[byte] = value >>> 0
  }
  const tables = [first]
  for (let slice = 1; slice < 4; slice++) {
    const before = tables[slice - 1] ?? first
    tables.push(before.map((value) => ((value >>> 8) ^ (first[value & 0xff] ?? 0)) >>> 0))
  }
  return tables
})()

const [T0, T1, T2, T3] = [0, 1, 2, 3].map((slice) => TABLES[slice] ?? new Uint32Array(256))

/** The checksum of a range, going on from another one. */
export const crc32c = (bytes: Uint8Array, start = 0, end = bytes.length, initial = 0): number => {
  let crc = ~initial
  let index = start
  if (T0 === undefined || T1 === undefined || T2 === undefined || T3 === undefined) return 0
  for (; index + 4 <= end; index += 4) {
    crc ^= (bytes[index] ?? 0) | ((bytes[index + 1] ?? 0) << 8) | ((bytes[index + 2] ?? 0) << 16)
      | ((bytes[index + 3] ?? 0) << 24)
    crc = (T3[crc & 0xff] ?? 0) ^ (T2[(crc >>> 8) & 0xff] ?? 0) ^ (T1[(crc >>> 16) & 0xff] ?? 0) ^ (T0[crc >>> 24] ?? 0)
  }
  for (; index < end; index++) crc = (crc >>> 8) ^ (T0[(crc ^ (bytes[index] ?? 0)) & 0xff] ?? 0)
  return ~crc >>> 0
}

/** The form in which logs store it, so that a checksum of data that hold checksums says something. */
export const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
