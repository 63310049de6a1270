/**
 * The connectors of this server: their settings, schedules, guards and status. Secret settings are encrypted at rest and never come out over
 * HTTP again.
 *
 * @since 0.1.0
 */
import * as Ksuid from "@access-kit/c1z/Ksuid"
import type { Capabilities } from "@access-kit/connector-model/Capabilities"
import * as CapabilitiesOf from "@access-kit/connector-model/Capabilities"
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
import { defaultLimit, type Page, type PageRequest } from "@access-kit/server-api/Paging"
import {
  Conflict,
  type InvalidInput,
  NotFound,
  PreconditionFailed,
  type SourceFailed,
  Unavailable
} from "@access-kit/server-api/Problems"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { type Actor, AuditLog } from "./AuditLog.ts"
import { ConnectorKinds, formOf } from "./ConnectorKinds.ts"
import {
  type ConnectorRow,
  defaults,
  guardsJson,
  scheduleJson,
  settingsJson,
  toConnector
} from "./connectors/ConnectorRow.ts"
import { requireIdle } from "./connectors/Idle.ts"
import * as SettingsCheck from "./connectors/SettingsCheck.ts"
import * as SettingsStore from "./connectors/SettingsStore.ts"
import * as Sources from "./connectors/Sources.ts"
import { Directory } from "./Directory.ts"
import * as PageToken from "./directory/PageToken.ts"
import * as NextSync from "./NextSync.ts"
import type { SecretBox } from "./SecretBox.ts"
import { Snapshots } from "./Snapshots.ts"
import { available } from "./storage/Available.ts"
import { Syncs } from "./Syncs.ts"

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
  /** What {@link create} made and could not tell, because its process died: with its first sync, if that was not asked for yet. */
  readonly created: (actor: Actor, id: string) => Effect.Effect<Connector, Conflict | Unavailable>
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
  /** Seals every secret again that was sealed with an older key; answers how many. */
  readonly reseal: Effect.Effect<number, Unavailable>
}>()("@access-kit/http-server/Connectors") {
  /**
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<
    Connectors,
    never,
    | SqlClient.SqlClient
    | AuditLog
    | ConnectorKinds
    | Directory
    | HttpClient.HttpClient
    | SecretBox
    | Snapshots
    | Syncs
  > = Layer.effect(Connectors, Effect.suspend(() => make))
}

const missing = (id: string) => new NotFound({ detail: `There is no connector ${id}.` })

const nameTaken = (name: string) =>
  new Conflict({ detail: `There is a connector "${name}" already. Choose another name.` })

const make = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const audit = yield* AuditLog
  const kinds = yield* ConnectorKinds
  const services = yield* Effect.context<SqlClient.SqlClient>()
  const store = yield* SettingsStore.make
  const sources = yield* Sources.make
  const directory = yield* Directory
  const snapshots = yield* Snapshots
  const syncs = yield* Syncs

  const rowOf = Effect.fnUntraced(function*(id: string) {
    const [row] = yield* sql<ConnectorRow>`SELECT * FROM connectors WHERE id = ${id}`
    return row === undefined ? yield* missing(id) : row
  })

  /** In a transaction: nobody else changes the connector until it ends. */
  const locked = Effect.fnUntraced(function*(id: string) {
    const [row] = yield* sql.onDialectOrElse({
      pg: () => sql<ConnectorRow>`SELECT * FROM connectors WHERE id = ${id} FOR UPDATE`,
      orElse: () => sql<ConnectorRow>`SELECT * FROM connectors WHERE id = ${id}`
    })
    return row === undefined ? yield* missing(id) : row
  })

  const show = Effect.fnUntraced(function*(row: ConnectorRow) {
    const [open] = yield* sql`SELECT id FROM syncs
      WHERE connector_id = ${row.id} AND state IN ('queued', 'running') LIMIT 1`
    const secrets = yield* sql<
      { readonly name: string }
    >`SELECT name FROM connector_secrets WHERE connector_id = ${row.id} ORDER BY name`
    return toConnector(row, open !== undefined, secrets.map(({ name }) => name))
  })

  const get = (id: string) => Effect.flatMap(rowOf(id), show)

  const requireRevision = Effect.fnUntraced(function*(row: ConnectorRow, revision: number | undefined) {
    if (revision === undefined || revision === row.revision) return
    return yield* new PreconditionFailed({
      detail: `The connector was changed since: it has revision ${row.revision}. Read it again before you change it.`
    })
  })

  const checkSchedule = Effect.fnUntraced(function*(schedule: Connector["schedule"] | undefined) {
    const message = schedule === undefined ? undefined : NextSync.faultOf(schedule)
    if (message !== undefined) return yield* SettingsCheck.invalid([{ field: "schedule", message }])
  })

  const nextSync = Effect.fnUntraced(function*(schedule: Connector["schedule"], failures: number) {
    const now = yield* Clock.currentTimeMillis
    return NextSync.after(schedule, now, failures, yield* Random.next) ?? null
  })

  const setPaused = (action: string, paused: boolean) =>
    Effect.fnUntraced(function*(actor: Actor, id: string) {
      yield* sql.withTransaction(Effect.gen(function*() {
        const row = yield* locked(id)
        if ((row.paused === 1) === paused) return
        const failures = paused ? row.consecutive_failures : 0
        yield* sql`UPDATE connectors SET ${
          sql.update({
            paused: paused ? 1 : 0,
            revision: row.revision + 1,
            updated_at: yield* Clock.currentTimeMillis,
            next_sync_at: paused ? null : yield* nextSync(Schema.decodeSync(scheduleJson)(row.schedule), failures)
          })
        } WHERE id = ${id}`
        if (paused) {
          yield* sql`UPDATE syncs SET ${
            sql.update({ state: "cancelled", ended_at: yield* Clock.currentTimeMillis })
          }, revision = revision + 1 WHERE connector_id = ${id} AND state = 'queued'`
        }
        yield* audit.append(actor, { action, connectorId: id, subjectId: id, details: { name: row.name } })
      }))
      return yield* get(id)
    })

  const firstSync = (actor: Actor, id: string) =>
    Effect.catchTag(syncs.start(actor, id, "created"), ["NotFound", "Conflict"], () => Effect.void)

  /** Kept while the revision stays the same, so that a connector is built once and not for each job. */
  const opened = new Map<string, { readonly revision: number; readonly connector: Model.Connector["Service"] }>()

  const open = Effect.fn("Connectors.open")(function*(id: string) {
    const row = yield* rowOf(id)
    const kept = opened.get(id)
    if (kept?.revision === row.revision) return kept.connector
    const kind = kinds.get(row.kind)
    if (kind === undefined) {
      return yield* new Unavailable({ detail: `This server does not run connectors of the kind "${row.kind}".` })
    }
    const connector = yield* sources.connect(kind, yield* store.written(row))
    opened.set(id, { revision: row.revision, connector })
    return connector
  }, available("Opening a connector"))

  return Connectors.of({
    kinds: [...kinds.values()].map(formOf),

    list: Effect.fn("Connectors.list")(function*(page) {
      const after = page.pageToken === undefined ? undefined : yield* PageToken.read(["connectors"], 1, page.pageToken)
      const limit = page.limit ?? defaultLimit
      const rows = yield* sql<ConnectorRow>`SELECT * FROM connectors WHERE ${
        sql.and(after === undefined ? [] : [sql`id > ${after[0]}`])
      } ORDER BY id LIMIT ${limit + 1}`
      const shown = rows.slice(0, limit)
      const last = shown.at(-1)
      return {
        items: yield* Effect.forEach(shown, show),
        ...(last !== undefined && rows.length > limit
          ? { nextPageToken: PageToken.make(["connectors"], [last.id]) }
          : {})
      }
    }, available("Listing connectors")),

    get: Effect.fn("Connectors.get")(get, available("Reading a connector")),

    create: Effect.fn("Connectors.create")(function*(actor, request) {
      const kind = yield* sources.kindOf(request.kind)
      const settings = new Map(Object.entries(request.settings))
      yield* SettingsCheck.check(kind.spec.config, settings)
      yield* checkSchedule(request.schedule)
      const [taken] = yield* sql`SELECT id FROM connectors WHERE name = ${request.name}`
      if (taken !== undefined) return yield* nameTaken(request.name)
      yield* request.skipTest === true ? sources.requireUsable(kind, settings) : sources.requireWorking(kind, settings)
      const { plain, secret } = SettingsCheck.sort(kind.spec.config, settings)
      const id = yield* Ksuid.make
      const now = yield* Clock.currentTimeMillis
      const schedule = request.schedule ?? defaults.schedule
      yield* sql.withTransaction(Effect.gen(function*() {
        yield* sql`INSERT INTO connectors ${
          sql.insert({
            id,
            name: request.name,
            kind: request.kind,
            settings: Schema.encodeSync(settingsJson)(plain),
            schedule: Schema.encodeSync(scheduleJson)(schedule),
            guards: Schema.encodeSync(guardsJson)(request.guards ?? defaults.guards),
            next_sync_at: yield* nextSync(schedule, 0),
            created_at: now,
            updated_at: now
          })
        }`
        yield* store.putSecrets(id, secret)
        yield* audit.append(actor, {
          action: "connector.created",
          connectorId: id,
          subjectId: id,
          details: { name: request.name, kind: request.kind, settings: plain, secrets: [...secret.keys()] }
        })
      })).pipe(
        // Somebody else took the name in between.
        Effect.catchIf(
          (error) => error._tag === "SqlError" && error.reason._tag === "UniqueViolation",
          () => nameTaken(request.name)
        )
      )
      yield* firstSync(actor, id)
      return yield* Effect.catchTag(
        get(id),
        "NotFound",
        () => new Conflict({ detail: "The connector was deleted at once." })
      )
    }, available("Adding a connector")),

    created: Effect.fn("Connectors.created")(function*(actor, id) {
      const { last_sync_id } = yield* rowOf(id)
      if (last_sync_id === null) yield* firstSync(actor, id)
      return yield* get(id)
    }, (effect) =>
      effect.pipe(
        Effect.catchTag("NotFound", () => new Conflict({ detail: "The connector was deleted since." })),
        available("Reading a connector")
      )),

    update: Effect.fn("Connectors.update")(function*(actor, id, request, revision) {
      yield* checkSchedule(request.schedule)
      yield* sql.withTransaction(Effect.gen(function*() {
        const row = yield* locked(id)
        yield* requireRevision(row, revision)
        const kind = yield* sources.kindOf(row.kind)
        const changes: Record<string, string | number | null> = {}
        const details: Record<string, Schema.Json> = {}
        if (request.name !== undefined && request.name !== row.name) {
          const [taken] = yield* sql`SELECT id FROM connectors WHERE name = ${request.name}`
          if (taken !== undefined) return yield* nameTaken(request.name)
          changes["name"] = request.name
          details["name"] = request.name
        }
        if (request.settings !== undefined) {
          const before = yield* store.written(row)
          const settings = new Map([...before, ...Object.entries(request.settings)])
          yield* SettingsCheck.check(kind.spec.config, settings)
          yield* SettingsCheck.refuseSilentMove(kind.spec.config, before, request.settings)
          yield* sources.requireUsable(kind, settings)
          const given = SettingsCheck.sort(kind.spec.config, new Map(Object.entries(request.settings)))
          const { plain } = SettingsCheck.sort(kind.spec.config, settings)
          changes["settings"] = Schema.encodeSync(settingsJson)(plain)
          yield* store.putSecrets(id, given.secret)
          details["settings"] = plain
          details["secrets"] = [...given.secret.keys()]
        }
        if (request.schedule !== undefined) {
          changes["schedule"] = Schema.encodeSync(scheduleJson)(request.schedule)
          if (row.paused === 0) changes["next_sync_at"] = yield* nextSync(request.schedule, row.consecutive_failures)
          details["schedule"] = request.schedule
        }
        if (request.guards !== undefined) {
          changes["guards"] = Schema.encodeSync(guardsJson)(request.guards)
          details["guards"] = request.guards
        }
        yield* sql`UPDATE connectors SET ${
          sql.update({ ...changes, revision: row.revision + 1, updated_at: yield* Clock.currentTimeMillis })
        } WHERE id = ${id}`
        yield* audit.append(actor, { action: "connector.updated", connectorId: id, subjectId: id, details })
      })).pipe(
        Effect.catchIf(
          (error) => error._tag === "SqlError" && error.reason._tag === "UniqueViolation",
          () => nameTaken(request.name ?? "")
        )
      )
      return yield* get(id)
    }, available("Changing a connector")),

    rotateSecrets: Effect.fn("Connectors.rotateSecrets")(function*(actor, id, request) {
      const row = yield* rowOf(id)
      const kind = yield* sources.kindOf(row.kind)
      const secrets = new Map(Object.entries(request.secrets))
      const fields = new Set(kind.spec.config.filter((field) => field.kind === "secret").map((field) => field.name))
      const others = [...secrets.keys()].filter((name) => !fields.has(name))
      if (others.length > 0 || secrets.size === 0) {
        return yield* SettingsCheck.invalid(
          secrets.size === 0
            ? [{ field: "secrets", message: `Name at least one secret setting: ${[...fields].join(", ")}.` }]
            : others.map((name) => ({
              field: name,
              message: `"${name}" is no secret setting. There are: ${[...fields].join(", ")}.`
            }))
        )
      }
      const settings = new Map([...(yield* store.written(row)), ...secrets])
      yield* SettingsCheck.check(kind.spec.config, settings)
      yield* request.skipTest === true ? sources.requireUsable(kind, settings) : sources.requireWorking(kind, settings)
      yield* sql.withTransaction(Effect.gen(function*() {
        const now = yield* locked(id)
        if (now.revision !== row.revision) {
          return yield* new Conflict({ detail: "The connector was changed while the new secret was tried. Try again." })
        }
        yield* store.putSecrets(id, SettingsCheck.sort(kind.spec.config, secrets).secret)
        yield* sql`UPDATE connectors SET ${
          sql.update({ revision: row.revision + 1, updated_at: yield* Clock.currentTimeMillis })
        } WHERE id = ${id}`
        yield* audit.append(actor, {
          action: "connector.secrets-rotated",
          connectorId: id,
          subjectId: id,
          details: { secrets: [...secrets.keys()] }
        })
      }))
      return yield* get(id)
    }, available("Replacing the secrets of a connector")),

    pause: Effect.fn("Connectors.pause")(setPaused("connector.paused", true), available("Pausing a connector")),
    resume: Effect.fn("Connectors.resume")(setPaused("connector.resumed", false), available("Resuming a connector")),

    remove: Effect.fn("Connectors.remove")(function*(actor, id, revision) {
      yield* sql.withTransaction(Effect.gen(function*() {
        const row = yield* locked(id)
        yield* requireRevision(row, revision)
        yield* Effect.provideContext(requireIdle(id), services)
        yield* sql`DELETE FROM connectors WHERE id = ${id}`
        yield* audit.append(actor, {
          action: "connector.deleted",
          connectorId: id,
          subjectId: id,
          details: { name: row.name }
        })
      }))
      opened.delete(id)
      // Out of reach already: rows and files that stay behind are in nobody's way.
      yield* Effect.catch(
        Effect.andThen(directory.remove(id), snapshots.removeAll(id)),
        (error) => Effect.logWarning(`What connector ${id} leaves behind could not be removed`, error)
      )
    }, available("Deleting a connector")),

    testSettings: Effect.fn("Connectors.testSettings")(function*(request) {
      const kind = yield* sources.kindOf(request.kind)
      const settings = new Map(Object.entries(request.settings))
      yield* SettingsCheck.check(kind.spec.config, settings)
      return yield* sources.validate(kind, settings)
    }),

    test: Effect.fn("Connectors.test")(function*(id) {
      const connector = yield* Effect.catchTag(open(id), "ConnectorError", (error) => Sources.sourceFailed(error))
      return yield* Effect.mapError(connector.validate, Sources.sourceFailed)
    }),

    capabilities: Effect.fn("Connectors.capabilities")(function*(id) {
      const connector = yield* Effect.catchTag(
        open(id),
        "ConnectorError",
        (error) => new Unavailable({ detail: `The connector can't be opened: ${error.message}` })
      )
      return CapabilitiesOf.of(connector)
    }),

    open,
    reseal: store.reseal
  })
})
