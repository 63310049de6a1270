/**
 * The whole HTTP API, from which the server, its OpenAPI document and the typed client are derived.
 *
 * @since 0.1.0
 */
import * as HttpApi from "effect/http-api/HttpApi"
import * as OpenApi from "effect/http-api/OpenApi"
import manifest from "../package.json" with { type: "json" }
import { AuditGroup } from "./Audit.ts"
import { ConnectorsGroup } from "./Connectors.ts"
import { DirectoryGroup, TimedGrantsGroup } from "./Directory.ts"
import { OperationsGroup } from "./Operations.ts"
import { RequestProblems } from "./RequestProblems.ts"
import { SnapshotsGroup } from "./Snapshots.ts"
import { SyncsGroup } from "./Syncs.ts"
import { TokensGroup } from "./Tokens.ts"

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
    description: "Who has access to Claude Enterprise, and changing it. Every error is a problem document (RFC 9457)."
  }))
{}
