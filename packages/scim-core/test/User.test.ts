import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Schemas from "../src/Schemas.ts"
import { Findings } from "../src/ScimResource.ts"
import * as User from "../src/User.ts"

const decoded = (
  input: unknown
): { readonly user: User.User; readonly findings: ReadonlyArray<readonly [string, string]> } => {
  const findings = new Findings()
  const user = User.decode(input, findings)
  assert(user !== undefined, "no user")
  return { user, findings: findings.toArray().map(({ attribute, kind }) => [attribute, kind]) }
}

const full = {
  schemas: [Schemas.User, Schemas.EnterpriseUser],
  id: "2819c223-7f76-453a-919d-413861904646",
  externalId: "701984",
  userName: "bjensen@example.com",
  name: {
    formatted: "Ms. Barbara J Jensen, III",
    familyName: "Jensen",
    givenName: "Barbara",
    middleName: "Jane",
    honorificPrefix: "Ms.",
    honorificSuffix: "III"
  },
  displayName: "Babs Jensen",
  title: "Tour Guide",
  userType: "Employee",
  active: true,
  emails: [{ value: "bjensen@example.com", type: "work", primary: true }, { value: "babs@jensen.org", type: "home" }],
  phoneNumbers: [{ value: "555-555-5555", type: "work" }],
  groups: [{ value: "e9e30dba", $ref: "https://example.com/v2/Groups/e9e30dba", display: "Tour Guides" }],
  roles: [{ value: "admin" }],
  [Schemas.EnterpriseUser]: {
    employeeNumber: "701984",
    costCenter: "4130",
    organization: "Universal Studios",
    division: "Theme Park",
    department: "Tour Operations",
    manager: { value: "26118915", $ref: "../Users/26118915", displayName: "John Smith" }
  },
  meta: {
    resourceType: "User",
    created: "2010-01-23T04:56:22Z",
    lastModified: "2011-05-13T04:42:34Z",
    version: "W/\"3694e05e9dff591\"",
    location: "https://example.com/v2/Users/2819c223"
  }
}

describe("User", () => {
  describe("decode", () => {
    it("reads the full user of RFC 7643 §8.3 without a finding", () => {
      const { findings, user } = decoded(full)
      assert.deepStrictEqual(findings, [])
      const plural = (value: string, rest: Partial<User.PluralValue>): User.PluralValue => ({
        value,
        display: undefined,
        type: undefined,
        primary: undefined,
        ...rest
      })
      assert.deepStrictEqual(user, {
        id: full.id,
        externalId: "701984",
        schemas: full.schemas,
        meta: {
          resourceType: "User",
          created: new Date("2010-01-23T04:56:22Z"),
          lastModified: new Date("2011-05-13T04:42:34Z"),
          location: full.meta.location,
          version: full.meta.version
        },
        userName: "bjensen@example.com",
        displayName: "Babs Jensen",
        name: full.name,
        title: "Tour Guide",
        userType: "Employee",
        active: true,
        emails: [
          plural("bjensen@example.com", { type: "work", primary: true }),
          plural("babs@jensen.org", { type: "home" })
        ],
        phoneNumbers: [plural("555-555-5555", { type: "work" })],
        groups: [plural("e9e30dba", { display: "Tour Guides" })],
        roles: [plural("admin", {})],
        enterprise: {
          employeeNumber: "701984",
          costCenter: "4130",
          organization: "Universal Studios",
          division: "Theme Park",
          department: "Tour Operations",
          manager: { value: "26118915", displayName: "John Smith" }
        },
        raw: full
      })
    })

    it("reads the smallest user: everything else is absent, not made up", () => {
      const { findings, user } = decoded({ id: "1" })
      assert.deepStrictEqual(findings, [])
      assert.deepStrictEqual(user, {
        id: "1",
        externalId: undefined,
        schemas: [],
        meta: undefined,
        userName: undefined,
        displayName: undefined,
        name: undefined,
        title: undefined,
        userType: undefined,
        active: undefined,
        emails: [],
        phoneNumbers: [],
        groups: [],
        roles: [],
        enterprise: undefined,
        raw: { id: "1" }
      })
    })

    it("case 23: a numeric id is its text, an id that JSON rounded is none", () => {
      const { findings, user } = decoded({ id: 42 })
      assert.strictEqual(user.id, "42")
      assert.deepStrictEqual(findings, [["User.id", "NumberAsString"]])
      const lossy = new Findings()
      assert.strictEqual(User.decode(JSON.parse("{\"id\": 9007199254740993}"), lossy), undefined)
      assert.deepStrictEqual(lossy.toArray().map(({ kind }) => kind), ["Malformed", "MissingId"])
    })

    it("case 24: active in every form; missing is unknown", () => {
      const forms: ReadonlyArray<readonly [unknown, boolean | undefined, ReadonlyArray<string>]> = [
        [true, true, []],
        [false, false, []],
        ["True", true, ["BooleanForm"]],
        ["false", false, ["BooleanForm"]],
        [" FALSE ", false, ["BooleanForm"]],
        [1, true, ["BooleanForm"]],
        [0, false, ["BooleanForm"]],
        ["1", true, ["BooleanForm"]],
        ["0", false, ["BooleanForm"]],
        [undefined, undefined, []],
        [null, undefined, []],
        ["yes", undefined, ["Malformed"]],
        ["", undefined, ["Malformed"]],
        [2, undefined, ["Malformed"]],
        [{}, undefined, ["Malformed"]],
        [[true], undefined, ["Malformed"]]
      ]
      for (const [active, expected, kinds] of forms) {
        const { findings, user } = decoded({ id: "1", active })
        assert.strictEqual(user.active, expected, JSON.stringify(active))
        assert.deepStrictEqual(findings.map(([, kind]) => kind), kinds, JSON.stringify(active))
      }
    })

    it("case 25: names in any case, in every object", () => {
      const { findings, user } = decoded({
        ID: "1",
        USERNAME: "x",
        Active: "True",
        Name: { GivenName: "G", familyname: "F" },
        EMAILS: [{ Value: "a@example.com", PRIMARY: true, Type: "work" }],
        Meta: { ResourceType: "User" },
        [Schemas.EnterpriseUser.toLowerCase()]: { Department: "D", MANAGER: { VALUE: "m" } }
      })
      assert.strictEqual(user.userName, "x")
      assert.isTrue(user.active)
      assert.strictEqual(user.name?.givenName, "G")
      assert.strictEqual(user.name?.familyName, "F")
      assert.deepStrictEqual(user.emails, [{ value: "a@example.com", display: undefined, type: "work", primary: true }])
      assert.strictEqual(user.enterprise?.department, "D")
      assert.strictEqual(user.enterprise?.manager?.value, "m")
      assert.includeDeepMembers([...findings], [["User.userName", "NameCase"], ["User.emails.value", "NameCase"]])
    })

    it("case 26: of two names that differ in case the exact one wins and it is reported", () => {
      for (
        const input of [{ id: "1", UserName: "no", userName: "yes" }, { id: "1", userName: "yes", UserName: "no" }]
      ) {
        const { findings, user } = decoded(input)
        assert.strictEqual(user.userName, "yes")
        assert.deepStrictEqual(findings, [["User.userName", "NameConflict"]])
      }
      const { findings, user } = decoded({ id: "1", USERNAME: "first", UserName: "second" })
      assert.strictEqual(user.userName, "first")
      assert.deepStrictEqual(findings, [["User.userName", "NameCase"], ["User.userName", "NameConflict"]])
    })

    it("case 27: nulls are absent, nulls in lists are left out", () => {
      const { findings, user } = decoded({
        id: "1",
        userName: null,
        name: null,
        active: null,
        emails: [null, { value: "a@example.com", type: null, primary: null }],
        schemas: [null, Schemas.User],
        meta: null,
        title: null,
        [Schemas.EnterpriseUser]: null
      })
      assert.strictEqual(user.userName, undefined)
      assert.strictEqual(user.name, undefined)
      assert.strictEqual(user.enterprise, undefined)
      assert.deepStrictEqual(user.schemas, [Schemas.User])
      assert.deepStrictEqual(user.emails, [{
        value: "a@example.com",
        display: undefined,
        type: undefined,
        primary: undefined
      }])
      assert.deepStrictEqual(findings, [["User.emails", "Null"], ["User.schemas", "Null"]])
    })

    it("case 28: emails as object, as text, as list of texts, as [], as nonsense", () => {
      const values = (emails: unknown) => decoded({ id: "1", emails }).user.emails.map(({ value }) => value)
      assert.deepStrictEqual(values({ value: "a@example.com", type: "work" }), ["a@example.com"])
      assert.deepStrictEqual(values("a@example.com"), ["a@example.com"])
      assert.deepStrictEqual(values(["a@example.com", "b@example.com"]), ["a@example.com", "b@example.com"])
      for (const nothing of [[], "", {}, 1, true, [1], [[]], [{}], [{ type: "work" }], [""], [{ value: "" }]]) {
        assert.deepStrictEqual(values(nothing), [], JSON.stringify(nothing))
      }
    })

    it("case 28: roles as one object", () => {
      const { findings, user } = decoded({ id: "1", roles: { value: "admin" } })
      assert.deepStrictEqual(user.roles.map(({ value }) => value), ["admin"])
      assert.deepStrictEqual(findings, [["User.roles", "Single"]])
    })

    it("case 30: groups by $ref only", () => {
      const { findings, user } = decoded({ id: "1", groups: [{ $ref: "https://example.com/Groups/g%2F1/" }] })
      assert.deepStrictEqual(user.groups.map(({ value }) => value), ["g/1"])
      assert.deepStrictEqual(findings, [["User.groups", "ReferenceOnly"]])
    })

    it("cases 34 and 35: schemas missing, unknown extensions and fields kept in raw", () => {
      const input = { id: "1", pattern: "x", "urn:example:ext": { a: [1] } }
      const { findings, user } = decoded(input)
      assert.deepStrictEqual(user.schemas, [])
      assert.strictEqual(user.raw, input)
      assert.deepStrictEqual(findings, [])
    })

    it("case 37: ids with any characters stay as they are", () => {
      for (const id of ["a/b", "100%", "a b", "a\"b", "😀", "..", " "]) {
        assert.strictEqual(decoded({ id }).user.id, id)
      }
    })

    it("name as text, manager as text, as list, as $ref", () => {
      assert.strictEqual(decoded({ id: "1", name: "Jane Smith" }).user.name?.formatted, "Jane Smith")
      const manager = (manager: unknown) =>
        decoded({ id: "1", [Schemas.EnterpriseUser]: { manager } }).user.enterprise?.manager
      assert.deepStrictEqual(manager("m1"), { value: "m1", displayName: undefined })
      assert.deepStrictEqual(manager([{ value: "m1" }]), { value: "m1", displayName: undefined })
      assert.deepStrictEqual(manager({ $ref: "../Users/m1" }), { value: "m1", displayName: undefined })
      assert.deepStrictEqual(manager({ displayName: "J" }), { value: undefined, displayName: "J" })
      for (const nothing of [undefined, null, [], {}, "", [null], true]) {
        assert.strictEqual(manager(nothing), undefined, JSON.stringify(nothing))
      }
    })

    it("attributes of a wrong type are absent and reported, the user stays", () => {
      const { findings, user } = decoded({
        id: "1",
        userName: {},
        displayName: [],
        title: true,
        name: 5,
        meta: "x",
        schemas: 5,
        [Schemas.EnterpriseUser]: "x"
      })
      assert.strictEqual(user.userName, undefined)
      assert.deepStrictEqual([...new Set(findings.map(([, kind]) => kind))], ["Malformed"])
      assert.strictEqual(findings.length, 7)
    })

    it("numbers where text belongs are their text", () => {
      const { user } = decoded({ id: "1", externalId: 7, [Schemas.EnterpriseUser]: { employeeNumber: 701984 } })
      assert.strictEqual(user.externalId, "7")
      assert.strictEqual(user.enterprise?.employeeNumber, "701984")
    })

    it("findings hold no values of the directory", () => {
      const secret = "jane.doe@example.com"
      const findings = new Findings()
      User.decode(
        { id: 1, USERNAME: secret, emails: secret, active: "True", name: secret, meta: { created: secret } },
        findings
      )
      assert.notInclude(JSON.stringify(findings.toArray()), "jane")
    })

    it("leaves the input untouched", () => {
      const input = { ID: 1, Active: "True", emails: null }
      const before = structuredClone(input)
      User.decode(input, new Findings())
      assert.deepStrictEqual(input, before)
    })

    it("never throws, whatever JSON comes, and gives every user its shape", () => {
      const attribute = fc.constantFrom(...Object.keys(full), "USERNAME", "Emails", "ID", "__proto__", "constructor")
      const json = fc.oneof(
        fc.jsonValue(),
        fc.dictionary(
          attribute,
          fc.oneof(
            fc.jsonValue(),
            fc.array(fc.dictionary(fc.constantFrom("value", "$ref", "type", "VALUE", "primary"), fc.jsonValue()))
          )
        )
      )
      const keys = Object.keys(decoded({ id: "1" }).user)
      fc.assert(
        fc.property(json, fc.boolean(), (json, withId) => {
          const input: unknown = JSON.parse(
            JSON.stringify(
              withId && typeof json === "object" && json !== null && !Array.isArray(json) ? { ...json, id: "1" } : json
            )
          )
          const findings = new Findings()
          const user = User.decode(input, findings)
          if (user === undefined) {
            assert.isFalse(findings.isEmpty)
            return
          }
          assert.deepStrictEqual(Object.keys(user), keys)
          assert.isTrue(user.emails.every(({ value }) => typeof value === "string" && value !== ""))
          assert.include([true, false, undefined], user.active)
          assert.isTrue(user.meta?.created === undefined || !Number.isNaN(user.meta.created.getTime()))
        }),
        { numRuns: 500 }
      )
    })
  })

  describe("primaryEmail", () => {
    const email = (value: string, rest: Partial<User.PluralValue> = {}): User.PluralValue => ({
      value,
      display: undefined,
      type: undefined,
      primary: undefined,
      ...rest
    })

    it("is the primary one, else work, else home, else the first", () => {
      const home = email("home", { type: "Home" })
      const work = email("work", { type: "WORK" })
      const other = email("other", { type: "other", primary: false })
      const primary = email("primary", { primary: true })
      const of = (...emails: ReadonlyArray<User.PluralValue>) => User.primaryEmail({ emails })
      assert.strictEqual(of(other, home, work, primary), "primary")
      assert.strictEqual(of(other, home, work), "work")
      assert.strictEqual(of(other, home), "home")
      assert.strictEqual(of(other, email("second")), "other")
      assert.strictEqual(of(other), "other")
      assert.strictEqual(of(), undefined)
    })

    it("email falls back to a userName that is one", () => {
      assert.strictEqual(User.email({ userName: "a@example.com", emails: [] }), "a@example.com")
      assert.strictEqual(User.email({ userName: "a@example.com", emails: [email("b@example.com")] }), "b@example.com")
      assert.strictEqual(User.email({ userName: "bjensen", emails: [] }), undefined)
      assert.strictEqual(User.email({ userName: undefined, emails: [] }), undefined)
    })

    it("isEmailAddress asks for the form only", () => {
      for (const text of ["a@b", "jane.o'hara+x@example.co.uk", "ü@例え.jp"]) {
        assert.isTrue(User.isEmailAddress(text), text)
      }
      for (const text of ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b ", "a\n@b", "a@b\u0000"]) {
        assert.isFalse(User.isEmailAddress(text), JSON.stringify(text))
      }
    })
  })

  describe("create", () => {
    it("writes what is given and nothing else", () => {
      assert.deepStrictEqual(User.create({ userName: "a@example.com" }), {
        schemas: [Schemas.User],
        userName: "a@example.com"
      })
      assert.deepStrictEqual(
        User.create({
          userName: "jane@example.com",
          externalId: "7",
          displayName: "Jane Smith",
          name: { givenName: "Jane", familyName: "Smith", middleName: undefined },
          title: undefined,
          active: false,
          emails: [{ value: "jane@example.com", type: "work", primary: true, display: undefined }],
          enterprise: { department: "R&D", manager: "26" },
          extensions: {
            "urn:example:ext": { colour: "red", nothing: null, list: [null, 1, { deep: null }] },
            "urn:example:empty": { a: null }
          }
        }),
        {
          schemas: [Schemas.User, "urn:example:ext", Schemas.EnterpriseUser],
          userName: "jane@example.com",
          externalId: "7",
          displayName: "Jane Smith",
          name: { givenName: "Jane", familyName: "Smith" },
          active: false,
          emails: [{ value: "jane@example.com", type: "work", primary: true }],
          "urn:example:ext": { colour: "red", list: [1, {}] },
          [Schemas.EnterpriseUser]: { department: "R&D", manager: { value: "26" } }
        }
      )
    })

    it("leaves out objects with nothing in them, and keeps an empty list of e-mails", () => {
      assert.deepStrictEqual(User.create({ userName: "x", name: {}, enterprise: {}, emails: [] }), {
        schemas: [Schemas.User],
        userName: "x",
        emails: []
      })
    })

    it("case 57: no null, no id, no meta and no boolean as text, also for callers without types", () => {
      const foreign = JSON.parse(
        "{\"userName\":\"x\",\"id\":\"1\",\"meta\":{},\"active\":\"true\",\"externalId\":null,\"name\":{\"givenName\":null},\"emails\":[{\"value\":\"a\",\"primary\":\"true\",\"type\":null}],\"enterprise\":null,\"extensions\":{\"id\":{\"a\":1},\"urn:x:y\":{\"b\":null}}}"
      )
      assert.deepStrictEqual(User.create(foreign), { schemas: [Schemas.User], userName: "x", emails: [{ value: "a" }] })
    })

    it("is read back as it was written", () => {
      const text = fc.option(fc.string(), { nil: undefined })
      const newUser = fc.record({
        userName: fc.string(),
        externalId: text,
        displayName: text,
        name: fc.option(fc.record({ givenName: fc.string(), familyName: fc.string() }), { nil: undefined }),
        active: fc.option(fc.boolean(), { nil: undefined }),
        emails: fc.array(fc.record({ value: fc.string({ minLength: 1 }), type: fc.string(), primary: fc.boolean() }))
      })
      fc.assert(fc.property(newUser, (input) => {
        const body = JSON.parse(JSON.stringify(User.create(input)))
        const { findings, user } = decoded({ ...body, id: "1" })
        assert.deepStrictEqual(findings, [])
        assert.strictEqual(user.userName, input.userName)
        assert.strictEqual(user.externalId, input.externalId)
        assert.strictEqual(user.active, input.active)
        assert.strictEqual(user.name?.givenName, input.name?.givenName)
        assert.deepStrictEqual(user.emails.map(({ primary, type, value }) => ({ value, type, primary })), input.emails)
      }))
    })
  })
})
