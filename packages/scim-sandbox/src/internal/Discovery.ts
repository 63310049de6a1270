/** `/ServiceProviderConfig`, `/ResourceTypes` and `/Schemas` (RFC 7643 sections 5 to 7, RFC 9865 section 4). */
import type { Profile } from "../Profile.ts"
import type { JsonObject } from "./Json.ts"
import { type Attribute, definitions, enterprise, group, type SchemaDefinition, user } from "./Schemas.ts"

const configUri = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
const typeUri = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
const schemaUri = "urn:ietf:params:scim:schemas:core:2.0:Schema"

export const bulkLimits = { maxOperations: 1_000, maxPayloadSize: 1_048_576 }

export const serviceProviderConfig = (profile: Profile, baseUrl: string): JsonObject => ({
  schemas: [configUri],
  patch: { supported: true },
  bulk: { supported: profile.bulk, ...bulkLimits },
  filter: { supported: profile.filter !== "none", maxResults: profile.maxCount },
  changePassword: { supported: false },
  sort: { supported: profile.sort },
  etag: { supported: profile.etag },
  ...(profile.cursor === "off" ? {} : {
    pagination: {
      cursor: true,
      index: true,
      defaultPaginationMethod: profile.cursor === "default" ? "cursor" : "index",
      defaultPageSize: profile.defaultCount,
      maxPageSize: profile.maxCount,
      ...(profile.cursorTimeout > 0 ? { cursorTimeout: Math.ceil(profile.cursorTimeout / 1_000) } : {})
    }
  }),
  authenticationSchemes: [{
    type: "oauthbearertoken",
    name: "Bearer token",
    description: "A token in the Authorization header",
    primary: true
  }],
  meta: { resourceType: "ServiceProviderConfig", location: `${baseUrl}/ServiceProviderConfig` }
})

export const resourceTypes = (baseUrl: string): ReadonlyArray<JsonObject> =>
  [definitions.User, definitions.Group].map((definition) => ({
    schemas: [typeUri],
    id: definition.kind,
    name: definition.kind,
    description: definition.schema.description,
    endpoint: definition.endpoint,
    schema: definition.schema.id,
    schemaExtensions: definition.extensions.map((extension) => ({ schema: extension.id, required: false })),
    meta: { resourceType: "ResourceType", location: `${baseUrl}/ResourceTypes/${definition.kind}` }
  }))

const attributeBody = (attribute: Attribute): JsonObject => {
  const { subAttributes, ...fields } = attribute
  return subAttributes === undefined ? fields : { ...fields, subAttributes: subAttributes.map(attributeBody) }
}

/** Where a user needs an e-mail, the schema says so, of the list and of the address in it. */
const requiredEmails = (attribute: Attribute): Attribute => ({
  ...attribute,
  required: true,
  subAttributes: (attribute.subAttributes ?? []).map((sub) => (sub.name === "value" ? { ...sub, required: true } : sub))
})

const schemaBody = (schema: SchemaDefinition, profile: Profile, baseUrl: string): JsonObject => ({
  schemas: [schemaUri],
  id: schema.id,
  name: schema.name,
  description: schema.description,
  attributes: schema.attributes.map((attribute) =>
    attributeBody(attribute.name === "emails" && profile.requireEmail ? requiredEmails(attribute) : attribute)
  ),
  meta: { resourceType: "Schema", location: `${baseUrl}/Schemas/${schema.id}` }
})

export const schemas = (profile: Profile, baseUrl: string): ReadonlyArray<JsonObject> =>
  [user, group, enterprise].map((schema) => schemaBody(schema, profile, baseUrl))
