/**
 * Refusals as typed errors: status, body and headers of an answer in, what happened and what to do about it out.
 */
import type { Dialect } from "../Dialect.ts"
import * as ErrorResponse from "../ErrorResponse.ts"
import * as ScimError from "../ScimError.ts"
import { retryAfterMillis } from "./retryAfter.ts"

export interface Exchange {
  readonly method: string
  /** Below the base URL, without query. */
  readonly path: string
  /** What the path names: decides what a 404 means. */
  readonly target: "list" | "resource" | "service"
}

export interface Answer {
  readonly status: number
  readonly headers: { readonly [name: string]: string | undefined }
  readonly text: string
}

const requestIdHeaders = ["x-request-id", "request-id", "x-correlation-id", "x-amzn-requestid", "cf-ray"]

const requestId = (headers: Answer["headers"]): string | undefined => {
  for (const name of requestIdHeaders) {
    const value = headers[name]
    if (value !== undefined && /^[\x21-\x7e]{1,200}$/.test(value)) return value
  }
  return undefined
}

export const isHtml = (answer: Answer): boolean =>
  /^[^;]*html/i.test(answer.headers["content-type"] ?? "") || /^\s*<(!doctype|html|head|body)/i.test(answer.text)

/** The beginning of a body on one line. */
export const snippet = (text: string): string => text.slice(0, 2000).replace(/[\s\p{Cc}]+/gu, " ").trim().slice(0, 200)

export const factsOf = (exchange: Exchange, answer: Answer): ScimError.Facts => ({
  method: exchange.method,
  path: exchange.path,
  status: answer.status,
  requestId: requestId(answer.headers)
})

export const notScim = (exchange: Exchange, answer: Answer): ScimError.ScimError => {
  const contentType = answer.headers["content-type"]
  const kind = isHtml(answer) ? "a web page" : "something that is no JSON"
  return ScimError.make(
    new ScimError.NotScim({
      ...(contentType === undefined ? {} : { contentType: contentType.slice(0, 100) }),
      snippet: snippet(answer.text),
      message:
        `${exchange.method} ${exchange.path} was answered with ${kind} (${answer.status}), not with SCIM. Check that the ` +
        "base URL is the SCIM endpoint itself and that no login page or proxy stands in front of it."
    }),
    factsOf(exchange, answer)
  )
}

/**
 * `text` and headers must already be free of credentials; `scrub` frees what JSON escapes had hidden in them.
 */
export const responseError = (
  exchange: Exchange,
  answer: Answer,
  dialect: Dialect,
  now: number,
  scrub: (text: string) => string
): ScimError.ScimError => {
  const { status } = answer
  const body = ErrorResponse.decodeText(answer.text)
  const scimType = body.scimType === undefined ? undefined : scrub(body.scimType)
  const detail = isHtml(answer) || body.detail === undefined ? undefined : scrub(body.detail)
  const request = `${exchange.method} ${exchange.path}`
  const says = detail === undefined ? "" : ` The server says: "${detail}"`
  const facts: ScimError.Facts = { ...factsOf(exchange, answer), scimType, detail }

  const throttles = status === 429 ||
    dialect.throttledAs.some((rule) =>
      rule.status === status && (detail ?? "").toLowerCase().includes(rule.detail.toLowerCase())
    )
  if (throttles) {
    return ScimError.make(
      new ScimError.TooManyRequests({
        message:
          `The server wants fewer requests (${status} on ${request}). Lower the concurrency or try again later.${says}`
      }),
      { ...facts, retryAfterMillis: retryAfterMillis(answer.headers, now) }
    )
  }
  if (status === 0 || (status >= 300 && status < 400)) return redirect(request, answer, facts)

  const error = (reason: ScimError.Reason) => ScimError.make(reason, facts)
  switch (status) {
    case 401:
      return error(
        new ScimError.Unauthorized({
          message:
            `The server does not accept the credential (401 on ${request}). Check that the token was copied whole, was ` +
            `not revoked, and belongs to this base URL.${says}`
        })
      )
    case 403:
      return error(
        new ScimError.Forbidden({
          message:
            `The credential may not do this (403 on ${request}). Ask for the right to it, or use another token.${says}`
        })
      )
    case 404:
      return exchange.target !== "resource" || isHtml(answer)
        ? error(
          new ScimError.WrongUrl({
            message:
              `There is no ${exchange.path} at this server (404). Check the base URL: it must end where the SCIM ` +
              `service begins, just before /Users.${says}`
          })
        )
        : error(new ScimError.NotFound({ message: `${exchange.path} does not exist (404).${says}` }))
    case 405:
    case 501:
      return error(
        new ScimError.NotSupported({ message: `The server does not support ${request} (${status}).${says}` })
      )
    case 408:
      return error(
        new ScimError.ServerFailure({
          message: `The server gave up waiting for ${request} (408). Try again later.${says}`
        })
      )
    case 409:
      return error(conflict(request, status, says))
    case 412:
      return error(
        new ScimError.PreconditionFailed({
          message:
            `${exchange.path} was changed by someone else in the meantime (412). Read it again and decide anew.${says}`
        })
      )
    case 413:
      return error(
        new ScimError.RequestTooLarge({
          message: `The body of ${request} is larger than the server takes (413). Send it in smaller parts.${says}`
        })
      )
  }
  if (status >= 500) {
    return ScimError.make(
      new ScimError.ServerFailure({
        message:
          `The server failed (${status} on ${request}). Try again later, and report it to its operator if it goes on.${says}`
      }),
      { ...facts, retryAfterMillis: status === 503 ? retryAfterMillis(answer.headers, now) : undefined }
    )
  }
  const type = scimType?.toLowerCase()
  if (type === "expiredcursor" || type === "invalidcursor") {
    return error(
      new ScimError.CursorExpired({
        message: `The server no longer knows the cursor of this list (${scimType}). Begin the list again.${says}`
      })
    )
  }
  if (type === "toomany" && exchange.target === "list") {
    return error(
      new ScimError.FilterRequired({
        message:
          `The server does not list all of ${exchange.path}: it wants a filter that leaves fewer rows (tooMany).${says}`
      })
    )
  }
  if (
    exchange.method !== "GET" && exchange.method !== "DELETE" && (status === 400 || status === 422) &&
    (type === "uniqueness" ||
      /already (exists|in use|taken|been taken)|not unique|must be unique|duplicate/i.test(detail ?? ""))
  ) {
    return error(conflict(request, status, says))
  }
  return error(
    new ScimError.InvalidRequest({
      message: `The server refused ${request} (${status}${scimType === undefined ? "" : ` ${scimType}`}).${
        says === "" ? " It gave no reason." : says
      }`
    })
  )
}

const conflict = (request: string, status: number, says: string) =>
  new ScimError.Conflict({ message: `${request} contradicts what the directory holds (${status}).${says}` })

const redirect = (request: string, answer: Answer, facts: ScimError.Facts): ScimError.ScimError => {
  const location = answer.headers["location"]
  const url = location === undefined ? null : URL.parse(location)
  // A relative target stays on the same host; naming it adds nothing, and its path may be secret.
  const target = url === null || url.origin === "null" ? undefined : url.origin
  return ScimError.make(
    new ScimError.RedirectRefused({
      ...(target === undefined ? {} : { target }),
      message:
        `The server redirects ${request}${
          target === undefined ? "" : ` to ${target}`
        }. Redirects are not followed, since ` +
        "the token would go there. If that is the right place, use it as the base URL."
    }),
    facts
  )
}
