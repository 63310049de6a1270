/**
 * The connectors of this server: their settings, schedules, guards and status. Secret settings are encrypted at rest and never come out over
 * HTTP again.
 *
 * @since 0.1.0
 */
import type { Capabilities } from "@access-kit/connector-model/Capabilities"
import type * as Model from "@access-kit/connector-model/Connector"
import type { ConnectorError } from "@access-kit/connector-model/ConnectorError"
import type { ValidationReport } from "@access-kit/connector-model/Validation"
import type {
  Connector,
  ConnectorKind,
  CreateConnector,
  RotateSecrets,
  TestConnector,
  UpdateConnector
} from "@access-kit/server-api/Connectors"
import type { Page, PageRequest } from "@access-kit/server-api/Paging"
import type {
  Conflict,
  InvalidInput,
  NotFound,
  PreconditionFailed,
  SourceFailed,
  Unavailable
} from "@access-kit/server-api/Problems"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Actor } from "./AuditLog.ts"

/**
 * @since 0.1.0
 */
export class Connectors extends Context.Service<Connectors, {
  readonly kinds: ReadonlyArray<ConnectorKind>
  readonly list: (page: PageRequest) => Effect.Effect<Page<Connector>, InvalidInput | Unavailable>
  readonly get: (id: string) => Effect.Effect<Connector, NotFound | Unavailable>
  /** Tries the settings unless `skipTest`, saves, and queues the first sync. Names are unique. */
  readonly create: (
    actor: Actor,
    request: CreateConnector
  ) => Effect.Effect<Connector, Conflict | InvalidInput | SourceFailed | Unavailable>
  /** `revision` is what `If-Match` named. */
  readonly update: (
    actor: Actor,
    id: string,
    request: UpdateConnector,
    revision: number | undefined
  ) => Effect.Effect<Connector, NotFound | Conflict | InvalidInput | PreconditionFailed | Unavailable>
  readonly rotateSecrets: (
    actor: Actor,
    id: string,
    request: RotateSecrets
  ) => Effect.Effect<Connector, NotFound | Conflict | InvalidInput | SourceFailed | Unavailable>
  readonly pause: (actor: Actor, id: string) => Effect.Effect<Connector, NotFound | Conflict | Unavailable>
  readonly resume: (actor: Actor, id: string) => Effect.Effect<Connector, NotFound | Conflict | Unavailable>
  readonly remove: (
    actor: Actor,
    id: string,
    revision: number | undefined
  ) => Effect.Effect<void, NotFound | Conflict | PreconditionFailed | Unavailable>
  readonly testSettings: (
    request: TestConnector
  ) => Effect.Effect<ValidationReport, InvalidInput | SourceFailed | Unavailable>
  readonly test: (id: string) => Effect.Effect<ValidationReport, NotFound | SourceFailed | Unavailable>
  readonly capabilities: (id: string) => Effect.Effect<Capabilities, NotFound | Unavailable>
  /** The connector itself, with its settings decrypted, kept while its revision stays the same. For jobs. */
  readonly open: (
    id: string
  ) => Effect.Effect<Model.Connector["Service"], NotFound | ConnectorError | Unavailable>
}>()("@access-kit/http-server/Connectors") {}
