/**
 * Who stands behind the ids in a list of grants. A few are asked for one by one; for many it is cheaper to read the directory once.
 *
 * @since 0.1.0
 */
import * as Connector from "@access-kit/connector-model/Connector"
import type { ResourceTypeHandler } from "@access-kit/connector-model/Connector"
import type * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import type { Account, Resource } from "@access-kit/connector-model/Resource"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** Up to so many unknown ids are cheaper to ask for one by one than by a listing of 100 rows a page. */
const few = 12

/**
 * What is kept of an account: little, since there can be a hundred thousand.
 *
 * @since 0.1.0
 */
export type Known = Pick<Account, "displayName" | "login" | "status">

/**
 * @since 0.1.0
 */
export interface Accounts {
  /** Makes the accounts of these ids known, as far as they exist. */
  readonly learn: (ids: ReadonlyArray<string>) => Effect.Effect<void, ConnectorError.ConnectorError>
  /** An account that was learnt. */
  readonly get: (id: string) => Known | undefined
}

/**
 * @since 0.1.0
 */
export const make = (handler: ResourceTypeHandler, known: ReadonlyArray<Resource> = []): Accounts => {
  const accounts = new Map<string, Known>()
  const absent = new Set<string>()
  let complete = false
  const add = (resource: Resource) => {
    if (resource._tag !== "Account") return
    const { displayName, login, status } = resource
    accounts.set(resource.id.resource, { displayName, login, status })
  }
  known.forEach(add)

  const one = (id: string) =>
    handler.get(id).pipe(
      Effect.map((record) => add(record.resource)),
      Effect.catchReason("ConnectorError", "NotFound", () =>
        Effect.sync(() => {
          absent.add(id)
        }))
    )

  return {
    get: (id) => accounts.get(id),
    learn: Effect.fn("Accounts.learn")(function*(ids) {
      if (complete) return
      const unknown = [...new Set(ids)].filter((id) => !accounts.has(id) && !absent.has(id))
      if (unknown.length === 0) return
      if (unknown.length <= few) {
        yield* Effect.forEach(unknown, one, { concurrency: 4, discard: true })
        return
      }
      yield* Stream.runForEach(
        Connector.records(handler, { include: "resources", concurrency: 4 }),
        (record) => Effect.sync(() => add(record.resource))
      )
      complete = true
    })
  }
}
