/** A connector and the sandbox it works with, over real HTTP on loopback. One per test. */
import type { Connector, ResourceTypeHandler } from "@access-kit/connector-model/Connector"
import type { ScimClient } from "@access-kit/scim-core/ScimClient"
import { Directory, Sandbox } from "@access-kit/scim-sandbox"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { it } from "@effect/vitest"
import { Duration, Effect, type Redacted, type Scope } from "effect"
import * as ClaudeEnterprise from "../src/ClaudeEnterprise.ts"
import * as ReadBack from "../src/internal/ReadBack.ts"
import * as Settings from "../src/Settings.ts"

export interface Organization {
  readonly sandbox: Sandbox.SandboxService
  readonly connector: Connector["Service"]
  readonly client: ScimClient["Service"]
  readonly users: ResourceTypeHandler
  readonly groups: ResourceTypeHandler
  /** The directory at the start. */
  readonly directory: Directory.Directory
}

export interface Options {
  readonly sandbox?: Sandbox.Options
  readonly settings?: Partial<Settings.Settings>
  readonly token?: Redacted.Redacted<string>
  readonly size?: Directory.GenerateOptions
  /** Milliseconds to look for a change; none without it. */
  readonly patience?: number
}

export const start = Effect.fnUntraced(function*(options: Options = {}) {
  const directory = yield* Directory.generate(options.size ?? { users: 30, groups: 4, memberships: 45, seed: 3 })
  const sandbox = yield* Sandbox.make({ directory, ...options.sandbox })
  const settings = Settings.make({
    scimUrl: sandbox.baseUrl,
    scimToken: options.token ?? sandbox.token,
    // Enough for the retries of one fault, without making a test of an outage last.
    scimRetryBudget: Duration.seconds(2),
    scimTimeout: Duration.seconds(5),
    ...options.settings
  })
  const { client, connector } = yield* ClaudeEnterprise.make(settings)
  const [users, groups] = connector.resourceTypes
  if (users === undefined || groups === undefined) return yield* Effect.die("a resource type is missing")
  const organization: Organization = { sandbox, connector, client, users, groups, directory }
  return organization
})

/** A test with an organization of its own, on the real clock. */
export const test = <E>(
  name: string,
  body: (organization: Organization) => Effect.Effect<void, E, Scope.Scope>,
  options?: Options
): void =>
  it.live(name, () =>
    Effect.flatMap(start(options), body).pipe(
      Effect.provideService(ReadBack.Patience, Duration.millis(options?.patience ?? 0)),
      Effect.provide(NodeHttpClient.layerUndici)
    ))

/** The first of a list that a test knows to have one. */
export const first = <A>(items: ReadonlyArray<A>): A => {
  const [item] = items
  if (item === undefined) throw new Error("the list is empty")
  return item
}

/** Requests of a method that the sandbox has seen. */
export const requests = (sandbox: Sandbox.SandboxService, method: string) =>
  Effect.map(sandbox.requests.entries, (entries) => entries.filter((entry) => entry.method === method))

/** A request about membership of a group. */
export const membership = (group: string, principal: string, dryRun?: boolean) => ({
  entitlement: {
    id: `group:${group}:member`,
    resource: { resourceType: "group", resource: group },
    slug: "member"
  },
  principal: { resourceType: "user", resource: principal },
  ...(dryRun === undefined ? {} : { dryRun })
})
