/**
 * What kept a connection from coming about, in words: Node's errors say it with codes, somewhere along the chain of causes.
 */
import * as Predicate from "effect/Predicate"

interface SystemError {
  readonly code: string
}

const isSystemError = (value: unknown): value is SystemError =>
  Predicate.hasProperty(value, "code") && typeof value.code === "string"

/** The innermost error that has a code. It says what the system said, and nothing of the request, which carries credentials. */
export const root = (cause: unknown): SystemError | undefined => {
  let at = cause
  let found: SystemError | undefined
  for (let depth = 0; depth < 10 && at !== undefined && at !== null; depth++) {
    if (isSystemError(at)) found = at
    const next: unknown = Predicate.hasProperty(at, "errors") && Array.isArray(at.errors) && at.errors.length > 0
      ? at.errors[0]
      : Predicate.hasProperty(at, "cause")
      ? at.cause
      : Predicate.hasProperty(at, "reason")
      ? at.reason
      : undefined
    at = next
  }
  return found
}

const UNTRUSTED = new Set([
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"
])

/** A clause, without a full stop. */
export const words = (cause: unknown): string => {
  const code = root(cause)?.code
  if (code === undefined) return "the connection failed"
  if (UNTRUSTED.has(code)) {
    return `its certificate is not from an authority that is trusted here (${code}); where a proxy or a test issues certificates, `
      + "name the PEM file of its authority in SSL_CERT_FILE"
  }
  switch (code) {
    case "ECONNREFUSED":
      return "nothing listens there (ECONNREFUSED)"
    case "ENOTFOUND":
      return "the host name is not known (ENOTFOUND)"
    case "EAI_AGAIN":
      return "name resolution does not answer (EAI_AGAIN)"
    case "CERT_HAS_EXPIRED":
      return "its certificate has expired (CERT_HAS_EXPIRED)"
    case "CERT_NOT_YET_VALID":
      return "its certificate is not valid yet (CERT_NOT_YET_VALID); compare the clocks"
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return "its certificate is for another host name (ERR_TLS_CERT_ALTNAME_INVALID)"
    default:
      return `the connection failed (${code})`
  }
}
