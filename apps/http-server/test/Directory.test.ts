import { Grant } from "@access-kit/connector-model"
import * as Api from "@access-kit/server-api/Directory"
import * as Paging from "@access-kit/server-api/Paging"
import { assert } from "@effect/vitest"
import { Duration, Effect, Layer, Schema } from "effect"
import { SqlClient } from "effect/sql"
import { Directory, type Encoded } from "../src/Directory.ts"
import { fresh, onEachDatabase, temporaryDirectory, type TestDatabase } from "./Databases.ts"
import { account, connector, group, member, membership, people, write } from "./SnapshotFile.ts"

const C = "2mCONNECTOR0000000000000000"

const services: Layer.Layer<Directory | SqlClient.SqlClient, never, TestDatabase> = Directory.layer({
  grace: Duration.zero
}).pipe(Layer.provideMerge(fresh))

const decode = <A>(schema: Schema.Codec<A, unknown>) => (answer: Encoded): A =>
  Schema.decodeUnknownSync(Schema.fromJsonString(schema))(Buffer.from(answer.body).toString("utf8"))

const accountsOf = decode(Paging.page(Api.Account))
const groupsOf = decode(Paging.page(Api.Group))
const entitlementsOf = decode(Paging.page(Api.Entitlement))
const accessOf = decode(Api.Access)
const grantsOf = decode(Paging.page(Api.Grant))

const ids = (answer: Encoded) => accountsOf(answer).items.map((item) => item.id.resource)
const grantIds = (answer: Encoded) => grantsOf(answer).items.map((item) => item.id)

/** Every row of a listing, two at a time. */
const walk = Effect.fnUntraced(function*<E>(
  page: (request: Paging.PageRequest) => Effect.Effect<Encoded, E>,
  between: Effect.Effect<void, E> = Effect.void
) {
  const found: Array<string> = []
  let pageToken: string | undefined
  do {
    const answer = accountsOf(yield* page({ limit: 2, ...(pageToken === undefined ? {} : { pageToken }) }))
    found.push(...answer.items.map((item) => item.id.resource))
    pageToken = answer.nextPageToken
    yield* between
  } while (pageToken !== undefined)
  return found
})

const jane = account("jane", {
  displayName: "Jane Smith",
  login: "jane",
  emails: [{ address: "jane@example.com", primary: true }, { address: "js@example.org", primary: false }],
  givenName: "Jane",
  familyName: "Smith",
  profile: { team: "Ops" },
  employeeIds: ["7"],
  createdAt: "2026-01-02T03:04:05.000Z"
})

const sample = [
  ...people([
    jane,
    account("li", { displayName: "王伟", emails: [], login: "wang" }),
    account("olga", { displayName: "Ольга Ψύλλος", status: "disabled" }),
    account("strasse", { displayName: "Max STRASSE", emails: [{ address: "max@straße.example", primary: false }] }),
    account("u1"),
    account("u2", { status: "disabled" })
  ]),
  group("eng", [membership("eng", "jane"), membership("eng", "u1")], "Engineering"),
  group("ops", [membership("ops", "jane"), membership("ops", "u2")], "Operations"),
  group("empty", [], "Nobody")
]

const loaded = Effect.fnUntraced(function*(records = sample, snapshotId = "s1") {
  const directory = yield* Directory
  const { path, summary } = yield* write(yield* temporaryDirectory, snapshotId, records)
  yield* directory.load(C, snapshotId, path)
  return { directory, summary }
})

const rowsLeft = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<Record<string, number>>`SELECT
    (SELECT count(*) FROM directory_resources) AS resources,
    (SELECT count(*) FROM directory_entitlements) AS entitlements,
    (SELECT count(*) FROM directory_grants) AS grants,
    (SELECT count(*) FROM directory_search) AS search,
    (SELECT count(*) FROM directory_generations) AS generations`
  return Object.fromEntries(Object.entries(row ?? {}).map(([name, count]) => [name, Number(count)]))
})

/** Waits for the clearing that goes on in the background. */
const settled = (expected: Record<string, number>) =>
  Effect.gen(function*() {
    for (let attempt = 0; attempt < 2_000; attempt++) {
      const left = yield* rowsLeft
      if (JSON.stringify(left) === JSON.stringify(expected)) return
      yield* Effect.sleep("10 millis")
    }
    assert.deepStrictEqual(yield* rowsLeft, expected)
  })

onEachDatabase("Directory", (it) => {
  it.effect("answers what the snapshot holds, whole", () =>
    Effect.gen(function*() {
      yield* connector(C)
      const { directory } = yield* loaded()
      assert.deepStrictEqual(decode(Api.Account)(yield* directory.account(C, "jane")), jane)
      const accounts = accountsOf(yield* directory.accounts(C, {}, {}))
      assert.deepStrictEqual(accounts.items.map((item) => item.id.resource), [
        "jane",
        "li",
        "olga",
        "strasse",
        "u1",
        "u2"
      ])
      assert.isUndefined(accounts.nextPageToken)
      assert.deepStrictEqual(
        groupsOf(yield* directory.groups(C, {}, {})).items.map((item) => [item.id.resource, item.members]),
        [["empty", 0], ["eng", 2], ["ops", 2]]
      )
      assert.deepStrictEqual(decode(Api.Entitlement)(yield* directory.entitlement(C, member("eng"))), {
        id: "group:eng:member",
        resource: { resourceType: "group", resource: "eng" },
        slug: "member",
        displayName: "Engineering Member",
        description: "Member of Engineering",
        purpose: "assignment",
        grantableTo: ["user", "group"],
        resourceName: "Engineering",
        holders: 2
      })
      assert.deepStrictEqual(decode(Api.Grant)(yield* directory.grant(C, membership("ops", "u2").id)), {
        id: "group:ops:member:user:u2",
        entitlementId: "group:ops:member",
        resource: { resourceType: "group", resource: "ops" },
        resourceName: "Operations",
        principal: { resourceType: "user", resource: "u2" },
        principalName: "Person u2",
        principalEmail: "u2@example.com",
        principalStatus: "disabled"
      })
      assert.deepStrictEqual(yield* directory.findGrant(C, membership("ops", "u2").id), {
        id: "group:ops:member:user:u2",
        entitlementId: "group:ops:member",
        resource: { resourceType: "group", resource: "ops" },
        slug: "member",
        principal: { resourceType: "user", resource: "u2" }
      })
      const wrong = yield* Effect.flip(directory.account(C, "nobody"))
      assert.strictEqual(wrong._tag, "NotFound")
    }).pipe(Effect.provide(services)))

  it.effect("finds people by a part of a name, login or address in any script and case", () =>
    Effect.gen(function*() {
      yield* connector(C)
      const { directory } = yield* loaded()
      const search = (text: string) => Effect.map(directory.accounts(C, { search: text }, {}), ids)
      assert.deepStrictEqual(yield* search("SMI"), ["jane"])
      assert.deepStrictEqual(yield* search("e s"), ["jane"])
      assert.deepStrictEqual(yield* search("js@EXAMPLE.org"), ["jane"])
      assert.deepStrictEqual(yield* search("伟"), ["li"])
      assert.deepStrictEqual(yield* search("王伟"), ["li"])
      assert.deepStrictEqual(yield* search("ОЛЬГА"), ["olga"])
      assert.deepStrictEqual(yield* search("ψύλλοσ"), ["olga"])
      assert.deepStrictEqual(yield* search("straße"), ["strasse"])
      assert.deepStrictEqual(yield* search("h"), ["jane"])
      // From the end of one value to the beginning of the next nothing reaches.
      assert.deepStrictEqual(yield* search("smithjane"), [])
      assert.deepStrictEqual(yield* search("\"%_*' OR"), [])
      assert.deepStrictEqual(yield* search("no such person anywhere"), [])
      const email = (text: string) => Effect.map(directory.accounts(C, { email: text }, {}), ids)
      assert.deepStrictEqual(yield* email("JS@example.ORG"), ["jane"])
      assert.deepStrictEqual(yield* email("s@example.org"), [])
      assert.deepStrictEqual(yield* email("max@strasse.example"), ["strasse"])
      assert.deepStrictEqual(
        ids(yield* directory.accounts(C, { search: "u", status: "disabled", email: "u2@example.com" }, {})),
        ["u2"]
      )
      assert.deepStrictEqual(
        groupsOf(yield* directory.groups(C, { search: "ENG" }, {})).items.map((item) => item.id.resource),
        ["eng"]
      )
    }).pipe(Effect.provide(services)))

  it.effect("filters entitlements and grants", () =>
    Effect.gen(function*() {
      yield* connector(C)
      const { directory } = yield* loaded()
      const entitlements = (filter: Parameters<typeof directory.entitlements>[1]) =>
        Effect.map(
          directory.entitlements(C, filter, {}),
          (answer) => entitlementsOf(answer).items.map((item) => item.id)
        )
      assert.deepStrictEqual(yield* entitlements({}), [member("empty"), member("eng"), member("ops")])
      assert.deepStrictEqual(yield* entitlements({ resourceId: "eng" }), [member("eng")])
      assert.deepStrictEqual(yield* entitlements({ resourceType: "user" }), [])
      assert.deepStrictEqual(yield* entitlements({ resourceType: "group", search: "nobody" }), [member("empty")])
      assert.deepStrictEqual(yield* entitlements({ slug: "admin" }), [])
      const grants = (filter: Parameters<typeof directory.grants>[1]) =>
        Effect.map(directory.grants(C, filter, {}), grantIds)
      const [janeEng, u1Eng, janeOps, u2Ops] = [
        membership("eng", "jane").id,
        membership("eng", "u1").id,
        membership("ops", "jane").id,
        membership("ops", "u2").id
      ]
      assert.deepStrictEqual(yield* grants({}), [janeEng, u1Eng, janeOps, u2Ops])
      assert.deepStrictEqual(yield* grants({ principalId: "jane" }), [janeEng, janeOps])
      assert.deepStrictEqual(yield* grants({ entitlementId: member("ops") }), [janeOps, u2Ops])
      assert.deepStrictEqual(yield* grants({ resourceId: "eng" }), [janeEng, u1Eng])
      assert.deepStrictEqual(yield* grants({ principalStatus: "disabled" }), [u2Ops])
      assert.deepStrictEqual(yield* grants({ search: "smith" }), [janeEng, janeOps])
      assert.deepStrictEqual(yield* grants({ search: "OPERA" }), [janeOps, u2Ops])
      assert.deepStrictEqual(yield* grants({ search: "operations", principalId: "jane" }), [janeOps])
      assert.deepStrictEqual(yield* grants({ entitlementId: "none" }), [])
    }).pipe(Effect.provide(services)))

  it.effect("pages by id, and goes on after another snapshot is shown without a row twice", () =>
    Effect.gen(function*() {
      yield* connector(C)
      const { directory } = yield* loaded()
      assert.deepStrictEqual(yield* walk((page) => directory.accounts(C, {}, page)), [
        "jane",
        "li",
        "olga",
        "strasse",
        "u1",
        "u2"
      ])
      const place = yield* temporaryDirectory
      let turn = 1
      const another = Effect.gen(function*() {
        turn += 1
        // Before the place where the walk is, rows come and go.
        const { path } = yield* write(place, `s${turn}`, [...sample, ...people([account(`a${turn}`)])])
        yield* directory.load(C, `s${turn}`, path)
      }).pipe(Effect.orDie)
      assert.deepStrictEqual(yield* walk((page) => directory.accounts(C, {}, page), another), [
        "jane",
        "li",
        "olga",
        "strasse",
        "u1",
        "u2"
      ])
      const { nextPageToken } = accountsOf(yield* directory.accounts(C, {}, { limit: 1 }))
      assert.isString(nextPageToken)
      for (
        const [filter, pageToken] of [
          [{}, "nonsense"],
          [{}, ""],
          [{}, Buffer.from("[1,\"x\",[]]").toString("base64url")],
          [{ search: "x" }, nextPageToken ?? ""]
        ] as const
      ) {
        const refused = yield* Effect.flip(directory.accounts(C, filter, { pageToken }))
        assert.strictEqual(refused._tag, "InvalidInput")
      }
      const other = yield* Effect.flip(directory.groups(C, {}, { pageToken: nextPageToken ?? "" }))
      assert.strictEqual(other._tag, "InvalidInput")
    }).pipe(Effect.provide(services)))

  it.effect("shows changes at once, with counts and entity tags", () =>
    Effect.gen(function*() {
      yield* connector(C)
      const { directory } = yield* loaded()
      const before = yield* directory.accounts(C, {}, {})
      assert.strictEqual((yield* directory.accounts(C, {}, {})).etag, before.etag)
      const grant = membership("empty", "u1")
      yield* directory.apply(C, { _tag: "Granted", grant })
      yield* directory.apply(C, { _tag: "AlreadyGranted", grant })
      assert.strictEqual((yield* directory.accounts(C, {}, {})).etag, before.etag)
      assert.deepStrictEqual(grantIds(yield* directory.grants(C, { entitlementId: member("empty") }, {})), [grant.id])
      assert.strictEqual(decode(Api.Group)(yield* directory.group(C, "empty")).members, 1)
      assert.strictEqual(decode(Api.Entitlement)(yield* directory.entitlement(C, member("empty"))).holders, 1)
      yield* directory.apply(C, { _tag: "Revoked", grant })
      yield* directory.apply(C, { _tag: "AlreadyRevoked", grant })
      assert.strictEqual(decode(Api.Group)(yield* directory.group(C, "empty")).members, 0)

      yield* directory.apply(C, { _tag: "Created", account: account("new", { displayName: "Nova" }) })
      assert.deepStrictEqual(ids(yield* directory.accounts(C, { search: "nova" }, {})), ["new"])
      assert.notStrictEqual((yield* directory.accounts(C, {}, {})).etag, before.etag)
      yield* directory.apply(C, { _tag: "AlreadyExists", account: account("new", { displayName: "Nomen" }) })
      assert.deepStrictEqual(ids(yield* directory.accounts(C, { search: "nova" }, {})), [])
      assert.deepStrictEqual(ids(yield* directory.accounts(C, { search: "nomen" }, {})), ["new"])

      yield* directory.apply(C, { _tag: "Deleted", id: { resourceType: "user", resource: "new" }, remains: true })
      assert.strictEqual(decode(Api.Account)(yield* directory.account(C, "new")).status, "disabled")
      assert.deepStrictEqual(ids(yield* directory.accounts(C, { status: "disabled" }, {})), ["new", "olga", "u2"])
      yield* directory.apply(C, { _tag: "Deleted", id: { resourceType: "user", resource: "jane" }, remains: false })
      yield* directory.apply(C, { _tag: "DidNotExist", id: { resourceType: "user", resource: "u2" } })
      assert.strictEqual((yield* Effect.flip(directory.account(C, "jane")))._tag, "NotFound")
      assert.deepStrictEqual(grantIds(yield* directory.grants(C, {}, {})), [membership("eng", "u1").id])
      assert.deepStrictEqual(
        groupsOf(yield* directory.groups(C, {}, {})).items.map((item) => item.members),
        [0, 1, 0]
      )
      for (const outcome of ["WouldGrant", "WouldRevoke"] as const) {
        yield* directory.apply(C, { _tag: outcome, grant: membership("eng", "u1") })
      }
      assert.deepStrictEqual(grantIds(yield* directory.grants(C, {}, {})), [membership("eng", "u1").id])
      // A principal that nobody has described is there as what it is: an id.
      const stranger = Grant.make(member("eng"), { resourceType: "robot", resource: "r2" })
      yield* directory.apply(C, { _tag: "Granted", grant: stranger })
      assert.strictEqual(decode(Api.Grant)(yield* directory.grant(C, stranger.id)).principalName, "r2")
    }).pipe(Effect.provide(services)))

  it.effect("keeps what was changed while a sync ran or a load, and forgets what the sync saw later", () =>
    Effect.gen(function*() {
      yield* connector(C)
      const directory = yield* Directory
      const place = yield* temporaryDirectory
      yield* loaded()
      // Before the sync: the snapshot is right about it.
      yield* directory.apply(C, { _tag: "Granted", grant: membership("empty", "u2") })
      yield* Effect.sleep("20 millis")
      const { path } = yield* write(place, "s2", sample)
      // After the sync began: the snapshot may not have it.
      yield* directory.apply(C, { _tag: "Granted", grant: membership("empty", "u1") })
      yield* directory.apply(C, { _tag: "Revoked", grant: membership("eng", "jane") })
      yield* directory.apply(C, { _tag: "Created", account: account("new") })
      yield* directory.load(C, "s2", path)
      assert.deepStrictEqual(grantIds(yield* directory.grants(C, {}, {})), [
        membership("empty", "u1").id,
        membership("eng", "u1").id,
        membership("ops", "jane").id,
        membership("ops", "u2").id
      ])
      assert.include(ids(yield* directory.accounts(C, {}, {})), "new")
      assert.strictEqual(decode(Api.Group)(yield* directory.group(C, "empty")).members, 1)

      // Many changes while a load writes its rows: all of them are there afterwards.
      const many = Array.from({ length: 30 }, (_, index) => account(`m${index}`))
      const { path: third } = yield* write(place, "s3", [...sample, ...people(many)])
      yield* Effect.all([
        directory.load(C, "s3", third),
        Effect.forEach(many, ({ id }) =>
          Effect.andThen(
            directory.apply(C, { _tag: "Granted", grant: membership("ops", id.resource) }),
            Effect.sleep("1 millis")
          ))
      ], { concurrency: 2 })
      assert.strictEqual(decode(Api.Group)(yield* directory.group(C, "ops")).members, 32)
      assert.strictEqual(
        grantIds(yield* directory.grants(C, { entitlementId: member("ops") }, {})).length,
        32
      )
    }).pipe(Effect.provide(services)))

  it.effect("does not show an older snapshot over a newer one, nor one twice", () =>
    Effect.gen(function*() {
      yield* connector(C)
      const directory = yield* Directory
      const place = yield* temporaryDirectory
      const { path: older } = yield* write(place, "s1", people([account("old")]))
      yield* Effect.sleep("5 millis")
      const { path: newer } = yield* write(place, "s2", people([account("new")]))
      yield* directory.load(C, "s2", newer)
      yield* directory.load(C, "s1", older)
      assert.deepStrictEqual(ids(yield* directory.accounts(C, {}, {})), ["new"])
      yield* directory.load(C, "s2", newer)
      yield* settled({ resources: 1, entitlements: 0, grants: 0, search: 1, generations: 1 })
      const missing = yield* Effect.flip(directory.load(C, "s3", `${place}/none.c1z`))
      assert.strictEqual(missing._tag, "Unavailable")
      assert.deepStrictEqual(ids(yield* directory.accounts(C, {}, {})), ["new"])
    }).pipe(Effect.provide(services)))

  it.effect("clears what is no longer shown, and everything of a connector that goes", () =>
    Effect.gen(function*() {
      yield* connector(C)
      yield* loaded()
      const { directory } = yield* loaded(sample, "s2")
      yield* settled({ resources: 9, entitlements: 3, grants: 4, search: 12, generations: 1 })
      yield* directory.remove(C)
      yield* settled({ resources: 0, entitlements: 0, grants: 0, search: 0, generations: 0 })
      assert.deepStrictEqual(ids(yield* directory.accounts(C, {}, {})), [])
      // A load that ends after its connector was deleted leaves nothing.
      const sql = yield* SqlClient.SqlClient
      yield* sql`DELETE FROM connectors`
      yield* loaded(sample, "s3")
      assert.strictEqual((yield* Effect.flip(directory.accounts(C, {}, {})))._tag, "NotFound")
      yield* settled({ resources: 0, entitlements: 0, grants: 0, search: 0, generations: 0 })
    }).pipe(Effect.provide(services)))

  it.effect("tells what somebody has access to, through groups within groups", () =>
    Effect.gen(function*() {
      yield* connector(C)
      const nested = Grant.make(member("ops"), { resourceType: "group", resource: "eng" }, {
        entitlementIds: [member("eng")],
        shallow: false,
        resourceTypes: ["user"]
      })
      const further = Grant.make(member("all"), { resourceType: "group", resource: "ops" }, {
        entitlementIds: [member("ops")],
        shallow: true,
        resourceTypes: []
      })
      const { directory, summary } = yield* loaded([
        ...people([jane, account("u2")]),
        group("eng", [membership("eng", "jane")]),
        group("ops", [membership("ops", "u2"), nested]),
        group("all", [further])
      ])
      const access = accessOf(yield* directory.access(C, "jane"))
      assert.deepStrictEqual(access.account, jane)
      assert.deepStrictEqual(access.grants.map((grant) => grant.id), [membership("eng", "jane").id, nested.id])
      assert.strictEqual(access.asOf, new Date(summary.startedAt).toISOString())
      // Shallow: only who is in operations by a grant of their own.
      assert.deepStrictEqual(
        accessOf(yield* directory.access(C, "u2")).grants.map((grant) => grant.id),
        [further.id, membership("ops", "u2").id]
      )
      assert.strictEqual((yield* Effect.flip(directory.access(C, "eng")))._tag, "NotFound")
    }).pipe(Effect.provide(services)))

  it.effect("shows when a grant ends", () =>
    Effect.gen(function*() {
      yield* connector(C)
      const sql = yield* SqlClient.SqlClient
      const { directory } = yield* loaded()
      const id = membership("eng", "jane").id
      const before = yield* directory.grant(C, id)
      yield* sql`INSERT INTO timed_grants ${
        sql.insert({
          id: "t1",
          connector_id: C,
          grant_id: id,
          entitlement_id: member("eng"),
          target: "{}",
          principal_type: "user",
          principal_id: "jane",
          expires_at: Date.parse("2030-01-01T00:00:00Z"),
          state: "active",
          operation_id: "o",
          requested_by: "me",
          created_at: 0
        })
      }`
      const after = yield* directory.grant(C, id)
      assert.strictEqual(decode(Api.Grant)(after).expiresAt, "2030-01-01T00:00:00.000Z")
      assert.notStrictEqual(after.etag, before.etag)
      yield* sql`UPDATE timed_grants SET state = 'ended'`
      assert.strictEqual((yield* directory.grant(C, id)).etag, before.etag)
    }).pipe(Effect.provide(services)))

  it.effect("takes any id: very long ones, and characters that a database refuses", () =>
    Effect.gen(function*() {
      yield* connector(C)
      const long = "x".repeat(3_000)
      const odd = "a\u0000b:c/d \"e' 🙂"
      const { directory } = yield* loaded([
        ...people([account(`${long}1`, { displayName: "\u0000" }), account(`${long}2`), account(odd)]),
        group(long, [membership(long, `${long}1`), membership(long, `${long}2`), membership(long, odd)])
      ])
      assert.deepStrictEqual(ids(yield* directory.accounts(C, {}, {})).toSorted(), [odd, `${long}1`, `${long}2`])
      assert.strictEqual(decode(Api.Account)(yield* directory.account(C, odd)).id.resource, odd)
      for (const id of [`${long}1`, odd]) {
        const grant = membership(long, id)
        // The one character that PostgreSQL has no place for is replaced.
        assert.strictEqual(
          decode(Api.Grant)(yield* directory.grant(C, grant.id)).id,
          grant.id.replaceAll("\u0000", "\ufffd")
        )
        assert.strictEqual((yield* directory.findGrant(C, grant.id)).principal.resource, id)
      }
      assert.strictEqual(decode(Api.Group)(yield* directory.group(C, long)).members, 3)
      assert.deepStrictEqual((yield* walk((page) => directory.accounts(C, {}, page))).length, 3)
    }).pipe(Effect.provide(services)))

  it.effect("finds the same with the index and without it", () =>
    Effect.gen(function*() {
      yield* connector(C)
      // More rows than a search fetches by the index.
      const many = Array.from({ length: 1_300 }, (_, index) =>
        account(`p${String(index).padStart(4, "0")}`, { displayName: index % 650 === 649 ? "Zoë Ζωή" : "Same Name" }))
      const { directory } = yield* loaded([
        ...people(many),
        group(
          "g",
          many.map(({ id }) =>
            membership("g", id.resource)
          ),
          "Everybody"
        )
      ])
      assert.deepStrictEqual(ids(yield* directory.accounts(C, { search: "same" }, { limit: 3 })), [
        "p0000",
        "p0001",
        "p0002"
      ])
      assert.deepStrictEqual(ids(yield* directory.accounts(C, { search: "ΖΩΉ" }, {})), ["p0649", "p1299"])
      // A whole address, a part of one, a domain, and a term that only its end tells apart.
      assert.deepStrictEqual(ids(yield* directory.accounts(C, { email: "P0777@example.com" }, {})), ["p0777"])
      assert.deepStrictEqual(ids(yield* directory.accounts(C, { search: "0777@exam" }, {})), ["p0777"])
      assert.deepStrictEqual(ids(yield* directory.accounts(C, { search: "p0778@example.co" }, {})), ["p0778"])
      assert.deepStrictEqual(ids(yield* directory.accounts(C, { search: "@example.com" }, { limit: 1 })), ["p0000"])
      assert.deepStrictEqual(ids(yield* directory.accounts(C, { search: "@example.com.invalid" }, {})), [])
      assert.deepStrictEqual(ids(yield* directory.accounts(C, { search: "same name zoë" }, {})), [])
      assert.deepStrictEqual(grantIds(yield* directory.grants(C, { search: "zoë" }, {})), [
        membership("g", "p0649").id,
        membership("g", "p1299").id
      ])
      const first = grantsOf(yield* directory.grants(C, { search: "everybody" }, { limit: 500 }))
      const second = grantsOf(
        yield* directory.grants(C, { search: "everybody" }, { limit: 500, pageToken: first.nextPageToken ?? "" })
      )
      assert.deepStrictEqual(
        [...first.items, ...second.items].map((item) => item.principal.resource),
        many.slice(0, 1_000).map(({ id }) => id.resource)
      )
    }).pipe(Effect.provide(services)))
})
