/**
 * What can go wrong between the command and a server, in the words of the connector contract: so a script meets the same exit codes whichever way it
 * asks.
 *
 * @since 0.1.0
 */
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import type * as Problems from "@access-kit/server-api/Problems"
import type * as Cause from "effect/Cause"
import type { HttpClientError } from "effect/http/HttpClientError"
import type * as Schema from "effect/Schema"

/**
 * Everything that a request to the API fails with.
 *
 * @since 0.1.0
 */
export type Problem =
  | Problems.BadRequest
  | Problems.Unauthorized
  | Problems.Forbidden
  | Problems.NotFound
  | Problems.MethodNotAllowed
  | Problems.Conflict
  | Problems.PreconditionFailed
  | Problems.PayloadTooLarge
  | Problems.UnsupportedMediaType
  | Problems.InvalidInput
  | Problems.IdempotencyKeyReused
  | Problems.TooManyRequests
  | Problems.SourceFailed
  | Problems.Unavailable
  | Problems.Internal
  | HttpClientError
  | Cause.TimeoutError
  | Schema.SchemaError

/**
 * The reason that another process tells by its name. What the name alone can't carry is left empty; a name that is none of the contract's
 * becomes `Unavailable`.
 *
 * @since 0.1.0
 */
export const reasonOf = (tag: string, message: string): ConnectorError.Reason => {
  switch (tag) {
    case "InvalidConfiguration":
      return new ConnectorError.InvalidConfiguration({ message })
    case "Unauthenticated":
      return new ConnectorError.Unauthenticated({ message })
    case "PermissionDenied":
      return new ConnectorError.PermissionDenied({ message })
    case "NotFound":
      return new ConnectorError.NotFound({ message, resourceType: "resource", key: "" })
    case "Ambiguous":
      return new ConnectorError.Ambiguous({ message, resourceType: "resource", key: "", matches: [] })
    case "InvalidInput":
      return new ConnectorError.InvalidInput({ message })
    // A grant whose time was over before its turn came.
    case "Conflict":
    case "Expired":
      return new ConnectorError.Conflict({ message })
    case "Unsupported":
      return new ConnectorError.Unsupported({ message })
    case "RateLimited":
      return new ConnectorError.RateLimited({ message })
    case "Timeout":
      return new ConnectorError.Timeout({ message })
    case "UnexpectedResponse":
      return new ConnectorError.UnexpectedResponse({ message })
    case "IncompleteListing":
      return new ConnectorError.IncompleteListing({ message, resourceType: "resource", received: 0 })
    case "DirectoryChanged":
      return new ConnectorError.DirectoryChanged({ message, resourceType: "resource" })
    case "NotApplied":
      return new ConnectorError.NotApplied({ message })
    case "LimitExceeded":
      return new ConnectorError.LimitExceeded({ message, limit: 0, requested: 0 })
    default:
      return new ConnectorError.Unavailable({ message })
  }
}

const isNoServer = (address: string): string =>
  `What answers at ${address} is no claude-enterprise-server, or one of another version. Check --server.`

const reason = (problem: Problem, address: string): ConnectorError.Reason => {
  switch (problem._tag) {
    case "Unauthorized":
      return reasonOf("Unauthenticated", problem.detail ?? "The server does not accept the token.")
    case "Forbidden":
      return reasonOf("PermissionDenied", problem.detail ?? "The token may not do this on the server.")
    case "NotFound":
      return reasonOf("NotFound", problem.detail ?? "The server knows no such thing.")
    case "Conflict":
    case "PreconditionFailed":
      return reasonOf("Conflict", problem.detail ?? "The state of things on the server does not allow it.")
    case "BadRequest":
    case "InvalidInput": {
      const faults = (problem.errors ?? []).map(({ message }) => message)
      return reasonOf(
        "InvalidInput",
        faults.length > 0 ? faults.join(" ") : problem.detail ?? "The server can't take the request as it is."
      )
    }
    case "MethodNotAllowed":
    case "PayloadTooLarge":
    case "UnsupportedMediaType":
    case "IdempotencyKeyReused":
      return reasonOf("InvalidInput", problem.detail ?? "The server can't take the request as it is.")
    case "TooManyRequests":
      return reasonOf("RateLimited", problem.detail ?? "The server asks to slow down.")
    case "SourceFailed":
      return reasonOf(problem.reason ?? "", problem.detail ?? "The server can't reach its source.")
    case "Unavailable":
      return reasonOf("Unavailable", problem.detail ?? "The server is not ready.")
    case "Internal":
      return reasonOf(
        "Unavailable",
        `${problem.detail ?? "The server has a fault."}${
          problem.requestId === undefined ? "" : ` Its log says more under the request id ${problem.requestId}.`
        }`
      )
    case "TimeoutError":
      return reasonOf("Timeout", `The server at ${address} does not answer. Try again later.`)
    case "HttpClientError":
      return problem.reason._tag === "TransportError"
        ? reasonOf("Unavailable", `The server at ${address} can't be reached. Check --server, and whether it runs.`)
        : reasonOf("UnexpectedResponse", isNoServer(address))
    case "SchemaError":
      return reasonOf("UnexpectedResponse", isNoServer(address))
  }
}

/**
 * @since 0.1.0
 */
export const toConnectorError = (operation: string, problem: Problem, address: string): ConnectorError.ConnectorError =>
  ConnectorError.make(operation, reason(problem, address), problem)
