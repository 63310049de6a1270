/**
 * The whole HTTP API, from which the server, its OpenAPI document and the typed client are derived.
 *
 * @since 0.1.0
 */
import * as HttpApi from "effect/http-api/HttpApi"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Predicate from "effect/Predicate"
import manifest from "../package.json" with { type: "json" }
import { AuditGroup } from "./Audit.ts"
import { ConnectorsGroup } from "./Connectors.ts"
import { DirectoryGroup, TimedGrantsGroup } from "./Directory.ts"
import { OperationsGroup } from "./Operations.ts"
import { defaultLimit, maximumLimit } from "./Paging.ts"
import { RequestProblems } from "./RequestProblems.ts"
import { SnapshotsGroup } from "./Snapshots.ts"
import { SyncsGroup } from "./Syncs.ts"
import { TokensGroup } from "./Tokens.ts"

/**
 * Numbers in a query are text on the wire, and the document would say no more than that.
 */
const integers: Readonly<Record<string, object>> = {
  limit: { type: "integer", minimum: 1, maximum: maximumLimit, default: defaultLimit },
  wait: { type: "integer", minimum: 0, maximum: 30 }
}

const numbered = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(numbered)
  if (!Predicate.isObject(value)) return value
  const integer = Predicate.hasProperty(value, "in") && value.in === "query"
      && Predicate.hasProperty(value, "name") && typeof value.name === "string"
    ? integers[value.name]
    : undefined
  return integer === undefined ? withIntegers(value) : { ...value, schema: integer }
}

const withIntegers = (spec: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(spec).map(([key, value]) => [key, numbered(value)]))

/**
 * @since 0.1.0
 */
export class Api extends HttpApi.make("claude-enterprise-server")
  .add(ConnectorsGroup)
  .add(SyncsGroup)
  .add(DirectoryGroup)
  .add(OperationsGroup)
  .add(TimedGrantsGroup)
  .add(SnapshotsGroup)
  .add(AuditGroup)
  .add(TokensGroup)
  .middleware(RequestProblems)
  .annotateMerge(OpenApi.annotations({
    title: "claude-enterprise-server",
    version: manifest.version,
    transform: withIntegers,
    description: "Who has access to Claude Enterprise, and changing it. Every error is a problem document (RFC 9457)."
  }))
{}
