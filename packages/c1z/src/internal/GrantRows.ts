/**
 * Puts grants into their table. Half a million calls into SQLite cost more than the rows themselves, so the plain grants of one entitlement are
 * one statement: SQLite takes the principals from a JSON list and joins each message from its two constant parts.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite"
import { writeGrant } from "./ModelEncoding.ts"
import type { GrantRow, GrantsRows } from "./Protocol.ts"
import { ProtoWriter } from "./ProtoWriter.ts"

const COLUMNS = "resource_type_id, resource_id, entitlement_id, principal_resource_type_id, principal_resource_id, "
  + "external_id, expansion, needs_expansion, data, sync_id, discovered_at"

export class GrantRows {
  private readonly many: StatementSync
  private readonly one: StatementSync
  private readonly writer = new ProtoWriter(new ArrayBuffer(16_384))
  private readonly syncId: string

  constructor(database: DatabaseSync, syncId: string) {
    this.syncId = syncId
    // OR FAIL: of a statement that fails nothing has to be taken back by itself, since the whole transaction is. SQLite keeps no second journal for it.
    this.many = database.prepare(
      `INSERT OR FAIL INTO v1_grants (${COLUMNS})
       SELECT ?1, ?2, ?3, ?4, value, ?5 || value, NULL, 0, CAST(?6 || value || ?7 || value AS BLOB), ?8, ?9 FROM json_each(?10)`
    )
    this.one = database.prepare(`INSERT INTO v1_grants (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  }

  insertOne(row: GrantRow, bytes: Uint8Array, discoveredAt: string): void {
    const { expansion } = row
    this.one.run(
      row.resource.resourceType,
      row.resource.resource,
      row.entitlementId,
      row.principal.resourceType,
      row.principal.resource,
      row.id,
      expansion === undefined ? null : bytes.subarray(expansion.start, expansion.end),
      expansion === undefined ? 0 : 1,
      bytes.subarray(row.start, row.end),
      this.syncId,
      discoveredAt
    )
  }

  /** Answers how many principals came twice and were put in once. */
  insertMany(rows: GrantsRows, bytes: Uint8Array, discoveredAt: string): number {
    // Sorted principals make the indexes four times cheaper, and the file the same whatever order the source lists them in.
    const principals = rows.principals.toSorted()
    const byLength = new Map<number, Array<string>>()
    let repeated = 0
    let previous: string | undefined
    let bucket: Array<string> = []
    let length = -1
    for (const principal of principals) {
      if (principal === previous) {
        repeated++
        continue
      }
      previous = principal
      if (principal.length !== length) {
        length = principal.length
        bucket = byLength.get(length) ?? []
        if (bucket.length === 0) byLength.set(length, bucket)
      }
      bucket.push(principal)
    }
    const entitlement = bytes.subarray(rows.start, rows.end)
    for (const [each, ids] of [...byLength].sort(([a], [b]) => a - b)) {
      const list = JSON.stringify(ids)
      // Exactly the characters themselves: no escape, and one byte each. Only then have all messages the same lengths inside.
      const plain = list.length === ids.length * (each + 3) + 1 && Buffer.byteLength(list) === list.length
      if (plain) this.insertAlike(rows, entitlement, each, list, discoveredAt)
      else this.insertUnlike(rows, entitlement, ids, discoveredAt)
    }
    return repeated
  }

  private insertAlike(
    rows: GrantsRows,
    entitlement: Uint8Array,
    length: number,
    list: string,
    discoveredAt: string
  ): void {
    const { writer } = this
    const filler = "x".repeat(length)
    const idPrefix = `${rows.entitlementId}:${rows.principalType}:`
    writer.position = 0
    writeGrant(
      writer,
      {
        id: idPrefix + filler,
        entitlementId: rows.entitlementId,
        principal: { resourceType: rows.principalType, resource: filler }
      },
      entitlement
    )
    // The message is: head, principal, tail, principal. The tail is the grant's id up to there with its tag and length.
    const end = writer.position
    const tail = end - length
    const idLength = Buffer.byteLength(idPrefix) + length
    const tailStart = end - idLength - 1 - sizeOfLength(idLength)
    this.many.run(
      rows.resource.resourceType,
      rows.resource.resource,
      rows.entitlementId,
      rows.principalType,
      idPrefix,
      writer.slice(0, tailStart - length),
      writer.slice(tailStart, tail),
      this.syncId,
      discoveredAt,
      list
    )
  }

  private insertUnlike(
    rows: GrantsRows,
    entitlement: Uint8Array,
    principals: ReadonlyArray<string>,
    discoveredAt: string
  ): void {
    const { writer } = this
    for (const resource of principals) {
      const principal = { resourceType: rows.principalType, resource }
      const id = `${rows.entitlementId}:${rows.principalType}:${resource}`
      writer.position = 0
      writeGrant(writer, { id, entitlementId: rows.entitlementId, principal }, entitlement)
      this.one.run(
        rows.resource.resourceType,
        rows.resource.resource,
        rows.entitlementId,
        rows.principalType,
        resource,
        id,
        null,
        0,
        writer.slice(0, writer.position),
        this.syncId,
        discoveredAt
      )
    }
  }
}

/** Bytes that a varint takes. */
const sizeOfLength = (length: number): number => {
  let size = 1
  for (let rest = length; rest > 127; rest = Math.floor(rest / 128)) size++
  return size
}
