/**
 * The examples of scim-core's README, run against a sandbox as they stand there, and its tables held against the code.
 */
import { Auth, Dialect, ScimClient, ScimError } from "@access-kit/scim-core"
import { Sandbox } from "@access-kit/scim-sandbox"
import * as Profile from "@access-kit/scim-sandbox/Profile"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { afterAll, describe, expect, it } from "@effect/vitest"
import { Effect, Layer, Redacted } from "effect"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import * as Markdown from "../src/Markdown.ts"

const text = readFileSync(new URL("../../../packages/scim-core/README.md", import.meta.url), "utf8")
const blocks = Markdown.parse("README.md", text).blocks.filter(({ language }) => language === "ts")

// Below this package, so that the blocks can import what it depends on.
const folder = new URL("../.blocks-run/", import.meta.url)
mkdirSync(folder, { recursive: true })
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The one block with these words, as a module. */
const load = (words: string, edit: (block: string) => string = (block) => block): Promise<Record<string, unknown>> => {
  const found = blocks.filter((block) => block.text.includes(words))
  expect(found, words).toHaveLength(1)
  const file = new URL(`${words.replaceAll(/\W/g, "")}.ts`, folder)
  writeFileSync(file, edit(found[0]?.text ?? ""))
  return import(file.href)
}

const engineering = { displayName: "Engineering", members: [] }

/** A server by the letter of the RFCs, with the people and the group that the examples name. */
const sandboxed = Effect.gen(function*() {
  const sandbox = yield* Sandbox.make({ profile: Profile.standard })
  for (let number = 1; number <= 30; number++) {
    yield* sandbox.directory.insert("User", {
      userName: `person${number}@example.com`,
      emails: [{ value: `person${number}@example.com` }],
      active: true
    })
  }
  yield* sandbox.directory.insert(
    "User",
    { userName: "bjensen@example.com", active: true },
    "2819c223-7f76-453a-919d-413861904646"
  )
  yield* sandbox.directory.insert("Group", engineering, "engineering")
  const client = ScimClient.layer({ baseUrl: sandbox.baseUrl, auth: Auth.bearer(sandbox.token) }).pipe(
    Layer.provide(NodeHttpClient.layerUndici)
  )
  return { sandbox, client }
})

type Program<A = unknown> = Effect.Effect<A, { readonly message: string }, ScimClient.ScimClient>

const example = <A>(words: string, name: string) =>
  Effect.map(Effect.promise(() => load(words)), (module) => module[name] as A)

/** What goes to the console meanwhile. */
const printed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const lines: Array<string> = []
      const { log } = console
      console.log = (...words: ReadonlyArray<unknown>) => lines.push(words.join(" "))
      return { lines, log }
    }),
    ({ lines }) => Effect.map(effect, (value) => ({ lines, value })),
    ({ log }) =>
      Effect.sync(() => {
        console.log = log
      })
  )

describe("the examples of scim-core's README", () => {
  it.live("start", () =>
    Effect.gen(function*() {
      const { sandbox } = yield* sandboxed
      process.env["SCIM_TOKEN"] = Redacted.value(sandbox.token)
      const { lines } = yield* printed(Effect.promise(async () => {
        const { done } = await load("Effect.runPromise(Effect.provide(program, live))", (block) =>
          block.replace("https://api.example.com/scim/v2", sandbox.baseUrl).replace(
            "Effect.runPromise(",
            "export const done = Effect.runPromise("
          ))
        await done
      }))
      delete process.env["SCIM_TOKEN"]
      expect(lines).toHaveLength(31)
      expect(lines.join("\n")).toContain("person7@example.com true")
    }))

  it.live("reading", () =>
    Effect.gen(function*() {
      const { client } = yield* sandboxed
      const read = yield* example<Program>("export const read =", "read")
      expect(yield* Effect.provide(read, client)).toMatchObject({
        one: { userName: "bjensen@example.com" },
        some: { resources: [] },
        named: [{ id: "engineering" }],
        duplicates: 0,
        forgiven: []
      })
      const onePage = yield* example<
        (token: string | undefined) => Program<{
          readonly rows: ReadonlyArray<unknown>
          readonly tokens: ReadonlyArray<string>
        }>
      >("export const onePage =", "onePage")
      let open: ReadonlyArray<string | undefined> = [undefined]
      let rows = 0
      while (open.length > 0) {
        const [token, ...rest] = open
        const step = yield* Effect.provide(onePage(token), client)
        rows += step.rows.length
        open = [...rest, ...step.tokens]
      }
      expect(rows).toBe(31)
    }))

  it.live("writing", () =>
    Effect.gen(function*() {
      const { client, sandbox } = yield* sandboxed
      const write = yield* example<Program>("export const write =", "write")
      expect(yield* Effect.provide(write, client)).toBe("Deleted")
      const { entries } = sandbox.requests
      expect((yield* entries).map(({ method }) => method)).toEqual(expect.arrayContaining(["POST", "PATCH", "DELETE"]))
      const onboard = yield* example<Program>("export const onboard =", "onboard")
      // What is not done is what it answers.
      expect(yield* Effect.provide(onboard, client)).toEqual([])
      expect((yield* sandbox.directory.snapshot).groups.map(({ members }) => members.length)).toEqual([0, 1])
      const badges = yield* example<Program>("export const badges =", "badges")
      expect(yield* Effect.provide(badges, client)).toEqual(Array.from({ length: 32 }, () => undefined))
    }))

  it.live("authentication, detection and testing", () =>
    Effect.gen(function*() {
      const layer = yield* example<Layer.Layer<ScimClient.ScimClient>>("Auth.clientCredentials({", "layer")
      expect(Layer.isLayer(layer)).toBe(true)
      const { client } = yield* sandboxed
      const probe = yield* example<Program>("export const probe =", "probe")
      const { lines } = yield* printed(Effect.provide(probe, client))
      expect(lines.join("\n")).toMatch(/filter by userName +yes +kept/)
      const run = yield* example<Effect.Effect<{ readonly read: number; readonly requests: number }>>(
        "export const run =",
        "run"
      )
      const { read, requests } = yield* run
      expect(read).toBe(250)
      expect(requests).toBeGreaterThan(13)
    }))

  it("are all run", () => {
    expect(blocks).toHaveLength(9)
  })
})

/** First cells of the table under a heading; several names may stand in one. */
const named = (heading: string): ReadonlyArray<string> => {
  const section = text.slice(text.indexOf(`\n## ${heading}\n`) + 1).split("\n## ")[0] ?? ""
  return section.split("\n").filter((line) => line.startsWith("| `")).flatMap((line) =>
    [...(line.split("|")[1] ?? "").matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "")
  )
}

describe("the tables of scim-core's README", () => {
  it("name every reason of an error", () => {
    expect([...named("Errors")].sort()).toEqual(
      ScimError.Reason.members.map((member) => member.identifier).sort()
    )
  })

  it("name every switch of a dialect", () => {
    expect(named("Dialects")).toEqual(Dialect.switches)
  })
})
