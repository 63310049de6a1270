/**
 * Everything behind the API that reads and changes sources: connectors, syncs, operations, timed grants, and the durable jobs that carry them out.
 *
 * When its scope closes, nothing new begins, changes that have begun are finished and written down, running syncs are stopped where they can be taken
 * up again, and then the engine goes.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type * as SqlClient from "effect/sql/SqlClient"
import { AuditLog } from "./AuditLog.ts"
import type { ConnectorKinds } from "./ConnectorKinds.ts"
import { Connectors } from "./Connectors.ts"
import type { Directory } from "./Directory.ts"
import * as Caretaker from "./jobs/Caretaker.ts"
import { ChangeRunner } from "./jobs/ChangeRunner.ts"
import { Drain } from "./jobs/Drain.ts"
import * as Engine from "./jobs/Engine.ts"
import * as Handlers from "./jobs/Handlers.ts"
import { Jobs } from "./jobs/Jobs.ts"
import { Pulse } from "./jobs/Pulse.ts"
import type { RunnerAddressError } from "./jobs/RunnerAddress.ts"
import { Signals } from "./jobs/Signals.ts"
import { Standstill } from "./jobs/Standstill.ts"
import { type Options as SyncRunnerOptions, SyncRunner } from "./jobs/SyncRunner.ts"
import { Operations } from "./Operations.ts"
import type { SecretBox } from "./SecretBox.ts"
import type { Snapshots } from "./Snapshots.ts"
import { SourceLookup } from "./SourceLookup.ts"
import { Syncs } from "./Syncs.ts"
import { TimedGrants } from "./TimedGrants.ts"

/**
 * @since 0.1.0
 */
export interface Options extends SyncRunnerOptions, Caretaker.Options {
  readonly engine: Engine.Options
  /**
   * How long changes that have begun may take when the server ends. What takes longer is left in the middle and carried out again at the next start.
   *
   * @default 7 seconds
   */
  readonly drainTimeout?: Duration.Input
}

/**
 * @since 0.1.0
 */
export type Core = AuditLog | Connectors | Drain | Jobs | Operations | Pulse | SourceLookup | Syncs | TimedGrants

/** Built last, so that its end comes first. */
const drained = (atMost: Duration.Input): Layer.Layer<never, never, Drain> =>
  Layer.effectDiscard(
    Effect.flatMap(Drain, (drain) =>
      Effect.addFinalizer(() =>
        Effect.flatMap(drain.drain(atMost), (left) =>
          left === 0
            ? Effect.logInfo("Everything that had begun is finished")
            : Effect.logWarning(
              `${left} jobs took longer than ${
                Duration.format(Duration.fromInputUnsafe(atMost))
              } and are left in the middle. They are carried out again at the next start`
            ))
      ))
  )

/** Secrets that an older key sealed, whenever the server starts. */
const resealed = Layer.effectDiscard(Effect.gen(function*() {
  const connectors = yield* Connectors
  const count = yield* connectors.reseal.pipe(
    Effect.catch((error) =>
      Effect.as(Effect.logWarning("Secrets could not be sealed again with the current key", error), 0)
    )
  )
  if (count > 0) yield* Effect.logInfo(`${count} secrets were sealed again with the current key`)
}))

/**
 * @since 0.1.0
 */
export const layer = (options: Options): Layer.Layer<
  Core,
  Engine.EngineError | RunnerAddressError,
  ConnectorKinds | Directory | HttpClient.HttpClient | SecretBox | Snapshots | SqlClient.SqlClient
> =>
  Layer.mergeAll(drained(options.drainTimeout ?? "7 seconds"), resealed).pipe(
    Layer.provideMerge(Layer.mergeAll(Handlers.layer, Caretaker.layer(options), Pulse.layer)),
    Layer.provideMerge(
      Layer.mergeAll(ChangeRunner.layer, SyncRunner.layer(options), Operations.layer, TimedGrants.layer)
    ),
    Layer.provideMerge(SourceLookup.layer),
    Layer.provideMerge(Connectors.layer),
    Layer.provideMerge(Syncs.layer),
    Layer.provideMerge(Layer.mergeAll(AuditLog.layer, Drain.layer, Jobs.layer, Signals.layer, Standstill.layer)),
    Layer.provideMerge(Engine.layer(options.engine))
  )
