/** The program as a gRPC server, and as the child of another process. */
import { ConnectorV2, RateLimitV1 } from "@access-kit/baton-protocol"
import * as BatonClient from "@access-kit/baton-runtime/BatonClient"
import * as ConnectorProcess from "@access-kit/baton-runtime/ConnectorProcess"
import * as Security from "@access-kit/baton-runtime/Security"
import * as Directory from "@access-kit/scim-sandbox/Directory"
import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import { expect } from "@effect/vitest"
import { Effect } from "effect"
import { company, Program, type Running, withProgram } from "./Program.ts"

const { AccountManagerService, ConnectorService, GrantsService, ResourcesService } = ConnectorV2

/** The address that a server prints when callers can come. */
const addressOf = (running: Running) =>
  Effect.gen(function*() {
    while (!running.printed().includes("\n")) yield* Effect.sleep("20 millis")
    const [host = "", port = ""] = running.printed().trim().split(":")
    return { host, port: Number(port) }
  }).pipe(Effect.timeout("2 minutes"), Effect.orDie)

const usersOf = Effect.fnUntraced(function*(client: BatonClient.BatonClient) {
  const ids: Array<string> = []
  let pageToken = ""
  do {
    const page = yield* client.call(ResourcesService.method.listResources, { resourceTypeId: "user", pageToken })
    ids.push(...page.list.map((resource) => resource.id?.resource ?? ""))
    pageToken = page.nextPageToken
  } while (pageToken !== "")
  return ids
})

withProgram("serve", (it) => {
  it.effect("answers on loopback without TLS, changes nothing unless it may, and ends with 130 after Ctrl-C", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const sandbox = yield* Sandbox.make({ directory: yield* Directory.generate(company) })
      const { users } = yield* sandbox.directory.snapshot
      const running = yield* program.start(["serve", "--listen", "127.0.0.1:0"], { sandbox })
      const address = yield* addressOf(running)
      const client = yield* BatonClient.make({ ...address, security: Security.Plaintext() })
      const validated = yield* client.call(ConnectorService.method.validate, {})
      expect(validated.sdkVersion).toMatch(/^v\d+\.\d+\.\d+$/)
      expect((yield* usersOf(client)).toSorted()).toEqual(users.map((user) => user.id).toSorted())
      const refused = yield* Effect.flip(client.call(AccountManagerService.method.createAccount, {
        accountInfo: { login: "a@example.com", emails: [{ address: "a@example.com", isPrimary: true }] }
      }))
      expect([refused.code, refused.message]).toEqual([9, expect.stringContaining("provisioning is not enabled")])
      yield* running.kill("SIGINT")
      expect(yield* running.finished).toMatchObject({ code: 130, stdout: `${address.host}:${address.port}\n` })
    }))

  it.effect("refuses what can't be or must not be served", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const sandbox = yield* Sandbox.make()
      for (
        const [args, code, words] of [
          [["--listen", "0.0.0.0:0"], 2, "loopback"],
          [["--listen", "localhost"], 2, "HOST:PORT"],
          [["--listen", "127.0.0.1:70000"], 2, "HOST:PORT"],
          [["--tls-certificate", "only.pem"], 2, "--tls-key"],
          [["--tls-certificate", "no.pem", "--tls-key", "no.pem"], 2, "\"no.pem\" can't be read"],
          [["--listen", new URL(sandbox.baseUrl).host], 2, "Another process"]
        ] as const
      ) {
        const finished = yield* program.run(["serve", ...args], { sandbox })
        expect.soft({ args, code: finished.code, stdout: finished.stdout }).toEqual({ args, code, stdout: "" })
        expect.soft(finished.stderr).toContain(words)
      }
    }))
})

withProgram("_connector-service", (it) => {
  it.effect("serves its parent over mTLS, and may change things when a flag of the parent asks for a change", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const sandbox = yield* Sandbox.make({ directory: yield* Directory.generate(company) })
      const child = (args: ReadonlyArray<string>) =>
        ConnectorProcess.start({
          command: process.execPath,
          args: [program.path, ...args],
          cwd: program.directory,
          env: { BATON_SCIM_URL: sandbox.baseUrl, BATON_SCIM_TOKEN: sandbox.token },
          output: "ignore"
        })
      const profile = { display_name: "Child Made" }
      const request = {
        accountInfo: {
          login: "child@example.com",
          emails: [{ address: "child@example.com", isPrimary: true }],
          profile
        }
      }
      yield* Effect.scoped(Effect.gen(function*() {
        const { client } = yield* child([])
        const limit = yield* client.call(RateLimitV1.RateLimiterService.method.do, {
          requestToken: "1",
          service: "connector",
          descriptors: {
            entries: [{ key: "connector_method", value: "/c1.connector.v2.ResourcesService/ListResources" }]
          }
        })
        expect(limit.description?.status).toBe(RateLimitV1.RateLimitDescription_Status.EMPTY)
        expect((yield* usersOf(client)).length).toBe(130)
        const none = yield* client.call(GrantsService.method.listGrants, {
          resource: { id: { resourceType: "user", resource: "nobody" } }
        })
        expect(none.list).toEqual([])
        expect((yield* Effect.flip(client.call(AccountManagerService.method.createAccount, request))).code).toBe(9)
      }))
      yield* Effect.scoped(Effect.gen(function*() {
        const { client } = yield* child(["--create-account-login", "child@example.com"])
        const { result } = yield* client.call(AccountManagerService.method.createAccount, request)
        expect(result.case).toBe("success")
      }))
      expect((yield* sandbox.directory.snapshot).users.some((user) => user.userName === "child@example.com")).toBe(true)
    }))

  it.effect("says that it is for a parent process, to whoever starts it by hand", () =>
    Effect.gen(function*() {
      const program = yield* Program
      const sandbox = yield* Sandbox.make()
      const { code, stderr } = yield* program.run(["_connector-service"], { sandbox })
      expect(code).toBe(2)
      expect(stderr).toContain("parent process")
    }))
})
