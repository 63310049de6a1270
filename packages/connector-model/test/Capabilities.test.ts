import { Capabilities } from "@access-kit/connector-model"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import * as TeamConnector from "./TeamConnector.ts"

describe("Capabilities.of", () => {
  it.effect("says what the handlers provide", () =>
    Effect.gen(function*() {
      const { connector } = yield* TeamConnector.make
      const capabilities = Capabilities.of(connector)
      assert.deepStrictEqual(capabilities, {
        connector: "team",
        displayName: "Team",
        version: "1.2.3",
        helpUrl: "https://example.com/help",
        provisioning: true,
        resourceTypes: [
          {
            resourceType: { id: "user", displayName: "User", traits: ["user"] },
            capabilities: ["sync", "get", "create", "delete"],
            entitlements: []
          },
          {
            resourceType: { id: "group", displayName: "Group", traits: ["group"] },
            capabilities: ["sync", "get", "grant", "revoke"],
            entitlements: ["member"]
          }
        ],
        accountFields: [
          { name: "display_name", displayName: "Display name", description: "First and last name.", required: true },
          { name: "title", displayName: "Title", description: "What they do.", required: false }
        ]
      })
      assert.deepStrictEqual(
        yield* Schema.decodeUnknownEffect(Capabilities.Capabilities)(JSON.parse(JSON.stringify(capabilities))),
        capabilities
      )
    }))

  it.effect("follows the handlers when one is taken away", () =>
    Effect.gen(function*() {
      const { connector } = yield* TeamConnector.make
      const readOnly = {
        ...connector,
        resourceTypes: connector.resourceTypes.map(({ find, get, list, resourceType }) => ({
          find,
          get,
          list,
          resourceType
        }))
      }
      const capabilities = Capabilities.of(readOnly)
      assert.isFalse(capabilities.provisioning)
      assert.deepStrictEqual(capabilities.accountFields, [])
      assert.deepStrictEqual(capabilities.resourceTypes.map((type) => type.capabilities), [["sync", "get"], [
        "sync",
        "get"
      ]])

      for (const capability of ["grant", "revoke", "createAccount", "delete"] as const) {
        const one = connector.resourceTypes.map((handler) => {
          const { find, get, list, resourceType } = handler
          const found = handler[capability]
          return { find, get, list, resourceType, ...(found === undefined ? {} : { [capability]: found }) }
        })
        assert.isTrue(Capabilities.of({ ...connector, resourceTypes: one }).provisioning, capability)
      }
    }))
})
