/**
 * A parent that starts a child and waits, to be killed. It prints the child's process id.
 */
import { ConnectorService } from "@access-kit/baton-protocol/gen/c1/connector/v2/connector_pb"
import { ConnectorProcess } from "@access-kit/baton-runtime"
import { Effect } from "effect"
import { fileURLToPath } from "node:url"

const main = fileURLToPath(new URL("child.ts", import.meta.url))

Effect.runFork(Effect.scoped(Effect.gen(function*() {
  const child = yield* ConnectorProcess.start({ command: process.execPath, args: [main] })
  yield* child.client.call(ConnectorService.method.validate, {})
  process.stdout.write(`${child.pid}\n`)
  return yield* Effect.never
})))
