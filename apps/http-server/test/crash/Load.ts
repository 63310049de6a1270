/**
 * Work for servers that are killed, and the judge: what was acknowledged must have come to its end, the source must be as the outcomes say, and the
 * audit log must have a line for each.
 */
import * as SandboxDirectory from "@access-kit/scim-sandbox/Directory"
import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import type { Operation } from "@access-kit/server-api/Operations"
import { ServerClient } from "@access-kit/server-api/ServerClient"
import { assert } from "@effect/vitest"
import { Effect, Layer, Redacted, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import type { Serving } from "../Bundle.ts"
import { until } from "../CoreServices.ts"

export const asClient = (server: Serving, token: string) =>
  Layer.fresh(
    ServerClient.layer({ baseUrl: server.url, token: Redacted.make(token) }).pipe(Layer.provide(FetchHttpClient.layer))
  )

/** A source whose answers take a while, so that something is always under way. */
export const source = Effect.gen(function*() {
  const directory = yield* SandboxDirectory.generate({
    users: 120,
    groups: 6,
    memberships: 150,
    seed: 5,
    disabledRatio: 0
  })
  return yield* Sandbox.make({
    directory,
    requestLogSize: 100_000,
    faults: [{ name: "latency", ms: 15, jitterMs: 30 }]
  })
}).pipe(Effect.orDie)

type Source = Effect.Success<typeof source>

export interface Pair {
  readonly group: string
  readonly user: string
}

export const grantIdOf = ({ group, user }: Pair): string => `group:${group}:member:user:${user}`

/** Everybody who is not in a group, each once, in an order that is no order. */
export const pairs = (sandbox: Source) =>
  Effect.map(sandbox.directory.snapshot, ({ groups, users }) => {
    const free = groups.flatMap((group) => {
      const inside = new Set(group.members)
      return users.filter(({ id }) => !inside.has(id)).map((user): Pair => ({ group: group.id, user: user.id }))
    })
    return free.map((pair, index) => ({ pair, key: (index * 7_919) % free.length })).toSorted((a, b) => a.key - b.key)
      .map(({ pair }) => pair)
  })

/** What the client was told, and so may rely on. */
export interface Acknowledged {
  readonly operations: Map<string, { readonly pair?: Pair; readonly email?: string; readonly timed: boolean }>
  readonly syncs: Set<string>
}

export const nothingYet = (): Acknowledged => ({ operations: new Map(), syncs: new Set() })

export const connect = (sandbox: Source, name = "Claude") =>
  Effect.gen(function*() {
    const client = yield* ServerClient
    const { body: made } = yield* client.connectors.create({
      headers: {},
      payload: {
        name,
        kind: "claude-enterprise",
        settings: { "scim-url": sandbox.baseUrl, "scim-token": Redacted.value(sandbox.token) },
        schedule: { type: "manual" },
        guards: { maxChangesPerHour: 1_000_000, maxDeletionsPerHour: 1_000_000, maxShrinkPercent: 100 }
      }
    })
    yield* until(
      client.connectors.get({ params: { connectorId: made.id } }),
      ({ body }) => body.status === "connected" || body.status === "failing"
    )
    return made.id
  })

/** Asks for changes one after the other until the server is gone; notes those that were acknowledged. */
export const submit = (
  connectorId: string,
  acknowledged: Acknowledged,
  work: ReadonlyArray<
    | { readonly _tag: "Grant"; readonly pair: Pair; readonly seconds?: number }
    | { readonly _tag: "Create"; readonly email: string }
    | { readonly _tag: "Sync" }
  >
) =>
  Effect.gen(function*() {
    const client = yield* ServerClient
    const params = { connectorId }
    for (const one of work) {
      switch (one._tag) {
        case "Grant": {
          const expiry = one.seconds === undefined
            ? {}
            : { expiresAt: new Date(Date.now() + one.seconds * 1_000).toISOString() }
          const made = yield* client.directory.createGrant({
            params,
            headers: { "idempotency-key": `${connectorId}-${grantIdOf(one.pair)}` },
            payload: { entitlementId: `group:${one.pair.group}:member`, principalId: one.pair.user, ...expiry }
          })
          acknowledged.operations.set(made.id, { pair: one.pair, timed: one.seconds !== undefined })
          break
        }
        case "Create": {
          const made = yield* client.directory.createAccount({
            params,
            headers: { "idempotency-key": `${connectorId}-${one.email}` },
            payload: { email: one.email, fields: { display_name: "Crash Test" } }
          })
          acknowledged.operations.set(made.id, { email: one.email, timed: false })
          break
        }
        case "Sync": {
          const made = yield* client.syncs.start({ params, headers: {} })
          acknowledged.syncs.add(made.id)
          break
        }
      }
    }
  })

const pages = <A, E, R>(
  read: (page: { readonly limit: number; readonly pageToken?: string }) => Effect.Effect<
    { readonly items: ReadonlyArray<A>; readonly nextPageToken?: string },
    E,
    R
  >
) =>
  Effect.gen(function*() {
    const all: Array<A> = []
    let token: string | undefined
    do {
      const page = yield* read({ limit: 500, ...(token === undefined ? {} : { pageToken: token }) })
      all.push(...page.items)
      token = page.nextPageToken
    } while (token !== undefined)
    return all
  })

const isOver = ({ state }: Pick<Operation, "state">): boolean =>
  state === "succeeded" || state === "failed" || state === "rejected" || state === "cancelled"

/** Every operation that there is, once none waits or runs. */
export const settled = Effect.gen(function*() {
  const client = yield* ServerClient
  return yield* until(
    pages((page) => client.operations.list({ query: page })),
    (operations) => operations.every(isOver)
  )
})

/** Waits for the end of everything, and compares. */
export const judge = (sandbox: Source, connectorId: string, acknowledged: Acknowledged) =>
  Effect.gen(function*() {
    const client = yield* ServerClient
    const params = { connectorId }
    const timed = yield* until(
      pages((page) => client.timedGrants.list({ query: { ...page, connectorId } })),
      (grants) => grants.every(({ state }) => state === "ended" || state === "failed")
    )
    const operations = (yield* settled).filter((operation) => operation.connectorId === connectorId)
    const syncs = yield* until(
      pages((page) => client.syncs.list({ params, query: page })),
      (all) => all.every(({ state }) => state !== "queued" && state !== "running")
    )
    const audit = yield* Stream.runCollect(yield* client.audit.export({ query: { connectorId } }))

    // Every operation that was acknowledged has ended, and well.
    const byId = new Map(operations.map((operation) => [operation.id, operation]))
    for (const [id, { timed }] of acknowledged.operations) {
      const operation = byId.get(id)
      // One whose own end came while every server was down is not granted any more.
      if (timed && operation?.error?.reason === "Expired") continue
      assert.strictEqual(operation?.state, "succeeded", JSON.stringify(operation))
    }
    for (const id of acknowledged.syncs) {
      assert.strictEqual(
        syncs.find((sync) => sync.id === id)?.state,
        "succeeded",
        JSON.stringify(syncs.find((sync) => sync.id === id))
      )
    }

    // Each has one line for its beginning and one for its end.
    const lines = Map.groupBy(audit, ({ subjectId }) => subjectId)
    for (const operation of operations) {
      const actions = (lines.get(operation.id) ?? []).map(({ action }) => action)
      assert.deepStrictEqual(
        actions,
        operation.requestedBy === "expiry"
          ? [`operation.${operation.state}`]
          : ["operation.requested", `operation.${operation.state}`],
        operation.id
      )
    }

    // Every expiry was honoured, none before its time, each by one revocation that succeeded.
    const timedIds = [...acknowledged.operations].filter(([, { timed }]) => timed).map(([id]) => id)
    for (const id of timedIds) {
      const grant = timed.find(({ operationId }) => operationId === id)
      assert.strictEqual(grant?.state, byId.get(id)?.state === "failed" ? "failed" : "ended", JSON.stringify(grant))
      if (grant?.state === "ended") assert.isAtLeast(Date.parse(grant.endedAt ?? ""), Date.parse(grant.expiresAt))
    }

    // The source is as the outcomes say.
    const { groups, users } = yield* sandbox.directory.snapshot
    const members = new Set(groups.flatMap(({ id, members }) => members.map((user) => grantIdOf({ group: id, user }))))
    for (const [id, { email, pair, timed }] of acknowledged.operations) {
      if (pair !== undefined) assert.strictEqual(members.has(grantIdOf(pair)), !timed, `${id} ${grantIdOf(pair)}`)
      if (email !== undefined) assert.strictEqual(users.filter((user) => user.userName === email).length, 1, email)
    }

    // And so is what the server answers, without another sync.
    const grants = yield* pages((page) =>
      client.directory.grants({ params, query: page, headers: {} }).pipe(
        Effect.map((answer) => answer === undefined ? { items: [] } : answer.body)
      )
    )
    assert.deepStrictEqual(grants.map(({ id }) => id).toSorted(), [...members].toSorted())
    return { operations, timed, syncs, audit }
  })
