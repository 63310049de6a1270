/**
 * A check of e-mail addresses that lets through whatever a mail system could deliver to, and stops what was typed or pasted wrongly.
 */

/** Characters of an unquoted local part (RFC 5322 `dot-atom`), and any letter of any script (RFC 6532). */
const local = /^[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u

const label = /^[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]*[\p{L}\p{M}\p{N}])?$/u

const bytes = (text: string): number => new TextEncoder().encode(text).length

/**
 * What is wrong with the address, as the end of the sentence "The e-mail address …"; `undefined` when nothing is.
 */
export const faultOf = (address: string): string | undefined => {
  if (address.trim() === "") return "is empty"
  if (address !== address.trim()) return "begins or ends with white space"
  if (/[\s\p{Cc}\p{Cf}]/u.test(address)) return "has white space or an invisible character in it"
  const at = address.lastIndexOf("@")
  if (at === -1) return "has no @"
  const [user, domain] = [address.slice(0, at), address.slice(at + 1)]
  if (user === "") return "has nothing before the @"
  if (domain === "") return "has nothing after the @"
  if (user.includes("@")) return "has more than one @"
  // RFC 5321 §4.5.3.1.
  if (bytes(user) > 64) return "has more than 64 bytes before the @"
  if (bytes(address) > 254) return "has more than 254 bytes"
  if (!local.test(user)) return `has characters before the @ that no address has`
  const labels = domain.split(".")
  if (labels.length < 2) return "has no dot in its domain"
  if (!labels.every((part) => bytes(part) <= 63 && label.test(part))) return "has a domain that can't be one"
  return undefined
}

export const isAddress = (text: string): boolean => faultOf(text) === undefined
