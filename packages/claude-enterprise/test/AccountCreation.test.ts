import { Profile } from "@access-kit/scim-sandbox"
import { assert, describe, expect } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { first, type Organization, requests, test } from "./Organization.ts"

const create = (
  { users }: Organization,
  email: string,
  displayName: string,
  more: { readonly dryRun?: boolean } = {}
) => {
  assert(users.createAccount !== undefined)
  return users.createAccount.create({ email, fields: { display_name: displayName }, ...more })
}

const EMAIL = "Jane.Smith@aurora.example"

describe("AccountCreation", () => {
  test("creates an account as it is asked for", (org) =>
    Effect.gen(function*() {
      const outcome = yield* create(org, EMAIL, "Jane van der Berg")
      assert(outcome._tag === "Created")
      expect(outcome.account).toMatchObject({
        login: EMAIL,
        displayName: "Jane van der Berg",
        givenName: "Jane",
        familyName: "van der Berg",
        status: "enabled",
        emails: [{ address: EMAIL, primary: true }]
      })
      const stored = yield* org.sandbox.directory.resource("User", outcome.account.id.resource)
      assert(stored._tag === "Some")
      expect(stored.value).toMatchObject({
        userName: EMAIL,
        name: { givenName: "Jane", familyName: "van der Berg", formatted: "Jane van der Berg" },
        emails: [{ value: EMAIL, type: "work", primary: true }],
        active: true
      })
      expect(stored.value).not.toHaveProperty("password")
    }))

  test("gives a one-word name no family name", (org) =>
    Effect.gen(function*() {
      const outcome = yield* create(org, "prince@aurora.example", "Prince")
      assert(outcome._tag === "Created")
      expect(outcome.account).toMatchObject({ displayName: "Prince", givenName: "Prince" })
      expect(outcome.account).not.toHaveProperty("familyName")
    }))

  test("finds an account that is there, and asks for nothing", (org) =>
    Effect.gen(function*() {
      const person = first(org.directory.users)
      const outcome = yield* create(org, person.userName.toUpperCase(), "Some Body")
      assert(outcome._tag === "AlreadyExists")
      expect(outcome.account).toMatchObject({ login: person.userName, id: { resource: person.id } })
      expect(yield* requests(org.sandbox, "POST")).toEqual([])
    }))

  test("does the same twice and makes one account", (org) =>
    Effect.gen(function*() {
      const once = yield* create(org, EMAIL, "Jane Smith")
      const twice = yield* create(org, EMAIL, "Jane Smith")
      assert(once._tag === "Created" && twice._tag === "AlreadyExists")
      expect(twice.account.id).toEqual(once.account.id)
      expect(yield* requests(org.sandbox, "POST")).toHaveLength(1)
    }))

  test("settles a conflict by looking the account up", (org) =>
    Effect.gen(function*() {
      // Between the look-up and the request somebody else makes the account: the first look-up is answered with nothing.
      const person = first(org.directory.users)
      yield* org.sandbox.directory.erase("User", person.id)
      const made = yield* Effect.forkScoped(Effect.gen(function*() {
        while ((yield* requests(org.sandbox, "GET")).length === 0) yield* Effect.sleep("1 millis")
        return yield* org.sandbox.directory.create("User", { userName: person.userName, active: true })
      }))
      yield* org.sandbox.faults.set({ name: "latency", ms: 100, method: "POST" })
      const outcome = yield* create(org, person.userName, "Some Body")
      assert(outcome._tag === "AlreadyExists")
      expect(outcome.account.id.resource).toBe(yield* Fiber.join(made))
    }))

  test("leaves a conflict over the e-mail of another account to people", (org) =>
    Effect.gen(function*() {
      yield* org.sandbox.directory.create("User", {
        userName: "other@aurora.example",
        emails: [{ value: EMAIL, primary: true }],
        active: true
      })
      const error = yield* Effect.flip(create(org, EMAIL, "Jane Smith"))
      expect(error.reason._tag).toBe("Conflict")
      expect(error.message).toContain(EMAIL)
      expect((yield* org.sandbox.directory.snapshot).users.filter((user) => user.userName === EMAIL)).toEqual([])
    }))

  test("does not guess among several accounts of the same name", (org) =>
    Effect.gen(function*() {
      yield* org.sandbox.directory.insert("User", { userName: EMAIL, active: true }, "one")
      yield* org.sandbox.directory.insert("User", { userName: EMAIL.toLowerCase(), active: true }, "two")
      const error = yield* Effect.flip(create(org, EMAIL, "Jane Smith"))
      expect(error.reason).toMatchObject({ _tag: "Ambiguous", key: EMAIL })
      assert(error.reason._tag === "Ambiguous")
      expect([...error.reason.matches].sort()).toEqual(["one", "two"])
      expect(yield* requests(org.sandbox, "POST")).toEqual([])
    }))

  test("makes one account when the answer is lost after the server has made it", (org) =>
    Effect.gen(function*() {
      yield* org.sandbox.faults.set({ name: "dropAfterWrite", method: "POST", times: 1 })
      const outcome = yield* create(org, EMAIL, "Jane Smith")
      expect(outcome._tag).toBe("Created")
      const stored = (yield* org.sandbox.directory.snapshot).users.filter((user) => user.userName === EMAIL)
      expect(stored).toHaveLength(1)
      assert(outcome._tag === "Created")
      expect(outcome.account.id.resource).toBe(first(stored).id)
    }))

  test("makes one account when the request never arrives the first time", (org) =>
    Effect.gen(function*() {
      yield* org.sandbox.faults.set({ name: "dropConnection", method: "POST", times: 1 })
      const outcome = yield* create(org, EMAIL, "Jane Smith")
      expect(outcome._tag).toBe("Created")
      expect((yield* org.sandbox.directory.snapshot).users.filter((user) => user.userName === EMAIL)).toHaveLength(1)
    }))

  test("copes with a 201 that says neither id nor location", (org) =>
    Effect.gen(function*() {
      yield* org.sandbox.faults.set({ name: "createWithoutId" }, { name: "noLocation" })
      const outcome = yield* create(org, EMAIL, "Jane Smith")
      assert(outcome._tag === "Created")
      const stored = (yield* org.sandbox.directory.snapshot).users.find((user) => user.userName === EMAIL)
      expect(outcome.account.id.resource).toBe(stored?.id)
    }))

  test("does not believe an account that can't be read afterwards", (org) =>
    Effect.gen(function*() {
      yield* org.sandbox.faults.set({ name: "serverError", status: 404, method: "GET", path: "/Users/" })
      const error = yield* Effect.flip(create(org, EMAIL, "Jane Smith"))
      expect(error.reason._tag).toBe("NotApplied")
      expect(error.message).toContain(EMAIL)
    }))

  describe("an account that was deleted and is kept as disabled", () => {
    const seed = (org: Organization) =>
      Effect.gen(function*() {
        const person = first(org.directory.users.filter((user) => user.active))
        yield* org.sandbox.directory.remove("User", person.id)
        return person
      })

    test("is created again where the server brings it back", (org) =>
      Effect.gen(function*() {
        const person = yield* seed(org)
        const outcome = yield* create(org, person.userName, "Back Again")
        assert(outcome._tag === "Created")
        expect(outcome.account).toMatchObject({ id: { resource: person.id }, status: "enabled" })
      }))

    test("is there, as disabled, where the server calls it a conflict", (org) =>
      Effect.gen(function*() {
        const person = yield* seed(org)
        const outcome = yield* create(org, person.userName, "Back Again")
        assert(outcome._tag === "AlreadyExists")
        expect(outcome.account).toMatchObject({ id: { resource: person.id }, status: "disabled" })
      }), { sandbox: { profile: { ...Profile.workos, onRecreate: "conflict" } } })
  })

  describe("rehearsed", () => {
    test("says what would be made and makes nothing", (org) =>
      Effect.gen(function*() {
        const outcome = yield* create(org, EMAIL, "Jane Smith", { dryRun: true })
        assert(outcome._tag === "WouldCreate")
        expect(outcome.account).toMatchObject({
          id: { resourceType: "user", resource: "" },
          login: EMAIL,
          displayName: "Jane Smith",
          givenName: "Jane",
          familyName: "Smith",
          status: "enabled",
          emails: [{ address: EMAIL, primary: true }]
        })
        expect(yield* requests(org.sandbox, "POST")).toEqual([])
      }))

    test("says that the account is there", (org) =>
      Effect.gen(function*() {
        const outcome = yield* create(org, first(org.directory.users).userName, "Jane Smith", { dryRun: true })
        expect(outcome._tag).toBe("AlreadyExists")
      }))
  })

  describe("refuses what can't be right, before anything is sent", () => {
    for (
      const [what, email, name, field] of [
        ["no e-mail address", "jane", "Jane Smith", "email"],
        ["an empty e-mail address", "", "Jane Smith", "email"],
        ["an e-mail address with white space around it", " jane@aurora.example", "Jane Smith", "email"],
        ["no name", EMAIL, "", "display_name"],
        ["a blank name", EMAIL, " \t ", "display_name"],
        ["a name with control characters", EMAIL, "Jane \u0007 Smith", "display_name"]
      ] as const
    ) {
      test(what, (org) =>
        Effect.gen(function*() {
          const error = yield* Effect.flip(create(org, email, name))
          expect(error.reason).toMatchObject({ _tag: "InvalidInput", field })
          expect(yield* org.sandbox.requests.entries).toEqual([])
        }))
    }

    test("a missing name", (org) =>
      Effect.gen(function*() {
        assert(org.users.createAccount !== undefined)
        const error = yield* Effect.flip(org.users.createAccount.create({ email: EMAIL, fields: {} }))
        expect(error.reason).toMatchObject({ _tag: "InvalidInput", field: "display_name" })
      }))
  })

  test("hands on what the server finds fault with", (org) =>
    Effect.gen(function*() {
      yield* org.sandbox.faults.set({ name: "serverError", status: 400, method: "POST" })
      const error = yield* Effect.flip(create(org, EMAIL, "Jane Smith"))
      expect(error.reason._tag).toBe("InvalidInput")
      expect(error.message).toContain("Something went wrong")
    }))

  describe("on servers with filters of their own mind", () => {
    test("walks the list where filters are ignored", (org) =>
      Effect.gen(function*() {
        const person = org.directory.users[20]
        assert(person !== undefined)
        const found = yield* create(org, person.userName, "Some Body")
        assert(found._tag === "AlreadyExists")
        expect(found.account.id.resource).toBe(person.id)
        expect((yield* create(org, EMAIL, "Jane Smith"))._tag).toBe("Created")
      }), { sandbox: { faults: [{ name: "ignoreFilter" }] }, settings: { scimPageSize: 7 } })

    test("walks the list where filters are refused", (org) =>
      Effect.gen(function*() {
        const person = org.directory.users[20]
        assert(person !== undefined)
        const found = yield* create(org, person.userName, "Some Body")
        assert(found._tag === "AlreadyExists")
        expect(found.account.id.resource).toBe(person.id)
        expect((yield* create(org, EMAIL, "Jane Smith"))._tag).toBe("Created")
      }), { sandbox: { profile: { ...Profile.workos, filter: "none" } } })
  })
})
