/** The demo, run whole as a user runs it, against a bundle of this checkout. */
import { expect, it } from "@effect/vitest"
import { execFile, execFileSync } from "node:child_process"
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { fileURLToPath } from "node:url"
import { afterAll } from "vitest"

const cli = fileURLToPath(new URL("../../../apps/cli/", import.meta.url))
const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))
const directory = mkdtempSync(`${tmpdir()}/demo-`)

afterAll(() => rmSync(directory, { recursive: true, force: true }))

interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const run = (cwd: string, args: ReadonlyArray<string>) =>
  new Promise<Finished>((resolve) => {
    const { PATH = "" } = process.env
    execFile(process.execPath, [main, ...args], { cwd, env: { PATH } }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, stdout, stderr })
    })
  })

it("does the whole main job, verifies each step and leaves the snapshot", async () => {
  const bundle = `${directory}/bundle`
  execFileSync(process.execPath, [
    `${cli}node_modules/rolldown/bin/cli.mjs`,
    "-c",
    "-d",
    bundle,
    "--log-level",
    "silent"
  ], {
    cwd: cli,
    stdio: ["ignore", "ignore", "inherit"]
  })
  const place = mkdtempSync(`${directory}/run-`)
  const { code, stderr, stdout } = await run(place, [`${bundle}/claude-enterprise.mjs`])
  expect({ code, stderr }).toMatchObject({ code: 0 })

  const shown = stdout.split("\n").filter((line) => line.startsWith("$ "))
  expect(shown).toEqual([
    "$ claude-enterprise sandbox --users 1200 --groups 40 --memberships 9000 &",
    "$ claude-enterprise validate",
    "$ claude-enterprise sync --out demo.c1z",
    "$ claude-enterprise accounts list --status disabled --limit 4",
    "$ claude-enterprise groups list --limit 4",
    "$ claude-enterprise accounts create grace.hopper@aurora.example --display-name 'Grace Hopper'",
    "$ claude-enterprise grants grant grace.hopper@aurora.example --group Engineering",
    "$ claude-enterprise grants list --account grace.hopper@aurora.example",
    "$ claude-enterprise grants revoke grace.hopper@aurora.example --group Engineering",
    "$ claude-enterprise accounts delete grace.hopper@aurora.example --yes"
  ])
  expect(stdout).toMatch(/^Accounts +1,200 accounts: 1,128 enabled, 72 disabled$/m)
  expect(stdout).toMatch(/^Groups +40$/m)
  expect(stdout).toMatch(/^Entitlements +40$/m)
  expect(stdout).toMatch(/^Grants +9,000$/m)
  expect(stdout).toMatch(/^Requests +\d+, 0 retries$/m)
  expect(stdout).toMatch(/^Bytes +.+ received, .+ in the file$/m)
  expect(stdout).toMatch(/^Time +.+s$/m)
  expect(stderr).toContain("✓ 1,200 accounts in 12 pages")
  expect(stdout.split("\n").filter((line) => line.startsWith("✓ read back"))).toHaveLength(4)
  expect(stdout).toContain("To try next")

  // The token of the sandbox begins so; it goes through the environment only. And nothing paints into a pipe.
  expect(stdout + stderr).not.toMatch(/se_[\w-]{8}/)
  expect(stdout + stderr).not.toContain("\x1b[")

  expect(readdirSync(place)).toEqual(["demo.c1z"])
  expect(readFileSync(`${place}/demo.c1z`).subarray(0, 5).toString("latin1")).toBe("C1ZF\0")
  // The sandbox is gone with the demo: nothing listens where it listened.
  const url = /It listens at (\S+);/.exec(stdout)?.[1] ?? ""
  await expect(fetch(`${url}/Users`)).rejects.toThrow()
})

it("stops with an explanation when the command is not built", async () => {
  const { code, stderr, stdout } = await run(directory, [`${directory}/nowhere.mjs`])
  expect(code).toBe(1)
  expect(stderr).toContain("npx --yes pnpm@12 demo")
  expect(stdout).not.toContain("Done in")
  expect(existsSync(`${directory}/demo.c1z`)).toBe(false)
})
