/**
 * Service mode: what the command does when it is given a client id.
 *
 * @since 0.1.0
 */
import type { Connector } from "@access-kit/connector-model/Connector"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { C1Client } from "../service/C1Client.ts"
import * as C1Credentials from "../service/C1Credentials.ts"
import * as C1Service from "../service/C1Service.ts"
import * as CommandError from "./CommandError.ts"
import type { Given } from "./Given.ts"
import * as SyncFlags from "./SyncFlags.ts"

/**
 * @since 0.1.0
 */
export interface Options {
  readonly program: { readonly name: string; readonly version: string }
  /** Where the worker thread of the snapshot writer is. */
  readonly snapshotWorker: URL | undefined
  /** Is told the number to end the process with when it was asked to end. */
  readonly onEnd: (code: number) => void
}

/** Results were not handed over. */
const UNDELIVERED = 1

const variable = (name: string): Effect.Effect<string | undefined> =>
  Config.option(Config.NonEmptyString(name)).pipe(
    Effect.orElseSucceed(() => Option.none<string>()),
    Effect.map(Option.getOrUndefined)
  )

const batching = Config.option(Config.Boolean("BATON_GET_TASKS")).pipe(
  Effect.map(Option.getOrElse(() => false)),
  Effect.catch(() =>
    Effect.flatMap(variable("BATON_GET_TASKS"), (given) =>
      given === undefined
        ? Effect.succeed(false)
        : CommandError.make("InvalidValue", `BATON_GET_TASKS: ${JSON.stringify(given)} is neither true nor false`))
  )
)

/** The client, which follows no redirect: an assertion is for the host that it was made for. */
const clientLayer = Effect.fnUntraced(function*(given: Given) {
  const credentials = yield* C1Credentials.parse(
    given.text("client-id") ?? "",
    Redacted.make(given.text("client-secret") ?? "", { label: "client-secret" })
  )
  const apiHost = yield* variable("BATON_C1_API_HOST")
  const address = apiHost === undefined ? {} : { address: yield* C1Credentials.parseApiHost(apiHost) }
  return C1Client.layer({ credentials, ...address }).pipe(
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(Layer.succeed(FetchHttpClient.RequestInit, { redirect: "manual" }))
  )
})

/**
 * Works for ConductorOne until the process is asked to end.
 *
 * @since 0.1.0
 */
export const run = Effect.fn("ServiceMode.run")(function*(
  given: Given,
  options: Options
): Effect.fn.Return<
  never,
  CommandError.CommandError | C1Credentials.C1CredentialsError | C1Service.C1ServiceError,
  Connector | FileSystem.FileSystem
> {
  yield* SyncFlags.refuse(given)
  if (given.has("sync-resources")) {
    return yield* CommandError.make(
      "Usage",
      "--sync-resources is for a run of its own: in service mode ConductorOne says with each task which resources to sync. Leave it out."
    )
  }
  const client = yield* clientLayer(given)
  const batch = yield* batching
  const format = SyncFlags.format(given)
  const temporaryDirectory = yield* SyncFlags.temporaryDirectory(given)
  let undelivered = 0
  return yield* C1Service.run({
    program: options.program,
    provisioning: given.isOn("provisioning"),
    ticketing: given.isOn("ticketing"),
    taskConcurrency: given.integer("task-concurrency"),
    batch,
    sync: {
      concurrency: SyncFlags.workers(given),
      resourceTypes: given.list("sync-resource-types"),
      skipEntitlementsAndGrants: given.isOn("skip-entitlements-and-grants"),
      skip: given.isOn("skip-full-sync"),
      ...(format === undefined ? {} : { format }),
      ...(temporaryDirectory === undefined ? {} : { temporaryDirectory }),
      ...(options.snapshotWorker === undefined ? {} : { worker: options.snapshotWorker })
    },
    ...(given.isOn("health-check")
      ? {
        health: {
          host: given.text("health-check-bind-address") ?? "127.0.0.1",
          port: given.integer("health-check-port")
        }
      }
      : {}),
    onDrained: (left) =>
      Effect.sync(() => {
        undelivered = left
      })
  }).pipe(
    Effect.provide(client),
    Effect.onInterrupt(() => Effect.sync(() => options.onEnd(undelivered === 0 ? 0 : UNDELIVERED)))
  )
})
