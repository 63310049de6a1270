/**
 * Before the first test: builds and installs the peers, and tells the tests where they are. A missing toolchain is told loudly here, and
 * decided upon by `needing`.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { TestProject } from "vitest/node"
import * as Baton from "../src/Baton.ts"
import type { PeerUnavailable } from "../src/Peer.ts"
import * as Python from "../src/Python.ts"

/** Where a peer is, or why it is not there. */
export type Availability =
  | { readonly path: string }
  | { readonly problem: string }

declare module "vitest" {
  interface ProvidedContext {
    readonly baton: Availability
    readonly python: Availability
  }
}

const availability = <E, R>(
  install: Effect.Effect<string, PeerUnavailable | E, R>
): Effect.Effect<Availability, never, R> =>
  Effect.map(Effect.result(install), (result) => {
    if (Result.isSuccess(result)) return { path: result.success }
    const problem = result.failure instanceof Error ? result.failure.message : String(result.failure)
    console.error(`\n*** NOT TESTED: ${problem}\n`)
    return { problem }
  })

const peers = Effect.all({ baton: availability(Baton.install()), python: availability(Python.install()) })

export const setup = async (project: TestProject): Promise<void> => {
  const { baton, python } = await Effect.runPromise(Effect.provide(peers, NodeServices.layer))
  project.provide("baton", baton)
  project.provide("python", python)
}
