/**
 * The command `claude-enterprise` as users get it: the bundle that its package.json names.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as PlatformError from "effect/PlatformError"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { home, PeerUnavailable } from "./Peer.ts"
import { type Result, run } from "./Run.ts"

const app = `${home}/../../apps/cli`

const Manifest = Schema.fromJsonString(
  Schema.Struct({ bin: Schema.Struct({ "claude-enterprise": Schema.String }) })
)

/**
 * The path of the bundle.
 */
export const bundle = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const manifest = yield* Schema.decodeUnknownEffect(Manifest)(yield* fs.readFileString(`${app}/package.json`))
  const path = `${app}/${manifest.bin["claude-enterprise"]}`
  if (yield* fs.exists(path)) return path
  return yield* new PeerUnavailable({ peer: "claude-enterprise", problem: `${path} is not built; run pnpm build` })
})

/** A SCIM server to connect to. */
export interface Target {
  readonly baseUrl: string
  readonly token: Redacted.Redacted<string>
}

/**
 * Runs the command against a server. URL and token are in the environment, as in an operator's deployment.
 */
export const claudeEnterprise = Effect.fn("ClaudeEnterprise.run")(
  function*(
    target: Target,
    args: ReadonlyArray<string>,
    env: Readonly<Record<string, string>> = {}
  ): Effect.fn.Return<
    Result,
    PeerUnavailable | PlatformError.PlatformError | Schema.SchemaError,
    ChildProcessSpawner | FileSystem.FileSystem
  > {
    return yield* run(process.execPath, [yield* bundle, ...args], {
      env: { ...env, BATON_SCIM_URL: target.baseUrl, BATON_SCIM_TOKEN: target.token }
    })
  }
)
