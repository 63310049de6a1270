/**
 * K-sortable unique ids, the form of every sync id: 27 characters that sort by the second they were made in.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/** Unix seconds of 2014-05-13T16:53:20Z, where KSUID time begins. */
const EPOCH = 1_400_000_000

const LENGTH = 27

/**
 * The id of a point in time and 16 random bytes.
 *
 * @param milliseconds epoch milliseconds; times before 2014-05-13 count as that day
 * @param payload 16 bytes
 * @since 0.1.0
 */
export const fromParts = (milliseconds: number, payload: Uint8Array): string => {
  const seconds = Math.min(Math.max(0, Math.floor(milliseconds / 1000) - EPOCH), 0xffffffff)
  const bytes = Buffer.alloc(20)
  bytes.writeUInt32BE(seconds, 0)
  bytes.set(payload.subarray(0, 16), 4)
  let value = BigInt(`0x${bytes.toString("hex")}`)
  const base = BigInt(62)
  let text = ""
  for (let index = 0; index < LENGTH; index++) {
    text = `${ALPHABET.charAt(Number(value % base))}${text}`
    value /= base
  }
  return text
}

/**
 * A new id.
 *
 * @since 0.1.0
 */
export const make: Effect.Effect<string> = Effect.map(
  Clock.currentTimeMillis,
  (now) => fromParts(now, randomBytes(16))
)
