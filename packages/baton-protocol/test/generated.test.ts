/** The committed code in `src/gen` is what `pnpm generate` makes of the .proto files. */
import { assert, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join, relative } from "node:path"

const root = join(import.meta.dirname, "..")

const contents = (directory: string): Map<string, string> =>
  new Map(
    readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(directory, path), readFileSync(path, "utf8")])
  )

it("src/gen is current", () => {
  const scratch = mkdtempSync(join(tmpdir(), "baton-protocol-"))
  try {
    execFileSync(
      process.execPath,
      [join(root, "node_modules/@bufbuild/buf/bin/buf"), "generate", "--output", scratch],
      {
        cwd: root,
        env: { ...process.env, PATH: [join(root, "node_modules/.bin"), process.env["PATH"] ?? ""].join(delimiter) },
        stdio: "pipe"
      }
    )
    const expected = contents(join(scratch, "src/gen"))
    const actual = contents(join(root, "src/gen"))
    assert.deepStrictEqual([...actual.keys()].sort(), [...expected.keys()].sort())
    for (const [path, text] of expected) assert.strictEqual(actual.get(path), text, path)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
})
