/**
 * A client of service mode in plain node: its own assertion, its own TLS, connect-es as the gRPC client. Nothing of it is used by the sandbox.
 */
import {
  BatonService,
  type BatonServiceUploadAssetRequestSchema
} from "@access-kit/baton-protocol/gen/c1/connectorapi/baton/v1/baton_pb"
import type { MessageInitShape } from "@bufbuild/protobuf"
import { type Client, Code, ConnectError, createClient } from "@connectrpc/connect"
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node"
import { Effect, Redacted } from "effect"
import { createHash, createPrivateKey, randomBytes, sign } from "node:crypto"
import { readFileSync } from "node:fs"
import * as Https from "node:https"
import type { C1Sandbox } from "../src/index.ts"

type Sandbox = C1Sandbox.C1SandboxService

export interface Assertion {
  readonly header?: Readonly<Record<string, unknown>>
  readonly claims?: Readonly<Record<string, unknown>>
  /** The time of the client's clock, in epoch seconds. */
  readonly now?: number
}

const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")

/** What the SDK signs, with whatever is to be otherwise. */
export const assertion = (
  { clientId, clientSecret }: C1Sandbox.Credentials,
  { claims = {}, header = {}, now = Math.floor(Date.now() / 1000) }: Assertion = {}
): string => {
  const jwk = Buffer.from(Redacted.value(clientSecret).split(":")[3] ?? "", "base64url").toString("utf8")
  const key = createPrivateKey({ key: JSON.parse(jwk), format: "jwk" })
  const host = clientId.replace(/^[^@]*@/, "").replace(/[:/].*$/, "")
  const head = encoded({ alg: "EdDSA", nonce: randomBytes(16).toString("hex"), ...header })
  const body = encoded({
    iss: clientId,
    sub: clientId,
    aud: host,
    iat: now,
    exp: now + 120,
    nbf: now - 120,
    ...claims
  })
  return `${head}.${body}.${sign(null, Buffer.from(`${head}.${body}`), key).toString("base64url")}`
}

export interface Answer {
  readonly status: number
  readonly body: string
}

/** A request over HTTP/1.1 and TLS, with the sandbox's authority and no other. */
export const post = (
  sandbox: Pick<Sandbox, "url" | "caPath">,
  path: string,
  body: string,
  options: { readonly contentType?: string; readonly method?: string } = {}
): Effect.Effect<Answer, Error> =>
  Effect.callback((resume) => {
    const request = Https.request(`${sandbox.url}${path}`, {
      method: options.method ?? "POST",
      ca: readFileSync(sandbox.caPath),
      agent: false,
      headers: { "content-type": options.contentType ?? "application/x-www-form-urlencoded" }
    }, (response) => {
      const parts: Array<Buffer> = []
      response.on("data", (part: Buffer) => parts.push(part))
      response.on("end", () =>
        resume(Effect.succeed({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString("utf8") })))
    })
    request.on("error", (error) =>
      resume(Effect.fail(error)))
    request.end(body)
  })

export const form = (clientId: string, assertion: string, more: Readonly<Record<string, string>> = {}): string =>
  new URLSearchParams({
    client_id: clientId,
    grant_type: "client_credentials",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: assertion,
    ...more
  }).toString()

export const token = (
  sandbox: Pick<Sandbox, "url" | "caPath">,
  credentials: C1Sandbox.Credentials,
  options: Assertion = {}
): Effect.Effect<Answer, Error> =>
  post(sandbox, "/auth/v1/token", form(credentials.clientId, assertion(credentials, options)))

/** A client with a token, or with the given `authorization`. Its one connection goes with the scope. */
export const connect = Effect.fnUntraced(function*(
  sandbox: Pick<Sandbox, "url" | "caPath"> & C1Sandbox.Credentials,
  authorization?: string
) {
  const given = authorization ?? `Bearer ${JSON.parse((yield* token(sandbox, sandbox)).body).access_token}`
  const sessionManager = new Http2SessionManager(sandbox.url, {}, { ca: readFileSync(sandbox.caPath) })
  yield* Effect.addFinalizer(() => Effect.sync(() => sessionManager.abort()))
  const client: Client<typeof BatonService> = createClient(
    BatonService,
    createGrpcTransport({
      baseUrl: sandbox.url,
      sessionManager,
      interceptors: [(next) => (request) => {
        if (given !== "") request.header.set("authorization", given)
        return next(request)
      }]
    })
  )
  return client
})

/** The gRPC status of a call, or `OK`. */
export const statusOf = (call: () => Promise<unknown>): Effect.Effect<string> =>
  Effect.promise(() =>
    call().then(
      () => "OK",
      (error: unknown) => `${Code[ConnectError.from(error).code]}: ${ConnectError.from(error).rawMessage}`
    )
  )

export const hostId = "host"

/** A whole hello, as connectors of the SDK send it. */
export const hello = {
  hostId,
  connectorMetadata: { displayName: "Test" },
  buildInfo: { langVersion: "1", package: "p", packageVersion: "1" },
  osInfo: {
    hostname: "h",
    os: "linux",
    platform: "p",
    platformVersion: "1",
    platformFamily: "f",
    kernelVersion: "k",
    kernelArch: "a",
    virtualizationSystem: "none"
  }
}

/** The messages of an upload in pieces of the usual size. */
export async function* upload(
  taskId: string,
  bytes: Uint8Array,
  options: { readonly chunk?: number; readonly checksum?: Uint8Array; readonly host?: string } = {}
): AsyncIterable<MessageInitShape<typeof BatonServiceUploadAssetRequestSchema>> {
  const { chunk = 524_288 } = options
  yield { msg: { case: "metadata", value: { hostId: options.host ?? hostId, taskId } } }
  for (let at = 0; at < bytes.length; at += chunk) {
    yield { msg: { case: "data", value: { data: bytes.subarray(at, at + chunk) } } }
  }
  const sha256Checksum = options.checksum ?? new Uint8Array(createHash("sha256").update(bytes).digest())
  yield { msg: { case: "eof", value: { sha256Checksum } } }
}
