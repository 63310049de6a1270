/** The demo of the HTTP server, run whole as a user runs it, against a bundle of this checkout. Its lines are run as they stand there. */
import { expect, it } from "@effect/vitest"
import { execFile, execFileSync, spawn } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { fileURLToPath } from "node:url"
import { afterAll } from "vitest"

const app = fileURLToPath(new URL("../../../apps/http-server/", import.meta.url))
const main = fileURLToPath(new URL("../src/main.ts", import.meta.url))
const directory = mkdtempSync(`${tmpdir()}/demo-server-test-`)
const bundle = `${directory}/bundle`

const { PATH = "" } = process.env
/** Where the demo keeps what it keeps for the time being. */
const temporary = `${directory}/tmp`
mkdirSync(temporary)
const environment = { PATH, TMPDIR: temporary }

afterAll(() => rmSync(directory, { recursive: true, force: true }))

const build = () => {
  if (existsSync(bundle)) return
  execFileSync(
    process.execPath,
    [`${app}node_modules/rolldown/bin/cli.mjs`, "-c", "-d", bundle, "--log-level", "silent"],
    { cwd: app, stdio: ["ignore", "ignore", "inherit"] }
  )
}

interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const run = (file: string, args: ReadonlyArray<string>, env: Readonly<Record<string, string>>) =>
  new Promise<Finished>((resolve) => {
    execFile(file, args, { cwd: temporary, env }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : -1, stdout, stderr })
    })
  })

const urlOf = (stdout: string) => /(http:\/\/127\.0\.0\.1:\d+)\/docs/.exec(stdout)?.[1] ?? ""

it("shows a connector connect, and prints five lines of which each works", async () => {
  build()
  const demo = spawn(process.execPath, [main, `${bundle}/claude-enterprise-server.mjs`, "--stay"], {
    env: environment,
    stdio: ["ignore", "pipe", "pipe"]
  })
  let said = ""
  const ended = new Promise<number | null>((resolve) => demo.once("close", resolve))
  const stdout = await new Promise<string>((resolve, reject) => {
    let text = ""
    demo.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString()
    })
    demo.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes("Ctrl-C")) resolve(text)
    })
    void ended.then((code) => reject(new Error(`It ended with ${code}.\n${text}${said}`)))
  })
  expect(stdout.match(/^(Connecting|Syncing|Connected)$/gm)?.slice(-2)).toEqual(["Syncing", "Connected"])
  expect(stdout).toContain("✓ 1,200 accounts and 40 groups")

  const url = urlOf(stdout)
  const page = await fetch(`${url}/docs`)
  expect(page.status).toBe(200)
  expect(page.headers.get("content-type")).toContain("text/html")

  const token = /^export TOKEN=(\S+)$/m.exec(stdout)?.[1] ?? ""
  const lines = stdout.split("\n").filter((line) => line.startsWith("curl "))
  expect(lines).toHaveLength(5)
  const ask = async (line = "") => {
    const { code, stderr, stdout } = await run("sh", ["-c", line], { PATH, TOKEN: token })
    expect({ line, code, stderr }).toEqual({ line, code: 0, stderr: "" })
    return JSON.parse(stdout)
  }
  const [accounts, access, grant, operation, audit] = lines
  expect((await ask(accounts)).items).toHaveLength(3)
  const before = await ask(access)
  const accepted = await ask(grant)
  expect(accepted).toMatchObject({
    kind: "grant",
    dryRun: false,
    request: { principalId: before.account.id.resource, expiresAt: expect.any(String) }
  })
  const end = await ask(
    `curl -s -H "Authorization: Bearer $TOKEN" '${url}/v1/operations/${accepted.id}?wait=30'`
  )
  expect(end).toMatchObject({ state: "succeeded", outcome: "Granted" })
  expect(await ask(operation)).toMatchObject({ items: [{ id: accepted.id, state: "succeeded" }] })
  const after = await ask(access)
  expect(after.grants).toHaveLength(before.grants.length + 1)
  expect(after.grants).toContainEqual(expect.objectContaining({
    entitlementId: accepted.request.entitlementId,
    expiresAt: accepted.request.expiresAt
  }))
  expect((await ask(audit)).items).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ action: "operation.succeeded", subjectId: accepted.id }),
      expect.objectContaining({ action: "connector.created" })
    ])
  )

  demo.kill("SIGINT")
  expect({ code: await ended, said }).toEqual({ code: 0, said: "" })
  await expect(fetch(`${url}/healthz`)).rejects.toThrow()
  expect(readdirSync(temporary)).toEqual([])
})

it("runs the lines itself where there is no terminal, and leaves nothing", async () => {
  build()
  const { code, stderr, stdout } = await run(
    process.execPath,
    [main, `${bundle}/claude-enterprise-server.mjs`],
    environment
  )
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" })
  expect(stdout.match(/^curl .+\n\{.+$/gm)).toHaveLength(5)
  expect(stdout).toMatch(/^✓ in the directory: .+ is in Engineering; the server takes it back at 2\d{3}-.+Z$/m)
  expect(stdout).not.toContain("\x1b[")
  await expect(fetch(`${urlOf(stdout)}/healthz`)).rejects.toThrow()
  expect(readdirSync(temporary)).toEqual([])
})

it("stops with an explanation when the server is not built, and when it ends at once", async () => {
  const missing = await run(process.execPath, [main, `${directory}/nowhere.mjs`], environment)
  expect(missing.code).toBe(1)
  expect(missing.stderr).toContain("npx --yes pnpm@12 demo:server")
  const other = await run(
    process.execPath,
    [main, fileURLToPath(new URL("../package.json", import.meta.url))],
    environment
  )
  expect(other.code).toBe(1)
  expect(other.stderr).toContain("the server ended with exit code")
  expect(readdirSync(temporary)).toEqual([])
})
