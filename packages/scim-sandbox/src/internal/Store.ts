/**
 * The directory in memory. A row keeps its resource as serialised JSON, ready to be put into a list page; it is parsed again
 * only where something has to look inside, so that serving a hundred thousand rows costs a copy of bytes.
 */
import * as Predicate from "effect/Predicate"
import { isJsonObject, type JsonObject, objectsOf, stringOf } from "./Json.ts"
import * as Prng from "./Prng.ts"
import { definitions, type ResourceKind } from "./Schemas.ts"

export interface Row {
  readonly id: string
  readonly kind: ResourceKind
  /** Rows are listed by this number, which is the order of creation. */
  readonly sequence: number
  readonly created: string
  lastModified: string
  version: number
  /** Deleted, but kept with `active: false`. */
  deleted: boolean
  active: boolean
  /** The serialised resource lies in `chunk` from `start` to `end`. */
  chunk: Buffer
  start: number
  end: number
}

const bytesOf = (row: Row): Buffer => row.chunk.subarray(row.start, row.end)

const comma = Buffer.from(",")

/**
 * The bytes of rows with commas between them. Rows that were seeded one after the other lie so in their chunk already, so a
 * page of them is one slice and nothing is copied.
 */
export const joined = (rows: ReadonlyArray<Row>): Array<Buffer> => {
  const parts: Array<Buffer> = []
  let at = 0
  while (at < rows.length) {
    const first = rows[at]
    if (first === undefined) break
    let { end } = first
    let next = rows[++at]
    while (next !== undefined && next.chunk === first.chunk && next.start === end + 1) {
      end = next.end
      next = rows[++at]
    }
    if (parts.length > 0) parts.push(comma)
    parts.push(first.chunk.subarray(first.start, end))
  }
  return parts
}

/** What the indexes of a row's kind are about. */
interface Keys {
  /** `userName` or `displayName`, in lower case. */
  readonly name: string
  readonly externalId: string | undefined
  /** In lower case; empty unless the user is active. */
  readonly emails: ReadonlyArray<string>
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

interface Indexes {
  readonly byName: Index
  readonly byExternalId: Index
  readonly byEmail: Index
}

interface Table {
  readonly rows: Array<Row>
  readonly byId: Map<string, Row>
  /** Made when first asked for: a large directory that is only listed never needs them. */
  indexes: Indexes | undefined
}

const makeTable = (): Table => ({ rows: [], byId: new Map(), indexes: undefined })

const keysOf = (kind: ResourceKind, content: JsonObject): Keys => ({
  name: (stringOf(content[kind === "User" ? "userName" : "displayName"]) ?? "").toLowerCase(),
  externalId: stringOf(content["externalId"]),
  emails: kind === "User" && content["active"] !== false
    ? objectsOf(content["emails"]).flatMap((email) => stringOf(email["value"])?.toLowerCase() ?? [])
    : []
})

const enterKeys = (indexes: Indexes, row: Row, content: JsonObject): void => {
  const keys = keysOf(row.kind, content)
  enter(indexes.byName, keys.name, row)
  if (keys.externalId !== undefined) enter(indexes.byExternalId, keys.externalId, row)
  for (const email of keys.emails) enter(indexes.byEmail, email, row)
}

const leaveKeys = (indexes: Indexes, row: Row, content: JsonObject): void => {
  const keys = keysOf(row.kind, content)
  leave(indexes.byName, keys.name, row)
  if (keys.externalId !== undefined) leave(indexes.byExternalId, keys.externalId, row)
  for (const email of keys.emails) leave(indexes.byEmail, email, row)
}

const chunkSize = 4 * 1024 * 1024

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
  /** What a group was first called (`externalId`, else `displayName`); made when first asked for. */
  #identities: Map<string, Row> | undefined
  #sequence = 0
  #chunk = Buffer.alloc(0)
  #used = 0

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
        return rowsOf(this.#indexes(kind).byExternalId, value)
      case kind === "User" ? "username" : "displayname":
        return rowsOf(this.#indexes(kind).byName, value.toLowerCase())
      default:
        return undefined
    }
  }

  named(kind: ResourceKind, name: string): ReadonlyArray<Row> {
    return rowsOf(this.#indexes(kind).byName, name.toLowerCase())
  }

  /** Active users with an e-mail address. */
  withEmail(email: string): ReadonlyArray<Row> {
    return rowsOf(this.#indexes("User").byEmail, email.toLowerCase())
  }

  /** The group that was created under this `externalId`, else `displayName`, whatever it is called today. */
  groupIdentifiedBy(identity: string): Row | undefined {
    return this.#identityMap().get(identity)
  }

  read(row: Row): JsonObject {
    const resource: unknown = JSON.parse(row.chunk.toString("utf8", row.start, row.end))
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

  bytes(row: Row): Buffer {
    return bytesOf(row)
  }

  insert(kind: ResourceKind, content: JsonObject, given: Given = {}): Row {
    const table = this.#tables[kind]
    const now = given.created ?? new Date(this.#options.now()).toISOString()
    const row: Row = {
      id: given.id ?? this.#random.uuid(),
      kind,
      sequence: this.#sequence++,
      created: now,
      lastModified: given.lastModified ?? now,
      version: 1,
      deleted: false,
      active: content["active"] !== false,
      chunk: this.#chunk,
      start: 0,
      end: 0
    }
    this.#append(row, this.#serialise(row, content))
    table.rows.push(row)
    table.byId.set(row.id, row)
    if (table.indexes !== undefined) enterKeys(table.indexes, row, content)
    if (kind === "Group") this.#identities?.set(identityOf(content), row)
    return row
  }

  /** Writes new content; answers false where nothing changed, and then keeps version and time. */
  update(row: Row, content: JsonObject): boolean {
    const before = this.content(row)
    if (JSON.stringify(before) === JSON.stringify(content)) return false
    // The identity of a group outlives its name, so it has to be known before the name is gone.
    if (row.kind === "Group") this.#identityMap()
    const { indexes } = this.#tables[row.kind]
    if (indexes !== undefined) {
      leaveKeys(indexes, row, before)
      enterKeys(indexes, row, content)
    }
    row.active = content["active"] !== false
    row.version += 1
    row.lastModified = new Date(this.#options.now()).toISOString()
    row.chunk = Buffer.from(this.#serialise(row, content))
    row.start = 0
    row.end = row.chunk.length
    return true
  }

  /** Takes a row out, and a member out of every group. */
  remove(row: Row): void {
    const table = this.#tables[row.kind]
    if (table.indexes !== undefined) leaveKeys(table.indexes, row, this.content(row))
    table.byId.delete(row.id)
    table.rows.splice(this.positionAfter(row.kind, row.sequence - 1), 1)
    if (row.kind === "Group") {
      const identities = this.#identityMap()
      for (const [identity, owner] of identities) if (owner === row) identities.delete(identity)
    }
    // Looking for the bytes first spares parsing the many groups that never had this member.
    const needle = Buffer.from(JSON.stringify(row.id))
    for (const group of this.#tables.Group.rows) {
      if (!bytesOf(group).includes(needle)) continue
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
      table.byId.clear()
      table.indexes = undefined
    }
    this.#identities = undefined
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

  #serialise(row: Row, content: JsonObject): string {
    const definition = definitions[row.kind]
    const extensions = definition.extensions.filter((extension) => extension.id in content)
    return JSON.stringify({
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
    })
  }

  /** Puts a new row behind the one before it, with a comma between, as a list needs them. */
  #append(row: Row, text: string): void {
    // A UTF-16 code unit takes at most three bytes, so this is enough without measuring the text first.
    const most = text.length * 3 + 1
    if (this.#chunk.length - this.#used < most) {
      this.#chunk = Buffer.allocUnsafeSlow(Math.max(chunkSize, most))
      this.#used = 0
    }
    row.chunk = this.#chunk
    row.start = this.#used
    row.end = row.start + this.#chunk.write(text, this.#used, "utf8")
    this.#chunk[row.end] = 0x2c
    this.#used = row.end + 1
  }

  #indexes(kind: ResourceKind): Indexes {
    const table = this.#tables[kind]
    if (table.indexes === undefined) {
      const indexes: Indexes = { byName: new Map(), byExternalId: new Map(), byEmail: new Map() }
      for (const row of table.rows) enterKeys(indexes, row, this.content(row))
      table.indexes = indexes
    }
    return table.indexes
  }

  #identityMap(): Map<string, Row> {
    this.#identities ??= new Map(this.#tables.Group.rows.map((row) => [identityOf(this.content(row)), row]))
    return this.#identities
  }
}

const identityOf = (content: JsonObject): string =>
  stringOf(content["externalId"]) ?? stringOf(content["displayName"]) ?? ""
