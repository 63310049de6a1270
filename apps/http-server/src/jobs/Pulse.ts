/**
 * Whether the engine of this process works: it has a part of the work, and what is sent there is answered.
 *
 * @since 0.1.0
 */
import * as Entity from "effect/cluster/Entity"
import * as EntityId from "effect/cluster/EntityId"
import * as Sharding from "effect/cluster/Sharding"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Rpc from "effect/rpc/Rpc"
import { Standstill } from "./Standstill.ts"

/** Answers and does nothing. Its messages are kept nowhere. */
const Heart = Entity.make("Heart", [Rpc.make("Beat")])

/** More names than there are parts of the work, so that each part has some of them. */
const NAMES = 1_024

const heart = Heart.toLayer(Effect.succeed(Heart.of({ Beat: () => Effect.void })), { maxIdleTime: "1 minute" })

/**
 * @since 0.1.0
 */
export class Pulse extends Context.Service<Pulse, {
  /** Why nothing would be carried out here; nothing if it would. */
  readonly check: (patience: Duration.Input) => Effect.Effect<string | undefined>
}>()("@access-kit/http-server/Pulse") {
  /**
   * @since 0.1.0
   */
  static readonly layer: Layer.Layer<Pulse, never, Sharding.Sharding | Standstill> = Layer.effect(
    Pulse,
    Effect.gen(function*() {
      const sharding = yield* Sharding.Sharding
      const client = yield* Heart.client
      const standstill = yield* Standstill
      let name = 0

      const isHere = (number: number): boolean =>
        sharding.hasShardId(sharding.getShardId(EntityId.make(String(number)), "default"))

      /** A name in a part of the work that is this process's own: whether others live is for them to say. */
      const own = (): string | undefined => {
        for (let tried = 0; tried < NAMES; tried++, name = (name + 1) % NAMES) {
          if (isHere(name)) return String(name)
        }
        return undefined
      }

      return Pulse.of({
        check: Effect.fn("Pulse.check")(function*(patience: Duration.Input) {
          if (yield* sharding.isShutdown) return "The job engine has ended. Restart the server."
          if (!(yield* standstill.isOver)) return "The process stood still, and finds out what work it still has."
          const here = own()
          if (here === undefined) {
            return "The job engine has no part of the work: it begins, or has lost its place to other processes."
          }
          return yield* client(here).Beat().pipe(
            Effect.as(undefined),
            Effect.timeout(patience),
            Effect.catchCause((cause) =>
              Effect.as(
                Effect.logWarning("The job engine does not answer", cause),
                "The job engine does not answer. If that stays so, restart the server."
              )
            )
          )
        })
      })
    })
  ).pipe(Layer.provideMerge(heart))
}
