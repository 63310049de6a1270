/**
 * The attributes of users and groups (RFC 7643 section 4.1, 4.2 and 4.3) as data. Validation, filters, projection and `/Schemas`
 * all read this one table.
 */

export interface Attribute {
  readonly name: string
  readonly type: "string" | "boolean" | "reference" | "binary" | "complex"
  readonly multiValued: boolean
  readonly description: string
  readonly required: boolean
  readonly caseExact: boolean
  readonly mutability: "readWrite" | "readOnly" | "immutable"
  readonly returned: "default"
  readonly uniqueness: "none" | "server"
  readonly referenceTypes?: ReadonlyArray<string>
  readonly canonicalValues?: ReadonlyArray<string>
  readonly subAttributes?: ReadonlyArray<Attribute>
}

export interface SchemaDefinition {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly attributes: ReadonlyArray<Attribute>
}

const attribute = (
  name: string,
  description: string,
  more: Partial<Omit<Attribute, "name" | "description">> = {}
): Attribute => ({
  name,
  type: "string",
  multiValued: false,
  description,
  required: false,
  caseExact: false,
  mutability: "readWrite",
  returned: "default",
  uniqueness: "none",
  ...more
})

const complex = (name: string, description: string, subAttributes: ReadonlyArray<Attribute>): Attribute =>
  attribute(name, description, { type: "complex", subAttributes })

const plural = (name: string, description: string, value: Attribute, kinds?: ReadonlyArray<string>): Attribute =>
  attribute(name, description, {
    type: "complex",
    multiValued: true,
    subAttributes: [
      value,
      attribute("display", "The value as shown to people."),
      attribute("type", "What the value is for.", kinds === undefined ? {} : { canonicalValues: kinds }),
      attribute("primary", "Whether this is the preferred value; true at most once.", { type: "boolean" })
    ]
  })

const uri = (name: string, description: string, referenceTypes: ReadonlyArray<string>): Attribute =>
  attribute(name, description, { type: "reference", caseExact: true, referenceTypes })

export const userUri = "urn:ietf:params:scim:schemas:core:2.0:User"
export const groupUri = "urn:ietf:params:scim:schemas:core:2.0:Group"
export const enterpriseUri = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

export const user: SchemaDefinition = {
  id: userUri,
  name: "User",
  description: "A person's account",
  attributes: [
    attribute("userName", "The name the account signs in with; unique without regard to case.", {
      required: true,
      uniqueness: "server"
    }),
    complex("name", "The parts of the person's name.", [
      attribute("formatted", "The whole name, as written."),
      attribute("familyName", "The family name."),
      attribute("givenName", "The given name."),
      attribute("middleName", "Middle names."),
      attribute("honorificPrefix", "What stands before the name, such as a title."),
      attribute("honorificSuffix", "What stands after the name.")
    ]),
    attribute("displayName", "The name shown to people."),
    attribute("nickName", "A casual name."),
    uri("profileUrl", "A page about the person.", ["external"]),
    attribute("title", "The position held."),
    attribute("userType", "The relation to the organization, such as Employee."),
    attribute("preferredLanguage", "The language to address the person in, as Accept-Language has it."),
    attribute("locale", "Where dates, numbers and currency are formatted for."),
    attribute("timezone", "An IANA time zone."),
    attribute("active", "Whether the account may be used.", { type: "boolean" }),
    plural("emails", "E-mail addresses.", attribute("value", "An address."), ["work", "home", "other"]),
    plural("phoneNumbers", "Telephone numbers.", attribute("value", "A number."), ["work", "home", "mobile", "other"]),
    plural("ims", "Instant messaging addresses.", attribute("value", "An address.")),
    plural("photos", "Pictures of the person.", uri("value", "Where the picture is.", ["external"]), [
      "photo",
      "thumbnail"
    ]),
    attribute("addresses", "Postal addresses.", {
      type: "complex",
      multiValued: true,
      subAttributes: [
        attribute("formatted", "The whole address."),
        attribute("streetAddress", "Street and number."),
        attribute("locality", "City."),
        attribute("region", "State or region."),
        attribute("postalCode", "Postal code."),
        attribute("country", "ISO 3166-1 alpha-2 code."),
        attribute("type", "What the address is for.", { canonicalValues: ["work", "home", "other"] }),
        attribute("primary", "Whether this is the preferred address.", { type: "boolean" })
      ]
    }),
    plural("entitlements", "Things the person is entitled to.", attribute("value", "An entitlement.")),
    plural("roles", "Roles of the person.", attribute("value", "A role.")),
    plural(
      "x509Certificates",
      "Certificates of the person.",
      attribute("value", "A DER certificate in base64.", { type: "binary", caseExact: true })
    )
  ]
}

export const group: SchemaDefinition = {
  id: groupUri,
  name: "Group",
  description: "A named set of accounts",
  attributes: [
    attribute("displayName", "The name of the group.", { required: true }),
    attribute("members", "Who is in the group.", {
      type: "complex",
      multiValued: true,
      subAttributes: [
        attribute("value", "The id of the member.", { mutability: "immutable", caseExact: true }),
        attribute("$ref", "Where the member is.", {
          type: "reference",
          mutability: "immutable",
          caseExact: true,
          referenceTypes: ["User", "Group"]
        }),
        attribute("type", "The kind of member.", { mutability: "immutable", canonicalValues: ["User", "Group"] }),
        attribute("display", "The member's name as shown to people.", { mutability: "immutable" })
      ]
    })
  ]
}

export const enterprise: SchemaDefinition = {
  id: enterpriseUri,
  name: "EnterpriseUser",
  description: "What organizations keep about an account",
  attributes: [
    attribute("employeeNumber", "The person's number in the organization."),
    attribute("costCenter", "The cost center."),
    attribute("organization", "The organization."),
    attribute("division", "The division."),
    attribute("department", "The department."),
    complex("manager", "The person's manager.", [
      attribute("value", "The id of the manager's account.", { caseExact: true }),
      uri("$ref", "Where the manager's account is.", ["User"]),
      attribute("displayName", "The manager's name.", { mutability: "readOnly" })
    ])
  ]
}

/** Attributes by name, and by name in lower case. */
export interface Shape {
  readonly exact: ReadonlyMap<string, Attribute>
  readonly lower: ReadonlyMap<string, Attribute>
}

const shapes = new WeakMap<ReadonlyArray<Attribute>, Shape>()

export const shapeOf = (attributes: ReadonlyArray<Attribute>): Shape => {
  const known = shapes.get(attributes)
  if (known !== undefined) return known
  const shape: Shape = {
    exact: new Map(attributes.map((attribute) => [attribute.name, attribute])),
    lower: new Map(attributes.map((attribute) => [attribute.name.toLowerCase(), attribute]))
  }
  shapes.set(attributes, shape)
  return shape
}

const noAttributes: ReadonlyArray<Attribute> = []

export const subShape = (attribute: Attribute): Shape => shapeOf(attribute.subAttributes ?? noAttributes)

export type ResourceKind = "User" | "Group"

export interface ResourceDefinition {
  readonly kind: ResourceKind
  /** Relative to the base URL. */
  readonly endpoint: "/Users" | "/Groups"
  readonly schema: SchemaDefinition
  readonly extensions: ReadonlyArray<SchemaDefinition>
  /** Attributes of the schema with `externalId`, the writable one that every resource has (RFC 7643 section 3.1). */
  readonly shape: Shape
}

const externalId = attribute("externalId", "The id that the client knows the resource by.", { caseExact: true })

const define = (
  kind: ResourceKind,
  endpoint: "/Users" | "/Groups",
  schema: SchemaDefinition,
  extensions: ReadonlyArray<SchemaDefinition>
): ResourceDefinition => ({ kind, endpoint, schema, extensions, shape: shapeOf([externalId, ...schema.attributes]) })

export const definitions: { readonly [K in ResourceKind]: ResourceDefinition } = {
  User: define("User", "/Users", user, [enterprise]),
  Group: define("Group", "/Groups", group, [])
}

/**
 * Splits an attribute path such as `name.givenName`, `urn:…:User:userName` or `urn:…:enterprise:2.0:User:manager.value` into
 * the extension it lies in, if any, and names, without regard to case in URNs.
 */
export const splitPath = (
  path: string,
  definition: ResourceDefinition
): { readonly extension: SchemaDefinition | undefined; readonly names: ReadonlyArray<string> } => {
  const folded = path.toLowerCase()
  for (const extension of definition.extensions) {
    const id = extension.id.toLowerCase()
    if (folded === id) return { extension, names: [] }
    if (folded.startsWith(`${id}:`)) return { extension, names: path.slice(id.length + 1).split(".") }
  }
  const core = `${definition.schema.id.toLowerCase()}:`
  return {
    extension: undefined,
    names: (folded.startsWith(core) ? path.slice(core.length) : path).split(".")
  }
}

/** The attribute that a path names, if the schema has it. */
export const resolve = (path: string, definition: ResourceDefinition): Attribute | undefined => {
  const { extension, names } = splitPath(path, definition)
  let shape = extension === undefined ? definition.shape : shapeOf(extension.attributes)
  let found: Attribute | undefined
  for (const name of names) {
    found = shape.lower.get(name.toLowerCase())
    if (found === undefined) return undefined
    shape = subShape(found)
  }
  return found
}
