/**
 * Rows of the grants table as queries answer them, with what their ids stand for.
 */
import type { StatementSync } from "node:sqlite"
import type { GrantRow } from "../Grants.ts"
import * as ResourceRow from "../ResourceRow.ts"
import type { Snapshot } from "../Snapshot.ts"
import { originOf } from "./Grants.ts"
import { dataOf, type NamedEntitlement, Names } from "./Names.ts"
import { integer, type Row, text } from "./Row.ts"
import { storeOf } from "./Store.ts"
import * as Timestamp from "./Timestamp.ts"

const unknown = (id: string): NamedEntitlement => ({
  id,
  slug: "",
  displayName: "",
  description: "",
  purpose: "",
  grantableTo: [],
  resourceType: "",
  resourceId: ""
})

export class GrantReader {
  private readonly names: Names
  private readonly syncId: string
  private readonly byPrincipal: StatementSync
  private readonly byEntitlement: StatementSync

  constructor(snapshot: Snapshot) {
    const store = storeOf(snapshot.file)
    this.syncId = snapshot.sync.id
    this.names = new Names(store, this.syncId)
    this.byPrincipal = store.database.prepare(
      "SELECT * FROM v1_grants WHERE principal_resource_type_id = ? AND principal_resource_id = ? AND sync_id = ? ORDER BY id"
    )
    this.byEntitlement = store.database.prepare(
      "SELECT * FROM v1_grants WHERE entitlement_id = ? AND sync_id = ? ORDER BY id"
    )
  }

  heldBy(type: string, id: string): Array<GrantRow> {
    return this.byPrincipal.all(type, id, this.syncId).map((row) => this.row(row))
  }

  of(entitlementId: string): Array<GrantRow> {
    return this.byEntitlement.all(entitlementId, this.syncId).map((row) => this.row(row))
  }

  row(row: Row): GrantRow {
    const entitlementId = text(row, "entitlement_id")
    const resource = [text(row, "resource_type_id"), text(row, "resource_id")] as const
    const principal = [text(row, "principal_resource_type_id"), text(row, "principal_resource_id")] as const
    const { description, displayName, slug } = this.names.entitlement(entitlementId) ?? unknown(entitlementId)
    const { immutable, sources } = originOf(dataOf(row) ?? new Uint8Array(0))
    return {
      cursor: String(integer(row, "id")),
      id: text(row, "external_id"),
      entitlement: { id: entitlementId, slug, displayName, description },
      resource: this.names.resource(...resource) ?? ResourceRow.missing(...resource),
      principal: this.names.resource(...principal) ?? ResourceRow.missing(...principal),
      direct: sources.length === 0 || sources.some((source) => source.entitlementId === entitlementId),
      via: sources.map((source) => source.entitlementId).filter((id) => id !== entitlementId),
      immutable,
      expandable: row["expansion"] instanceof Uint8Array,
      discoveredAt: Timestamp.parse(text(row, "discovered_at"))
    }
  }
}
