/** Questions to snapshots: baton's own answers as the measure, and what baton has no answer for. */
import { UserTraitSchema } from "@access-kit/baton-protocol/ConnectorV2"
import { GrantSchema, ResourceSchema } from "@access-kit/baton-protocol/ConnectorV2"
import { registry } from "@access-kit/baton-protocol/Registry"
import {
  Access,
  AccessReview,
  BatonJson,
  C1z,
  type C1zError,
  Diff,
  Entitlements,
  Export,
  Grants,
  Page,
  Prune,
  Resources,
  Snapshot,
  Stats,
  Verify
} from "@access-kit/c1z"
import { fromBinary, toBinary, toJson } from "@bufbuild/protobuf"
import { anyPack, anyUnpack } from "@bufbuild/protobuf/wkt"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema, Stream } from "effect"
import { readXlsx } from "hucre/xlsx"
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import * as Directory from "./Directory.ts"
import * as Samples from "./Samples.ts"

const snapshotOf = (path: string, options: Snapshot.Options = {}) =>
  Effect.flatMap(C1z.open(path), (file) => Snapshot.of(file, options))

const sample = snapshotOf(Samples.path("v1-sync.c1z"))

const Grouped = Schema.Struct({ grants: Schema.Array(Schema.Struct({ grant: Schema.Unknown })) })

const golden = (name: string): unknown => JSON.parse(readFileSync(Samples.path(`golden/v1-sync.${name}.json`), "utf8"))

const all = Stream.runCollect

const text = <E, R>(pieces: Stream.Stream<string, E, R>) => Effect.map(all(pieces), (found) => found.join(""))

describe("BatonJson", () => {
  const ANSWERS: Readonly<Record<string, (snapshot: Snapshot.Snapshot) => ReturnType<typeof BatonJson.stats>>> = {
    "resource-types": BatonJson.resourceTypes,
    resources: BatonJson.resources,
    entitlements: BatonJson.entitlements,
    grants: BatonJson.grants,
    principals: BatonJson.principals,
    stats: BatonJson.stats,
    syncs: (snapshot) => BatonJson.syncs(snapshot.file),
    "access-u-alice": (snapshot) => BatonJson.access(snapshot, { type: "user", id: "u-alice" })
  }
  for (const [name, answer] of Object.entries(ANSWERS)) {
    it.effect(`answers ${name} as baton does`, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* Samples.json(answer(yield* sample)), golden(name))
      }).pipe(Effect.scoped))
  }

  it.effect("escapes what JSON has to escape, wherever it stands", () =>
    Effect.gen(function*() {
      const path = join(yield* Directory.temporary, "sync.c1z")
      const odd = "ü\"\\\n\u0007😀"
      yield* Directory.sync(path, [[
        Directory.account(odd, { displayName: odd }),
        Directory.group(`g${odd}`, [odd], { displayName: odd })
      ]])
      const answer = yield* Samples.json(BatonJson.grants(yield* snapshotOf(path)))
      assert.match(JSON.stringify(answer), /😀/)
      assert.deepNestedPropertyVal(answer, "grants[0].grant.principal.id.resource", odd)
      assert.deepNestedPropertyVal(answer, "grants[0].grant.id", `group:g${odd}:member:user:${odd}`)
      assert.deepNestedPropertyVal(answer, "grants[0].principal.displayName", odd)
    }).pipe(Effect.scoped))

  it.effect("answers for grants of every kind what their messages say, also in chunks that are used again", () =>
    Effect.gen(function*() {
      const path = join(yield* Directory.temporary, "sync.c1z")
      const people = Array.from({ length: 900 }, (_, index) => index % 7 === 0 ? `odd "${index}"` : `u${index}`)
      const nested = {
        id: "of its own",
        entitlementId: "group:g1:member",
        principal: { resourceType: "group", resource: "g2" },
        expandable: { entitlementIds: ["group:g2:member"], shallow: false, resourceTypes: ["user"] }
      }
      const first = Directory.group("g1", people)
      yield* Directory.sync(path, [
        people.map((id) => Directory.account(id)),
        [{ ...first, grants: [...first.grants, nested] }, Directory.group("g2", people.slice(300))],
        // Entitlements that take turns row by row.
        ...people.slice(0, 100).map((id, index) => [Directory.group(`h${index}`, [id])])
      ])
      const file = yield* C1z.open(path)
      const snapshot = yield* Snapshot.of(file)
      const messages = (yield* all(file.grants())).map((row) => toJson(GrantSchema, row.message, { registry }))
      for (const filter of [{}, { type: "group" }]) {
        const plain = yield* Samples.json(BatonJson.grants(snapshot, filter))
        assert.deepStrictEqual(
          Schema.decodeUnknownSync(Grouped)(plain).grants.map((row) => row.grant),
          messages
        )
        // A copy at once, as whoever writes a chunk before asking for the next.
        const copies = Stream.map(
          BatonJson.grants(snapshot, filter, { reuse: true }),
          (chunk) => Uint8Array.from(chunk)
        )
        assert.deepStrictEqual(yield* Samples.json(copies), plain)
      }
      const one = yield* Samples.json(BatonJson.grants(snapshot, { entitlementId: "group:g2:member" }))
      assert.strictEqual(Schema.decodeUnknownSync(Grouped)(one).grants.length, 600)
    }).pipe(Effect.scoped))

  it.effect("says in baton's words what is missing, and prints {} for nothing", () =>
    Effect.gen(function*() {
      const path = yield* Samples.changed("v1-sync.c1z", (database) => {
        database.exec("DELETE FROM v1_resources WHERE external_id = 'user:u-bob'")
      })
      const snapshot = yield* snapshotOf(path)
      const answer = JSON.stringify(yield* Samples.json(BatonJson.grants(snapshot)))
      assert.include(answer, "MISSING RESOURCE (user:u-bob)")
      assert.deepStrictEqual(yield* Samples.json(BatonJson.resources(snapshot, { type: "nothing" })), {})
    }).pipe(Effect.scoped))
})

describe("listings", () => {
  it.effect("go on where a page ended, in the same order", () =>
    Effect.gen(function*() {
      const path = join(yield* Directory.temporary, "sync.c1z")
      yield* Directory.sync(path, Directory.pages(700, 3, 650))
      const snapshot = yield* snapshotOf(path)
      type List = (after?: string) => Stream.Stream<{ readonly id: string; readonly cursor: string }, C1zError.C1zError>
      const lists: Readonly<Record<string, List>> = {
        resources: (after?: string) => Resources.list(snapshot, after === undefined ? {} : { after }),
        grants: (after?: string) => Grants.list(snapshot, after === undefined ? {} : { after }),
        principals: (after?: string) => Resources.principals(snapshot, after === undefined ? {} : { after })
      }
      for (const [name, list] of Object.entries(lists)) {
        const whole = (yield* all(list())).map((row) => row.id)
        const pages: Array<string> = []
        let after: string | undefined
        for (;;) {
          const page: ReadonlyArray<{ readonly id: string; readonly cursor: string }> = yield* all(
            Stream.take(list(after), 97)
          )
          if (page.length === 0) break
          pages.push(...page.map((row) => row.id))
          after = yield* Page.cursor(name, Page.token(name, page.at(-1)?.cursor ?? ""))
        }
        assert.isAbove(whole.length, 600)
        assert.deepStrictEqual(pages, whole)
      }
    }).pipe(Effect.scoped))

  it.effect("refuse a token of another question", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Page.cursor(["grants", "b"], Page.token(["grants", "a"], "1")))
      assert.strictEqual(error.reason._tag, "InvalidPageToken")
      assert.strictEqual((yield* Effect.flip(Page.cursor("x", "%%%"))).reason._tag, "InvalidPageToken")
    }))

  it.effect("filter by text, e-mail, status, type and slug", () =>
    Effect.gen(function*() {
      const path = join(yield* Directory.temporary, "sync.c1z")
      yield* Directory.sync(path, [[
        Directory.account("a", { displayName: "Ada", status: "disabled" }),
        Directory.account("b", { displayName: "Bob" }),
        Directory.group("g", ["a", "b"], { displayName: "Engineers" })
      ]])
      const snapshot = yield* snapshotOf(path)
      const ids = <A extends { readonly id: string }, E, R>(rows: Stream.Stream<A, E, R>) =>
        Effect.map(all(rows), (found) => found.map((row) => row.id))
      assert.deepStrictEqual(yield* ids(Resources.list(snapshot, { type: "user" })), ["a", "b"])
      assert.deepStrictEqual(yield* ids(Resources.list(snapshot, { text: "ENGIN" })), ["g"])
      assert.deepStrictEqual(yield* ids(Resources.list(snapshot, { email: "B@EXAMPLE.COM" })), ["b"])
      assert.deepStrictEqual(yield* ids(Resources.list(snapshot, { status: "disabled" })), ["a"])
      assert.deepStrictEqual(yield* ids(Grants.list(snapshot, { status: "disabled" })), ["group:g:member:user:a"])
      assert.deepStrictEqual(yield* ids(Grants.list(snapshot, { slug: "owner" })), [])
      assert.deepStrictEqual(yield* ids(Grants.list(snapshot, { slug: "member", email: "b@example.com" })), [
        "group:g:member:user:b"
      ])
      assert.deepStrictEqual((yield* all(Entitlements.list(snapshot))).map((row) => row.holders), [2])
      assert.strictEqual((yield* Resources.find(snapshot, "b@example.com")).id, "b")
      assert.strictEqual((yield* Effect.flip(Resources.find(snapshot, "nobody"))).reason._tag, "NotFound")
      assert.strictEqual((yield* Stats.of(snapshot)).principals, 2)
    }).pipe(Effect.scoped))
})

describe("Access", () => {
  it.effect("finds what follows from groups within groups in a file that was written without working it out", () =>
    Effect.gen(function*() {
      for (const name of ["v1-sync.c1z", "v1-minimal.c1z"]) {
        const snapshot = yield* snapshotOf(Samples.path(name))
        const alice = yield* Resources.find(snapshot, "alice@example.com")
        const { rows } = yield* Access.of(snapshot, alice)
        assert.deepStrictEqual(rows.map((row) => [row.entitlement.id, row.direct, row.via]), [
          ["group:g-all:member", false, ["group:g-eng:member"]],
          ["group:g-eng:member", true, []]
        ])
        const why = yield* Access.explain(snapshot, alice, "group:g-all:member")
        assert.strictEqual(why.held, true)
        assert.deepStrictEqual(why.paths.map((path) => path.map((step) => step.entitlementId)), [
          ["group:g-eng:member", "group:g-all:member"]
        ])
      }
    }).pipe(Effect.scoped))

  it.effect("explains nothing to whoever does not hold it", () =>
    Effect.gen(function*() {
      const snapshot = yield* sample
      const carol = yield* Resources.find(snapshot, "carol")
      const why = yield* Access.explain(snapshot, carol, "group:g-eng:member")
      assert.deepStrictEqual([why.held, why.paths], [false, []])
    }).pipe(Effect.scoped))
})

describe("Verify", () => {
  it.effect("finds nothing in a sound file", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* all(Verify.findings(yield* sample)), [])
    }).pipe(Effect.scoped))

  const PLANTED: Readonly<Record<string, readonly [sql: string, check: Verify.Check, kind: Verify.Finding["kind"]]>> = {
    "a missing principal": ["DELETE FROM v1_resources WHERE external_id = 'user:u-bob'", "missing-principal", "grant"],
    "a missing resource": [
      "DELETE FROM v1_resources WHERE external_id = 'group:g-eng'",
      "missing-resource",
      "entitlement"
    ],
    "a missing entitlement": [
      "DELETE FROM v1_entitlements WHERE external_id = 'group:g-eng:member'",
      "missing-entitlement",
      "grant"
    ],
    "a missing resource type": [
      "DELETE FROM v1_resource_types WHERE external_id = 'user'",
      "missing-resource-type",
      "resource"
    ],
    "a repeated id": [
      "DROP INDEX idx_grants_external_sync_v1; INSERT INTO v1_grants SELECT id + 100, resource_type_id, resource_id, entitlement_id, "
      + "principal_resource_type_id, principal_resource_id, external_id, expansion, needs_expansion, data, sync_id, discovered_at FROM v1_grants WHERE id = 1",
      "duplicate-id",
      "grant"
    ],
    "a row that can't be decoded": [
      "UPDATE v1_entitlements SET data = x'ffff' WHERE id = 1",
      "undecodable",
      "entitlement"
    ],
    "a resource without its trait": [
      "UPDATE v1_resources SET data = x'0A0F0A04757365721207752D616C696365' WHERE external_id = 'user:u-alice'",
      "missing-trait",
      "resource"
    ],
    "a sync that was not finished": ["UPDATE v1_sync_runs SET ended_at = NULL", "unfinished-sync", "sync"],
    "counts that are not true": [
      "UPDATE v1_sync_runs SET stats = replace(stats, '\"grants\":6', '\"grants\":7')",
      "wrong-counts",
      "sync"
    ]
  }
  for (const [what, [sql, check, kind]] of Object.entries(PLANTED)) {
    it.effect(`finds ${what}`, () =>
      Effect.gen(function*() {
        const path = yield* Samples.changed("v1-sync.c1z", (database) => database.exec(sql))
        const found = yield* all(Verify.findings(yield* snapshotOf(path)))
        assert.isTrue(
          found.some((finding) => finding.check === check && finding.kind === kind),
          JSON.stringify(found.map((finding) => [finding.check, finding.kind]))
        )
      }).pipe(Effect.scoped))
  }

  it.effect("finds addresses that are none", () =>
    Effect.gen(function*() {
      const path = join(yield* Directory.temporary, "sync.c1z")
      const emails = [{ address: "not an address", primary: true }]
      yield* Directory.sync(path, [[Directory.account("a", { emails })]])
      const found = yield* all(Verify.findings(yield* snapshotOf(path)))
      assert.deepStrictEqual(found.map((finding) => finding.check), ["bad-email"])
    }).pipe(Effect.scoped))
})

describe("Diff", () => {
  const between = (before: string, after: string, options: { readonly from?: string } = {}) =>
    Effect.gen(function*() {
      const left = yield* snapshotOf(before, options.from === undefined ? {} : { syncId: options.from })
      return yield* all(Diff.changes(left, yield* snapshotOf(after)))
    })

  it.effect("sees what changed between two syncs of a file, and nothing that did not", () =>
    Effect.gen(function*() {
      const path = Samples.path("v1-two-syncs.c1z")
      const changes = yield* between(path, path, { from: "3MWOmhyWiOY0bs76XpCrLdHvfoa" })
      assert.deepStrictEqual(changes.map((change) => [change.change, change.kind, change.id]), [
        ["deleted", "resource", "user:u-carol"],
        ["created", "resource", "user:u-dave"],
        ["deleted", "grant", "group:g-all:member:user:u-carol"],
        ["created", "grant", "group:g-all:member:user:u-dave"]
      ])
    }).pipe(Effect.scoped))

  it.effect("is in baton's words what baton says, without the rows in which nothing changed", () =>
    Effect.gen(function*() {
      const path = Samples.path("v1-two-syncs.c1z")
      const before = yield* snapshotOf(path, { syncId: "3MWOmhyWiOY0bs76XpCrLdHvfoa" })
      const ours = yield* Samples.json(BatonJson.diff(Diff.changes(before, yield* snapshotOf(path))))
      const theirs = JSON.parse(readFileSync(Samples.path("golden/v1-two-syncs.diff.json"), "utf8"))
      // Alice and Bob, whom baton takes for changed because the same map is in another order.
      assert.strictEqual(theirs.resources.modified.length, 2)
      delete theirs.resources.modified
      assert.deepStrictEqual(ours, theirs)
    }).pipe(Effect.scoped))

  it.effect("is none between equal directories that were synced by different writers' orders", () =>
    Effect.gen(function*() {
      const path = yield* Samples.changed("v1-sync.c1z", (database) => {
        for (const { data, id } of database.prepare("SELECT id, data FROM v1_resources").all()) {
          if (!(data instanceof Uint8Array)) throw new Error("no data")
          const resource = fromBinary(ResourceSchema, data)
          resource.annotations = resource.annotations.map((annotation) => {
            const user = anyUnpack(annotation, UserTraitSchema)
            if (user?.profile === undefined) return annotation
            user.profile = Object.fromEntries(Object.entries(user.profile).reverse())
            return anyPack(UserTraitSchema, user)
          })
          database.prepare("UPDATE v1_resources SET data = ?, discovered_at = '2000-01-01 00:00:00' WHERE id = ?")
            .run(toBinary(ResourceSchema, resource), Number(id))
        }
      })
      assert.deepStrictEqual(yield* between(Samples.path("v1-sync.c1z"), path), [])
    }).pipe(Effect.scoped))

  it.effect("names the fields, and does not count a renamed group once more for each of its members", () =>
    Effect.gen(function*() {
      const directory = yield* Directory.temporary
      const write = (name: string, title: string, status: "enabled" | "disabled") => {
        const path = join(directory, name)
        return Effect.as(
          Directory.sync(path, [[
            Directory.account("a", { status }),
            Directory.account("b"),
            Directory.group("g", ["a", "b"], { displayName: title })
          ]]),
          path
        )
      }
      const changes = yield* between(yield* write("1", "Old", "enabled"), yield* write("2", "New", "disabled"))
      assert.deepStrictEqual(
        changes.map((
          change
        ) => [change.kind, change.id, change.fields.map((field) => [field.path, field.before, field.after])]),
        [
          ["resource", "group:g", [["displayName", "Old", "New"]]],
          ["resource", "user:a", [["status.status", "RESOURCE_STATUS_ENABLED", "RESOURCE_STATUS_DISABLED"]]]
        ]
      )
    }).pipe(Effect.scoped))
})

describe("Export", () => {
  it.effect("writes the rows of baton's CSV", () =>
    Effect.gen(function*() {
      const lines = (csv: string) => csv.split(/\r?\n/).filter((line) => line !== "")
      const [heading, ...ours] = lines(yield* text(Export.csv(yield* sample)))
      const [theirHeading, ...theirs] = lines(readFileSync(Samples.path("golden/v1-sync.csv"), "utf8"))
      assert.strictEqual(heading, theirHeading)
      assert.deepStrictEqual(ours.sort(), theirs.sort())
    }).pipe(Effect.scoped))

  it.effect("writes the same table as XLSX, grants as Parquet and everything as SQLite, for their own readers", () =>
    Effect.gen(function*() {
      const directory = yield* Directory.temporary
      const snapshot = yield* sample
      yield* Export.xlsx(snapshot, join(directory, "a.xlsx"))
      const workbook = yield* Effect.promise(() => readXlsx(readFileSync(join(directory, "a.xlsx"))))
      const rows = workbook.sheets[0]?.rows ?? []
      assert.strictEqual(rows.length, 11)
      assert.deepStrictEqual(rows[1]?.slice(0, 6).map((cell) => cell ?? ""), [
        "Identity",
        "",
        "alice",
        "",
        "Enabled",
        "alice@example.com"
      ])

      yield* Export.parquet(snapshot, join(directory, "a.parquet"))
      const file = yield* Effect.promise(() => asyncBufferFromFile(join(directory, "a.parquet")))
      const grants = yield* Effect.promise(() => parquetReadObjects({ file }))
      assert.strictEqual(grants.length, 6)
      assert.include(grants[2], {
        grant_id: "group:g-eng:member:user:u-alice",
        principal_email: "alice@example.com",
        resource_name: "Engineering",
        direct: true
      })

      yield* Export.sqlite(snapshot, join(directory, "a.db"))
      const database = new DatabaseSync(join(directory, "a.db"), { readOnly: true })
      const held = database.prepare(
        "SELECT resource_name AS name FROM access WHERE email = 'alice@example.com' ORDER BY 1"
      ).all()
      assert.deepStrictEqual(held.map((row) => row["name"]), ["All Staff", "Engineering"])
      database.close()

      const lines = (yield* text(Export.ndjson(snapshot))).trim().split("\n").map((line): unknown => JSON.parse(line))
      assert.strictEqual(lines.length, 1 + 2 + 5 + 2 + 6)
      assert.deepStrictEqual(Samples.leftIn(directory), ["a.db", "a.parquet", "a.xlsx"])
    }).pipe(Effect.scoped))

  it.effect("keeps spreadsheets from taking a name for a formula", () =>
    Effect.gen(function*() {
      const path = join(yield* Directory.temporary, "sync.c1z")
      yield* Directory.sync(path, [[Directory.group("g", [], { displayName: "=cmd|' /C calc'!A0" })]])
      assert.include(yield* text(Export.csv(yield* snapshotOf(path))), "'=cmd")
    }).pipe(Effect.scoped))

  it.effect("leaves nothing where the output can't be written", () =>
    Effect.gen(function*() {
      const directory = yield* Directory.temporary
      const error = yield* Effect.flip(Export.sqlite(yield* sample, join(directory, "no", "such.db")))
      assert.strictEqual(error.reason._tag, "InvalidTarget")
      assert.deepStrictEqual(Samples.leftIn(directory), [])
    }).pipe(Effect.scoped))
})

describe("AccessReview", () => {
  it.effect("shows disabled accounts with access first, and makes no markup of names", () =>
    Effect.gen(function*() {
      const path = join(yield* Directory.temporary, "sync.c1z")
      yield* Directory.sync(path, [[
        Directory.account("a", { displayName: "<script>alert(1)</script>", status: "disabled" }),
        Directory.account("b", { displayName: "Bob & Co" }),
        Directory.group("g", ["a", "b"])
      ]])
      const page = yield* text(AccessReview.page(yield* snapshotOf(path), { now: 0, title: "Q3 <review>" }))
      assert.notInclude(page, "<script")
      assert.include(page, "Q3 &lt;review&gt;")
      assert.include(page, "Bob &amp; Co")
      const attention = page.slice(page.indexOf("id=\"attention\""), page.indexOf("id=\"groups\""))
      assert.include(attention, "&lt;script&gt;")
      assert.notInclude(attention, "Bob")
      assert.notMatch(page, /(?:src|href)="(?!#)/)
    }).pipe(Effect.scoped))
})

describe("Prune", () => {
  it.effect("keeps the latest syncs, in the file itself", () =>
    Effect.gen(function*() {
      const path = yield* Samples.changed("v1-two-syncs.c1z", () => undefined)
      const file = yield* C1z.open(path)
      const plan = yield* Prune.plan(file, { keep: 1 })
      assert.deepStrictEqual(plan.remove.map((sync) => sync.id), ["3MWOmhyWiOY0bs76XpCrLdHvfoa"])
      yield* Prune.prune(file, plan, path)
      const pruned = yield* C1z.open(path)
      assert.deepStrictEqual((yield* all(pruned.syncRuns)).map((sync) => sync.id), ["3MWOmxt8WvaFb3FRucUt5pD3W2y"])
      assert.strictEqual((yield* all(pruned.grants())).length, 6)
      const before = yield* snapshotOf(Samples.path("v1-two-syncs.c1z"))
      assert.deepStrictEqual(yield* all(Diff.changes(before, yield* Snapshot.of(pruned))), [])
    }).pipe(Effect.scoped))
})
