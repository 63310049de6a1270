/** The demo of service mode, run whole as a user runs it, against a bundle of this checkout. */
import { expect, it } from "@effect/vitest"
import { execFile, execFileSync } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { fileURLToPath } from "node:url"
import { afterAll } from "vitest"

const app = fileURLToPath(new URL("../../../apps/baton/", import.meta.url))
const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))
const directory = mkdtempSync(`${tmpdir()}/demo-c1-`)

afterAll(() => rmSync(directory, { recursive: true, force: true }))

const run = (cwd: string, args: ReadonlyArray<string>) =>
  new Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>((resolve) => {
    const { PATH = "" } = process.env
    execFile(process.execPath, [main, ...args], { cwd, env: { PATH } }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, stdout, stderr })
    })
  })

it("does the whole main job by task, verifies each step and leaves the snapshot", async () => {
  const bundle = `${directory}/bundle`
  execFileSync(
    process.execPath,
    [`${app}node_modules/rolldown/bin/cli.mjs`, "-c", "-d", bundle, "--log-level", "silent"],
    { cwd: app, stdio: ["ignore", "ignore", "inherit"] }
  )
  const place = mkdtempSync(`${directory}/run-`)
  const { code, stderr, stdout } = await run(place, [`${bundle}/baton-claude-enterprise.mjs`])
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" })

  expect(stdout.match(/^C1 → .+?(?= \(task)/gm)).toEqual([
    "C1 → a full sync",
    "C1 → an account for Grace Hopper",
    "C1 → Grace Hopper into Engineering",
    "C1 → Grace Hopper out of Engineering",
    "C1 → delete grace.hopper@aurora.example"
  ])
  expect(stdout.match(/^✓ .+$/gm)).toEqual([
    expect.stringContaining("C1 verified its signature, and knows it: \"Claude Enterprise\""),
    "✓ read back: 1,240 accounts and groups, each of them in the directory",
    "✓ read back: 9,000 memberships, each of them in the directory",
    "✓ read back: nothing in it names what is not there",
    "✓ in the directory: grace.hopper@aurora.example is active",
    "✓ in the directory: Grace Hopper is a member of Engineering",
    "✓ in the directory: Grace Hopper is no member of Engineering any more",
    expect.stringContaining("grace.hopper@aurora.example is inactive"),
    expect.stringContaining("ended with 0")
  ])
  expect(stdout).toContain("To try next")
  // Neither the token of the SCIM server nor the secret for C1 is shown, and nothing paints into a pipe.
  expect(stdout).not.toMatch(/se_[\w-]{8}|secret-token:/)
  expect(stdout).not.toContain("\x1b[")

  expect(readdirSync(place)).toEqual(["demo-c1.c1z"])
  expect(readFileSync(`${place}/demo-c1.c1z`).subarray(0, 5).toString("latin1")).toBe("C1ZF\0")
  const url = /A SCIM server .+ listens at (\S+)/.exec(stdout)?.[1] ?? ""
  await expect(fetch(`${url}/Users`)).rejects.toThrow()
})

it("stops with an explanation when the command is not built, and when it ends at once", async () => {
  const missing = await run(directory, [`${directory}/nowhere.mjs`])
  expect(missing.code).toBe(1)
  expect(missing.stderr).toContain("npx --yes pnpm@12 demo:c1")
  // A program that is none: what it said is passed on.
  const other = await run(directory, [fileURLToPath(new URL("../package.json", import.meta.url))])
  expect(other.code).toBe(1)
  expect(other.stderr).toContain("the connector ended with exit code")
  expect(existsSync(`${directory}/demo-c1.c1z`)).toBe(false)
})
