/**
 * What a token looks like: a prefix by which people and secret scanners know it, 32 random bytes, and a checksum by which a mistyped or cut one is
 * told without asking the database. The whole is `cesrv_` and 72 hexadecimal digits.
 *
 * @since 0.1.0
 */
import * as Redacted from "effect/Redacted"
import { hash as digest, randomBytes } from "node:crypto"
import { crc32 } from "node:zlib"

const prefix = "cesrv_"
const pattern = /^cesrv_([0-9a-f]{64})([0-9a-f]{8})$/

const checksum = (random: string): string => crc32(prefix + random).toString(16).padStart(8, "0")

/**
 * @since 0.1.0
 */
export const make = (): Redacted.Redacted<string> => {
  const random = randomBytes(32).toString("hex")
  return Redacted.make(`${prefix}${random}${checksum(random)}`, { label: "api-token" })
}

/**
 * @since 0.1.0
 */
export const isWellFormed = (text: Redacted.Redacted<string>): boolean => {
  const [, random = "", sum] = pattern.exec(Redacted.value(text)) ?? []
  return sum === checksum(random)
}

/**
 * What is kept of a token. It has 256 random bits, so that nothing slower than one SHA-256 is needed.
 *
 * @since 0.1.0
 */
export const hash = (text: Redacted.Redacted<string>): string => digest("sha256", Redacted.value(text), "hex")
