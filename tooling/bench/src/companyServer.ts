/**
 * A server of ours for `pnpm bench grpc`: a made-up company in memory over `BatonServer`, with the rows of `go/peers/server.go`, which it is measured
 * beside. Prints its address; ends with its input.
 *
 * Usage: node companyServer.ts USERS GROUPS MEMBERS PAGE type-scoped|per-resource
 */
import * as BatonServer from "@access-kit/baton-runtime/BatonServer"
import * as Security from "@access-kit/baton-runtime/Security"
import { Connector, type ResourceTypeHandler } from "@access-kit/connector-model/Connector"
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import * as Entitlement from "@access-kit/connector-model/Entitlement"
import * as Grant from "@access-kit/connector-model/Grant"
import type { Page, ResourceRecord } from "@access-kit/connector-model/Page"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"

const [users = 0, groups = 0, members = 0, page = 1] = process.argv.slice(2, 6).map(Number)
const listing = process.argv[6] === "per-resource" ? "per-resource" : "type-scoped"

const idOf = (type: string, number: number): string => `${type}-${String(number).padStart(8, "0")}`

const userOf = (number: number): ResourceRecord => {
  const email = `person.${number}@example.com`
  return {
    resource: {
      _tag: "Account",
      id: { resourceType: "user", resource: idOf("user", number) },
      displayName: `Person ${number}`,
      status: "enabled",
      accountType: "human",
      login: email,
      emails: [{ address: email, primary: true }]
    },
    entitlements: [],
    grants: []
  }
}

const member = { slug: "member", purpose: "assignment", grantableTo: ["user"] } as const

const groupOf = (number: number, whole: boolean): ResourceRecord => {
  const id = { resourceType: "group", resource: idOf("group", number) }
  const entitlementId = Entitlement.makeId(id, member.slug)
  return {
    resource: { _tag: "Group", id, displayName: `Team ${number}` },
    entitlements: whole
      ? [{ ...member, id: entitlementId, resource: id, displayName: member.slug, description: "" }]
      : [],
    grants: whole
      ? Array.from(
        { length: Math.min(members, users) },
        (_, at) => Grant.make(entitlementId, { resourceType: "user", resource: idOf("user", (number + at) % users) })
      )
      : []
  }
}

const cut = (
  all: number,
  size: number,
  cursor: string | undefined,
  row: (number: number) => ResourceRecord
): Page<ResourceRecord> => {
  const first = Number(cursor ?? 0)
  const last = Math.min(first + size, all)
  const items = Array.from({ length: last - first }, (_, at) => row(first + at))
  return last < all ? { items, next: String(last) } : { items }
}

const numberOf = (type: string, id: string, all: number) => {
  const number = Number(id.slice(type.length + 1))
  return number < all ? Effect.succeed(number) : Effect.fail(ConnectorError.make(
    "get",
    new ConnectorError.NotFound({ resourceType: type, key: id, message: `There is no ${type} ${id}.` })
  ))
}

const people: ResourceTypeHandler = {
  resourceType: { id: "user", displayName: "User", traits: ["user"] },
  list: ({ cursor }) => Effect.sync(() => cut(users, page, cursor, userOf)),
  get: (id) => Effect.map(numberOf("user", id, users), userOf),
  find: () => Effect.succeed([])
}

const teams: ResourceTypeHandler = {
  resourceType: { id: "group", displayName: "Team", traits: ["group"] },
  entitlements: [member],
  list: ({ cursor, include }) =>
    Effect.sync(() => {
      const whole = include === "everything"
      // A page has about as many grants as one of resources has rows.
      const size = whole ? Math.max(1, Math.floor(page / Math.max(1, members))) : page
      return cut(groups, size, cursor, (number) => groupOf(number, whole))
    }),
  get: (id) => Effect.map(numberOf("group", id, groups), (number) => groupOf(number, true)),
  find: () => Effect.succeed([])
}

const company = Connector.of({
  spec: {
    name: "company",
    displayName: "Company",
    description: "A made-up company.",
    helpUrl: "https://example.com/",
    version: "0.0.0",
    config: []
  },
  source: "memory",
  validate: Effect.succeed({ checks: [] }),
  resourceTypes: [people, teams]
})

Effect.gen(function*() {
  const { host, port } = yield* BatonServer.serve({
    listen: { host: "127.0.0.1", port: 0 },
    security: Security.Plaintext(),
    listing
  })
  yield* Console.log(`${host}:${port}`)
  const stdio = yield* Stdio.Stdio
  yield* Stream.runDrain(stdio.stdin)
}).pipe(
  Effect.scoped,
  Effect.provideService(Connector, company),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
