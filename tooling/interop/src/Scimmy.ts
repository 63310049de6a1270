/**
 * npm's scimmy behind scimmy-routers on express: a second server of somebody else for our client, with habits of its own. A `startIndex`
 * past the end gets the first page again, `userName eq` is case-sensitive, a member added twice is there twice.
 */
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import express from "express"
import { createServer, type Server } from "node:http"
import { Resources, type Schemas, Types } from "scimmy"
import SCIMMYRouters from "scimmy-routers"

export interface Scimmy {
  /** Without a slash at the end. */
  readonly baseUrl: string
  readonly token: Redacted.Redacted<string>
}

interface Call<A> {
  readonly id?: string | undefined
  readonly filter?: { readonly match: (rows: Array<A>) => Array<A> } | undefined
}

/** The whole of a store behind scimmy: it does the protocol, the application keeps the rows. */
class Rows<A extends { readonly id: string }> {
  readonly rows = new Map<string, A>()
  readonly uniqueKey: (row: A) => string

  constructor(uniqueKey: (row: A) => string) {
    this.uniqueKey = uniqueKey
  }

  write(call: Call<A>, content: A): A {
    const id = call.id ?? crypto.randomUUID()
    if (call.id !== undefined) this.one(call.id)
    // scimmy's instances answer through getters; what is kept is what they are as JSON.
    const row: A = { ...JSON.parse(JSON.stringify(content)), id }
    const key = this.uniqueKey(row)
    for (const other of this.rows.values()) {
      if (other.id !== id && this.uniqueKey(other) === key) {
        throw new Types.Error(409, "uniqueness", `${key} is taken`)
      }
    }
    this.rows.set(id, row)
    return row
  }

  read(call: Call<A>): A | Array<A> {
    if (call.id !== undefined) return this.one(call.id)
    const all = [...this.rows.values()]
    return call.filter === undefined ? all : call.filter.match(all)
  }

  remove(call: Call<A>): void {
    this.rows.delete(this.one(call.id ?? "").id)
  }

  private one(id: string): A {
    const row = this.rows.get(id)
    if (row === undefined) throw new Types.Error(404, "", `${id} is not here`)
    return row
  }
}

const application = (token: string): express.Express => {
  const users = new Rows<Schemas.User>((row) => row.userName)
  const groups = new Rows<Schemas.Group>((row) => row.displayName)
  Resources.declare(Resources.User)
  Resources.User
    .ingress((call, content) => users.write(call, content))
    .egress((call) => users.read(call))
    .degress((call) => users.remove(call))
  Resources.declare(Resources.Group)
  Resources.Group
    .ingress((call, content) => groups.write(call, content))
    .egress((call) => groups.read(call))
    .degress((call) => groups.remove(call))
  return express().use(
    "/scim/v2",
    new SCIMMYRouters({
      type: "bearer",
      handler: (request) => {
        if (request.header("authorization") !== `Bearer ${token}`) throw new Error("The bearer token is wrong.")
        return "interop"
      }
    })
  )
}

const listen = (server: Server): Effect.Effect<number> =>
  Effect.callback<number>((resume) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      resume(
        typeof address === "object" && address !== null
          ? Effect.succeed(address.port)
          : Effect.die("A TCP server has an address with a port")
      )
    })
  })

/**
 * Starts a server with an empty directory; it ends with the scope. One at a time: scimmy keeps its handlers per process.
 */
export const start = Effect.fn("Scimmy.start")(function*(): Effect.fn.Return<Scimmy, never, Scope.Scope> {
  const token = `interop-${crypto.randomUUID()}`
  const server = yield* Effect.acquireRelease(
    Effect.sync(() => createServer(application(token))),
    (server) =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  const port = yield* listen(server)
  return { baseUrl: `http://127.0.0.1:${port}/scim/v2`, token: Redacted.make(token) }
})
