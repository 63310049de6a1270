/**
 * A brake on changes: a connector that carries out at most so many, then refuses. A script gone wrong stops after the limit, not after
 * the last member.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import type { ChangeOptions, Connector, ResourceTypeHandler } from "./Connector.ts"
import * as ConnectorError from "./ConnectorError.ts"

/**
 * The same connector, which fails with `LimitExceeded` from the change after `limit` on. Dry runs count too, so that a rehearsal stops where
 * the performance would. What turns out to be no change (`AlreadyGranted`, `DidNotExist`, …) is not counted; what fails is, since it may have
 * been carried out all the same.
 *
 * @since 0.1.0
 */
export const withChangeLimit = Effect.fnUntraced(function*(connector: Connector["Service"], limit: number) {
  const used = yield* Ref.make(0)

  const guarded = <Request, Outcome extends { readonly _tag: string }>(
    operation: string,
    run: (request: Request) => Effect.Effect<Outcome, ConnectorError.ConnectorError>,
    changed: ReadonlyArray<Outcome["_tag"]>
  ) =>
  (request: Request) =>
    Effect.flatMap(Ref.getAndUpdate(used, (count) => count + 1), (before) => {
      if (before >= limit) {
        return Effect.andThen(
          Ref.update(used, (count) => count - 1),
          Effect.fail(ConnectorError.make(
            operation,
            new ConnectorError.LimitExceeded({
              limit,
              requested: before + 1,
              message: `Stopped before change number ${before + 1}: the limit is ${limit} ${
                limit === 1 ? "change" : "changes"
              }. Check what is asked for, then raise the limit if it is right.`
            })
          ))
        )
      }
      return Effect.tap(
        run(request),
        (outcome) => changed.includes(outcome._tag) ? Effect.void : Ref.update(used, (count) => count - 1)
      )
    })

  const limited = (handler: ResourceTypeHandler): ResourceTypeHandler => {
    const remove = handler.delete
    return {
      ...handler,
      ...(handler.grant === undefined
        ? {}
        : { grant: guarded("grant", handler.grant, ["Granted", "WouldGrant"]) }),
      ...(handler.revoke === undefined
        ? {}
        : { revoke: guarded("revoke", handler.revoke, ["Revoked", "WouldRevoke"]) }),
      ...(handler.createAccount === undefined
        ? {}
        : {
          createAccount: {
            ...handler.createAccount,
            create: guarded("createAccount", handler.createAccount.create, ["Created", "WouldCreate"])
          }
        }),
      ...(remove === undefined
        ? {}
        : {
          delete: (id: string, options?: ChangeOptions) =>
            guarded("delete", (target: string) => remove(target, options), ["Deleted", "WouldDelete"])(id)
        })
    }
  }

  const resourceTypes = connector.resourceTypes.map(limited)
  return { ...connector, resourceTypes } satisfies Connector["Service"]
})
