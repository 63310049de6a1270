/**
 * Failures below HTTP as typed errors. Nothing of the underlying error but its code gets through: its message and its
 * request may hold the credential.
 */
import type * as HttpClientError from "effect/http/HttpClientError"
import * as Predicate from "effect/Predicate"
import * as ScimError from "../ScimError.ts"

/** The first system code in an error, its causes and its parts. */
const codeOf = (cause: unknown, depth = 0): string | undefined => {
  if (depth > 5 || !Predicate.isObject(cause)) return undefined
  if (
    Predicate.hasProperty(cause, "code") && typeof cause.code === "string" && /^[A-Z][A-Z0-9_]{2,60}$/.test(cause.code)
  ) {
    return cause.code
  }
  if (Predicate.hasProperty(cause, "cause")) {
    const code = codeOf(cause.cause, depth + 1)
    if (code !== undefined) return code
  }
  // Every address of a host was tried; each has its own error, and the first says as much as any.
  return Predicate.hasProperty(cause, "errors") && Array.isArray(cause.errors)
    ? codeOf(cause.errors[0], depth + 1)
    : undefined
}

const tlsCode =
  /^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|EPROTO$|HOSTNAME_MISMATCH$|INVALID_(CA|PURPOSE)$)/

const unsent: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT"
])

const words: { readonly [code: string]: string } = {
  ECONNREFUSED: "nothing listens there",
  ENOTFOUND: "the host name does not exist",
  EAI_AGAIN: "the host name could not be looked up just now",
  EHOSTUNREACH: "there is no route to it",
  ENETUNREACH: "there is no network to reach it by",
  ETIMEDOUT: "the connection attempt got no answer",
  UND_ERR_CONNECT_TIMEOUT: "the connection attempt got no answer",
  ECONNRESET: "it broke the connection",
  EPIPE: "it broke the connection",
  UND_ERR_SOCKET: "it broke the connection",
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: "its answer broke off",
  UND_ERR_HEADERS_OVERFLOW: "the headers of its answer are too large"
}

/** `origin` is scheme and host only. */
export const fromHttpClientError = (
  error: HttpClientError.HttpClientError,
  origin: string,
  facts: ScimError.Facts
): ScimError.ScimError => {
  const code = codeOf(error.reason.cause)
  if (code !== undefined && tlsCode.test(code)) {
    return ScimError.make(
      new ScimError.Tls({
        code,
        message:
          `No trusted TLS connection to ${origin} (${code}). Check that the URL's scheme and host are right; where the ` +
          "server uses a private certificate authority, make it known to the runtime (for Node: NODE_EXTRA_CA_CERTS)."
      }),
      facts
    )
  }
  const broken = error.reason._tag === "DecodeError"
  const what = (code === undefined ? undefined : words[code]) ??
    (code?.startsWith("HPE_") === true
      ? "its answer is no HTTP"
      : broken
      ? "its answer broke off"
      : "the connection failed")
  return ScimError.make(
    new ScimError.Network({
      ...(code === undefined ? {} : { code }),
      message: `${broken ? "Lost the connection to" : "Could not talk to"} ${origin}: ${what}${
        code === undefined ? "" : ` (${code})`
      }. Check the base URL, the network and any proxy.`
    }),
    facts
  )
}

/** Whether the request certainly never reached a server, so that sending it again is safe whatever it does. */
export const neverSent = (error: ScimError.ScimError): boolean =>
  error.reason._tag === "Tls" ||
  (error.reason._tag === "Network" && error.reason.code !== undefined && unsent.has(error.reason.code))
