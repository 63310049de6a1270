/**
 * A connector behind a real HTTP/2 server on loopback, and a client of it.
 */
import { BatonClient, BatonServer, Security } from "@access-kit/baton-runtime"
import { Connector } from "@access-kit/connector-model/Connector"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

export const over = (
  connector: Connector["Service"],
  options: Partial<BatonServer.Options> = {}
): Effect.Effect<BatonClient.BatonClient & BatonServer.Address, BatonServer.BatonServerError, Scope.Scope> =>
  Effect.gen(function*() {
    const security = Security.Plaintext()
    const address = yield* BatonServer.serve({
      listen: { host: "127.0.0.1", port: 0 },
      security,
      provisioning: true,
      ...options
    }).pipe(Effect.provideService(Connector, connector))
    const client = yield* BatonClient.make({ ...address, security })
    return { ...client, ...address }
  })
