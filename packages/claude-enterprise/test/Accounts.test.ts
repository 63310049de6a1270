import * as Connector from "@access-kit/connector-model/Connector"
import { Profile } from "@access-kit/scim-sandbox"
import { assert, describe, expect } from "@effect/vitest"
import { Effect, Stream } from "effect"
import { first, type Organization, requests, test } from "./Organization.ts"

const read = (org: Organization) =>
  Stream.runCollect(Connector.records(org.users, { include: "everything", concurrency: 4 }))

const remove = ({ users }: Organization, id: string, dryRun?: boolean) => {
  assert(users.delete !== undefined)
  return users.delete(id, dryRun === undefined ? undefined : { dryRun })
}

const names = (found: ReadonlyArray<{ readonly id: { readonly resource: string } }>) =>
  found.map((account) => account.id.resource).sort()

describe("Accounts", () => {
  describe("list", () => {
    test("reads everybody, page after page, as the directory has them", (org) =>
      Effect.gen(function*() {
        const records = yield* read(org)
        expect(records.every((record) => record.entitlements.length === 0 && record.grants.length === 0)).toBe(true)
        const { users } = yield* org.sandbox.directory.snapshot
        const seen = records.map(({ resource }) => {
          assert(resource._tag === "Account")
          return {
            id: resource.id.resource,
            userName: resource.login,
            email: resource.emails.find((email) => email.primary)?.address,
            active: resource.status === "enabled",
            ...(resource.givenName === undefined ? {} : { givenName: resource.givenName }),
            ...(resource.familyName === undefined ? {} : { familyName: resource.familyName }),
            ...(resource.externalId === undefined ? {} : { externalId: resource.externalId })
          }
        })
        const there = users.map(({ deleted: _deleted, displayName: _displayName, ...user }) => user)
        const byId = (a: { readonly id: string }, b: { readonly id: string }) => a.id < b.id ? -1 : 1
        expect(seen.sort(byId)).toEqual(there.sort(byId))
      }), { size: { users: 95, groups: 1, memberships: 0, disabledRatio: 0.2 }, settings: { scimPageSize: 10 } })

    test("offers the rest of the list at once, and says how long it is", (org) =>
      Effect.gen(function*() {
        const page = yield* org.users.list({ include: "everything" })
        expect(page.total).toBe(30)
        expect(page.items).toHaveLength(10)
        expect((page.siblings ?? []).length + (page.next === undefined ? 0 : 1)).toBeGreaterThan(1)
      }), { settings: { scimPageSize: 10 } })

    test("gives fewer rows where fewer are wished for", (org) =>
      Effect.gen(function*() {
        const page = yield* org.users.list({ include: "everything", pageSize: 4 })
        expect(page.items).toHaveLength(4)
      }))

    test("knows its own cursors only", (org) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(org.users.list({ include: "everything", cursor: "made up" }))
        expect(error.reason).toMatchObject({ _tag: "InvalidInput", field: "cursor" })
      }))

    test("notes who may or may not be active", (org) =>
      Effect.gen(function*() {
        yield* org.sandbox.directory.insert("User", { userName: "odd@aurora.example" }, "odd")
        const page = yield* org.users.list({ include: "everything" })
        expect(page.notes).toContainEqual(expect.objectContaining({ code: "account-status-unknown", count: 1 }))
        const odd = page.items.find((record) => record.resource.id.resource === "odd")
        expect(odd?.resource).toMatchObject({ status: "unknown" })
      }))

    test("notes what it had to forgive", (org) =>
      Effect.gen(function*() {
        yield* org.sandbox.directory.insert("User", { userName: "odd@aurora.example", active: "True" }, "odd")
        const page = yield* org.users.list({ include: "everything" })
        expect(page.notes?.map((note) => note.code)).toContain("scim-boolean-form")
      }))

    test("fails when the server sends fewer rows than it announces", (org) =>
      Effect.gen(function*() {
        yield* org.sandbox.faults.set({ name: "totalResults", as: "tooLarge" })
        const error = yield* Effect.flip(read(org))
        expect(["IncompleteListing", "DirectoryChanged"]).toContain(error.reason._tag)
      }))

    test("fails as a change of the directory when the announced length changes", (org) =>
      Effect.gen(function*() {
        yield* org.sandbox.faults.set({ name: "totalDrift", by: 3 })
        const error = yield* Effect.flip(read(org))
        expect(error.reason).toMatchObject({ _tag: "DirectoryChanged", resourceType: "user" })
        expect(error.isRetryable).toBe(true)
      }), { settings: { scimPageSize: 10 } })
  })

  describe("get", () => {
    test("reads one account", (org) =>
      Effect.gen(function*() {
        const person = first(org.directory.users)
        const { resource } = yield* org.users.get(person.id)
        expect(resource).toMatchObject({ _tag: "Account", id: { resource: person.id }, login: person.userName })
      }))

    test("names the account that is not there", (org) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(org.users.get("a/b c"))
        expect(error.reason).toMatchObject({ _tag: "NotFound", resourceType: "user", key: "a/b c" })
      }))
  })

  describe("find", () => {
    test("goes by id, user name, e-mail address and display name, whatever the case", (org) =>
      Effect.gen(function*() {
        const id = yield* org.sandbox.directory.create("User", {
          userName: "ada.login@aurora.example",
          displayName: "Ada \"The \\ Countess\" Lovelace",
          emails: [{ value: "ada@lovelace.example", type: "work", primary: true }],
          active: true
        })
        for (
          const text of [
            id,
            "ADA.login@aurora.example",
            "Ada@Lovelace.example",
            "ada \"the \\ countess\" lovelace"
          ]
        ) {
          expect(names(yield* org.users.find(text)), text).toEqual([id])
        }
      }))

    test("finds nobody", (org) =>
      Effect.gen(function*() {
        for (const text of ["", " ", "nobody", "nobody@aurora.example", "No Body", "..", "a\"b\\c", "*"]) {
          expect(yield* org.users.find(text), text).toEqual([])
        }
      }))

    test("finds whom the listing calls by formatted or by given and family name", (org) =>
      Effect.gen(function*() {
        const formatted = yield* org.sandbox.directory.create("User", {
          userName: "one@aurora.example",
          name: { formatted: "Grace Hopper" },
          active: true
        })
        const parts = yield* org.sandbox.directory.create("User", {
          userName: "two@aurora.example",
          name: { givenName: "Alan", familyName: "Mathison Turing" },
          active: true
        })
        expect(names(yield* org.users.find("grace hopper"))).toEqual([formatted])
        expect(names(yield* org.users.find("Alan Mathison Turing"))).toEqual([parts])
      }))

    test("gives everybody of a name", (org) =>
      Effect.gen(function*() {
        for (const id of ["one", "two"]) {
          yield* org.sandbox.directory.insert(
            "User",
            { userName: `${id}@aurora.example`, displayName: "Jo Doe", active: true },
            id
          )
        }
        expect(names(yield* org.users.find("jo doe"))).toEqual(["one", "two"])
      }))

    test("does not take somebody's display name for somebody else's id or user name", (org) =>
      Effect.gen(function*() {
        const [victim, other] = org.directory.users
        assert(victim !== undefined && other !== undefined)
        for (const name of [victim.id, victim.userName]) {
          yield* org.sandbox.directory.insert("User", { userName: `x${name}`, displayName: name, active: true })
          expect(names(yield* org.users.find(name))).toEqual([victim.id])
        }
      }))

    for (
      const [what, options] of [
        ["ignores filters", { faults: [{ name: "ignoreFilter" as const }] }],
        ["refuses filters", { profile: { ...Profile.workos, filter: "none" as const } }],
        ["knows few filters", { profile: { ...Profile.workos, filter: "known" as const } }]
      ] as const
    ) {
      test(`is right on a server that ${what}`, (org) =>
        Effect.gen(function*() {
          const person = org.directory.users.find((user) =>
            user.displayName !== undefined && user.userName === user.email
          )
          assert(person?.displayName !== undefined)
          const namesakes = org.directory.users.filter((user) => user.displayName === person.displayName)
          expect(names(yield* org.users.find(person.userName))).toEqual([person.id])
          expect(names(yield* org.users.find(person.displayName))).toEqual(names(namesakes.map((user) => ({
            id: { resource: user.id }
          }))))
          expect(yield* org.users.find("nobody@aurora.example")).toEqual([])
          expect(yield* org.users.find("No Body")).toEqual([])
        }), { sandbox: options, settings: { scimPageSize: 7 } })
    }
  })

  describe("delete", () => {
    test("deletes an account that the server keeps as disabled", (org) =>
      Effect.gen(function*() {
        const person = first(org.directory.users.filter((user) => user.active))
        expect(yield* remove(org, person.id)).toEqual({
          _tag: "Deleted",
          id: { resourceType: "user", resource: person.id },
          remains: true
        })
        expect((yield* org.users.get(person.id)).resource).toMatchObject({ status: "disabled" })
        expect((yield* remove(org, person.id))._tag).toBe("DidNotExist")
      }), { sandbox: { profile: { ...Profile.workos, onDelete: "deactivate" } } })

    test("deletes an account that is gone then", (org) =>
      Effect.gen(function*() {
        const person = first(org.directory.users)
        expect(yield* remove(org, person.id)).toMatchObject({ _tag: "Deleted", remains: false })
        expect((yield* Effect.flip(org.users.get(person.id))).reason._tag).toBe("NotFound")
        expect((yield* remove(org, person.id))._tag).toBe("DidNotExist")
      }), { sandbox: { profile: { ...Profile.workos, onDelete: "remove" } } })

    test("says that there was nobody, and deletes nothing", (org) =>
      Effect.gen(function*() {
        expect(yield* remove(org, "no/body")).toEqual({
          _tag: "DidNotExist",
          id: { resourceType: "user", resource: "no/body" }
        })
        expect(yield* requests(org.sandbox, "DELETE")).toEqual([])
      }))

    test("deletes a disabled account", (org) =>
      Effect.gen(function*() {
        const person = first(org.directory.users.filter((user) => !user.active))
        expect((yield* remove(org, person.id))._tag).toBe("Deleted")
      }), { size: { users: 20, groups: 1, memberships: 0, disabledRatio: 0.5 } })

    test("says Deleted when the first answer was lost and the second is 'not found'", (org) =>
      Effect.gen(function*() {
        yield* org.sandbox.faults.set({ name: "dropAfterWrite", method: "DELETE", times: 1 })
        const person = first(org.directory.users.filter((user) => user.active))
        expect((yield* remove(org, person.id))._tag).toBe("Deleted")
        expect((yield* requests(org.sandbox, "DELETE")).length).toBe(2)
      }))

    test("does not believe a server that keeps the account enabled", (org) =>
      Effect.gen(function*() {
        yield* org.sandbox.faults.set({ name: "serverError", status: 404, method: "DELETE" })
        const person = first(org.directory.users.filter((user) => user.active))
        const error = yield* Effect.flip(remove(org, person.id))
        expect(error.reason._tag).toBe("NotApplied")
        expect(error.message).toContain(person.id)
      }))

    test("says that a server without DELETE can't do it", (org) =>
      Effect.gen(function*() {
        yield* org.sandbox.faults.set({ name: "deleteUnsupported" })
        const error = yield* Effect.flip(remove(org, first(org.directory.users).id))
        expect(error.reason).toMatchObject({ _tag: "Unsupported", resourceType: "user" })
      }))

    test("only reads in a rehearsal", (org) =>
      Effect.gen(function*() {
        const person = first(org.directory.users)
        expect((yield* remove(org, person.id, true))._tag).toBe("WouldDelete")
        expect((yield* remove(org, "nobody", true))._tag).toBe("DidNotExist")
        expect(yield* requests(org.sandbox, "DELETE")).toEqual([])
      }))
  })
})
