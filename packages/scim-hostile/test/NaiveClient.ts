/**
 * The client that one writes in an afternoon: it trusts every number and every word. It is here to show that the suite sees its faults.
 */
import type { Answer, ClientOptions, Driver, SeenGroup, SeenUser, Session } from "../src/Driver.ts"

interface Row {
  readonly id: string
  readonly userName?: string
  readonly active?: boolean
  readonly emails?: ReadonlyArray<{ readonly value: string }>
  readonly members?: ReadonlyArray<{ readonly value: string }>
}

const attempt = <A>(run: () => Promise<A>): Promise<Answer<A>> =>
  run().then(
    (value): Answer<A> => ({ ok: true, value }),
    (cause: unknown): Answer<A> => ({ ok: false, failure: { kind: "other", text: String(cause) } })
  )

const connect = (options: ClientOptions): Promise<Session> => {
  const call = async (path: string, init: RequestInit = {}): Promise<unknown> => {
    const response = await fetch(`${options.baseUrl}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${options.token}`, "content-type": "application/scim+json" },
      signal: AbortSignal.timeout(options.timeoutMillis)
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${response.status}: ${text}`)
    return text === "" ? {} : JSON.parse(text)
  }
  const user = (row: Row): SeenUser => ({
    id: row.id,
    userName: row.userName,
    active: row.active,
    emails: (row.emails ?? []).map((email) => email.value)
  })
  const group = (row: Row): SeenGroup => ({
    id: row.id,
    members: (row.members ?? []).map((member) => ({ id: member.value }))
  })
  const walk = async (endpoint: string): Promise<Array<Row>> => {
    const rows: Array<Row> = []
    for (;;) {
      const page = await call(`/${endpoint}?startIndex=${rows.length + 1}&count=${options.pageSize}`) as {
        readonly totalResults: number
        readonly Resources: ReadonlyArray<Row>
      }
      rows.push(...page.Resources)
      if (rows.length >= page.totalResults) return rows
      if (rows.length > 5_000) throw new Error("The test's own brake")
    }
  }
  const patch = (groupId: string, operation: object) =>
    call(`/Groups/${groupId}`, { method: "PATCH", body: JSON.stringify({ Operations: [operation] }) })
  return Promise.resolve({
    listUsers: () => attempt(async () => (await walk("Users")).map(user)),
    listGroups: () => attempt(async () => (await walk("Groups")).map(group)),
    getUser: (id) => attempt(async () => user(await call(`/Users/${id}`) as Row)),
    findUsers: (attribute, value) =>
      attempt(async () => {
        const found = await call(`/Users?filter=${encodeURIComponent(`${attribute} eq "${value}"`)}`)
        return (found as { readonly Resources: ReadonlyArray<Row> }).Resources.map(user)
      }),
    createUser: (wanted) =>
      attempt(async () => user(await call("/Users", { method: "POST", body: JSON.stringify(wanted) }) as Row)),
    addMembers: (groupId, ids) =>
      attempt(async () => {
        await patch(groupId, { op: "add", path: "members", value: ids.map((value) => ({ value })) })
        return "added" as const
      }),
    removeMember: (groupId, id) =>
      attempt(async () => {
        await patch(groupId, { op: "remove", path: "members", value: [{ value: id }] })
        return "removed" as const
      }),
    close: () => Promise.resolve()
  })
}

export const driver: Driver = { client: "naive", connect }
