/**
 * The demo of service mode: what happens when C1 governs the access to a Claude Enterprise organization. `npx --yes pnpm@12 demo:c1` runs it.
 *
 * Nothing is staged: the command is the one that users run, it speaks to C1 over TLS and to the directory over HTTP, and each change is looked up in the
 * directory before the demo goes on.
 */
import * as C1z from "@access-kit/c1z/C1z"
import { bold, DemoError, dim, run } from "@access-kit/example-demo/Show"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { fileURLToPath } from "node:url"
import { Stage } from "./Stage.ts"

const bundle = process.argv[2] ??
  fileURLToPath(new URL("../../../apps/baton/dist/baton-claude-enterprise.mjs", import.meta.url))

const email = "grace.hopper@aurora.example"
const name = "Grace Hopper"
const file = "demo-c1.c1z"

const count = (number: number | undefined): string => (number ?? 0).toLocaleString("en-US")

const isSame = (a: ReadonlyArray<string>, b: ReadonlyArray<string>): boolean => {
  const known = new Set(b)
  return a.length === b.length && new Set(a).size === a.length && a.every((item) => known.has(item))
}

/** Ids of what is in a snapshot. */
const readBack = Effect.fnUntraced(function*(path: string) {
  const snapshot = yield* C1z.open(path)
  const resources = yield* Stream.runCollect(
    Stream.map(snapshot.resources(), ({ message }) => message.id?.resource ?? "")
  )
  const memberships = yield* Stream.runCollect(
    Stream.map(
      snapshot.grants(),
      ({ message }) => `${message.entitlement?.resource?.id?.resource} ${message.principal?.id?.resource}`
    )
  )
  return { resources, memberships }
}, Effect.scoped)

const greet = Effect.gen(function*() {
  const { c1, chapter, verify, whileItRuns } = yield* Stage
  yield* chapter("1. The connector says hello")
  const { request } = yield* whileItRuns(c1.awaitHello())
  const { connectorMetadata, osInfo } = request
  yield* verify(
    `C1 verified its signature, and knows it: "${connectorMetadata?.displayName}" on ${osInfo?.os} ${osInfo?.kernelArch}`,
    connectorMetadata?.displayName === "Claude Enterprise"
  )
})

const sync = Effect.gen(function*() {
  const { c1, chapter, scim, task, verify } = yield* Stage
  const files = yield* FileSystem.FileSystem
  yield* chapter("2. Who has access? A full sync, uploaded")
  const { id } = yield* task("a full sync", { case: "syncFull", value: {} })
  const upload = yield* c1.awaitUpload(id)
  yield* Console.log(
    dim(`     ${count(upload.bytes)} bytes in ${upload.chunks.length} pieces, SHA-256 ${upload.sha256.slice(0, 16)}…`)
  )
  const { groups, users } = yield* scim.directory.snapshot
  const held = yield* Effect.mapError(
    readBack(upload.path),
    (error) => new DemoError({ message: `what was uploaded can't be read: ${error.message}` })
  )
  yield* verify(
    `read back: ${count(held.resources.length)} accounts and groups, each of them in the directory`,
    isSame(held.resources, [...users, ...groups].map(({ id }) => id))
  )
  yield* verify(
    `read back: ${count(held.memberships.length)} memberships, each of them in the directory`,
    isSame(held.memberships, groups.flatMap(({ id, members }) => members.map((member) => `${id} ${member}`)))
  )
  yield* verify("read back: nothing in it names what is not there", upload.snapshot?.findings.length === 0)
  yield* Effect.mapError(
    files.copyFile(upload.path, file),
    (error) => new DemoError({ message: `${file} can't be written: ${error.message}` })
  )
})

const provision = Effect.gen(function*() {
  const { c1, chapter, scim, task, verify } = yield* Stage
  const person = Effect.map(scim.directory.snapshot, ({ users }) => users.find((user) => user.userName === email))

  yield* chapter("3. A new colleague")
  yield* task(`an account for ${name}`, {
    case: "createAccount",
    value: {
      accountInfo: {
        emails: [{ address: email, isPrimary: true }],
        login: email,
        profile: { display_name: name, email, login: email }
      },
      credentialOptions: { options: { case: "noPassword", value: {} } }
    }
  })
  const created = yield* person
  yield* verify(
    `in the directory: ${email} is ${created?.active === true ? "active" : "missing"}`,
    created?.active === true
  )

  const entitlement = Option.getOrUndefined(yield* c1.known.entitlement("group", "Engineering"))
  const principal = Option.getOrUndefined(yield* c1.known.resource("user", email))
  const group = entitlement?.resource?.id?.resource
  if (entitlement === undefined || principal === undefined || group === undefined || created === undefined) {
    return yield* new DemoError({ message: "C1 has not heard of the group Engineering, or of the new account." })
  }
  const isMember = Effect.map(
    scim.directory.group(group),
    (found) => Option.exists(found, ({ members }) => members.includes(created.id))
  )
  yield* task(`${name} into Engineering`, { case: "grant", value: { entitlement, principal } })
  yield* verify(`in the directory: ${name} is a member of Engineering`, yield* isMember)

  yield* chapter("4. And goodbye")
  yield* task(`${name} out of Engineering`, {
    case: "revoke",
    value: { grant: yield* c1.known.grant(entitlement, principal) }
  })
  yield* verify(`in the directory: ${name} is no member of Engineering any more`, !(yield* isMember))
  yield* task(`delete ${email}`, {
    case: "deleteResource",
    value: principal.id === undefined ? {} : { resourceId: principal.id }
  })
  yield* verify(
    `in the directory: ${email} is inactive; this server keeps deleted accounts, as the one behind Claude does`,
    (yield* person)?.active === false
  )
})

const goodbye = Effect.gen(function*() {
  const { c1, chapter, end, verify } = yield* Stage
  yield* chapter("5. The end of the connector")
  yield* verify("SIGTERM: it took no more tasks, had nothing left to say, and ended with 0", (yield* end) === 0)
  const { byMethod, connections } = yield* c1.log.stats
  const calls = Object.entries(byMethod).map(([method, times]) => `${times} × ${method}`).join(", ")
  yield* Console.log(dim(`     What C1 was asked, over ${connections} connections: ${calls}`))
})

const demo = Effect.gen(function*() {
  const began = yield* Clock.currentTimeMillis
  yield* Console.log(`${bold("The connector for Claude Enterprise, working for ConductorOne (C1)")}\n`)
  yield* Effect.gen(function*() {
    yield* greet
    yield* sync
    yield* provision
    yield* goodbye
  }).pipe(Effect.provide(Stage.layer(bundle)))
  const seconds = ((yield* Clock.currentTimeMillis) - began) / 1_000
  yield* Console.log(
    `\n${bold(`Done in ${seconds.toFixed(1)} s.`)} ${file} is what was uploaded.\n\n`
      + `${bold("To try next")}\n`
      + "  npx --yes pnpm@12 build\n"
      + "  alias claude-enterprise=\"$PWD/node_modules/.bin/node $PWD/apps/cli/dist/claude-enterprise.mjs\"\n"
      + `  claude-enterprise snapshot stats ${file}                 what is in it\n`
      + "  claude-enterprise sandbox                                 a SCIM server of your own\n"
      + "  node_modules/.bin/node packages/c1-sandbox/src/main.ts    a C1 of your own: type \"sync\", \"down\", \"help\"\n"
      + "  node_modules/.bin/node apps/baton/dist/baton-claude-enterprise.mjs --help\n"
      + "With your own C1: docs/self-hosted.md."
  )
})

run(demo)
