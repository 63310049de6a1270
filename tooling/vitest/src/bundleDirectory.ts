/**
 * A directory for the bundles of one run of the tests: each is built by the first test file that asks for it, and found there by the others.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestProject } from "vitest/node"

declare module "vitest" {
  export interface ProvidedContext {
    readonly bundleDirectory: string
  }
}

const setup = (project: TestProject): () => void => {
  const make = (): string => mkdtempSync(join(tmpdir(), "claude-enterprise-bundles-"))
  let directory = make()
  const remove = (): void => rmSync(directory, { recursive: true, force: true })
  project.provide("bundleDirectory", directory)
  // The sources have changed.
  project.onTestsRerun(() => {
    remove()
    directory = make()
    project.provide("bundleDirectory", directory)
  })
  return remove
}

export default setup
