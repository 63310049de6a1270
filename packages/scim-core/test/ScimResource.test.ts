import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { EnterpriseUser } from "../src/Schemas.ts"
import * as ScimResource from "../src/ScimResource.ts"

describe("ScimResource", () => {
  describe("Findings", () => {
    it("counts equal findings instead of keeping them", () => {
      const findings = new ScimResource.Findings()
      assert.isTrue(findings.isEmpty)
      for (let index = 0; index < 1000; index++) {
        findings.add("Null", "User.emails", "a null in a list; left out")
      }
      findings.add("BooleanForm", "User.active", "read as boolean")
      assert.isFalse(findings.isEmpty)
      assert.deepStrictEqual(findings.toArray(), [
        { attribute: "User.active", kind: "BooleanForm", note: "read as boolean", count: 1 },
        { attribute: "User.emails", kind: "Null", note: "a null in a list; left out", count: 1000 }
      ])
    })
  })

  describe("decode", () => {
    it("reads what all resources share and keeps the rest in raw", () => {
      const input = {
        id: "r1",
        schemas: ["urn:example:Device"],
        externalId: "x1",
        meta: {
          resourceType: "Device",
          created: "2024-01-02T03:04:05Z",
          lastModified: "2024-01-02T05:04:05.678+02:00",
          location: "https://example.com/Devices/r1",
          version: "W/\"e180ee84f0671b1\""
        },
        colour: "red"
      }
      const findings = new ScimResource.Findings()
      const resource = ScimResource.decode(input, findings)
      assert.deepStrictEqual(resource, {
        id: "r1",
        schemas: ["urn:example:Device"],
        externalId: "x1",
        meta: {
          resourceType: "Device",
          created: new Date("2024-01-02T03:04:05Z"),
          lastModified: new Date("2024-01-02T03:04:05.678Z"),
          location: "https://example.com/Devices/r1",
          version: "W/\"e180ee84f0671b1\""
        },
        raw: input
      })
      assert.strictEqual(resource?.raw, input)
      assert.isTrue(findings.isEmpty)
    })

    it("reads PascalCase as some servers write it", () => {
      const findings = new ScimResource.Findings()
      const resource = ScimResource.decode({
        Id: "r1",
        Meta: { ResourceType: "User", Created: "2024-01-02T03:04:05Z" }
      }, findings)
      assert.strictEqual(resource?.id, "r1")
      assert.strictEqual(resource?.meta?.resourceType, "User")
      assert.deepStrictEqual(resource?.meta?.created, new Date("2024-01-02T03:04:05Z"))
      assert.deepStrictEqual(findings.toArray().map(({ attribute, kind }) => [attribute, kind]), [
        ["Resource.id", "NameCase"],
        ["Resource.meta", "NameCase"],
        ["meta.created", "NameCase"],
        ["meta.resourceType", "NameCase"]
      ])
    })

    it("odd dates are absent, the rest of meta stays", () => {
      for (
        const created of [
          "yesterday",
          "2024-01-02",
          "2024-13-02T03:04:05Z",
          "1704164645",
          1704164645,
          "",
          "2024-01-02 03:04:05",
          {},
          true
        ]
      ) {
        const findings = new ScimResource.Findings()
        const resource = ScimResource.decode({ id: "r1", meta: { created, version: "1" } }, findings)
        assert.strictEqual(resource?.meta?.created, undefined, String(created))
        assert.strictEqual(resource?.meta?.version, "1")
        assert.deepStrictEqual(findings.toArray().map(({ attribute, kind }) => [attribute, kind]), [[
          "meta.created",
          "Malformed"
        ]])
      }
    })

    it("reads every form of xsd:dateTime", () => {
      const forms: ReadonlyArray<readonly [string, string]> = [
        ["2024-01-02T03:04:05Z", "2024-01-02T03:04:05.000Z"],
        ["2024-01-02t03:04:05z", "2024-01-02T03:04:05.000Z"],
        ["2024-01-02T03:04:05.1234567Z", "2024-01-02T03:04:05.123Z"],
        ["2024-01-02T03:04:05-05:00", "2024-01-02T08:04:05.000Z"],
        ["2024-01-02T03:04:05", "2024-01-02T03:04:05.000Z"]
      ]
      for (const [text, iso] of forms) {
        assert.strictEqual(
          ScimResource.decode({ id: "1", meta: { created: text } })?.meta?.created?.toISOString(),
          iso,
          text
        )
      }
    })

    it("has no resource without an id", () => {
      for (
        const input of [
          {},
          { id: null },
          { id: "" },
          { id: {} },
          { id: true },
          { id: 1.5 },
          { id: 2 ** 53 },
          [],
          "x",
          1,
          null,
          undefined
        ]
      ) {
        const findings = new ScimResource.Findings()
        assert.strictEqual(ScimResource.decode(input, findings), undefined)
        assert.isFalse(findings.isEmpty)
      }
    })
  })

  describe("attribute", () => {
    it("reads names in any case", () => {
      const findings = new ScimResource.Findings()
      assert.strictEqual(ScimResource.attribute({ UserName: "x" }, "userName", findings), "x")
      assert.deepStrictEqual(findings.toArray().map(({ kind }) => kind), ["NameCase"])
      assert.strictEqual(ScimResource.attribute({ userName: null }, "userName"), undefined)
      assert.strictEqual(ScimResource.attribute({}, "userName"), undefined)
    })

    it("the exact name wins, else the first, and it says so", () => {
      const findings = new ScimResource.Findings()
      assert.strictEqual(ScimResource.attribute({ USERNAME: "a", userName: "b" }, "userName", findings), "b")
      assert.deepStrictEqual(findings.toArray().map(({ kind }) => kind), ["NameConflict"])
      assert.strictEqual(ScimResource.attribute({ USERNAME: "a", UserName: "b" }, "userName", findings), "a")
      assert.deepStrictEqual(findings.toArray().map(({ count, kind }) => [kind, count]), [["NameCase", 1], [
        "NameConflict",
        2
      ]])
    })

    it("never takes what an object inherits for an attribute", () => {
      for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
        assert.strictEqual(ScimResource.attribute({}, name), undefined)
      }
    })
  })

  describe("extension", () => {
    it("finds extensions by URN in any case", () => {
      const raw = { [EnterpriseUser.toUpperCase()]: { department: "R&D" } }
      assert.deepStrictEqual(ScimResource.extension({ raw }, EnterpriseUser), { department: "R&D" })
    })

    it("has none where there is no object", () => {
      for (const value of [null, "x", [], 1]) {
        assert.strictEqual(ScimResource.extension({ raw: { [EnterpriseUser]: value } }, EnterpriseUser), undefined)
      }
    })
  })

  it("never throws, whatever JSON comes", () => {
    fc.assert(fc.property(fc.jsonValue(), fc.string(), (json, name) => {
      const resource = ScimResource.decode(json, new ScimResource.Findings())
      if (resource !== undefined) {
        ScimResource.attribute(resource.raw, name)
        ScimResource.extension(resource, name)
      }
    }))
  })
})
