/**
 * The database that becomes the snapshot, while it grows. It lies beside the target and is locked by SQLite itself, so that the lock ends with
 * the process however that ends. Every commit holds the rows together with the checkpoint they belong to.
 *
 * Plain synchronous code: it is the hot path of the worker thread.
 */
import { renameSync, rmSync, writeFileSync } from "node:fs"
import type { DatabaseSync, StatementSync } from "node:sqlite"
import type { Format } from "../Convert.ts"
import * as Failures from "./Failures.ts"
import { GrantRows } from "./GrantRows.ts"
import { openLocked, removeJournal, removeWork } from "./LockedDatabase.ts"
import type { Calls, Discarded, Rows, Settled, Started } from "./Protocol.ts"
import { APPLICATION_ID, existingRun, resumable, type Token, unseal } from "./Resumption.ts"
import { integer, type Row, text } from "./Row.ts"
import * as TableSchema from "./TableSchema.ts"
import { bootMark, type Target } from "./Target.ts"
import * as Timestamp from "./Timestamp.ts"

/** Grants per entitlement from which on the indexes led by it are kept up to date; see {@link TableSchema.BY_ENTITLEMENT}. */
const LONG_RUN = 64

/** Rows after which the length of runs is judged. */
const ENOUGH_ROWS = 5_000

const GRANTS = "v1_grants"
const OTHERS: ReadonlyArray<string> = ["v1_resources", "v1_entitlements"]
const ALL: ReadonlyArray<string> = [...OTHERS, GRANTS]

export interface Counts {
  readonly resourceTypes: number
  readonly resources: Readonly<Record<string, number>>
  readonly entitlements: Readonly<Record<string, number>>
  readonly grants: Readonly<Record<string, number>>
}

export class WorkFile {
  readonly target: Target
  readonly database: DatabaseSync
  readonly syncId: string
  readonly syncType: string
  readonly startedAt: number
  private readonly fingerprint: string
  private readonly boot: string
  private readonly resource: StatementSync
  private readonly entitlement: StatementSync
  private readonly grants: GrantRows
  private readonly setToken: StatementSync
  private checkpoint: string | null
  private duplicates: number
  /** The tables whose indexes that come last are there. */
  private readonly indexed = new Set<string>()
  private grantRows = 0
  private grantRuns = 0
  private eager: boolean | undefined
  /** Whether the file is not to stay. */
  private gone = false

  private constructor(target: Target, database: DatabaseSync, run: Row, token: Token) {
    this.target = target
    this.database = database
    this.syncId = text(run, "sync_id")
    this.syncType = text(run, "sync_type")
    this.startedAt = Timestamp.parse(text(run, "started_at")) ?? 0
    this.fingerprint = token.fingerprint
    this.boot = token.boot
    this.checkpoint = token.checkpoint
    this.duplicates = token.duplicates
    this.resource = database.prepare(
      `INSERT INTO v1_resources (resource_type_id, external_id, parent_resource_type_id, parent_resource_id, data, sync_id, discovered_at)
       VALUES (?1, ?1 || ':' || ?2, ?3, ?4, ?5, ?6, ?7)`
    )
    this.entitlement = database.prepare(
      `INSERT INTO v1_entitlements (resource_type_id, resource_id, external_id, data, sync_id, discovered_at) VALUES (?, ?, ?, ?, ?, ?)`
    )
    this.grants = new GrantRows(database, this.syncId)
    this.setToken = database.prepare("UPDATE v1_sync_runs SET sync_token = ?")
    const present = new Set(
      database.prepare("SELECT name FROM sqlite_schema WHERE type = 'index'").all().map((row) => text(row, "name"))
    )
    for (const table of ALL) {
      if (TableSchema.last(table).some((index) => present.has(index.name))) this.indexed.add(table)
    }
    if (TableSchema.BY_ENTITLEMENT.some((index) => present.has(index.name))) this.eager = true
  }

  /** Takes up the unfinished sync of the same source, or begins a new one. */
  static begin(target: Target, question: Calls["begin"][0]): { readonly file: WorkFile; readonly started: Started } {
    let discarded: Discarded | undefined
    for (;;) {
      const database = openLocked(target)
      let fresh = false
      try {
        const run = existingRun(target, database)
        if (run === undefined) {
          fresh = true
          for (const left of [target.temporary, target.seal, target.merged]) rmSync(left, { force: true })
          const file = WorkFile.create(target, database, question)
          return { file, started: file.started(discarded) }
        }
        const token = resumable(target, database, run, question)
        if (typeof token !== "string") {
          for (const left of [target.temporary, target.seal, target.merged]) rmSync(left, { force: true })
          const file = new WorkFile(target, database, run, token)
          database.exec("BEGIN IMMEDIATE")
          return { file, started: file.started(undefined) }
        }
        // Away with the name first: from then on whoever opens it gets a file of their own.
        discarded = token
        removeWork(target)
        database.close()
      } catch (error) {
        if (fresh) removeWork(target)
        if (database.isOpen) database.close()
        throw error
      }
    }
  }

  private static create(target: Target, database: DatabaseSync, question: Calls["begin"][0]): WorkFile {
    const boot = bootMark()
    const token: Token = { fingerprint: question.fingerprint, boot, duplicates: 0, checkpoint: null }
    database.exec("BEGIN IMMEDIATE")
    for (const table of TableSchema.TABLES) database.exec(table)
    database.exec(TableSchema.create(TableSchema.EARLY))
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
    database.prepare(
      "INSERT INTO v1_sync_runs (sync_id, started_at, sync_token, sync_type, grants_backfilled) VALUES (?, ?, ?, ?, 1)"
    ).run(question.syncId, Timestamp.format(question.now), JSON.stringify(token), question.syncType)
    const type = database.prepare(
      "INSERT INTO v1_resource_types (external_id, data, sync_id, discovered_at) VALUES (?, ?, ?, ?)"
    )
    for (const { data, id } of question.resourceTypes) {
      type.run(id, data, question.syncId, Timestamp.format(question.now))
    }
    database.exec("COMMIT; BEGIN IMMEDIATE")
    const run = database.prepare("SELECT * FROM v1_sync_runs").get() ?? {}
    return new WorkFile(target, database, run, token)
  }

  /** Names the sync that a partial one is a part of. */
  setParent(syncId: string): void {
    this.database.prepare("UPDATE v1_sync_runs SET parent_sync_id = ?").run(syncId)
  }

  private started(discarded: Discarded | undefined): Started {
    return {
      syncId: this.syncId,
      startedAt: this.startedAt,
      checkpoint: this.checkpoint ?? undefined,
      discarded
    }
  }

  write(bytes: Uint8Array, rows: ReadonlyArray<Rows>, now: number): void {
    if (rows.length === 0) return
    this.expect(rows)
    const discoveredAt = Timestamp.format(now)
    for (const row of rows) {
      switch (row.kind) {
        case "resources": {
          let { start } = row
          for (let index = 0; index < row.ids.length; index++) {
            const end = row.ends[index] ?? start
            const data = bytes.subarray(start, end)
            this.resource.run(row.resourceType, row.ids[index] ?? "", null, null, data, this.syncId, discoveredAt)
            start = end
          }
          break
        }
        case "child": {
          const { id, parent } = row
          const data = bytes.subarray(row.start, row.end)
          this.resource.run(
            id.resourceType,
            id.resource,
            parent.resourceType,
            parent.resource,
            data,
            this.syncId,
            discoveredAt
          )
          break
        }
        case "entitlement": {
          const data = bytes.subarray(row.start, row.end)
          this.entitlement.run(
            row.resource.resourceType,
            row.resource.resource,
            row.id,
            data,
            this.syncId,
            discoveredAt
          )
          break
        }
        case "grants": {
          this.duplicates += this.grants.insertMany(row, bytes, discoveredAt)
          break
        }
        case "grant": {
          this.grants.insertOne(row, bytes, discoveredAt)
          break
        }
      }
    }
  }

  /** Looks at rows before they are put in: what they bring decides which indexes are there meanwhile. */
  private expect(rows: ReadonlyArray<Rows>): void {
    let grants = 0
    let runs = 0
    for (const row of rows) {
      if (row.kind === "grants") grants += row.principals.length
      else if (row.kind === "grant") grants++
      else continue
      runs++
    }
    this.unsettle(runs === rows.length ? [GRANTS] : runs === 0 ? OTHERS : ALL)
    if (runs === 0) return
    this.grantRuns += runs
    this.grantRows += grants
    this.judgeRuns()
  }

  /** Decides for, or later against, keeping the indexes led by the entitlement up to date. */
  private judgeRuns(): void {
    if (this.grantRows < ENOUGH_ROWS || this.eager === false) return
    const long = this.grantRows >= this.grantRuns * LONG_RUN
    if (long && this.eager === undefined) {
      this.database.exec(TableSchema.create(TableSchema.BY_ENTITLEMENT))
      this.eager = true
    } else if (!long && this.grantRows < this.grantRuns * (LONG_RUN / 2)) {
      this.database.exec(TableSchema.drop(TableSchema.BY_ENTITLEMENT))
      this.eager = false
    }
  }

  /** Makes what was written durable, in one transaction with its checkpoint. */
  commit(checkpoint: string | null): void {
    this.checkpoint = checkpoint
    this.setToken.run(JSON.stringify(this.token()))
    this.database.exec("COMMIT")
    this.database.exec("BEGIN IMMEDIATE")
  }

  private token(): Token {
    return {
      fingerprint: this.fingerprint,
      boot: this.boot,
      duplicates: this.duplicates,
      checkpoint: this.checkpoint
    }
  }

  discard(resourceType: string): void {
    this.unsettle(ALL)
    for (const table of ["v1_resources", "v1_entitlements", "v1_grants"]) {
      this.database.prepare(`DELETE FROM ${table} WHERE resource_type_id = ?`).run(resourceType)
    }
  }

  /** Removes what settling has made of these tables, so that rows may be added cheaply and in any state. */
  private unsettle(tables: ReadonlyArray<string>): void {
    for (const table of tables) {
      if (this.indexed.delete(table)) this.database.exec(TableSchema.drop(TableSchema.last(table)))
    }
  }

  /** Creates the indexes of a table that come last, once no row has an id of another. */
  private index(table: string): void {
    this.indexed.add(table)
    for (const index of TableSchema.last(table)) {
      const create = TableSchema.create([index])
      try {
        this.database.exec(create)
      } catch (error) {
        if (!Failures.isConstraint(error)) throw error
        this.removeRepeated(table)
        this.database.exec(create)
      }
    }
  }

  /** Indexes the grants while accounts are still coming. */
  indexGrants(): void {
    this.database.exec(TableSchema.create(TableSchema.BY_ENTITLEMENT))
    this.index(GRANTS)
    this.commit(this.checkpoint)
  }

  private get isSettled(): boolean {
    return ALL.every((table) => this.indexed.has(table))
  }

  settle(missingLimit: number): Settled {
    this.commit(this.checkpoint)
    for (const table of ALL) this.index(table)
    this.database.exec(TableSchema.create(TableSchema.BY_ENTITLEMENT))
    this.commit(this.checkpoint)
    return {
      resources: this.countBy("v1_resources"),
      duplicates: this.duplicates,
      missingPrincipals: this.missingPrincipals(missingLimit)
    }
  }

  /** Of rows with one id the last one stays. */
  private removeRepeated(table: string): void {
    const { changes } = this.database.prepare(
      `DELETE FROM ${table} WHERE id IN (
         SELECT id FROM (SELECT id, lead(id) OVER (PARTITION BY external_id, sync_id ORDER BY id) AS later FROM ${table})
         WHERE later IS NOT NULL
       )`
    ).run()
    this.duplicates += Number(changes)
  }

  private missingPrincipals(limit: number): Settled["missingPrincipals"] {
    return this.database.prepare(
      `SELECT principal_resource_type_id AS type, principal_resource_id AS resource, count(*) AS grants FROM v1_grants
       WHERE principal_resource_type_id IN (SELECT external_id FROM v1_resource_types)
       GROUP BY principal_resource_type_id, principal_resource_id
       HAVING NOT EXISTS (
         SELECT 1 FROM v1_resources
         WHERE external_id = principal_resource_type_id || ':' || principal_resource_id AND sync_id = ?
       )
       ORDER BY principal_resource_type_id, principal_resource_id
       LIMIT ?`
    ).all(this.syncId, limit).map((row) => ({
      id: { resourceType: text(row, "type"), resource: text(row, "resource") },
      grants: integer(row, "grants")
    }))
  }

  dropGrantsTo(principals: Calls["dropGrantsTo"][0]["principals"]): number {
    if (!this.isSettled) this.settle(0)
    const statement = this.database.prepare(
      "DELETE FROM v1_grants WHERE principal_resource_type_id = ? AND principal_resource_id = ?"
    )
    let dropped = 0
    for (const { resource, resourceType } of principals) {
      dropped += Number(statement.run(resourceType, resource).changes)
    }
    return dropped
  }

  private countBy(table: string): Record<string, number> {
    const rows = this.database.prepare(
      `SELECT resource_type_id AS type, count(*) AS rows FROM ${table} GROUP BY resource_type_id ORDER BY resource_type_id`
    ).all()
    return Object.fromEntries(rows.map((row) => [text(row, "type"), integer(row, "rows")]))
  }

  private counts(): Counts {
    return {
      resourceTypes: integer(this.database.prepare("SELECT count(*) AS rows FROM v1_resource_types").get(), "rows"),
      resources: this.countBy("v1_resources"),
      entitlements: this.countBy("v1_entitlements"),
      grants: this.countBy("v1_grants")
    }
  }

  /**
   * Gives the database the contents that are published. What it takes to go on should the process die before they are is kept beside it.
   */
  seal(now: number, format: Format): Counts {
    if (!this.isSettled) this.settle(0)
    const counts = this.counts()
    writeFileSync(`${this.target.seal}.new`, JSON.stringify({ syncId: this.syncId, token: this.token() }), {
      mode: 0o600
    })
    renameSync(`${this.target.seal}.new`, this.target.seal)
    // Expansion of grants is C1's work. A sync without anything to expand is expanded, which is what the flag means.
    this.database.prepare(
      `UPDATE v1_sync_runs SET ended_at = ?, stats = ?, sync_token = '',
         supports_diff = NOT EXISTS (SELECT 1 FROM v1_grants WHERE expansion IS NOT NULL)`
    ).run(Timestamp.format(now), JSON.stringify(statsOf(counts)))
    if (format === "v1-legacy") this.database.exec(TableSchema.WITHOUT_LATER_SYNC_COLUMNS)
    this.database.exec("PRAGMA application_id = 0")
    this.database.exec("COMMIT")
    return counts
  }

  /** Makes it a work file again, after publishing has failed. */
  unseal(): void {
    if (this.database.isTransaction) this.database.exec("ROLLBACK")
    unseal(this.database, JSON.stringify(this.token()))
    rmSync(this.target.seal, { force: true })
  }

  /** Removes it from the directory. The lock holds until {@link close}. */
  remove(): void {
    this.gone = true
    removeWork(this.target)
  }

  /** Rolls back what has no checkpoint, and lets go. A file that nothing can be resumed from does not stay. */
  close(): void {
    if (!this.database.isOpen) return
    if (this.database.isTransaction) this.database.exec("ROLLBACK")
    if (this.checkpoint === null) this.gone = true
    const removed = this.gone ? removeWork(this.target) : removeJournal(this.target)
    this.database.close()
    if (!removed && this.gone) removeWork(this.target)
  }
}

/** As Go's SDK writes it: zero counts are left out. */
const statsOf = (counts: Counts): Record<string, unknown> => {
  const stats: Record<string, unknown> = {}
  const total = (by: Readonly<Record<string, number>>): number => Object.values(by).reduce((sum, each) => sum + each, 0)
  const put = (key: string, value: number): void => {
    if (value > 0) stats[key] = value
  }
  put("resource_types", counts.resourceTypes)
  put("resources", total(counts.resources))
  put("entitlements", total(counts.entitlements))
  put("grants", total(counts.grants))
  if (total(counts.resources) > 0) stats["resources_by_resource_type"] = counts.resources
  if (total(counts.grants) > 0) stats["grants_by_resource_type"] = counts.grants
  if (total(counts.entitlements) > 0) stats["entitlements_by_resource_type"] = counts.entitlements
  return stats
}
