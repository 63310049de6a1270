/**
 * `serve`: the connector as a gRPC server of its own, for programs that bring their own host. Health and reflection are served beside it.
 *
 * @since 0.1.0
 */
import type { Connector } from "@access-kit/connector-model/Connector"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Redacted from "effect/Redacted"
import * as BatonServer from "../BatonServer.ts"
import * as Security from "../Security.ts"
import * as CommandError from "./CommandError.ts"
import type { Given } from "./Given.ts"

const addressOf = (text: string): BatonServer.Address | undefined => {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text)
  if (match === null) return undefined
  const [, bracketed, plain, port] = match
  const host = bracketed ?? plain
  return host === undefined || Number(port) > 65_535 ? undefined : { host, port: Number(port) }
}

const readPem = Effect.fnUntraced(function*(flag: string, path: string) {
  const files = yield* FileSystem.FileSystem
  return yield* files.readFileString(path).pipe(
    Effect.mapError((error) =>
      CommandError.make(
        "InvalidValue",
        `--${flag}: ${JSON.stringify(path)} can't be read (${error.reason._tag}).`,
        error
      )
    )
  )
})

const securityOf = Effect.fnUntraced(function*(given: Given) {
  const certificate = given.text("tls-certificate")
  const key = given.text("tls-key")
  const authority = given.text("tls-client-authority")
  if (certificate === undefined && key === undefined && authority === undefined) return Security.Plaintext()
  if (certificate === undefined || key === undefined) {
    return yield* CommandError.make("Usage", "TLS needs both --tls-certificate and --tls-key")
  }
  const server = {
    certificate: yield* readPem("tls-certificate", certificate),
    key: Redacted.make(yield* readPem("tls-key", key), { label: "tls-key" })
  }
  return authority === undefined
    ? Security.Tls(server)
    : Security.MutualTls({ ...server, authority: yield* readPem("tls-client-authority", authority) })
})

/**
 * Serves until it is interrupted. `announce` gets the address when callers can come.
 *
 * @since 0.1.0
 */
export const run = Effect.fn("Serve.run")(function*(
  given: Given,
  announce: (address: string) => Effect.Effect<void>
): Effect.fn.Return<
  never,
  CommandError.CommandError | BatonServer.BatonServerError,
  Connector | FileSystem.FileSystem
> {
  const written = given.text("listen") ?? ""
  const listen = addressOf(written)
  if (listen === undefined) {
    return yield* CommandError.make(
      "InvalidValue",
      `--listen: ${JSON.stringify(written)} is not HOST:PORT, for example 127.0.0.1:9090 or [::1]:9090`
    )
  }
  const security = yield* securityOf(given)
  return yield* Effect.scoped(Effect.gen(function*() {
    const address = yield* BatonServer.serve({
      listen,
      security,
      provisioning: given.isOn("provisioning"),
      ticketing: given.isOn("ticketing"),
      health: true,
      reflection: true
    })
    const shown = `${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`
    yield* Effect.logInfo("serving").pipe(Effect.annotateLogs({ address: shown, security: security._tag }))
    yield* announce(shown)
    return yield* Effect.never
  }))
})
