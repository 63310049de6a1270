/**
 * The directory in memory. A row keeps its resource as serialised JSON, ready to be put into a list page; it is parsed again
 * only where something has to look inside, so that serving a hundred thousand rows costs a copy of bytes.
 */
import * as Predicate from "effect/Predicate"
import { isJsonObject, type JsonObject, objectsOf, stringOf } from "./Json.ts"
import * as Prng from "./Prng.ts"
import { definitions, type ResourceKind } from "./Schemas.ts"

interface Keys {
  /** `userName` or `displayName`, in lower case. */
  readonly name: string
  readonly externalId: string | undefined
  /** In lower case; empty unless the user is active. */
  readonly emails: ReadonlyArray<string>
}

export interface Row {
  readonly id: string
  readonly kind: ResourceKind
  /** Rows are listed by this number, which is the order of creation. */
  readonly sequence: number
  readonly created: string
  /** What a group was first called; `externalId`, else `displayName`. */
  readonly identity: string
  lastModified: string
  version: number
  /** Deleted, but kept with `active: false`. */
  deleted: boolean
  active: boolean
  keys: Keys
  bytes: Buffer
}

/** Values to rows; nearly every value has one row, so an array is only made for the second. */
type Index = Map<string, Row | Array<Row>>

const rowsOf = (index: Index, key: string): ReadonlyArray<Row> => {
  const found = index.get(key)
  return found === undefined ? [] : Array.isArray(found) ? found : [found]
}

const enter = (index: Index, key: string, row: Row): void => {
  const found = index.get(key)
  if (found === undefined) index.set(key, row)
  else if (Array.isArray(found)) found.push(row)
  else index.set(key, [found, row])
}

const leave = (index: Index, key: string, row: Row): void => {
  const found = index.get(key)
  if (found === row) {
    index.delete(key)
  } else if (Array.isArray(found)) {
    const rest = found.filter((other) => other !== row)
    if (rest.length === 0) index.delete(key)
    else index.set(key, rest)
  }
}

interface Table {
  readonly rows: Array<Row>
  readonly byId: Map<string, Row>
  readonly byName: Index
  readonly byExternalId: Index
  readonly byEmail: Index
  readonly byIdentity: Index
}

const makeTable = (): Table => ({
  rows: [],
  byId: new Map(),
  byName: new Map(),
  byExternalId: new Map(),
  byEmail: new Map(),
  byIdentity: new Map()
})

const keysOf = (kind: ResourceKind, content: JsonObject): Keys => ({
  name: (stringOf(content[kind === "User" ? "userName" : "displayName"]) ?? "").toLowerCase(),
  externalId: stringOf(content["externalId"]),
  emails: kind === "User" && content["active"] !== false
    ? objectsOf(content["emails"]).flatMap((email) => stringOf(email["value"])?.toLowerCase() ?? [])
    : []
})

export interface Given {
  readonly id?: string
  /** ISO 8601. */
  readonly created?: string
  /** ISO 8601. */
  readonly lastModified?: string
}

export interface Options {
  readonly baseUrl: string
  readonly etag: boolean
  readonly seed: number
  /** The current time in milliseconds since 1970. */
  readonly now: () => number
}

export class Store {
  readonly #options: Options
  readonly #random: Prng.Prng
  readonly #tables: { readonly [K in ResourceKind]: Table } = { User: makeTable(), Group: makeTable() }
  /** Ids of refused users by `userName` in lower case. */
  readonly #held = new Map<string, string>()
  #sequence = 0

  constructor(options: Options) {
    this.#options = options
    this.#random = Prng.make(options.seed ^ 0x1d5eed)
  }

  rows(kind: ResourceKind): ReadonlyArray<Row> {
    return this.#tables[kind].rows
  }

  find(kind: ResourceKind, id: string): Row | undefined {
    return this.#tables[kind].byId.get(id)
  }

  /** The rows that an index can give for `attribute eq "value"`, or undefined where only a scan can. */
  lookup(kind: ResourceKind, attribute: string, value: string): ReadonlyArray<Row> | undefined {
    const table = this.#tables[kind]
    switch (attribute) {
      case "id": {
        const row = table.byId.get(value)
        return row === undefined ? [] : [row]
      }
      case "externalid":
        return rowsOf(table.byExternalId, value)
      case kind === "User" ? "username" : "displayname":
        return rowsOf(table.byName, value.toLowerCase())
      default:
        return undefined
    }
  }

  named(kind: ResourceKind, name: string): ReadonlyArray<Row> {
    return rowsOf(this.#tables[kind].byName, name.toLowerCase())
  }

  /** Active users with an e-mail address. */
  withEmail(email: string): ReadonlyArray<Row> {
    return rowsOf(this.#tables.User.byEmail, email.toLowerCase())
  }

  groupsIdentifiedBy(identity: string): ReadonlyArray<Row> {
    return rowsOf(this.#tables.Group.byIdentity, identity)
  }

  read(row: Row): JsonObject {
    const resource: unknown = JSON.parse(row.bytes.toString("utf8"))
    return isJsonObject(resource) ? resource : {}
  }

  /** The attributes that clients write: the resource without `schemas`, `id` and `meta`. */
  content(row: Row): JsonObject {
    const { id: _id, meta: _meta, schemas: _schemas, ...content } = this.read(row)
    return content
  }

  etag(row: Row): string {
    return `W/"${row.version}"`
  }

  location(row: Row): string {
    return `${this.#options.baseUrl}${definitions[row.kind].endpoint}/${encodeURIComponent(row.id)}`
  }

  insert(kind: ResourceKind, content: JsonObject, given: Given = {}): Row {
    const table = this.#tables[kind]
    const now = given.created ?? new Date(this.#options.now()).toISOString()
    const row: Row = {
      id: given.id ?? this.#random.uuid(),
      kind,
      sequence: this.#sequence++,
      created: now,
      identity: stringOf(content["externalId"]) ?? stringOf(content["displayName"]) ?? "",
      lastModified: given.lastModified ?? now,
      version: 1,
      deleted: false,
      active: content["active"] !== false,
      keys: keysOf(kind, content),
      bytes: Buffer.alloc(0)
    }
    row.bytes = this.#serialise(row, content)
    table.rows.push(row)
    table.byId.set(row.id, row)
    if (kind === "Group") enter(table.byIdentity, row.identity, row)
    this.#enterKeys(table, row)
    return row
  }

  /** Writes new content; answers false where nothing changed, and then keeps version and time. */
  update(row: Row, content: JsonObject): boolean {
    if (JSON.stringify(this.content(row)) === JSON.stringify(content)) return false
    const table = this.#tables[row.kind]
    this.#leaveKeys(table, row)
    row.keys = keysOf(row.kind, content)
    row.active = content["active"] !== false
    row.version += 1
    row.lastModified = new Date(this.#options.now()).toISOString()
    row.bytes = this.#serialise(row, content)
    this.#enterKeys(table, row)
    return true
  }

  /** Takes a row out, and a member out of every group. */
  remove(row: Row): void {
    const table = this.#tables[row.kind]
    this.#leaveKeys(table, row)
    if (row.kind === "Group") leave(table.byIdentity, row.identity, row)
    table.byId.delete(row.id)
    table.rows.splice(this.positionAfter(row.kind, row.sequence - 1), 1)
    // Looking for the bytes first spares parsing the many groups that never had this member.
    const needle = Buffer.from(JSON.stringify(row.id))
    for (const group of this.#tables.Group.rows) {
      if (!group.bytes.includes(needle)) continue
      const content = this.content(group)
      const members = objectsOf(content["members"])
      const rest = members.filter((member) => member["value"] !== row.id)
      if (rest.length < members.length) this.update(group, { ...content, members: rest })
    }
  }

  /** How many rows stand before the first one that was created after `sequence`. */
  positionAfter(kind: ResourceKind, sequence: number): number {
    const { rows } = this.#tables[kind]
    let low = 0
    let high = rows.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((rows[middle]?.sequence ?? 0) <= sequence) low = middle + 1
      else high = middle
    }
    return low
  }

  clear(): void {
    for (const table of [this.#tables.User, this.#tables.Group]) {
      table.rows.length = 0
      for (const index of [table.byId, table.byName, table.byExternalId, table.byEmail, table.byIdentity]) index.clear()
    }
    this.#held.clear()
  }

  hold(userName: string): void {
    const key = userName.toLowerCase()
    if (!this.#held.has(key)) this.#held.set(key, this.#random.uuid())
  }

  /** The id under which a refused user was held; it is held no longer. */
  release(userName: string): string | undefined {
    const key = userName.toLowerCase()
    const id = this.#held.get(key)
    this.#held.delete(key)
    return id
  }

  get heldCount(): number {
    return this.#held.size
  }

  /** Ids of members of a group, in stored order, each once. */
  members(row: Row): ReadonlyArray<string> {
    const ids = new Set<string>()
    for (const member of objectsOf(this.read(row)["members"])) {
      if (Predicate.isString(member["value"])) ids.add(member["value"])
    }
    return [...ids]
  }

  #serialise(row: Row, content: JsonObject): Buffer {
    const definition = definitions[row.kind]
    const extensions = definition.extensions.filter((extension) => extension.id in content)
    return Buffer.from(JSON.stringify({
      schemas: [definition.schema.id, ...extensions.map((extension) => extension.id)],
      id: row.id,
      ...content,
      meta: {
        resourceType: row.kind,
        created: row.created,
        lastModified: row.lastModified,
        location: this.location(row),
        ...(this.#options.etag ? { version: this.etag(row) } : {})
      }
    }))
  }

  #enterKeys(table: Table, row: Row): void {
    enter(table.byName, row.keys.name, row)
    if (row.keys.externalId !== undefined) enter(table.byExternalId, row.keys.externalId, row)
    for (const email of row.keys.emails) enter(table.byEmail, email, row)
  }

  #leaveKeys(table: Table, row: Row): void {
    leave(table.byName, row.keys.name, row)
    if (row.keys.externalId !== undefined) leave(table.byExternalId, row.keys.externalId, row)
    for (const email of row.keys.emails) leave(table.byEmail, email, row)
  }
}
