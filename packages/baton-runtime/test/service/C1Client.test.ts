import { ConnectorApiBatonV1 } from "@access-kit/baton-protocol"
import { C1Sandbox } from "@access-kit/c1-sandbox"
import { describe, expect, it } from "@effect/vitest"
import { Duration, Effect, Redacted, Schedule } from "effect"
import { TestClock } from "effect/testing"
import * as Tls from "node:tls"
import { C1Client } from "../../src/service/C1Client.ts"
import { atPresent, clientLayer } from "./Connected.ts"

const { method } = ConnectorApiBatonV1.BatonService

const poll = Effect.flatMap(C1Client, (client) => client.call(method.getTask, { hostId: "h" }))

describe("C1Client", () => {
  it.live("asks for one token however many calls wait, and sends all of them over one connection", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make()
      yield* Effect.gen(function*() {
        yield* Effect.all(Array.from({ length: 8 }, () => poll), { concurrency: "unbounded" })
        yield* poll
      }).pipe(Effect.provide(clientLayer(sandbox)))
      const { byMethod } = yield* sandbox.log.stats
      expect(byMethod).toMatchObject({ token: 1, GetTask: 9 })
      const entries = yield* sandbox.log.entries
      const calls = entries.filter((entry) => entry.method === "GetTask")
      expect(new Set(calls.map((entry) => entry.connection)).size).toBe(1)
      expect(entries.flatMap((entry) => entry.remarks)).toEqual([])
      expect(calls[0]?.userAgent).toMatch(/^sandbox-client baton-sdk\/v0\.25\.0 /)
      const secret = Redacted.value(sandbox.clientSecret)
      expect(JSON.stringify(entries)).not.toContain(secret.split(":")[3])
    }))

  it.effect("gets a new token shortly before the old one expires", () =>
    Effect.gen(function*() {
      yield* atPresent
      const sandbox = yield* C1Sandbox.make({ tokenLifetime: "50 seconds" })
      const tokens = Effect.map(sandbox.log.stats, (stats) => stats.byMethod.token)
      yield* Effect.gen(function*() {
        yield* poll
        yield* TestClock.adjust("39 seconds")
        yield* poll
        expect(yield* tokens).toBe(1)
        yield* TestClock.adjust("2 seconds")
        yield* poll
        expect(yield* tokens).toBe(2)
      }).pipe(Effect.provide(clientLayer(sandbox)))
    }))

  it.live("replaces a token that is not accepted any more, once", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make()
      yield* Effect.gen(function*() {
        yield* poll
        yield* sandbox.clients.expireTokens
        yield* poll
        expect((yield* sandbox.log.stats).byMethod).toMatchObject({ token: 2, GetTask: 3 })
        yield* sandbox.clients.revoke()
        const refused = yield* Effect.flip(poll)
        expect(refused).toMatchObject({ code: 16, codeName: "Unauthenticated" })
        expect(refused.message).toContain("whether the client was revoked")
        yield* sandbox.clients.restore()
        yield* poll
      }).pipe(Effect.provide(clientLayer(sandbox)))
    }))

  it.live("connects anew when the server closes the connection, or breaks it", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make()
      yield* Effect.gen(function*() {
        yield* poll
        yield* sandbox.network.goAway
        yield* poll
        yield* poll
        yield* sandbox.network.breakConnections
        yield* Effect.retry(poll, { schedule: Schedule.spaced("20 millis") })
        yield* sandbox.network.down
        const gone = yield* Effect.flip(poll)
        expect(gone).toMatchObject({ code: 14, lost: true })
        expect(gone.message).toContain("nothing listens there (ECONNREFUSED)")
        yield* sandbox.network.up
        yield* poll
      }).pipe(Effect.provide(clientLayer(sandbox)))
      const connections = (yield* sandbox.log.entries).filter((entry) => entry.method === "GetTask").map((entry) =>
        entry.connection
      )
      expect(new Set(connections).size).toBe(4)
    }))

  it.live("goes over a new connection after a call that was not answered", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make()
      yield* Effect.gen(function*() {
        const client = yield* C1Client
        yield* poll
        yield* sandbox.faults.set({ name: "hang", method: "GetTask", times: 1 })
        const late = yield* Effect.flip(
          client.call(method.getTask, { hostId: "h" }, { patience: Duration.seconds(1) })
        )
        expect(late).toMatchObject({ code: 4 })
        yield* poll
      }).pipe(Effect.provide(clientLayer(sandbox)))
      const calls = (yield* sandbox.log.entries).filter((entry) => entry.method === "GetTask")
      expect(new Set(calls.map((entry) => entry.connection)).size).toBe(2)
    }))

  it.effect("says to compare the clocks when C1 refuses and they differ", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make()
      for (
        const [millis, words] of [[600_000, "10 minutes ahead of"], [-600_000, "10 minutes behind"]] as const
      ) {
        yield* atPresent
        yield* TestClock.testClockWith((clock) => Effect.map(clock.currentTimeMillis, (now) => now + millis)).pipe(
          Effect.flatMap(TestClock.setTime)
        )
        const refused = yield* Effect.flip(Effect.provide(poll, clientLayer(sandbox)))
        expect.soft(refused).toMatchObject({ code: 16 })
        expect.soft(refused.message).toContain(words)
        expect.soft(refused.message).toContain("Compare the clocks")
      }
    }))

  it.live("says what to look at when the key is another one, or the client unknown", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make()
      const old = { clientId: sandbox.clientId, clientSecret: sandbox.clientSecret }
      yield* sandbox.clients.issue(sandbox.clientId)
      const wrongKey = yield* Effect.flip(Effect.provide(poll, clientLayer(sandbox, old)))
      expect(wrongKey).toMatchObject({ code: 16 })
      expect(wrongKey.message).toContain("client id and client secret belong together")
      const unknown = yield* Effect.flip(
        Effect.provide(poll, clientLayer(sandbox, { ...old, clientId: `nobody@${sandbox.host}/sandbox` }))
      )
      expect(unknown.message).toContain("no such client")
    }))

  it.live("tells a token endpoint that is down from one that refuses, and both from a wrong address", () =>
    Effect.gen(function*() {
      const sandbox = yield* C1Sandbox.make()
      const asked = Effect.flip(Effect.provide(poll, clientLayer(sandbox)))
      yield* sandbox.faults.set({ name: "httpStatus", method: "token", status: 503, times: 1 })
      expect(yield* asked).toMatchObject({ code: 14, message: expect.stringContaining("answered 503") })
      yield* sandbox.faults.set({ name: "httpStatus", method: "token", status: 302, times: 1 })
      expect(yield* asked).toMatchObject({ code: 16, message: expect.stringContaining("answered 302") })
      for (const body of ["<html>", "{}", "{\"access_token\":\"\",\"expires_in\":1}"]) {
        yield* sandbox.faults.set({ name: "tokenBody", body, times: 1 })
        expect.soft(yield* asked).toMatchObject({ code: 16, message: expect.stringContaining("no token") })
      }
      yield* sandbox.faults.set({ name: "dropConnection", method: "token", times: 1 })
      expect(yield* asked).toMatchObject({ code: 14, lost: true })
    }))

  it.live("says whom it does not trust, and how to", () =>
    Effect.gen(function*() {
      const trusted = yield* C1Sandbox.make()
      const before = Tls.getCACertificates("default")
      const other = yield* C1Sandbox.make()
      const refused = yield* Effect.flip(
        Effect.provide(
          Effect.gen(function*() {
            Tls.setDefaultCACertificates(before)
            return yield* poll
          }),
          clientLayer(other)
        )
      )
      expect(refused).toMatchObject({ code: 14, message: expect.stringContaining("SSL_CERT_FILE") })
      yield* Effect.provide(poll, clientLayer(trusted))
    }))
})
