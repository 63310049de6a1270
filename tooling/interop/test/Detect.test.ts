/**
 * What `Detect` finds at servers of others, beside what is known of them.
 */
import { Detect, type ScimClient } from "@access-kit/scim-core"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { describe, expect, it } from "@effect/vitest"
import { Effect, Redacted } from "effect"
import * as Scimmy from "../src/Scimmy.ts"
import { connect } from "./connect.ts"
import { needing } from "./needing.ts"
import * as Populated from "./Populated.ts"

interface Server {
  readonly baseUrl: string
  readonly token: Redacted.Redacted<string>
}

const detect = Effect.fnUntraced(function*(server: Server, client: ScimClient.ScimClient["Service"]) {
  const rows = Effect.map(
    Effect.all([client.users.list(), client.groups.list()]),
    ([users, groups]) => [...users.resources, ...groups.resources].map(({ raw }) => raw)
  )
  const before = yield* rows
  const report = yield* Detect.run(client)
  expect(yield* rows).toEqual(before)
  const text = `${Detect.print(report)}${JSON.stringify(report)}`
  const { host } = new URL(server.baseUrl)
  for (
    const secret of [
      Redacted.value(server.token),
      host,
      "aurora.example",
      ...before.map((row) => String(row["id"]))
    ]
  ) {
    expect(text).not.toContain(secret)
  }
  return {
    report,
    answers: Object.fromEntries(report.observations.map(({ answer, subject }) => [subject, answer]))
  }
})

needing("python", "Detect with scim2-server", (bin) => {
  const { populated } = Populated.of(bin)

  it.live("finds everything that it has", () =>
    Effect.gen(function*() {
      const { ids, scim, server } = yield* populated(30, {
        pagination: { cursor: true, index: true, defaultPaginationMethod: "cursor" }
      })
      yield* scim.groups.create({ displayName: "Crew", members: ids.slice(0, 2) })
      const { answers, report } = yield* detect(server, scim)
      expect(answers).toMatchObject({
        "ServiceProviderConfig": "yes",
        "list of users": "yes",
        "totalResults": "yes",
        "count": "yes",
        "startIndex": "yes",
        "cursors (RFC 9865)": "yes",
        "filter by userName": "yes",
        "filter regardless of case": "yes",
        "filter by externalId": "yes",
        "attributes": "yes",
        "404 for an unknown id": "yes",
        "entity tags": "yes",
        "/.search": "yes",
        "members in the list of groups": "yes",
        "excludedAttributes": "yes"
      })
      expect(report.dialect).toMatchObject({ paging: "cursor", etag: true, search: true, filter: true, patch: true })
      // What was found works.
      const found = yield* connect(server, { dialect: report.dialect })
      expect((yield* found.users.list()).resources.map(({ id }) => id).sort()).toEqual(ids)
    }).pipe(Effect.provide(NodeServices.layer)))

  it.live("finds what it was told to leave out", () =>
    Effect.gen(function*() {
      const off = { supported: false }
      const { scim, server } = yield* populated(5, {
        patch: off,
        etag: off,
        sort: off,
        filter: { supported: false, maxResults: 100 }
      })
      const { answers, report } = yield* detect(server, scim)
      expect(answers).toMatchObject({
        "filter by userName": "no",
        "filter by externalId": "no",
        "entity tags": "no"
      })
      expect(report.dialect).toMatchObject({ patch: false, filter: false, etag: false })
      expect(report.differences.map(({ name }) => name)).toEqual(expect.arrayContaining(["patch", "filter", "etag"]))
    }).pipe(Effect.provide(NodeServices.layer)))
})

describe("Detect with scimmy", () => {
  it.live("finds what it has, and its habits", () =>
    Effect.gen(function*() {
      const server = yield* Scimmy.start()
      const scim = yield* connect(server)
      const users = yield* Effect.forEach([1, 2, 3], (number) => scim.users.create(Populated.person(number)))
      yield* scim.groups.create({ displayName: "Ops", members: users.map(({ id }) => id) })
      const { answers, report } = yield* detect(server, scim)
      expect(answers).toMatchObject({
        "list of users": "yes",
        "totalResults": "yes",
        "startIndex": "yes",
        "cursors (RFC 9865)": "no",
        "filter by userName": "yes",
        // RFC 7643 has userName regardless of case; scimmy compares it to the letter.
        "filter regardless of case": "no",
        "404 for an unknown id": "yes",
        "/.search": "yes",
        "members in the list of groups": "yes"
      })
      expect(report.differences).toEqual([
        { name: "membersInList", here: undefined, there: true },
        { name: "etag", here: true, there: false }
      ])
    }))
})
