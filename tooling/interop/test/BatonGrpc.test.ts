/**
 * Our side of baton's wire protocol against the real Go SDK on the other: its syncer and its command line over our server, its connectors below our
 * parent. What both write is compared row by row.
 */
import { ConnectorProcess, RemoteConnector, Security } from "@access-kit/baton-runtime"
import { C1zSink } from "@access-kit/c1z"
import { Connector } from "@access-kit/connector-model/Connector"
import { Sync } from "@access-kit/connector-sync"
import { Directory } from "@access-kit/scim-sandbox"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { expect, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, Redacted } from "effect"
import { execFileSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { beforeAll } from "vitest"
import * as C1zRows from "../src/C1zRows.ts"
import * as GoSdk from "./GoSdk.ts"
import { hostile } from "./HostileDirectory.ts"
import { needing } from "./needing.ts"

const services = Layer.merge(NodeServices.layer, NodeHttpClient.layerUndici)

/** Certificates as an operator makes them, with `openssl`. */
const certificates = Effect.fn("certificates")(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const openssl = (...args: ReadonlyArray<string>) =>
    Effect.sync(() => execFileSync("openssl", args, { stdio: "pipe" }))
  yield* openssl(
    "req",
    "-x509",
    "-newkey",
    "ed25519",
    "-nodes",
    "-days",
    "1",
    "-subj",
    "/CN=authority",
    "-keyout",
    `${folder}/ca.key`,
    "-out",
    `${folder}/ca.pem`
  )
  yield* fs.writeFileString(
    `${folder}/extensions`,
    "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n"
  )
  for (const name of ["server", "client"]) {
    yield* openssl(
      "req",
      "-newkey",
      "ed25519",
      "-nodes",
      "-subj",
      `/CN=${name}`,
      "-keyout",
      `${folder}/${name}.key`,
      "-out",
      `${folder}/${name}.csr`
    )
    yield* openssl(
      "x509",
      "-req",
      "-days",
      "1",
      "-in",
      `${folder}/${name}.csr`,
      "-CA",
      `${folder}/ca.pem`,
      "-CAkey",
      `${folder}/ca.key`,
      "-CAcreateserial",
      "-extfile",
      `${folder}/extensions`,
      "-out",
      `${folder}/${name}.pem`
    )
  }
  return {
    security: Security.MutualTls({
      authority: yield* fs.readFileString(`${folder}/ca.pem`),
      certificate: yield* fs.readFileString(`${folder}/server.pem`),
      key: Redacted.make(yield* fs.readFileString(`${folder}/server.key`))
    }),
    env: { PEER_CA: `${folder}/ca.pem`, PEER_CERT: `${folder}/client.pem`, PEER_KEY: `${folder}/client.key` }
  }
})

const ours = (connector: Connector["Service"], path: string) =>
  Sync.run().pipe(Effect.provide(C1zSink.layer({ path })), Effect.provideService(Connector, connector))

/** More than 4 MiB of grants in one group. */
const huge: Directory.Directory = (() => {
  const created = "2025-01-01T00:00:00.000Z"
  const users = Array.from({ length: 20_000 }, (_, at) => ({
    id: `user-${String(at).padStart(8, "0")}`,
    userName: `person.${at}@example.com`,
    formatted: `Person ${at}`,
    email: `person.${at}@example.com`,
    active: true,
    locale: "en-US",
    created,
    lastModified: created
  }))
  return {
    users,
    groups: [{
      id: "everybody",
      displayName: "Everybody ".repeat(30),
      members: users.map((user) => user.id),
      created,
      lastModified: created
    }]
  }
})()

const directories = {
  demo: Directory.generate(Directory.demo),
  hostile: Effect.succeed(hostile),
  empty: Effect.succeed(Directory.empty),
  huge: Effect.succeed(huge)
}

const team = { people: ["u1", "u2", "u3"] }

const content = {
  people: team.people.map((id, at) => ({ id, name: `Person ${at} 🧸`, email: `${id}@example.com`, active: at !== 1 })),
  teams: [
    { id: "g1", name: "Engineering", people: ["u1", "u2"] },
    { id: "g:2", name: "Ünïcode", people: ["u3"] },
    { id: "g3", name: "Empty", people: [] }
  ]
}

// Go is there where its `baton` could be built.
needing("baton", "The Go SDK over baton's wire protocol", () => {
  beforeAll(GoSdk.build, 600_000)

  it.live.each(["demo", "hostile", "empty", "huge"] as const)(
    "syncs our %s directory to the rows that we write",
    (name) =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const folder = yield* fs.makeTempDirectoryScoped({ prefix: "interop-grpc-" })
        const connector = yield* GoSdk.organization(yield* directories[name])
        yield* ours(connector, `${folder}/ours.c1z`)
        const expected = yield* C1zRows.read(`${folder}/ours.c1z`, { withoutTypeMarks: true })
        const address = yield* GoSdk.serve(connector)
        yield* GoSdk.go("syncer", ["-file", `${folder}/go.c1z`], address)
        expect(yield* C1zRows.read(`${folder}/go.c1z`, { withoutTypeMarks: true })).toEqual(expected)
        // The other storage engine and several workers, which follow siblings.
        yield* GoSdk.go("syncer", ["-file", `${folder}/pebble.c1z`, "-engine", "pebble", "-workers", "4"], address)
        expect((yield* fs.stat(`${folder}/pebble.c1z`)).size > 0).toBe(true)
      }).pipe(Effect.scoped, Effect.provide(services))
  )

  it.live("syncs over mutual TLS, and group by group", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped({ prefix: "interop-grpc-" })
      const connector = yield* GoSdk.organization(
        yield* Directory.generate({ users: 200, groups: 20, memberships: 600, seed: 5 })
      )
      yield* ours(connector, `${folder}/ours.c1z`)
      const expected = yield* C1zRows.read(`${folder}/ours.c1z`)
      const { env, security } = yield* certificates(folder)
      const address = yield* GoSdk.serve(connector, { security, listing: "per-resource" })
      yield* GoSdk.go("syncer", ["-file", `${folder}/go.c1z`, "-workers", "2"], { ...address, ...env })
      // Without the marks of type-scoped listing nothing differs at all.
      expect(yield* C1zRows.read(`${folder}/go.c1z`)).toEqual(expected)
      yield* GoSdk.go("syncer", ["-file", `${folder}/none.c1z`], { ...address, PEER_CA: env.PEER_CA }, { exitCode: 1 })
    }).pipe(Effect.scoped, Effect.provide(services)))

  it.live("runs its own command line over our server: sync, grant, revoke, create, delete", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped({ prefix: "interop-grpc-" })
      const connector = yield* GoSdk.organization(
        yield* Directory.generate({ users: 20, groups: 3, memberships: 10, seed: 2 })
      )
      const address = yield* GoSdk.serve(connector)
      const file = `${folder}/sync.c1z`
      const command = (...args: ReadonlyArray<string>) =>
        GoSdk.go("proxy", ["-f", file, "--storage-engine", "sqlite", ...args], address)
      const [users, groups] = connector.resourceTypes
      if (users === undefined || groups === undefined) return expect.fail("a resource type is missing")
      const members = (id: string) =>
        Effect.map(groups.get(id), (record) => record.grants.map((grant) => grant.principal.resource))

      yield* command()
      const { items } = yield* groups.list({ include: "everything" })
      const everybody = (yield* users.list({ include: "resources" })).items.map((record) => record.resource.id.resource)
      const group = items[0]?.resource.id.resource ?? ""
      const outsider = everybody.find((id) => !items[0]?.grants.some((grant) => grant.principal.resource === id)) ?? ""

      yield* command(
        "--grant-entitlement",
        `group:${group}:member`,
        "--grant-principal",
        outsider,
        "--grant-principal-type",
        "user"
      )
      expect(yield* members(group)).toContain(outsider)
      yield* command()
      yield* command("--revoke-grant", `group:${group}:member:user:${outsider}`)
      expect(yield* members(group)).not.toContain(outsider)

      const email = "jane.smith@example.com"
      yield* command(
        "--create-account-login",
        email,
        "--create-account-email",
        email,
        "--create-account-profile",
        JSON.stringify({ display_name: "Jane Smith" })
      )
      const [jane] = yield* users.find(email)
      expect(jane?.displayName).toBe("Jane Smith")
      yield* command("--delete-resource", jane?.id.resource ?? "", "--delete-resource-type", "user")
      const left = yield* users.find(email)
      expect(left.every((account) => account._tag === "Account" && account.status !== "enabled")).toBe(true)
    }).pipe(Effect.scoped, Effect.provide(services)))

  it.live("runs as a child of our parent, which writes what its own parent writes", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped({ prefix: "interop-grpc-" })
      const file = `${folder}/directory.json`
      yield* fs.writeFileString(file, JSON.stringify(content))
      yield* GoSdk.go("directory", ["--directory-file", file, "-f", `${folder}/go.c1z`, "--storage-engine", "sqlite"])

      const child = yield* ConnectorProcess.start({
        command: GoSdk.path(),
        args: ["--directory-file", file, "--provisioning"],
        env: { PEER: "directory" },
        output: "ignore"
      })
      const connector = yield* RemoteConnector.make(child.client, { name: "directory", source: file })
      yield* ours(connector, `${folder}/ours.c1z`)
      expect(yield* C1zRows.read(`${folder}/ours.c1z`)).toEqual(yield* C1zRows.read(`${folder}/go.c1z`))

      const [users, groups] = connector.resourceTypes.toSorted((a, b) => a.resourceType.id < b.resourceType.id ? 1 : -1)
      const { grant, revoke } = groups ?? {}
      const { createAccount, delete: remove } = users ?? {}
      if (grant === undefined || revoke === undefined || createAccount === undefined || remove === undefined) {
        return expect.fail("the connector can't do what it can")
      }
      const now = () => JSON.parse(readFileSync(file, "utf8")) as typeof content
      const request = {
        entitlement: { id: "group:g3:member", resource: { resourceType: "group", resource: "g3" }, slug: "member" },
        principal: { resourceType: "user", resource: "u1" }
      }
      expect((yield* grant({ ...request, dryRun: true }))._tag).toBe("WouldGrant")
      expect((yield* grant(request))._tag).toBe("Granted")
      expect(now().teams[2]?.people).toEqual(["u1"])
      expect((yield* grant(request))._tag).toBe("AlreadyGranted")
      expect((yield* revoke(request))._tag).toBe("Revoked")
      expect((yield* revoke(request))._tag).toBe("AlreadyRevoked")
      expect(now().teams[2]?.people).toEqual([])

      const account = { email: "new@example.com", fields: { display_name: "New Person" } }
      expect((yield* createAccount.create(account))._tag).toBe("Created")
      expect((yield* createAccount.create(account))._tag).toBe("AlreadyExists")
      expect(now().people.at(-1)?.name).toBe("New Person")
      expect((yield* remove("new-new@example.com"))._tag).toBe("Deleted")
      expect((yield* remove("new-new@example.com"))._tag).toBe("DidNotExist")
    }).pipe(Effect.scoped, Effect.provide(services)))

  it.live("keeps what it remembers during a sync with our parent, and can't without", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped({ prefix: "interop-grpc-" })
      const file = `${folder}/directory.json`
      yield* fs.writeFileString(file, JSON.stringify(content))
      const grantsWith = Effect.fnUntraced(function*(sessionStore: boolean) {
        const child = yield* ConnectorProcess.start({
          command: GoSdk.path(),
          args: ["--directory-file", file],
          env: { PEER: "directory" },
          output: "ignore",
          sessionStore
        })
        const connector = yield* RemoteConnector.make(child.client, { name: "directory", source: file, retries: 0 })
        return yield* ours(connector, `${folder}/${sessionStore}.c1z`)
      }, Effect.scoped)
      expect((yield* grantsWith(true)).summary.grants).toBe(3)
      const failed = yield* Effect.flip(grantsWith(false))
      expect(failed.message).toContain("session")
    }).pipe(Effect.scoped, Effect.provide(services)))

  it.live("tells our parent why it can't start", () =>
    Effect.gen(function*() {
      const child = yield* ConnectorProcess.start({
        command: GoSdk.path(),
        env: { PEER: "directory" },
        output: "ignore"
      })
      const failed = yield* Effect.flip(child.ended)
      // A required flag is missing.
      expect([failed.reason, failed.exitCode]).toEqual(["Ended", 2])
    }).pipe(Effect.scoped))
})
