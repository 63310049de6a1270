import { AssetService } from "@access-kit/baton-protocol/gen/c1/connector/v2/asset_pb"
import { ConnectorService } from "@access-kit/baton-protocol/gen/c1/connector/v2/connector_pb"
import { ResourcesService } from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import { BatonSessionService } from "@access-kit/baton-protocol/gen/c1/connectorapi/baton/v1/session_pb"
import { BatonClient, BatonServer, Security } from "@access-kit/baton-runtime"
import { Connector } from "@access-kit/connector-model/Connector"
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf"
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt"
import { createClient } from "@connectrpc/connect"
import { createGrpcTransport } from "@connectrpc/connect-node"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Redacted, Scope } from "effect"
import { connect } from "node:tls"
import { Health } from "../src/gen/grpc/health/v1/health_pb.ts"
import { ServerReflection } from "../src/gen/grpc/reflection/v1/reflection_pb.ts"
import * as Credential from "../src/internal/Credential.ts"
import * as Directory from "./Directory.ts"

const loopback = { host: "127.0.0.1", port: 0 }

const serve = (options: Partial<BatonServer.Options>, connector = Directory.make({ content: Directory.sample() })) =>
  BatonServer.serve({ listen: loopback, security: Security.Plaintext(), ...options }).pipe(
    Effect.provideService(Connector, connector)
  )

const validate = (address: BatonServer.Address, security: Security.Security) =>
  Effect.flatMap(
    BatonClient.make({ ...address, security }),
    (client) => client.call(ConnectorService.method.validate, {})
  )

/** What the TLS handshake came to, with these options. */
const handshake = (port: number, options: object) =>
  Effect.callback<{ readonly alpn: string | false; readonly protocol: string | null }, Error>((resume) => {
    const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false, ...options }, () => {
      resume(Effect.succeed({ alpn: socket.alpnProtocol ?? false, protocol: socket.getProtocol() }))
      socket.destroy()
    })
    socket.once("error", (error) => resume(Effect.fail(error)))
  })

const tlsOf = (pair: Credential.Pair) =>
  pair.server._tag === "MutualTls"
    ? Security.Tls({ certificate: pair.server.certificate, key: pair.server.key })
    : assert.fail("a pair is for mutual TLS")

const authorityOf = (pair: Credential.Pair) =>
  pair.client._tag === "MutualTls" ? pair.client.authority : assert.fail("a pair is for mutual TLS")

describe("Security", () => {
  it.live("is wanted for every address that other machines reach", () =>
    Effect.gen(function*() {
      for (const host of ["0.0.0.0", "::", "192.0.2.1", "example.com", "127.0.0.1.example.com"]) {
        const failed = yield* Effect.flip(serve({ listen: { host, port: 0 } }))
        assert.strictEqual(failed.reason, "NotLoopback", host)
        assert.include(failed.message, "127.0.0.1")
      }
      yield* serve({ listen: { host: "localhost", port: 0 } })
    }).pipe(Effect.scoped))

  it.live("is TLS with the server's certificate", () =>
    Effect.gen(function*() {
      const pair = Credential.generate()
      const address = yield* serve({ security: tlsOf(pair) })
      const good = yield* validate(address, Security.Tls({ authority: authorityOf(pair) }))
      assert.strictEqual(good.sdkVersion, "v0.25.0")
      const stranger = yield* Effect.flip(
        validate(address, Security.Tls({ authority: authorityOf(Credential.generate()) }))
      )
      assert.strictEqual(stranger.codeName, "Unavailable")
      assert.isTrue(stranger.lost)
      assert.strictEqual((yield* Effect.flip(validate(address, Security.Plaintext()))).codeName, "Unavailable")
      assert.deepStrictEqual(yield* handshake(address.port, { ALPNProtocols: ["h2"] }), {
        alpn: "h2",
        protocol: "TLSv1.3"
      })
      assert.strictEqual(
        (yield* handshake(address.port, { ALPNProtocols: ["h2"], maxVersion: "TLSv1.2" })).protocol,
        "TLSv1.2"
      )
      const old = {
        ALPNProtocols: ["h2"],
        minVersion: "TLSv1.1",
        maxVersion: "TLSv1.1",
        ciphers: "DEFAULT:@SECLEVEL=0"
      }
      assert.isTrue(Exit.isFailure(yield* Effect.exit(handshake(address.port, old))))
    }).pipe(Effect.scoped))

  it.live("is mutual TLS with certificates of one authority", () =>
    Effect.gen(function*() {
      const pair = Credential.generate()
      const address = yield* serve({ security: pair.server })
      assert.strictEqual((yield* validate(address, pair.client)).sdkVersion, "v0.25.0")
      const anonymous = Security.Tls({ authority: authorityOf(pair) })
      assert.strictEqual((yield* Effect.flip(validate(address, anonymous))).codeName, "Unavailable")
      const other = Credential.generate().client
      const forged = other._tag === "MutualTls"
        ? Security.MutualTls({ ...other, authority: authorityOf(pair) })
        : assert.fail("a pair is for mutual TLS")
      assert.strictEqual((yield* Effect.flip(validate(address, forged))).codeName, "Unavailable")
    }).pipe(Effect.scoped))

  it.live("needs a certificate and the key that belongs to it", () =>
    Effect.gen(function*() {
      const pair = tlsOf(Credential.generate())
      const other = tlsOf(Credential.generate())
      for (
        const security of [
          Security.Tls({}),
          Security.Tls({ ...pair, key: Redacted.make("no key") }),
          Security.Tls({ ...pair, certificate: other.certificate ?? "" })
        ]
      ) {
        const failed = yield* Effect.flip(serve({ security }))
        assert.strictEqual(failed.reason, "InvalidCredential")
        assert.notInclude(JSON.stringify(failed), "PRIVATE")
      }
    }).pipe(Effect.scoped))
})

describe("Listening", () => {
  it.live("tells who has the port", () =>
    Effect.gen(function*() {
      const { port } = yield* serve({})
      const failed = yield* Effect.flip(serve({ listen: { host: "127.0.0.1", port } }))
      assert.strictEqual(failed.reason, "AddressInUse")
      assert.include(failed.message, String(port))
      const nobody = yield* Effect.flip(
        serve({ listen: { host: "no-such-host.invalid", port: 0 }, security: tlsOf(Credential.generate()) })
      )
      assert.strictEqual(nobody.reason, "ListenFailed")
    }).pipe(Effect.scoped))

  it.live("ends with the scope, and lets go of the port", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const address = yield* serve({}).pipe(Scope.provide(scope))
      const client = yield* BatonClient.make({ ...address, security: Security.Plaintext() })
      yield* client.call(ConnectorService.method.validate, {})
      yield* Scope.close(scope, Exit.void)
      const gone = yield* Effect.flip(client.call(ConnectorService.method.validate, {}))
      assert.strictEqual(gone.codeName, "Unavailable")
      yield* serve({ listen: address })
    }).pipe(Effect.scoped))
})

describe("Calls", () => {
  it.live("are answered with Unimplemented where nobody serves them", () =>
    Effect.gen(function*() {
      const address = yield* serve({})
      const client = yield* BatonClient.make({ ...address, security: Security.Plaintext() })
      const failed = yield* Effect.flip(client.call(BatonSessionService.method.get, { key: "x" }))
      assert.strictEqual(failed.codeName, "Unimplemented")
      const health = yield* Effect.flip(client.call(Health.method.check, {}))
      assert.strictEqual(health.codeName, "Unimplemented")
    }).pipe(Effect.scoped))

  it.live("are refused where a request is larger than 4 MiB, and where it breaks a rule", () =>
    Effect.gen(function*() {
      const address = yield* serve({})
      const client = yield* BatonClient.make({ ...address, security: Security.Plaintext() })
      const { listResources } = ResourcesService.method
      const large = yield* Effect.flip(
        client.call(listResources, { resourceTypeId: "user", pageToken: "x".repeat(5 * 1024 * 1024) })
      )
      assert.strictEqual(large.codeName, "ResourceExhausted")
      const wrong = yield* Effect.flip(client.call(listResources, { resourceTypeId: "" }))
      assert.strictEqual(wrong.codeName, "InvalidArgument")
      assert.include(wrong.message, "resource_type_id")
    }).pipe(Effect.scoped))

  it.live("end at the deadline of the caller", () =>
    Effect.gen(function*() {
      const stuck = Directory.make({ content: Directory.sample(), before: () => Effect.never })
      const address = yield* serve({}, stuck)
      const client = createClient(
        ResourcesService,
        createGrpcTransport({ baseUrl: `http://127.0.0.1:${address.port}`, defaultTimeoutMs: 50 })
      )
      const failed = yield* Effect.flip(Effect.tryPromise({
        try: () => client.listResources({ resourceTypeId: "user" }),
        catch: (error) => String(error)
      }))
      assert.include(failed, "deadline_exceeded")
    }).pipe(Effect.scoped))

  it.live("stream no assets", () =>
    Effect.gen(function*() {
      const address = yield* serve({})
      const client = createClient(
        AssetService,
        createGrpcTransport({ baseUrl: `http://127.0.0.1:${address.port}` })
      )
      const chunks = yield* Effect.promise(async () => {
        const received: Array<unknown> = []
        for await (const chunk of client.getAsset({ asset: { id: "icon" } })) received.push(chunk)
        return received
      })
      assert.deepStrictEqual(chunks, [])
    }).pipe(Effect.scoped))
})

describe("Health", () => {
  it.live("is serving until the server ends", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const address = yield* serve({ health: true }).pipe(Scope.provide(scope))
      const client = createClient(Health, createGrpcTransport({ baseUrl: `http://127.0.0.1:${address.port}` }))
      assert.strictEqual((yield* Effect.promise(() => client.check({}))).status, 1)
      assert.strictEqual(
        (yield* Effect.promise(() => client.check({ service: "c1.connector.v2.GrantsService" }))).status,
        1
      )
      const unknown = yield* Effect.flip(Effect.tryPromise(() => client.check({ service: "nobody" })))
      assert.include(String(unknown.cause), "not_found")
      assert.isAbove(Object.keys((yield* Effect.promise(() => client.list({}))).statuses).length, 10)
      const watch = client.watch({ service: "" })[Symbol.asyncIterator]()
      assert.strictEqual((yield* Effect.promise(() => watch.next())).value?.status, 1)
      const [next] = yield* Effect.all([Effect.promise(() => watch.next()), Scope.close(scope, Exit.void)], {
        concurrency: 2
      })
      assert.strictEqual(next.value?.status, 2)
    }))
})

describe("Reflection", () => {
  it.live("lists services and describes whatever they use", () =>
    Effect.gen(function*() {
      const address = yield* serve({ health: true, reflection: true })
      const client = createClient(
        ServerReflection,
        createGrpcTransport({ baseUrl: `http://127.0.0.1:${address.port}` })
      )
      type Request = Parameters<typeof client.serverReflectionInfo>[0] extends AsyncIterable<infer R> ? R : never
      const ask = (...requests: ReadonlyArray<Request>) =>
        Effect.promise(async () => {
          const input = async function*() {
            yield* requests
          }
          const answers = []
          for await (const answer of client.serverReflectionInfo(input())) answers.push(answer.messageResponse)
          return answers
        })
      const [services, symbol, method, file, unknown, extension, numbers] = yield* ask(
        { messageRequest: { case: "listServices", value: "" } },
        { messageRequest: { case: "fileContainingSymbol", value: "c1.connector.v2.GrantsService" } },
        { messageRequest: { case: "fileContainingSymbol", value: "c1.connector.v2.GrantsService.ListGrants" } },
        { messageRequest: { case: "fileByFilename", value: "c1/connector/v2/grant.proto" } },
        { messageRequest: { case: "fileContainingSymbol", value: "no.such.Thing" } },
        {
          messageRequest: {
            case: "fileContainingExtension",
            value: { containingType: "google.protobuf.FieldOptions", extensionNumber: 1071 }
          }
        },
        { messageRequest: { case: "allExtensionNumbersOfType", value: "google.protobuf.FieldOptions" } }
      )
      const names = services?.case === "listServicesResponse" ? services.value.service.map((each) => each.name) : []
      assert.includeMembers(names, ["c1.connector.v2.GrantsService", "c1.ratelimit.v1.RateLimiterService"])
      assert.include(names, "grpc.reflection.v1.ServerReflection")
      for (const answer of [symbol, method, file]) {
        const files = answer?.case === "fileDescriptorResponse" ? answer.value.fileDescriptorProto : []
        const protos = files.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes))
        assert.strictEqual(protos[0]?.name, "c1/connector/v2/grant.proto")
        // Whole: a client can build the types from these files alone.
        const registry = createFileRegistry({ $typeName: FileDescriptorSetSchema.typeName, file: protos.reverse() })
        assert.isDefined(registry.getService("c1.connector.v2.GrantsService"))
      }
      assert.strictEqual(unknown?.case === "errorResponse" ? unknown.value.errorCode : 0, 5)
      assert.strictEqual(extension?.case, "fileDescriptorResponse")
      assert.include(numbers?.case === "allExtensionNumbersResponse" ? numbers.value.extensionNumber : [], 1071)
    }).pipe(Effect.scoped))
})
