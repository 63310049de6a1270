/**
 * SCIM users as accounts. Plain code without intermediate values: it runs once per person of the directory.
 */
import type { Account, AccountStatus, Email } from "@access-kit/connector-model/Resource"
import * as ResourceType from "@access-kit/connector-model/ResourceType"
import * as ScimUser from "@access-kit/scim-core/User"
import type * as Schema from "effect/Schema"
import { isAddress } from "./EmailAddress.ts"

type Writable<A> = { -readonly [K in keyof A]: A[K] }

/**
 * `active` as the account's status. A user without it is neither: RFC 7643 §4.1.1 gives the attribute no default, and taking silence for "may
 * sign in" or for "may not" would each be wrong for somebody.
 */
const statusOf = (active: boolean | undefined): AccountStatus =>
  active === undefined ? "unknown" : active ? "enabled" : "disabled"

const joined = (user: ScimUser.User): string | undefined => {
  const { familyName, givenName } = user.name ?? {}
  if (givenName === undefined) return familyName
  return familyName === undefined ? givenName : `${givenName} ${familyName}`
}

const filled = (text: string | undefined): string | undefined =>
  text === undefined || text.trim() === "" ? undefined : text

/**
 * What a person is called: the first of display name, formatted name, given and family name, user name, e-mail address and id that is there.
 */
export const displayNameOf = (user: ScimUser.User): string =>
  filled(user.displayName) ?? filled(user.name?.formatted) ?? filled(joined(user)) ?? filled(user.userName)
    ?? filled(ScimUser.primaryEmail(user)) ?? user.id

/**
 * The addresses, each once. One is primary, chosen as WorkOS does: the one so marked, else the first of type `work`, else the first `home`, else
 * the first. A user without any, whose `userName` is an address, has that one: WorkOS fills it in by itself, other servers do not.
 */
const emailsOf = (user: ScimUser.User): ReadonlyArray<Email> => {
  const { emails } = user
  const [only] = emails
  if (only === undefined) {
    return user.userName !== undefined && isAddress(user.userName)
      ? [{ address: user.userName, primary: true }]
      : []
  }
  if (emails.length === 1) return [{ address: only.value, primary: true }]
  const primary = ScimUser.primaryEmail(user)?.toLowerCase()
  const seen = new Set<string>()
  const addresses: Array<Email> = []
  for (const email of emails) {
    const folded = email.value.toLowerCase()
    if (seen.has(folded)) continue
    seen.add(folded)
    addresses.push({ address: email.value, primary: folded === primary })
  }
  return addresses
}

/**
 * The profile. `first_name`, `last_name` and `user_id` are the keys that baton's CSV and Excel exports read.
 */
const profileOf = (user: ScimUser.User): Schema.JsonObject => {
  const profile: Record<string, string> = { user_id: user.id }
  if (user.userName !== undefined) profile["user_name"] = user.userName
  const { enterprise, name } = user
  if (name !== undefined) {
    if (name.givenName !== undefined) profile["first_name"] = name.givenName
    if (name.middleName !== undefined) profile["middle_name"] = name.middleName
    if (name.familyName !== undefined) profile["last_name"] = name.familyName
    if (name.formatted !== undefined) profile["formatted_name"] = name.formatted
  }
  if (user.displayName !== undefined) profile["display_name"] = user.displayName
  if (user.externalId !== undefined) profile["external_id"] = user.externalId
  if (user.title !== undefined) profile["title"] = user.title
  if (user.userType !== undefined) profile["user_type"] = user.userType
  if (enterprise !== undefined) {
    if (enterprise.employeeNumber !== undefined) profile["employee_number"] = enterprise.employeeNumber
    if (enterprise.department !== undefined) profile["department"] = enterprise.department
    if (enterprise.division !== undefined) profile["division"] = enterprise.division
    if (enterprise.organization !== undefined) profile["organization"] = enterprise.organization
    if (enterprise.costCenter !== undefined) profile["cost_center"] = enterprise.costCenter
    if (enterprise.manager?.value !== undefined) profile["manager_id"] = enterprise.manager.value
    if (enterprise.manager?.displayName !== undefined) profile["manager"] = enterprise.manager.displayName
  }
  return profile
}

/**
 * The account of a user.
 */
export const accountOf = (user: ScimUser.User): Account => {
  const emails = emailsOf(user)
  const account: Writable<Account> = {
    _tag: "Account",
    id: { resourceType: ResourceType.USER, resource: user.id },
    displayName: displayNameOf(user),
    status: statusOf(user.active),
    // Seats are for people who sign in through SSO; SCIM has no word for machines.
    accountType: "human",
    login: filled(user.userName) ?? emails[0]?.address ?? user.id,
    emails,
    profile: profileOf(user)
  }
  if (user.active === undefined) account.statusDetails = "The SCIM server does not say whether the user is active."
  if (user.externalId !== undefined) account.externalId = user.externalId
  if (user.name?.givenName !== undefined) account.givenName = user.name.givenName
  if (user.name?.familyName !== undefined) account.familyName = user.name.familyName
  if (user.enterprise?.employeeNumber !== undefined) account.employeeIds = [user.enterprise.employeeNumber]
  if (user.meta?.created !== undefined) account.createdAt = user.meta.created.toISOString()
  if (user.meta?.lastModified !== undefined) account.lastModifiedAt = user.meta.lastModified.toISOString()
  return account
}
