import { ConnectorV2 } from "@access-kit/baton-protocol"
import * as BatonClient from "@access-kit/baton-runtime/BatonClient"
import type * as Given from "@access-kit/baton-runtime/command/Given"
import * as Serve from "@access-kit/baton-runtime/command/Serve"
import * as Security from "@access-kit/baton-runtime/Security"
import { Connector } from "@access-kit/connector-model/Connector"
import { NodeServices } from "@effect/platform-node"
import { expect, layer } from "@effect/vitest"
import { Deferred, Effect, FileSystem, Redacted } from "effect"
import * as Credential from "../../src/internal/Credential.ts"
import * as Directory from "../Directory.ts"

const givenOf = (texts: Readonly<Record<string, string>>): Given.Given => ({
  has: (name) => Object.hasOwn(texts, name),
  text: (name) => texts[name],
  isOn: (name) => texts[name] === "true",
  integer: () => 0,
  list: () => []
})

/** Serves in the background and answers the port. */
const served = Effect.fnUntraced(function*(texts: Readonly<Record<string, string>>) {
  const announced = yield* Deferred.make<string>()
  const serving = Serve.run(
    givenOf({ listen: "127.0.0.1:0", ...texts }),
    (address) => Deferred.succeed(announced, address)
  ).pipe(Effect.provideService(Connector, Directory.make({ content: Directory.sample() })))
  yield* Effect.forkScoped(serving)
  const address = yield* Deferred.await(announced)
  return { host: "127.0.0.1", port: Number(address.split(":").at(-1)) }
})

/** Certificate files as an operator has them, and what a caller needs. */
const files = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const directory = yield* fs.makeTempDirectoryScoped()
  const { client, server } = Credential.generate()
  if (client._tag !== "MutualTls" || server._tag !== "MutualTls") return yield* Effect.die("no certificates")
  const write = (name: string, content: string) =>
    Effect.as(fs.writeFileString(`${directory}/${name}`, content), `${directory}/${name}`)
  return {
    client,
    certificate: yield* write("server.pem", server.certificate),
    key: yield* write("server-key.pem", Redacted.value(server.key)),
    authority: yield* write("authority.pem", server.authority)
  }
})

const ask = Effect.fnUntraced(
  function*(address: { readonly host: string; readonly port: number }, security: Security.Security) {
    const client = yield* BatonClient.make({ ...address, security })
    const { list } = yield* client.call(ConnectorV2.ResourceTypesService.method.listResourceTypes, {})
    return list.length
  }
)

layer(NodeServices.layer, { excludeTestServices: true })("serve", (it) => {
  it.effect("with TLS, for callers who know the authority", () =>
    Effect.gen(function*() {
      const { authority, certificate, client, key } = yield* files
      const address = yield* served({ "tls-certificate": certificate, "tls-key": key })
      const pem = yield* (yield* FileSystem.FileSystem).readFileString(authority)
      expect(yield* ask(address, Security.Tls({ authority: pem }))).toBeGreaterThan(0)
      expect((yield* Effect.flip(ask(address, Security.Plaintext())))._tag).toBe("RpcError")
      expect((yield* Effect.flip(ask(address, Security.Tls({}))))._tag).toBe("RpcError")
      expect(yield* ask(address, client)).toBeGreaterThan(0)
    }))

  it.effect("with mTLS, for callers who have a certificate of the authority", () =>
    Effect.gen(function*() {
      const { authority, certificate, client, key } = yield* files
      const address = yield* served({
        "tls-certificate": certificate,
        "tls-key": key,
        "tls-client-authority": authority
      })
      expect(yield* ask(address, client)).toBeGreaterThan(0)
      expect((yield* Effect.flip(ask(address, Security.Tls({ authority: client.authority }))))._tag).toBe("RpcError")
      const stranger = Credential.generate().client
      if (stranger._tag !== "MutualTls") return yield* Effect.die("no certificates")
      const forged = Security.MutualTls({ ...stranger, authority: client.authority })
      expect((yield* Effect.flip(ask(address, forged)))._tag).toBe("RpcError")
    }))
})
