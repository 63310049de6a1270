import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Discovery from "../src/Discovery.ts"
import * as Schemas from "../src/Schemas.ts"
import { Findings } from "../src/ScimResource.ts"

const config = (
  input: unknown
): {
  readonly config: Discovery.ServiceProviderConfig
  readonly findings: ReadonlyArray<readonly [string, string]>
} => {
  const findings = new Findings()
  const config = Discovery.decodeServiceProviderConfig(input, findings)
  return { config, findings: findings.toArray().map(({ attribute, kind }) => [attribute, kind]) }
}

const withoutRaw = (config: Discovery.ServiceProviderConfig) => ({ ...config, raw: undefined })

describe("Discovery", () => {
  describe("decodeServiceProviderConfig", () => {
    it("reads the configuration of RFC 7643 §8.5 with the paging of RFC 9865", () => {
      const input = {
        schemas: [Schemas.ServiceProviderConfig],
        documentationUri: "http://example.com/help/scim.html",
        patch: { supported: true },
        bulk: { supported: true, maxOperations: 1000, maxPayloadSize: 1048576 },
        filter: { supported: true, maxResults: 200 },
        changePassword: { supported: true },
        sort: { supported: true },
        etag: { supported: false },
        pagination: {
          cursor: true,
          index: true,
          defaultPaginationMethod: "cursor",
          defaultPageSize: 100,
          maxPageSize: 250,
          cursorTimeout: 3600
        },
        authenticationSchemes: [{
          name: "OAuth Bearer Token",
          description: "…",
          specUri: "x",
          type: "oauthbearertoken",
          primary: true
        }]
      }
      const { config: read, findings } = config(input)
      assert.deepStrictEqual(findings, [])
      assert.deepStrictEqual(read, {
        documentationUri: "http://example.com/help/scim.html",
        patch: "supported",
        bulk: { support: "supported", maxOperations: 1000, maxPayloadSize: 1048576 },
        filter: { support: "supported", maxResults: 200 },
        changePassword: "supported",
        sort: "supported",
        etag: "unsupported",
        pagination: {
          cursor: "supported",
          index: "supported",
          defaultPaginationMethod: "cursor",
          defaultPageSize: 100,
          maxPageSize: 250,
          cursorTimeout: 3600
        },
        authenticationSchemes: [{
          type: "oauthbearertoken",
          name: "OAuth Bearer Token",
          description: "…",
          primary: true
        }],
        raw: input
      })
    })

    it("case 68: bulk without limits leaves the other flags alone", () => {
      const { config: read, findings } = config({ bulk: { supported: false }, patch: { supported: true } })
      assert.deepStrictEqual(findings, [])
      assert.deepStrictEqual(read.bulk, { support: "unsupported", maxOperations: undefined, maxPayloadSize: undefined })
      assert.strictEqual(read.patch, "supported")
      assert.strictEqual(read.filter.support, "unknown")
      assert.strictEqual(read.sort, "unknown")
    })

    it("case 68: from what is no configuration everything is unknown, never unsupported", () => {
      for (const input of [undefined, null, "<html>", "", 5, true, [], [1], { Resources: [] }, { Resources: "x" }]) {
        const { config: read, findings } = config(input)
        assert.deepStrictEqual(withoutRaw(read), withoutRaw(Discovery.unknownServiceProviderConfig))
        assert.deepStrictEqual(findings, [["ServiceProviderConfig", "Malformed"]])
        assert.notInclude(JSON.stringify(read), "unsupported")
      }
      const { config: read } = config({ status: "404", detail: "no such endpoint", schemas: [Schemas.Error] })
      assert.deepStrictEqual(withoutRaw(read), withoutRaw(Discovery.unknownServiceProviderConfig))
    })

    it("one broken field does not touch the others", () => {
      const { config: read, findings } = config({
        patch: "True",
        bulk: "no idea",
        filter: { Supported: "true", MAXRESULTS: "200" },
        sort: { supported: null },
        etag: { supported: "perhaps" },
        changePassword: false,
        pagination: [],
        authenticationSchemes: { type: "httpbasic" }
      })
      assert.strictEqual(read.patch, "supported")
      assert.strictEqual(read.bulk.support, "unknown")
      assert.deepStrictEqual(read.filter, { support: "supported", maxResults: 200 })
      assert.strictEqual(read.sort, "unknown")
      assert.strictEqual(read.etag, "unknown")
      assert.strictEqual(read.changePassword, "unsupported")
      assert.strictEqual(read.pagination.cursor, "unknown")
      assert.deepStrictEqual(read.authenticationSchemes.map(({ type }) => type), ["httpbasic"])
      assert.includeDeepMembers([...findings], [
        ["ServiceProviderConfig.patch", "Shape"],
        ["ServiceProviderConfig.patch", "BooleanForm"],
        ["ServiceProviderConfig.bulk", "Malformed"],
        ["ServiceProviderConfig.etag", "Malformed"],
        ["ServiceProviderConfig.pagination", "Malformed"],
        ["ServiceProviderConfig.authenticationSchemes", "Single"]
      ])
    })

    it("limits of 0, below 0 and without sense are none", () => {
      for (const maxOperations of [0, -1, "x", 1.5, null, {}]) {
        assert.strictEqual(config({ bulk: { supported: true, maxOperations } }).config.bulk.maxOperations, undefined)
      }
    })

    it("reads a configuration inside a list", () => {
      for (
        const input of [{ totalResults: 1, Resources: [{ patch: { supported: true } }] }, [{
          patch: { supported: true }
        }]]
      ) {
        const { config: read, findings } = config(input)
        assert.strictEqual(read.patch, "supported")
        assert.deepStrictEqual(findings, [["ServiceProviderConfig", "Shape"]])
      }
    })
  })

  describe("decodeResourceTypes", () => {
    const user = {
      schemas: [Schemas.ResourceType],
      id: "User",
      name: "User",
      endpoint: "/Users",
      description: "User Account",
      schema: Schemas.User,
      schemaExtensions: [{ schema: Schemas.EnterpriseUser, required: true }]
    }

    it("reads a list answer, a bare array and one object", () => {
      const expected: Discovery.ResourceType = {
        id: "User",
        name: "User",
        endpoint: "/Users",
        description: "User Account",
        schema: Schemas.User,
        schemaExtensions: [{ schema: Schemas.EnterpriseUser, required: true }],
        raw: user
      }
      for (const input of [{ totalResults: 1, Resources: [user] }, { resources: [user] }, [user], user]) {
        assert.deepStrictEqual(Discovery.decodeResourceTypes(input), [expected])
      }
    })

    it("leaves out what has no name or endpoint, keeps the rest, and reports", () => {
      const findings = new Findings()
      const types = Discovery.decodeResourceTypes([{ name: "X" }, { endpoint: "/Y" }, null, "x", {
        id: "Group",
        Endpoint: "Groups",
        schemaExtensions: [{}, { schema: "urn:x:y" }]
      }], findings)
      assert.deepStrictEqual(types.map(({ endpoint, name, schemaExtensions }) => [name, endpoint, schemaExtensions]), [
        ["Group", "Groups", [{ schema: "urn:x:y", required: undefined }]]
      ])
      assert.isFalse(findings.isEmpty)
    })

    it("is empty without an answer", () => {
      for (
        const input of [undefined, null, "x", [], {}, { schemas: [Schemas.ListResponse], totalResults: 0 }, {
          Resources: null
        }]
      ) {
        assert.deepStrictEqual(Discovery.decodeResourceTypes(input), [])
      }
    })
  })

  describe("decodeSchemas", () => {
    it("reads attributes and sub-attributes, and fills in no defaults", () => {
      const input = {
        Resources: [{
          id: Schemas.Group,
          name: "Group",
          description: "Group",
          attributes: [
            {
              name: "displayName",
              type: "string",
              multiValued: false,
              required: true,
              caseExact: false,
              mutability: "readWrite",
              returned: "default",
              uniqueness: "none"
            },
            {
              name: "members",
              type: "complex",
              multiValued: "true",
              subAttributes: [{ name: "type", type: "string", canonicalValues: ["User", "Group"] }, {
                name: "$ref",
                type: "reference",
                referenceTypes: "User"
              }]
            },
            { type: "string" }
          ]
        }, { name: "no id" }]
      }
      const findings = new Findings()
      const [group, ...more] = Discovery.decodeSchemas(input, findings)
      assert.strictEqual(more.length, 0)
      assert.strictEqual(group?.id, Schemas.Group)
      assert.deepStrictEqual(
        group?.attributes.map(({ multiValued, name, required }) => [name, multiValued, required]),
        [
          ["displayName", false, true],
          ["members", true, undefined]
        ]
      )
      assert.deepStrictEqual(
        group?.attributes[1]?.subAttributes.map((
          { canonicalValues, name, referenceTypes }
        ) => [name, canonicalValues, referenceTypes]),
        [
          ["type", ["User", "Group"], []],
          ["$ref", [], ["User"]]
        ]
      )
      assert.isFalse(findings.isEmpty)
    })

    it("ends on attributes nested without end", () => {
      let attribute: unknown = { name: "leaf" }
      for (let depth = 0; depth < 5000; depth++) {
        attribute = { name: "x", subAttributes: [attribute] }
      }
      assert.strictEqual(Discovery.decodeSchemas([{ id: "urn:x:y", attributes: [attribute] }]).length, 1)
    })
  })

  it("never throws, whatever JSON comes", () => {
    const names = fc.constantFrom(
      "Resources",
      "patch",
      "bulk",
      "filter",
      "supported",
      "maxOperations",
      "pagination",
      "cursor",
      "authenticationSchemes",
      "attributes",
      "subAttributes",
      "name",
      "id",
      "endpoint",
      "schemaExtensions",
      "schemas"
    )
    const json = fc.letrec((tie) => ({
      node: fc.oneof({ maxDepth: 5 }, fc.jsonValue(), fc.dictionary(names, tie("node")), fc.array(tie("node")))
    })).node
    fc.assert(fc.property(json, (json) => {
      const read = Discovery.decodeServiceProviderConfig(json, new Findings())
      assert.include(["supported", "unsupported", "unknown"], read.patch)
      for (const type of Discovery.decodeResourceTypes(json, new Findings())) {
        assert.isAbove(type.endpoint.length, 0)
      }
      for (const schema of Discovery.decodeSchemas(json, new Findings())) {
        assert.isAbove(schema.id.length, 0)
      }
    }))
  })
})
