/**
 * What a SCIM URL tells before anything is sent to it.
 */
import * as Effect from "effect/Effect"

/** Hosts of this machine: the only ones where nobody can listen in on plain `http`. */
const isLoopback = (hostname: string): boolean =>
  hostname === "localhost" || hostname.endsWith(".localhost") || hostname === "[::1]"
  || /^127(?:\.\d{1,3}){3}$/.test(hostname)

/**
 * Why the URL can't be used at all, as a sentence with what to do; `undefined` when it can.
 */
export const faultOf = (url: string): string | undefined => {
  const parsed = URL.parse(url)
  if (parsed === null || (parsed.protocol !== "https:" && parsed.protocol !== "http:")) {
    return "scim-url is not an address that begins with https://. Copy the SCIM endpoint URL that Claude shows."
  }
  return parsed.protocol === "http:" && !isLoopback(parsed.hostname)
    ? `scim-url is not encrypted, and the token would travel to ${parsed.host} in the clear. Use the https:// address.`
    : undefined
}

/**
 * What looks wrong about a usable URL, and what to do; `undefined` when nothing does.
 */
export const doubtOf = (url: string): { readonly message: string; readonly remedy: string } | undefined => {
  const parsed = URL.parse(url)
  if (parsed === null) return undefined
  const endpoint = /\/(Users|Groups|Me|Bulk|ServiceProviderConfig|ResourceTypes|Schemas)(?:\/|$)/i.exec(parsed.pathname)
  if (endpoint !== null) {
    return {
      message: `The address goes on below the SCIM endpoint, with /${endpoint[1] ?? ""}.`,
      remedy: `Cut scim-url off before /${endpoint[1] ?? ""}.`
    }
  }
  if (/(?:^|\.)(?:claude\.ai|claude\.com|anthropic\.com)$/.test(parsed.hostname) && !/scim/i.test(parsed.href)) {
    return {
      message: "The address is one of Claude itself, not of its SCIM endpoint.",
      remedy:
        "Copy the SCIM endpoint URL that Claude shows under Settings > Identity and access > Setup SCIM > Custom SCIM."
    }
  }
  return undefined
}

/**
 * Names the endpoint for people and snapshots: scheme and host in plain, the rest as a short digest. The path holds the directory's key at
 * WorkOS, which is no secret but nobody's business either.
 */
export const sourceOf = (url: string): Effect.Effect<string> =>
  Effect.promise(async () => {
    const parsed = URL.parse(url)
    if (parsed === null) return "unknown"
    const rest = `${parsed.pathname.replace(/\/+$/, "")}${parsed.search}`
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${parsed.origin}${rest}`))
    const hex = Array.from(new Uint8Array(digest).subarray(0, 6), (byte) => byte.toString(16).padStart(2, "0")).join("")
    return `${parsed.origin}#${hex}`
  })
