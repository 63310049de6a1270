/**
 * Connectors, syncs, operations, timed grants and the audit log.
 *
 * Ids are text, times are milliseconds since 1970, flags are 0 or 1, structures are JSON. The audit log refuses to be changed by whoever writes SQL
 * through this server's user.
 */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"

/** Counts up and is never used again. */
const counters = {
  sqlite: "INTEGER PRIMARY KEY AUTOINCREMENT",
  postgres: "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
}

const tables = (dialect: { readonly counter: string }) => [
  `CREATE TABLE connectors (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    settings TEXT NOT NULL,
    schedule TEXT NOT NULL,
    guards TEXT NOT NULL,
    paused INTEGER NOT NULL DEFAULT 0,
    revision INTEGER NOT NULL DEFAULT 1,
    next_sync_at BIGINT,
    last_sync_id TEXT,
    last_success_at BIGINT,
    last_error TEXT,
    consecutive_failures INTEGER NOT NULL DEFAULT 0,
    current_snapshot_id TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
  )`,
  `CREATE INDEX connectors_due ON connectors (next_sync_at)`,
  `CREATE TABLE connector_secrets (
    connector_id TEXT NOT NULL REFERENCES connectors (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    sealed TEXT NOT NULL,
    PRIMARY KEY (connector_id, name)
  )`,
  `CREATE TABLE syncs (
    id TEXT PRIMARY KEY,
    connector_id TEXT NOT NULL REFERENCES connectors (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    cause TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    requested_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    attempts INTEGER NOT NULL DEFAULT 0,
    cancel_requested INTEGER NOT NULL DEFAULT 0,
    progress TEXT,
    snapshot_id TEXT,
    counts TEXT,
    notes TEXT,
    error TEXT,
    log_lines INTEGER NOT NULL DEFAULT 0,
    handed_over INTEGER NOT NULL DEFAULT 0,
    revision INTEGER NOT NULL DEFAULT 1
  )`,
  `CREATE INDEX syncs_of_connector ON syncs (connector_id, id)`,
  `CREATE INDEX syncs_by_state ON syncs (state)`,
  // One sync waits and one runs: a second one that waits would read the same again.
  `CREATE UNIQUE INDEX syncs_queued ON syncs (connector_id) WHERE state = 'queued'`,
  `CREATE TABLE sync_logs (
    sync_id TEXT NOT NULL REFERENCES syncs (id) ON DELETE CASCADE,
    sequence INTEGER NOT NULL,
    at BIGINT NOT NULL,
    level TEXT NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (sync_id, sequence)
  )`,
  `CREATE TABLE operations (
    sequence ${dialect.counter},
    id TEXT NOT NULL UNIQUE,
    connector_id TEXT NOT NULL REFERENCES connectors (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    dry_run INTEGER NOT NULL,
    request TEXT NOT NULL,
    target TEXT NOT NULL,
    outcome TEXT,
    result_id TEXT,
    error TEXT,
    changed INTEGER NOT NULL DEFAULT 0,
    approval_reason TEXT,
    requested_by TEXT NOT NULL,
    requester TEXT NOT NULL,
    actor TEXT NOT NULL,
    idempotency_key TEXT,
    decided_by TEXT,
    requested_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    attempts INTEGER NOT NULL DEFAULT 0,
    handed_over INTEGER NOT NULL DEFAULT 0,
    timed_grant_id TEXT,
    looked INTEGER NOT NULL DEFAULT 0,
    expiry TEXT
  )`,
  // Changes of a connector are made in the order of their sequence.
  `CREATE INDEX operations_of_connector ON operations (connector_id, state, sequence)`,
  `CREATE INDEX operations_by_state ON operations (state, sequence)`,
  `CREATE INDEX operations_recent ON operations (connector_id, ended_at)`,
  `CREATE UNIQUE INDEX operations_once ON operations (requester, idempotency_key)`,
  `CREATE TABLE timed_grants (
    id TEXT PRIMARY KEY,
    connector_id TEXT NOT NULL REFERENCES connectors (id) ON DELETE CASCADE,
    grant_id TEXT NOT NULL,
    entitlement_id TEXT NOT NULL,
    target TEXT NOT NULL,
    principal_type TEXT NOT NULL,
    principal_id TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    generation INTEGER NOT NULL DEFAULT 1,
    handed_over INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL,
    operation_id TEXT NOT NULL,
    revocation_id TEXT,
    revocations INTEGER NOT NULL DEFAULT 0,
    retry_at BIGINT,
    requested_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
  )`,
  `CREATE INDEX timed_grants_by_expiry ON timed_grants (expires_at, id)`,
  `CREATE INDEX timed_grants_by_state ON timed_grants (state, expires_at)`,
  // Two ends of one grant would contradict each other.
  `CREATE UNIQUE INDEX timed_grants_open ON timed_grants (connector_id, grant_id)
    WHERE state IN ('granting', 'active', 'revoking')`
]

const sqlite = [
  `CREATE TABLE audit_log (
    sequence ${counters.sqlite},
    id TEXT NOT NULL UNIQUE,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    token_id TEXT,
    action TEXT NOT NULL,
    connector_id TEXT,
    subject_id TEXT,
    details TEXT NOT NULL,
    address TEXT,
    request_id TEXT,
    idempotency_key TEXT
  )`,
  `CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
    BEGIN SELECT RAISE(ABORT, 'The audit log is append-only.'); END`,
  `CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
    BEGIN SELECT RAISE(ABORT, 'The audit log is append-only.'); END`
]

const postgres = [
  `CREATE TABLE audit_log (
    sequence ${counters.postgres},
    id TEXT NOT NULL UNIQUE,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    token_id TEXT,
    action TEXT NOT NULL,
    connector_id TEXT,
    subject_id TEXT,
    details TEXT NOT NULL,
    address TEXT,
    request_id TEXT,
    idempotency_key TEXT
  )`,
  `CREATE FUNCTION audit_log_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'The audit log is append-only.'; END
  $$`,
  `CREATE TRIGGER audit_log_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_refuse()`
]

const auditIndexes = [
  `CREATE INDEX audit_log_of_connector ON audit_log (connector_id, sequence)`,
  `CREATE INDEX audit_log_of_subject ON audit_log (subject_id, sequence)`,
  `CREATE INDEX audit_log_by_time ON audit_log (at)`,
  // Whether a request that never answered has made its change.
  `CREATE INDEX audit_log_of_key ON audit_log (token_id, idempotency_key) WHERE idempotency_key IS NOT NULL`
]

export default Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const statements = sql.onDialectOrElse({
    pg: () => [...tables({ counter: counters.postgres }), ...postgres],
    orElse: () => [...tables({ counter: counters.sqlite }), ...sqlite]
  })
  for (const statement of [...statements, ...auditIndexes]) yield* sql.unsafe(statement)
})
