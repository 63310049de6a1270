import type { Account } from "@access-kit/connector-model/Resource"
import * as ScimUser from "@access-kit/scim-core/User"
import { describe, expect, it } from "@effect/vitest"
import { accountOf } from "../src/internal/AccountMapping.ts"

const mapped = (raw: unknown): Account => {
  const user = ScimUser.decode(raw)
  if (user === undefined) throw new Error("the fixture is no user")
  return accountOf(user)
}

describe("AccountMapping", () => {
  it("maps a full user", () => {
    expect(mapped({
      schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
      id: "directory_user_1",
      externalId: "00u1",
      userName: "Jane.Smith@example.com",
      displayName: "Jane A. Smith",
      name: { givenName: "Jane", middleName: "Ann", familyName: "Smith", formatted: "Ms Jane Smith" },
      title: "Engineer",
      userType: "Employee",
      active: true,
      emails: [
        { value: "jane@home.example", type: "home" },
        { value: "jane.smith@example.com", type: "work", primary: true }
      ],
      "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
        employeeNumber: "4711",
        department: "R&D",
        division: "Labs",
        organization: "Aurora",
        costCenter: "C-9",
        manager: { value: "directory_user_2", displayName: "Max" }
      },
      meta: { resourceType: "User", created: "2026-01-02T03:04:05Z", lastModified: "2026-02-03T04:05:06+01:00" }
    })).toEqual({
      _tag: "Account",
      id: { resourceType: "user", resource: "directory_user_1" },
      displayName: "Jane A. Smith",
      status: "enabled",
      accountType: "human",
      login: "Jane.Smith@example.com",
      emails: [
        { address: "jane@home.example", primary: false },
        { address: "jane.smith@example.com", primary: true }
      ],
      externalId: "00u1",
      givenName: "Jane",
      familyName: "Smith",
      employeeIds: ["4711"],
      createdAt: "2026-01-02T03:04:05.000Z",
      lastModifiedAt: "2026-02-03T03:05:06.000Z",
      profile: {
        user_id: "directory_user_1",
        user_name: "Jane.Smith@example.com",
        first_name: "Jane",
        middle_name: "Ann",
        last_name: "Smith",
        formatted_name: "Ms Jane Smith",
        display_name: "Jane A. Smith",
        external_id: "00u1",
        title: "Engineer",
        user_type: "Employee",
        employee_number: "4711",
        department: "R&D",
        division: "Labs",
        organization: "Aurora",
        cost_center: "C-9",
        manager_id: "directory_user_2",
        manager: "Max"
      }
    })
  })

  it("makes do with an id", () => {
    expect(mapped({ id: "42" })).toEqual({
      _tag: "Account",
      id: { resourceType: "user", resource: "42" },
      displayName: "42",
      status: "unknown",
      statusDetails: "The SCIM server does not say whether the user is active.",
      accountType: "human",
      login: "42",
      emails: [],
      profile: { user_id: "42" }
    })
  })

  it.each([
    [{ active: true }, "enabled"],
    [{ active: "True" }, "enabled"],
    [{ active: false }, "disabled"],
    [{ active: "false" }, "disabled"],
    [{ active: null }, "unknown"],
    [{}, "unknown"]
  ])("takes %j for %s", (attributes, status) => {
    expect(mapped({ id: "1", userName: "a@b.example", ...attributes }).status).toBe(status)
  })

  it.each([
    ["display name", { displayName: "D", name: { formatted: "F", givenName: "G", familyName: "H" } }, "D"],
    ["formatted name", { name: { formatted: "F", givenName: "G", familyName: "H" } }, "F"],
    ["given and family name", { displayName: " ", name: { givenName: "G", familyName: "H" } }, "G H"],
    ["given name", { name: { givenName: "G" } }, "G"],
    ["family name", { name: { familyName: "H" } }, "H"],
    ["user name", {}, "u@x.example"]
  ])("calls somebody by the %s", (_, attributes, expected) => {
    expect(mapped({ id: "1", userName: "u@x.example", emails: [{ value: "e@x.example" }], ...attributes }).displayName)
      .toBe(expected)
  })

  describe("primary e-mail, as WorkOS chooses it", () => {
    const primary = (emails: ReadonlyArray<unknown>) =>
      mapped({ id: "1", userName: "u", emails }).emails.filter((email) => email.primary).map((email) => email.address)
    it("is the one marked", () => {
      expect(primary([{ value: "w@x.example", type: "work" }, { value: "o@x.example", primary: true }])).toEqual([
        "o@x.example"
      ])
    })
    it("else the first for work", () => {
      expect(primary([{ value: "h@x.example", type: "home" }, { value: "w@x.example", type: "work" }, {
        value: "v@x.example",
        type: "work"
      }])).toEqual(["w@x.example"])
    })
    it("else the first for home", () => {
      expect(primary([{ value: "o@x.example" }, { value: "h@x.example", type: "home" }])).toEqual(["h@x.example"])
    })
    it("else the first", () => {
      expect(primary([{ value: "o@x.example" }, { value: "p@x.example" }])).toEqual(["o@x.example"])
    })
  })

  it("lists an address once, whatever its case", () => {
    expect(
      mapped({
        id: "1",
        userName: "u",
        emails: [{ value: "A@x.example", type: "home" }, { value: "a@x.example", primary: true }]
      }).emails
    ).toEqual([{ address: "A@x.example", primary: true }])
  })

  it("takes the user name for the address of a user without any", () => {
    expect(mapped({ id: "1", userName: "a@x.example" }).emails).toEqual([{ address: "a@x.example", primary: true }])
    expect(mapped({ id: "1", userName: "jsmith" }).emails).toEqual([])
  })

  it("signs in with the address where there is no user name", () => {
    expect(mapped({ id: "1", emails: [{ value: "a@x.example" }] }).login).toBe("a@x.example")
  })
})
