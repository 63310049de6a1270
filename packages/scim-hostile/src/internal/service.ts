/** A small SCIM service that does everything right, for the cases to bend. */
import type { Received, Reply } from "../HostileServer.ts"

export type Json = { [key: string]: unknown }

export const listSchema = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
export const errorSchema = "urn:ietf:params:scim:api:messages:2.0:Error"
export const userSchema = "urn:ietf:params:scim:schemas:core:2.0:User"
export const groupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group"

export const user = (id: string, extra: Json = {}): Json => ({
  schemas: [userSchema],
  id,
  userName: `${id}@example.com`,
  name: { givenName: "Given", familyName: id },
  emails: [{ value: `${id}@example.com`, primary: true, type: "work" }],
  active: true,
  meta: { resourceType: "User", version: `W/"${id}"` },
  ...extra
})

export const group = (id: string, members: ReadonlyArray<string> | undefined, extra: Json = {}): Json => ({
  schemas: [groupSchema],
  id,
  displayName: `Group ${id}`,
  ...(members === undefined ? {} : { members: members.map((value) => ({ value, type: "User" })) }),
  meta: { resourceType: "Group" },
  ...extra
})

export const users = (count: number): Array<Json> =>
  Array.from({ length: count }, (_, index) => user(`u${String(index + 1).padStart(3, "0")}`))

export const failure = (status: number, detail: string, scimType?: string): Reply => ({
  status,
  body: { schemas: [errorSchema], status: String(status), detail, ...(scimType === undefined ? {} : { scimType }) }
})

export const list = (rows: ReadonlyArray<unknown>, total: unknown, startIndex: unknown, extra: Json = {}): Reply => ({
  status: 200,
  body: { schemas: [listSchema], totalResults: total, startIndex, itemsPerPage: rows.length, Resources: rows, ...extra }
})

const whole = (text: string | null, otherwise: number): number => {
  const value = Number(text ?? otherwise)
  return Number.isFinite(value) ? value : otherwise
}

/** `startIndex` and `count` as asked for, `count` no larger than `cap`. */
export const window = (request: Received, cap: number): { readonly start: number; readonly count: number } => ({
  start: Math.max(1, whole(request.query.get("startIndex"), 1)),
  count: Math.max(0, Math.min(cap, whole(request.query.get("count"), cap)))
})

export const pageOf = (rows: ReadonlyArray<Json>, request: Received, cap = 100): ReadonlyArray<Json> => {
  const { count, start } = window(request, cap)
  return rows.slice(start - 1, start - 1 + count)
}

const str = (value: unknown): string => typeof value === "string" ? value : ""

/** Reads the one filter that clients of this suite send: `attribute eq "value"`. */
export const readFilter = (text: string): { readonly attribute: string; readonly value: string } | undefined => {
  const match = /^\s*([\w.:$-]+)\s+eq\s+("(?:[^"\\]|\\.)*")\s*$/iu.exec(text)
  if (match === null) return undefined
  const value: unknown = JSON.parse(match[2] ?? "\"\"")
  return { attribute: match[1] ?? "", value: str(value) }
}

const memberIds = (target: Json): Array<string> =>
  Array.isArray(target["members"])
    ? target["members"].map((member: unknown) =>
      typeof member === "object" && member !== null && "value" in member ? String(member.value) : String(member)
    )
    : []

const quoted = /^members\[\s*value\s+eq\s+("(?:[^"\\]|\\.)*")\s*\]$/iu

export interface Service {
  readonly users: Array<Json>
  readonly groups: Array<Json>
  readonly handle: (request: Received) => Reply
  readonly members: (groupId: string) => ReadonlyArray<string>
}

export const make = (seed: { readonly users?: Array<Json>; readonly groups?: Array<Json> }): Service => {
  const store = { users: seed.users ?? [], groups: seed.groups ?? [] }
  let minted = 0

  const patch = (target: Json, body: Json): Reply => {
    const operations = body["Operations"]
    if (!Array.isArray(operations) || operations.length === 0) return failure(400, "No operations", "invalidSyntax")
    for (const operation of operations as Array<Json>) {
      const op = str(operation["op"]).toLowerCase()
      const path = str(operation["path"])
      const value = operation["value"]
      if (path === "members" || (path === "" && op === "add")) {
        const given = path === "" ? (value as Json)["members"] : value
        const incoming = (Array.isArray(given) ? given : [given]) as Array<Json>
        const before = memberIds(target)
        if (op === "add") {
          target["members"] = [
            ...((target["members"] as Array<Json> | undefined) ?? []),
            ...incoming.filter((member) => !before.includes(str(member["value"])))
          ]
        } else if (op === "replace") target["members"] = incoming
        // RFC 7644 §3.5.2.2: without a filter, remove takes the whole attribute away, whatever the value says.
        else if (op === "remove") delete target["members"]
      } else if (quoted.test(path) && op === "remove") {
        const id: unknown = JSON.parse(quoted.exec(path)?.[1] ?? "\"\"")
        target["members"] = ((target["members"] as Array<Json> | undefined) ?? [])
          .filter((member) => member["value"] !== id)
      } else if (path !== "") {
        if (op === "remove") delete target[path]
        else target[path] = value
      } else if (typeof value === "object" && value !== null) Object.assign(target, value)
      else return failure(400, "Unreadable operation", "invalidPath")
    }
    return { status: 200, body: target }
  }

  const handle = (request: Received): Reply => {
    const rest = request.path.replace(/^.*\/(Users|Groups)/u, "/$1")
    const [, kind = "", rawId] = /^\/(Users|Groups)(?:\/(.+))?$/u.exec(rest) ?? []
    if (kind === "") {
      return request.path.endsWith("ServiceProviderConfig")
        ? { status: 200, body: { patch: { supported: true }, bulk: { supported: false }, filter: { supported: true } } }
        : failure(404, "No such endpoint")
    }
    const rows = kind === "Users" ? store.users : store.groups
    if (rawId === undefined) {
      if (request.method === "GET") {
        const filter = request.query.get("filter")
        const wanted = filter === null ? undefined : readFilter(filter)
        if (filter !== null && wanted === undefined) return failure(400, "Unreadable filter", "invalidFilter")
        const found = wanted === undefined
          ? rows
          : rows.filter((row) => str(row[wanted.attribute]).toLowerCase() === wanted.value.toLowerCase())
        return list(pageOf(found, request), found.length, window(request, 100).start)
      }
      if (request.method === "POST") {
        const body = JSON.parse(request.body) as Json
        if (
          kind === "Users"
          && rows.some((row) => str(row["userName"]).toLowerCase() === str(body["userName"]).toLowerCase())
        ) return failure(409, "Another user already exists with this username", "uniqueness")
        minted += 1
        const row: Json = { ...body, id: `new-${minted}`, meta: { resourceType: kind === "Users" ? "User" : "Group" } }
        rows.push(row)
        return { status: 201, headers: { location: `${request.path}/${str(row["id"])}` }, body: row }
      }
      return failure(405, "Method not allowed")
    }
    const id = decodeURIComponent(rawId)
    const index = rows.findIndex((row) => row["id"] === id)
    const row = rows[index]
    if (row === undefined) return failure(404, `Resource ${id} not found`)
    switch (request.method) {
      case "GET":
        return { status: 200, body: row }
      case "PUT": {
        const next: Json = { ...(JSON.parse(request.body) as Json), id }
        rows[index] = next
        return { status: 200, body: next }
      }
      case "PATCH":
        return patch(row, JSON.parse(request.body) as Json)
      case "DELETE":
        rows.splice(index, 1)
        return { status: 204 }
      default:
        return failure(405, "Method not allowed")
    }
  }

  return {
    ...store,
    handle,
    members: (groupId) => memberIds(store.groups.find((row) => row["id"] === groupId) ?? {})
  }
}
