/**
 * SCIM `User` resources (RFC 7643 §4.1 and §4.3): a tolerant, allocation-lean decoder and the encoder for create and replace bodies.
 *
 * @since 0.1.0
 */
import * as decoding from "./internal/decoding.ts"
import * as encoding from "./internal/encoding.ts"
import * as Schemas from "./Schemas.ts"
import type { Findings, JsonObject, RowDecoder, ScimResource } from "./ScimResource.ts"

/**
 * Components of a person's name (RFC 7643 §4.1.1).
 *
 * @since 0.1.0
 */
export interface Name {
  readonly formatted: string | undefined
  readonly givenName: string | undefined
  readonly middleName: string | undefined
  readonly familyName: string | undefined
  readonly honorificPrefix: string | undefined
  readonly honorificSuffix: string | undefined
}

/**
 * One value of a plural attribute such as `emails`, `phoneNumbers`, `roles` or `groups` (RFC 7643 §2.4).
 *
 * @since 0.1.0
 */
export interface PluralValue {
  readonly value: string
  readonly display: string | undefined
  readonly type: string | undefined
  /** `undefined` when the server said nothing. */
  readonly primary: boolean | undefined
}

/**
 * The Enterprise User extension (RFC 7643 §4.3).
 *
 * @since 0.1.0
 */
export interface EnterpriseUser {
  readonly employeeNumber: string | undefined
  readonly costCenter: string | undefined
  readonly organization: string | undefined
  readonly division: string | undefined
  readonly department: string | undefined
  readonly manager: Manager | undefined
}

/**
 * The manager of an enterprise user; `value` is the SCIM id of another user.
 *
 * @since 0.1.0
 */
export interface Manager {
  readonly value: string | undefined
  readonly displayName: string | undefined
}

/**
 * A user as read from a server. Absent, null and unreadable attributes are all `undefined`; plural attributes are then empty.
 *
 * @since 0.1.0
 */
export interface User extends ScimResource {
  readonly userName: string | undefined
  readonly displayName: string | undefined
  readonly name: Name | undefined
  readonly title: string | undefined
  readonly userType: string | undefined
  /** `undefined` means that the server did not say, which is neither active nor inactive. */
  readonly active: boolean | undefined
  readonly emails: ReadonlyArray<PluralValue>
  readonly phoneNumbers: ReadonlyArray<PluralValue>
  readonly groups: ReadonlyArray<PluralValue>
  readonly roles: ReadonlyArray<PluralValue>
  readonly enterprise: EnterpriseUser | undefined
}

/**
 * An e-mail address to write.
 *
 * @since 0.1.0
 */
export interface NewEmail {
  readonly value: string
  readonly type?: string | undefined
  readonly primary?: boolean | undefined
  readonly display?: string | undefined
}

/**
 * What a client may say about a user when it creates or replaces one. Everything but `userName` may be left out;
 * `undefined` is the same as left out.
 *
 * @since 0.1.0
 */
export interface NewUser {
  readonly userName: string
  readonly externalId?: string | undefined
  readonly displayName?: string | undefined
  readonly name?: {
    readonly formatted?: string | undefined
    readonly givenName?: string | undefined
    readonly middleName?: string | undefined
    readonly familyName?: string | undefined
    readonly honorificPrefix?: string | undefined
    readonly honorificSuffix?: string | undefined
  } | undefined
  readonly title?: string | undefined
  readonly userType?: string | undefined
  readonly active?: boolean | undefined
  readonly emails?: ReadonlyArray<NewEmail> | undefined
  readonly enterprise?: {
    readonly employeeNumber?: string | undefined
    readonly costCenter?: string | undefined
    readonly organization?: string | undefined
    readonly division?: string | undefined
    readonly department?: string | undefined
    /** SCIM id of the manager. */
    readonly manager?: string | undefined
  } | undefined
  /** Attributes of further extensions, by schema URN. */
  readonly extensions?: { readonly [urn: `urn:${string}`]: JsonObject } | undefined
}

const userNames = decoding.names(
  "id",
  "externalId",
  "schemas",
  "meta",
  "userName",
  "displayName",
  "name",
  "title",
  "userType",
  "active",
  "emails",
  "phoneNumbers",
  "groups",
  "roles",
  Schemas.EnterpriseUser
)

/**
 * Decodes a user; `undefined` when there is no usable `id`. Never throws.
 *
 * @since 0.1.0
 */
export const decode: RowDecoder<User> = (input, findings) => {
  if (!decoding.isObject(input)) {
    findings?.add("Malformed", "User", "not an object; left out")
    return undefined
  }
  const object = decoding.withExactNames(input, userNames, "User", findings)
  const id = decoding.identifier(object["id"], "User.id", findings)
  if (id === undefined) {
    findings?.add("MissingId", "User.id", "a user without id; left out")
    return undefined
  }
  return {
    id,
    externalId: decoding.text(object["externalId"], "User.externalId", findings),
    schemas: decoding.texts(object["schemas"], "User.schemas", findings),
    meta: decoding.meta(object["meta"], findings),
    userName: decoding.text(object["userName"], "User.userName", findings),
    displayName: decoding.text(object["displayName"], "User.displayName", findings),
    name: decodeName(object["name"], findings),
    title: decoding.text(object["title"], "User.title", findings),
    userType: decoding.text(object["userType"], "User.userType", findings),
    active: decoding.boolean(object["active"], "User.active", findings),
    emails: decodePlural(object["emails"], "User.emails", findings),
    phoneNumbers: decodePlural(object["phoneNumbers"], "User.phoneNumbers", findings),
    groups: decodePlural(object["groups"], "User.groups", findings),
    roles: decodePlural(object["roles"], "User.roles", findings),
    enterprise: decodeEnterprise(object[Schemas.EnterpriseUser], findings),
    raw: input
  }
}

const nameNames = decoding.names(
  "formatted",
  "givenName",
  "middleName",
  "familyName",
  "honorificPrefix",
  "honorificSuffix"
)

const decodeName = (value: unknown, findings: Findings | undefined): Name | undefined => {
  if (value === undefined || value === null) {
    return undefined
  }
  if (typeof value === "string") {
    findings?.add("BareValue", "User.name", "plain text where a complex value belongs; read as name.formatted")
    return {
      formatted: value,
      givenName: undefined,
      middleName: undefined,
      familyName: undefined,
      honorificPrefix: undefined,
      honorificSuffix: undefined
    }
  }
  if (!decoding.isObject(value)) {
    findings?.add("Malformed", "User.name", "not an object; treated as absent")
    return undefined
  }
  const object = decoding.withExactNames(value, nameNames, "User.name", findings)
  return {
    formatted: decoding.text(object["formatted"], "User.name.formatted", findings),
    givenName: decoding.text(object["givenName"], "User.name.givenName", findings),
    middleName: decoding.text(object["middleName"], "User.name.middleName", findings),
    familyName: decoding.text(object["familyName"], "User.name.familyName", findings),
    honorificPrefix: decoding.text(object["honorificPrefix"], "User.name.honorificPrefix", findings),
    honorificSuffix: decoding.text(object["honorificSuffix"], "User.name.honorificSuffix", findings)
  }
}

const pluralNames = decoding.names("value", "display", "type", "primary", "$ref")
const noValues: ReadonlyArray<PluralValue> = []

const decodePlural = (
  value: unknown,
  at: string,
  findings: Findings | undefined
): ReadonlyArray<PluralValue> => {
  if (value === undefined || value === null) {
    return noValues
  }
  if (!decoding.isArray(value)) {
    if (!decoding.isObject(value) && typeof value !== "string") {
      findings?.add("Malformed", at, "neither a list nor a value; treated as absent")
      return noValues
    }
    findings?.add("Single", at, "one value where a list belongs; read as a list of one")
    const single = decodePluralValue(value, at, findings)
    return single === undefined ? noValues : [single]
  }
  if (value.length === 0) {
    return noValues
  }
  const out: Array<PluralValue> = []
  for (const item of value) {
    const decoded = decodePluralValue(item, at, findings)
    if (decoded !== undefined) {
      out.push(decoded)
    }
  }
  return out
}

const decodePluralValue = (
  item: unknown,
  at: string,
  findings: Findings | undefined
): PluralValue | undefined => {
  if (item === null || item === undefined) {
    findings?.add("Null", at, "a null in a list; left out")
    return undefined
  }
  if (typeof item === "string") {
    if (item === "") {
      findings?.add("Malformed", at, "an empty text in a list; left out")
      return undefined
    }
    findings?.add("BareValue", at, "plain text where a complex value belongs; read as its value")
    return { value: item, display: undefined, type: undefined, primary: undefined }
  }
  if (!decoding.isObject(item)) {
    findings?.add("Malformed", at, "not a value; left out")
    return undefined
  }
  const object = decoding.withExactNames(item, pluralNames, at, findings)
  let text = decoding.text(object["value"], at, findings)
  if (text === undefined || text === "") {
    const ref = object["$ref"]
    text = typeof ref === "string" ? decoding.reference(ref).id : undefined
    if (text === undefined) {
      findings?.add("Malformed", at, "an entry without value; left out")
      return undefined
    }
    findings?.add("ReferenceOnly", at, "no value; read from the end of $ref")
  }
  return {
    value: text,
    display: decoding.text(object["display"], at, findings),
    type: decoding.text(object["type"], at, findings),
    primary: decoding.boolean(object["primary"], at, findings)
  }
}

const enterpriseNames = decoding.names(
  "employeeNumber",
  "costCenter",
  "organization",
  "division",
  "department",
  "manager"
)

const decodeEnterprise = (value: unknown, findings: Findings | undefined): EnterpriseUser | undefined => {
  if (value === undefined || value === null) {
    return undefined
  }
  if (!decoding.isObject(value)) {
    findings?.add("Malformed", "User.enterprise", "not an object; treated as absent")
    return undefined
  }
  const object = decoding.withExactNames(value, enterpriseNames, "User.enterprise", findings)
  return {
    employeeNumber: decoding.text(object["employeeNumber"], "User.enterprise.employeeNumber", findings),
    costCenter: decoding.text(object["costCenter"], "User.enterprise.costCenter", findings),
    organization: decoding.text(object["organization"], "User.enterprise.organization", findings),
    division: decoding.text(object["division"], "User.enterprise.division", findings),
    department: decoding.text(object["department"], "User.enterprise.department", findings),
    manager: decodeManager(object["manager"], findings)
  }
}

const managerNames = decoding.names("value", "$ref", "displayName")

const decodeManager = (input: unknown, findings: Findings | undefined): Manager | undefined => {
  let value = input
  if (decoding.isArray(value)) {
    // Seen on servers that treat every complex attribute as plural.
    if (value.length > 0) {
      findings?.add("Shape", "User.enterprise.manager", "a list where one value belongs; the first was read")
    }
    value = value[0]
  }
  if (value === undefined || value === null) {
    return undefined
  }
  if (!decoding.isObject(value)) {
    const id = decoding.identifier(value, "User.enterprise.manager", findings)
    if (id === undefined) {
      return undefined
    }
    findings?.add("BareValue", "User.enterprise.manager", "plain text where a complex value belongs; read as its value")
    return { value: id, displayName: undefined }
  }
  const object = decoding.withExactNames(value, managerNames, "User.enterprise.manager", findings)
  let id = decoding.identifier(object["value"], "User.enterprise.manager.value", findings)
  const ref = object["$ref"]
  if (id === undefined && typeof ref === "string") {
    id = decoding.reference(ref).id
    if (id !== undefined) {
      findings?.add("ReferenceOnly", "User.enterprise.manager", "no value; read from the end of $ref")
    }
  }
  const displayName = decoding.text(object["displayName"], "User.enterprise.manager.displayName", findings)
  return id === undefined && displayName === undefined ? undefined : { value: id, displayName }
}

/**
 * The e-mail that stands for the user: `primary: true`, else the first of type `work`, else the first of type `home`,
 * else the first. `undefined` without any e-mail.
 *
 * @since 0.1.0
 */
export const primaryEmail = (user: { readonly emails: ReadonlyArray<PluralValue> }): string | undefined => {
  const emails = user.emails
  if (emails.length < 2) {
    return emails[0]?.value
  }
  return (emails.find((email) => email.primary === true) ?? emails.find(isOfType("work")) ??
    emails.find(isOfType("home")) ?? emails[0])?.value
}

const isOfType = (type: string) => (email: PluralValue): boolean => email.type?.toLowerCase() === type

/**
 * The e-mail address of a user: {@link primaryEmail}, else a `userName` that has the form of an e-mail address.
 *
 * @since 0.1.0
 */
export const email = (
  user: { readonly userName: string | undefined; readonly emails: ReadonlyArray<PluralValue> }
): string | undefined =>
  primaryEmail(user) ?? (user.userName !== undefined && isEmailAddress(user.userName) ? user.userName : undefined)

/**
 * Whether a text has the form of an e-mail address: one `@` with something on both sides, no white space and no
 * control characters. Whether it can be delivered, only the mail system knows.
 *
 * @since 0.1.0
 */
export const isEmailAddress = (text: string): boolean => /^[^\s\p{Cc}@]+@[^\s\p{Cc}@]+$/u.test(text)

/**
 * The body of a create (POST) or replace (PUT) request: no null, no `id`, no `meta`, no boolean as a string. Attributes
 * that are `undefined` are left out; `emails: []` is kept, since in a PUT it says that there are none.
 *
 * @since 0.1.0
 */
export const create = (user: NewUser): JsonObject => {
  const enterprise = encoding.compact({
    employeeNumber: user.enterprise?.employeeNumber,
    costCenter: user.enterprise?.costCenter,
    organization: user.enterprise?.organization,
    division: user.enterprise?.division,
    department: user.enterprise?.department,
    manager: encoding.compact({ value: user.enterprise?.manager })
  })
  const extensions = encoding.extensions({
    ...user.extensions,
    ...(enterprise === undefined ? {} : { [Schemas.EnterpriseUser]: enterprise })
  })
  return {
    schemas: [Schemas.User, ...Object.keys(extensions)],
    ...encoding.compact({
      userName: user.userName,
      externalId: user.externalId,
      displayName: user.displayName,
      name: encoding.compact({
        formatted: user.name?.formatted,
        givenName: user.name?.givenName,
        middleName: user.name?.middleName,
        familyName: user.name?.familyName,
        honorificPrefix: user.name?.honorificPrefix,
        honorificSuffix: user.name?.honorificSuffix
      }),
      title: user.title,
      userType: user.userType,
      active: encoding.boolean(user.active),
      emails: user.emails?.map((email) =>
        encoding.compact({
          value: email.value,
          type: email.type,
          primary: encoding.boolean(email.primary),
          display: email.display
        })
      )
    }),
    ...extensions
  }
}
