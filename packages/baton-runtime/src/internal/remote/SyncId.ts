/**
 * Names of syncs as baton makes them (KSUID: seconds since May 2014 and 16 random bytes, as 27 characters that sort by time). A connector keeps what it
 * remembers during a sync under that name.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { randomBytes } from "node:crypto"

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
const EPOCH_SECONDS = 1_400_000_000
const LENGTH = 27

export const make: Effect.Effect<string> = Effect.map(Clock.currentTimeMillis, (now) => {
  const bytes = randomBytes(20)
  bytes.writeUInt32BE(Math.max(0, Math.trunc(now / 1000) - EPOCH_SECONDS) % 0x1_0000_0000)
  let rest = BigInt(`0x${bytes.toString("hex")}`)
  const base = BigInt(ALPHABET.length)
  let text = ""
  while (text.length < LENGTH) {
    text = ALPHABET.charAt(Number(rest % base)) + text
    rest /= base
  }
  return text
})

/** The first release whose connectors want to be told the name of the sync. */
const SINCE = [0, 4, 3] as const

/** Whether a connector made with this release of the SDK is told. */
export const isWanted = (sdkVersion: string): boolean => {
  const version = /^v?(\d+)\.(\d+)\.(\d+)/.exec(sdkVersion)
  if (version === null) return false
  for (const [index, least] of SINCE.entries()) {
    const part = Number(version[index + 1])
    if (part !== least) return part > least
  }
  return true
}
