/**
 * What browsers are told about every answer. Nobody may frame, sniff or cache an answer of the API; the docs page may run the scripts that are in it
 * and nothing else, and may talk to this server only.
 *
 * @since 0.1.0
 */
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import { createHash } from "node:crypto"
import { contentTypeOf } from "./ProblemResponse.ts"

const everywhere = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin"
}

const nothing = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

const policies = new WeakMap<Uint8Array, string>()

/** Allows the scripts of a page by their hashes. Its styles come and go while it runs, so they are allowed as such. */
const policyOf = (html: Uint8Array): string => {
  const known = policies.get(html)
  if (known !== undefined) return known
  const hashes = [...new TextDecoder().decode(html).matchAll(/<script>([\s\S]*?)<\/script>/g)]
    .map(([, script = ""]) => `'sha256-${createHash("sha256").update(script).digest("base64")}'`)
  const policy = [
    "default-src 'none'",
    `script-src ${hashes.join(" ")}`,
    "style-src 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "worker-src blob:",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'none'"
  ].join("; ")
  policies.set(html, policy)
  return policy
}

/** What is the same for every answer that is no page. */
const plain = { ...everywhere, "content-security-policy": nothing }
const plainAndSecure = { ...plain, "strict-transport-security": "max-age=31536000" }

/**
 * Those of an answer of the API.
 *
 * @param secure whether the answer goes out over TLS
 * @since 0.1.0
 */
export const ofData = (secure: boolean): Readonly<Record<string, string>> => secure ? plainAndSecure : plain

/**
 * Who may keep an answer: nobody what has no entity tag, and what has one only to ask again.
 *
 * @since 0.1.0
 */
export const cacheControl = (etag: string | undefined): string => etag === undefined ? "no-store" : "private, no-cache"

/**
 * @param secure whether the answer goes out over TLS
 * @since 0.1.0
 */
export const add = (
  response: HttpServerResponse.HttpServerResponse,
  secure: boolean
): HttpServerResponse.HttpServerResponse => {
  const type = contentTypeOf(response)
  const cache = response.headers["cache-control"] ?? cacheControl(response.headers["etag"])
  return HttpServerResponse.setHeaders(response, {
    ...ofData(secure),
    ...(type.startsWith("text/html") && response.body._tag === "Uint8Array"
      ? { "content-security-policy": policyOf(response.body.body) }
      : {}),
    "cache-control": cache
  })
}
