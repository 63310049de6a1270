/**
 * Finds out who would be left in no group. Where an organization maps groups to roles or seats, Claude removes a person who is in no
 * mapped group, so taking somebody out of the last one can take the account away.
 *
 * @since 0.1.0
 */
import * as Connector from "@access-kit/connector-model/Connector"
import type { ResourceTypeHandler } from "@access-kit/connector-model/Connector"
import type { Resource, ResourceId } from "@access-kit/connector-model/Resource"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Lookup from "./Lookup.ts"

const shown = 5

/**
 * Those of `people` who are in no group other than `leaving`. Reads all groups.
 *
 * @since 0.1.0
 */
export const find = Effect.fn("LastGroup.find")(function*(
  groups: ResourceTypeHandler,
  people: ReadonlyArray<Resource>,
  leaving: ResourceId
) {
  const alone = new Map(people.map((person) => [person.id.resource, person]))
  yield* Connector.records(groups, { include: "everything" }).pipe(
    Stream.takeWhile(() => alone.size > 0),
    Stream.runForEach((record) =>
      Effect.sync(() => {
        if (record.resource.id.resource === leaving.resource) return
        for (const grant of record.grants) alone.delete(grant.principal.resource)
      })
    )
  )
  return [...alone.values()]
})

/**
 * The warning, or nothing to warn of. `lastGroupWarning` is the connector's own word on what happens then.
 *
 * @since 0.1.0
 */
export const warning = (alone: ReadonlyArray<Resource>, lastGroupWarning: string): string | undefined => {
  if (alone.length === 0) return undefined
  const names = alone.slice(0, shown).map(Lookup.describe)
  if (alone.length > shown) names.push(`${alone.length - shown} more`)
  return `${names.join(", ")} ${alone.length === 1 ? "is" : "are"} in no other group. ${lastGroupWarning}`
}
