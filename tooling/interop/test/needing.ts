/**
 * Tests that need a peer. Without it they are skipped on a developer's machine, where `peers.ts` has said so loudly, and fail where `CI` is set.
 */
import { describe, expect, inject, it } from "vitest"
import type { Availability } from "./peers.ts"

/**
 * A `describe` whose body gets the path of the peer.
 */
export const needing = (peer: "baton" | "python", name: string, body: (path: string) => void): void => {
  const found: Availability = inject(peer)
  if ("path" in found) {
    describe(name, () => body(found.path))
  } else if (process.env["CI"] === undefined || process.env["CI"] === "" || process.env["CI"] === "false") {
    describe.skip(`${name} (${found.problem})`, () => body(""))
  } else {
    describe(name, () => {
      it("has its toolchain", () => {
        expect.fail(found.problem)
      })
    })
  }
}
