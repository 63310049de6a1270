import { ConnectorService } from "@access-kit/baton-protocol/gen/c1/connector/v2/connector_pb"
import { ServerConfigSchema } from "@access-kit/baton-protocol/gen/c1/connector_wrapper/v1/connector_wrapper_pb"
import { BatonClient, ConnectorChild } from "@access-kit/baton-runtime"
import { Connector } from "@access-kit/connector-model/Connector"
import * as FreePort from "@access-kit/tooling-vitest/FreePort"
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Deferred, Effect, Fiber, Queue, Redacted, Schedule, Stdio, Stream } from "effect"
import * as Credential from "../src/internal/Credential.ts"
import * as Directory from "./Directory.ts"

const line = (config: MessageInitShape<typeof ServerConfigSchema>): string =>
  `${Buffer.from(toBinary(ServerConfigSchema, create(ServerConfigSchema, config))).toString("base64")}\n`

/** Runs the child in this process, with this input. */
const child = (input: Stream.Stream<Uint8Array>, env: Record<string, string> = {}) =>
  ConnectorChild.run().pipe(
    Effect.provideService(Connector, Directory.make({ content: Directory.sample() })),
    Effect.provide(Stdio.layerTest({ stdin: input })),
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))
  )

const given = (text: string): Stream.Stream<Uint8Array> =>
  Stream.concat(Stream.make(new Uint8Array(Buffer.from(text))), Stream.never)

describe("ConnectorChild", () => {
  it.live("fails when its input ends before there was a line", () =>
    Effect.gen(function*() {
      const failed = yield* Effect.flip(child(Stream.empty))
      assert.include(failed.message, "Standard input ended")
      assert.include(failed.message, "_connector-service is started by a parent")
    }))

  it.live.each([
    "hello world!\n",
    "/////w==\n",
    "\n"
  ])("refuses %j", (text) =>
    Effect.gen(function*() {
      const failed = yield* Effect.flip(child(given(text)))
      assert.include(failed.message, "no server configuration")
    }))

  it.live("refuses a line without end", () =>
    Effect.gen(function*() {
      assert.include((yield* Effect.flip(child(given("a".repeat(70_000))))).message, "too long")
    }))

  it.live("refuses a credential that is none, one with half a key, and one for another key", () =>
    Effect.gen(function*() {
      const good = Redacted.value(Credential.generate().message)
      const other = Redacted.value(Credential.generate().message)
      for (
        const credential of [
          undefined,
          { ...good, key: good.key.subarray(0, 32) },
          { ...good, cert: other.cert },
          { ...good, caCert: new Uint8Array([1, 2, 3]) }
        ]
      ) {
        const failed = yield* Effect.flip(
          child(given(line({ listenPort: 1, ...(credential === undefined ? {} : { credential }) })))
        )
        assert.include(failed.message, "credential")
      }
    }))

  it.live("refuses a listener variable that is no number", () =>
    Effect.gen(function*() {
      const credential = Redacted.value(Credential.generate().message)
      const failed = yield* Effect.flip(
        child(given(line({ credential, listenPort: 1 })), { [ConnectorChild.LISTENER_VARIABLE]: "three" })
      )
      assert.include(failed.message, ConnectorChild.LISTENER_VARIABLE)
    }))

  it.live("listens on its own where no socket is inherited, to its parent only, and ends with its input", () =>
    Effect.gen(function*() {
      const pair = Credential.generate()
      const port = yield* FreePort.find
      const end = yield* Deferred.make<void>()
      const input = yield* Queue.unbounded<Uint8Array>()
      yield* Queue.offer(
        input,
        new Uint8Array(Buffer.from(line({ credential: Redacted.value(pair.message), listenPort: port })))
      )
      const running = yield* Effect.forkChild(
        child(Stream.interruptWhen(Stream.fromQueue(input), Deferred.await(end)))
      )
      const client = yield* BatonClient.make({ host: "127.0.0.1", port, security: pair.client })
      const validated = yield* client.call(ConnectorService.method.validate, {}).pipe(
        Effect.retry({ schedule: Schedule.spaced("20 millis"), while: (error) => error.lost === true })
      )
      assert.strictEqual(validated.sdkVersion, "v0.25.0")

      const stranger = yield* BatonClient.make({ host: "127.0.0.1", port, security: Credential.generate().client })
      assert.isTrue((yield* Effect.flip(stranger.call(ConnectorService.method.validate, {}))).lost)

      yield* Deferred.succeed(end, undefined)
      yield* Fiber.join(running)
    }).pipe(Effect.scoped))
})
