/**
 * A client of service mode in plain node: its own assertion, its own TLS, connect-es as the gRPC client. Nothing of it is used by the sandbox.
 */
import { BatonService } from "@access-kit/baton-protocol/gen/c1/connectorapi/baton/v1/baton_pb"
import { type Client, createClient } from "@connectrpc/connect"
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node"
import { Effect, Redacted } from "effect"
import { createPrivateKey, randomBytes, sign } from "node:crypto"
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
export const connect = Effect.fnUntraced(function*(sandbox: Sandbox, authorization?: string) {
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
