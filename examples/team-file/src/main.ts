/**
 * An adapter in a page: it composes layers and holds no connector logic. It reads the connector next door into memory and prints who is in
 * which team.
 *
 * Usage: node examples/team-file/src/main.ts [FILE]
 */
import { ConfigField } from "@access-kit/connector-model"
import { MemorySink, Sync } from "@access-kit/connector-sync"
import { NodeRuntime, NodeServices } from "@effect/platform-node"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { fileURLToPath } from "node:url"
import * as TeamFile from "./TeamFile.ts"

const sample = fileURLToPath(new URL("../teams.json", import.meta.url))

const program = Effect.gen(function*() {
  const settings = yield* ConfigField.resolve(TeamFile.fields, () => process.argv[2] ?? sample)
  const memory = MemorySink.make()
  const report = yield* Sync.run().pipe(
    Effect.provide(Layer.merge(TeamFile.layer(settings), memory.layer))
  )
  const snapshot = Option.getOrThrow(yield* memory.published)
  for (const grant of snapshot.grants.values()) {
    const entitlement = snapshot.entitlements.get(grant.entitlementId)
    const principal = snapshot.resources.get(`${grant.principal.resourceType}:${grant.principal.resource}`)
    yield* Console.log(`${principal?.displayName} is ${entitlement?.description}`)
  }
  yield* Console.log(`${report.accounts.enabled} people can sign in, ${report.accounts.disabled} can not.`)
})

program.pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
