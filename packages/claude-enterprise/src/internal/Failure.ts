/**
 * What went wrong at the SCIM server, in the words of the connector contract and for the people who operate Claude Enterprise. Every failure of
 * `scim-core` passes through here and nowhere else.
 */
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import type { ScimError } from "@access-kit/scim-core/ScimError"
import * as Effect from "effect/Effect"

/**
 * A failure in two sentences: what happened, and what to do about it.
 */
export interface Explanation {
  readonly happened: string
  readonly remedy: string
}

const SETUP = "In Claude, the Primary Owner finds it under Settings > Identity and access > Setup SCIM > Custom SCIM"

const WRONG_URL = `Check scim-url: it is the whole SCIM endpoint URL, not a page of Claude. ${SETUP}.`

const LATER = "Try again later; if it stays, ask whoever runs the SCIM server."

const REPORT = "Check that scim-url points to a SCIM 2.0 endpoint; if it does, report this to whoever runs the server."

/** The server's own words, where there are some. */
const saying = (error: ScimError): string => {
  const detail = error.detail?.trim() ?? ""
  const request = error.requestId === undefined ? "" : ` Its id of the request: ${error.requestId}.`
  return (detail === "" ? "" : ` It says: ${/[.!?]$/.test(detail) ? detail : `${detail}.`}`) + request
}

const asked = (error: ScimError): string => {
  const request = [error.method, error.path].filter((part) => part !== undefined).join(" ")
  return request === "" ? "" : ` to ${request}`
}

const seconds = (millis: number | undefined): string =>
  millis === undefined ? "a while" : `${Math.max(1, Math.ceil(millis / 1_000))} s`

const networkRemedy = (code: string | undefined): string => {
  switch (code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return "The host name in scim-url is not known here: check its spelling, the DNS and whether a proxy is needed."
    case "ECONNREFUSED":
      return "Nothing listens at that address and port: check scim-url and the firewall."
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "There is no way to that address from this machine: check the network, the VPN and the firewall."
    default:
      return "Check the network, the firewall and scim-url."
  }
}

/**
 * What happened and what to do about it.
 */
export const explain = (error: ScimError): Explanation => {
  const { reason } = error
  switch (reason._tag) {
    case "InvalidConfiguration":
      return { happened: reason.message, remedy: "Check scim-url and scim-token." }
    case "Unauthorized":
      return {
        happened: `The SCIM server does not accept the token.${saying(error)}`,
        remedy: `Check scim-token, or make a new one. ${SETUP}.`
      }
    case "TokenRequestFailed":
      return { happened: reason.message, remedy: "Check the client id, the client secret and the token URL." }
    case "Forbidden":
      return {
        happened: `The SCIM server knows the token but refuses the request${asked(error)}.${saying(error)}`,
        remedy: "SCIM needs an Enterprise plan, and a token made for this directory. Make a new one if in doubt."
      }
    case "NotFound":
      return {
        happened: `The SCIM server has no such resource${asked(error)}.${saying(error)}`,
        remedy: "It may have been deleted meanwhile: look for it again."
      }
    case "WrongUrl":
      return { happened: `There is no SCIM endpoint at scim-url: the answer was "not found".`, remedy: WRONG_URL }
    case "NotScim":
      return {
        happened: `The answer${asked(error)} is not SCIM but ${
          reason.contentType === undefined ? "something else" : reason.contentType
        }: another kind of server, or a login page, is there.`,
        remedy: WRONG_URL
      }
    case "RedirectRefused":
      return {
        happened: `The server redirects${reason.target === undefined ? "" : ` to ${reason.target}`}. `
          + "The connector does not follow, since the token would go there too.",
        remedy: WRONG_URL
      }
    case "Conflict":
      return {
        happened: `The SCIM server already has such a resource.${saying(error)}`,
        remedy: "Find out which one it is and settle it there."
      }
    case "PreconditionFailed":
      return {
        happened: "Somebody else changed the resource at the same time.",
        remedy: "Read it again and repeat the change if it is still wanted."
      }
    case "InvalidRequest":
      return {
        happened: `The SCIM server refuses the request${asked(error)} as invalid.${saying(error)}`,
        remedy: "If what was asked for looks right, check scim-dialect: this may be another kind of SCIM server."
      }
    case "RequestTooLarge":
      return { happened: `The request${asked(error)} is larger than the SCIM server takes.`, remedy: REPORT }
    case "FilterRequired":
      return {
        happened: "The SCIM server lists nothing without a filter, so a full list can't be had from it.",
        remedy: REPORT
      }
    case "NotSupported":
      return {
        happened: `The SCIM server does not support the request${asked(error)}.${saying(error)}`,
        remedy: "Check scim-dialect and what the server documents."
      }
    case "TooManyRequests":
    case "RateLimitExhausted":
      return {
        happened:
          `The SCIM server asks to slow down, for ${seconds(error.retryAfterMillis)}: longer than scim-max-wait `
          + "and scim-retry-budget allow.",
        remedy: "Try again later, lower scim-concurrency, or allow longer waits."
      }
    case "ServerFailure":
      return {
        happened: `The SCIM server failed${asked(error)}${error.status === undefined ? "" : ` (${error.status})`}.${
          saying(error)
        }`,
        remedy: LATER
      }
    case "Timeout":
      return {
        happened: `The SCIM server did not ${reason.phase === "headers" ? "answer" : "finish its answer"} within ${
          seconds(reason.millis)
        }${asked(error)}.`,
        remedy: "Try again later, or raise scim-timeout."
      }
    case "Network":
      return {
        happened: `The SCIM server can't be reached${reason.code === undefined ? "" : ` (${reason.code})`}.`,
        remedy: networkRemedy(reason.code)
      }
    case "Tls":
      return {
        happened: `No trusted TLS connection to the SCIM server comes about${
          reason.code === undefined ? "" : ` (${reason.code})`
        }.`,
        remedy:
          "Check the host name in scim-url and this machine's clock. Behind a proxy that opens TLS, name its CA in "
          + "NODE_EXTRA_CA_CERTS. Checking certificates can't be turned off."
      }
    case "Decode":
      return { happened: `The answer${asked(error)} can't be read: it breaks off or is no JSON.`, remedy: REPORT }
    case "TooLarge":
      return {
        happened: `The answer${asked(error)} has more than ${reason.limit} bytes.`,
        remedy: "Lower scim-page-size."
      }
    case "InvalidListResponse":
      return { happened: `The answer${asked(error)} is JSON but no SCIM list.`, remedy: REPORT }
    case "PaginationStalled":
      return {
        happened: `The list${
          asked(error)
        } does not go on: the server sends the same page again after ${reason.received} rows.`,
        remedy: REPORT
      }
    case "IncompleteList":
      return {
        happened: `The SCIM server announced ${reason.expected} rows and sent ${reason.received}.`,
        remedy: `A shorter list is not taken for the whole. ${LATER}`
      }
    case "DirectoryDrift":
      return {
        happened: "The directory changed while it was read, so that rows may have been missed.",
        remedy: "Read it again."
      }
    case "PageLimitExceeded":
      return { happened: `The list${asked(error)} did not end after ${reason.limit} pages.`, remedy: REPORT }
    case "CursorExpired":
      return { happened: "The SCIM server no longer knows where the list goes on.", remedy: "Read it again." }
    case "OutcomeUnknown":
      return {
        happened: "The SCIM server gave no clear answer, and it can't be told whether the change was carried out.",
        remedy: "Run it again: what is there already is found, and nothing is made twice."
      }
  }
}

/**
 * What the failing request was about, where `NotFound` and `InvalidRequest` should say so.
 */
export interface About {
  readonly resourceType: string
  /** As the caller gave it. */
  readonly key: string
}

const reasonOf = (error: ScimError, about: About | undefined): ConnectorError.Reason => {
  const { happened, remedy } = explain(error)
  const message = `${happened} ${remedy}`
  const { reason } = error
  switch (reason._tag) {
    case "InvalidConfiguration":
      return new ConnectorError.InvalidConfiguration(
        reason.option === "baseUrl"
          ? { message, field: "scim-url" }
          : reason.option === "auth"
          ? { message, field: "scim-token" }
          : { message }
      )
    case "WrongUrl":
    case "RedirectRefused":
      return new ConnectorError.InvalidConfiguration({ message, field: "scim-url" })
    case "Unauthorized":
    case "TokenRequestFailed":
      return new ConnectorError.Unauthenticated({ message })
    case "Forbidden":
      return new ConnectorError.PermissionDenied({ message })
    case "NotFound":
      return about === undefined
        ? new ConnectorError.NotFound({ resourceType: "resource", key: error.path ?? "", message })
        : notFound(about)
    case "Conflict":
    case "PreconditionFailed":
      return new ConnectorError.Conflict({ message })
    case "FilterRequired":
    case "NotSupported":
    case "RequestTooLarge":
      return new ConnectorError.Unsupported(
        about === undefined ? { message } : { message, resourceType: about.resourceType }
      )
    case "TooManyRequests":
    case "RateLimitExhausted":
      return new ConnectorError.RateLimited(
        error.retryAfterMillis === undefined ? { message } : { message, retryAfterMillis: error.retryAfterMillis }
      )
    case "ServerFailure":
    case "Network":
    case "Tls":
    case "OutcomeUnknown":
      return new ConnectorError.Unavailable({ message })
    case "Timeout":
      return new ConnectorError.Timeout({ message })
    case "InvalidRequest":
    case "NotScim":
    case "Decode":
    case "TooLarge":
    case "InvalidListResponse":
    case "PageLimitExceeded":
      return new ConnectorError.UnexpectedResponse({ message })
    case "PaginationStalled":
      return new ConnectorError.IncompleteListing({
        message,
        resourceType: about?.resourceType ?? "resource",
        received: reason.received
      })
    case "IncompleteList":
      return new ConnectorError.IncompleteListing({
        message,
        resourceType: about?.resourceType ?? "resource",
        expected: reason.expected,
        received: reason.received
      })
    case "DirectoryDrift":
    case "CursorExpired":
      return new ConnectorError.DirectoryChanged({ message, resourceType: about?.resourceType ?? "resource" })
  }
}

/**
 * The resource that a caller named is not there.
 */
export const notFound = (about: About): ConnectorError.NotFound =>
  new ConnectorError.NotFound({
    ...about,
    message:
      `Claude Enterprise has no ${about.resourceType} with the id "${about.key}". Only what is managed through SCIM is `
      + "visible; look the id up in a listing."
  })

/**
 * The error of the contract for an error of the SCIM client.
 */
export const toConnectorError = (
  operation: string,
  error: ScimError,
  about?: About
): ConnectorError.ConnectorError => ConnectorError.make(operation, reasonOf(error, about), error)

/**
 * Maps the error channel with {@link toConnectorError}.
 */
export const mapped =
  (operation: string, about?: About) =>
  <A, R>(self: Effect.Effect<A, ScimError, R>): Effect.Effect<A, ConnectorError.ConnectorError, R> =>
    Effect.mapError(self, (error) => toConnectorError(operation, error, about))
