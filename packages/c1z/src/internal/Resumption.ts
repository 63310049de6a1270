/**
 * Decides whether an unfinished work file is taken up.
 */
import { existsSync, readFileSync } from "node:fs"
import type { DatabaseSync } from "node:sqlite"
import * as Failures from "./Failures.ts"
import { foreign } from "./LockedDatabase.ts"
import type { Calls, Discarded } from "./Protocol.ts"
import { integer, type Row, text } from "./Row.ts"
import * as TableSchema from "./TableSchema.ts"
import { bootMark, sameBoot, type Target } from "./Target.ts"
import * as Timestamp from "./Timestamp.ts"

/** Tells our work files from other databases ("C1ZW"); a published snapshot has zero there. */
export const APPLICATION_ID = 0x43315a57

/** An interrupted sync older than this is not taken up: what it read is stale. As in Go's SDK. */
const MAX_AGE = 7 * 24 * 60 * 60 * 1000

/** What an unfinished sync keeps in `v1_sync_runs.sync_token`. */
export interface Token {
  readonly fingerprint: string
  readonly boot: string
  readonly duplicates: number
  readonly checkpoint: string | null
}

const parseToken = (json: string): Token | undefined => {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return undefined
  }
  if (typeof value !== "object" || value === null) return undefined
  const fingerprint: unknown = Reflect.get(value, "fingerprint")
  const boot: unknown = Reflect.get(value, "boot")
  const duplicates: unknown = Reflect.get(value, "duplicates")
  const checkpoint: unknown = Reflect.get(value, "checkpoint")
  if (typeof fingerprint !== "string" || typeof boot !== "string" || typeof duplicates !== "number") return undefined
  if (typeof checkpoint !== "string" && checkpoint !== null) return undefined
  return { fingerprint, boot, duplicates, checkpoint }
}

/** The sync that the work file holds; undefined for a new file. */
export const existingRun = (target: Target, database: DatabaseSync): Row | undefined => {
  if (database.prepare("SELECT 1 FROM sqlite_schema").get() === undefined) return undefined
  const application = integer(database.prepare("PRAGMA application_id").get(), "application_id")
  const known = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'v1_sync_runs'").get() !== undefined
  // Zero is also ours: a work file that was sealed and not yet removed.
  const run = known && (application === APPLICATION_ID || application === 0)
    ? database.prepare("SELECT * FROM v1_sync_runs").get()
    : undefined
  if (run === undefined) return Failures.fail("InvalidTarget", target.location, foreign(target))
  return run
}

/** The state to go on from, or why not to. */
export const resumable = (
  target: Target,
  database: DatabaseSync,
  run: Row,
  question: Calls["begin"][0]
): Token | Discarded => {
  if (!question.resume) return "not wanted"
  const sealed = run["ended_at"] !== null
  const kept = sealed ? sealedToken(target, text(run, "sync_id")) : text(run, "sync_token")
  // The temporary file becomes the published one by its new name. Where it is gone, that has happened.
  if (kept === undefined || (sealed && !existsSync(target.temporary))) return "already published"
  const token = parseToken(kept)
  if (token === undefined || token.fingerprint !== question.fingerprint) return "other source"
  if (!sameBoot(token.boot, bootMark())) return "machine restarted"
  const startedAt = Timestamp.parse(text(run, "started_at")) ?? 0
  if (question.now - startedAt > MAX_AGE) return "too old"
  if (sealed) unseal(database, kept)
  return token
}

const sealedToken = (target: Target, syncId: string): string | undefined => {
  try {
    const seal: unknown = JSON.parse(readFileSync(target.seal, "utf8"))
    if (typeof seal !== "object" || seal === null || Reflect.get(seal, "syncId") !== syncId) return undefined
    return JSON.stringify(Reflect.get(seal, "token"))
  } catch {
    return undefined
  }
}

/** Makes a sealed database a work file again. */
export const unseal = (database: DatabaseSync, token: string): void => {
  database.exec("BEGIN IMMEDIATE")
  const columns = new Set(
    database.prepare("SELECT name FROM pragma_table_info('v1_sync_runs')").all().map((row) => text(row, "name"))
  )
  // Sealing for the legacy format takes columns away.
  for (const [column, declaration] of Object.entries(TableSchema.LATER_SYNC_COLUMNS)) {
    if (!columns.has(column)) database.exec(`ALTER TABLE v1_sync_runs ADD COLUMN ${column} ${declaration}`)
  }
  database.prepare(
    "UPDATE v1_sync_runs SET ended_at = NULL, stats = NULL, supports_diff = 0, grants_backfilled = 1, sync_token = ?"
  ).run(
    token
  )
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
  database.exec("COMMIT")
}
