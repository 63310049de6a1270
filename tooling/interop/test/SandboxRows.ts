/**
 * What the sandbox holds, in the rows that `baton` is expected to print. Read from the sandbox itself; none of the code under test has a
 * part in it.
 */
import type { Sandbox } from "@access-kit/scim-sandbox"
import { Effect, Option, Schema } from "effect"
import * as BatonRows from "../src/BatonRows.ts"

const text = Schema.optionalKey(Schema.String)

const User = Schema.Struct({
  id: Schema.String,
  userName: Schema.String,
  displayName: text,
  externalId: text,
  name: Schema.optionalKey(Schema.Struct({ formatted: text, givenName: text, familyName: text })),
  emails: Schema.optionalKey(
    Schema.Array(Schema.Struct({ value: Schema.String, primary: Schema.optionalKey(Schema.Boolean) }))
  ),
  active: Schema.optionalKey(Schema.Boolean),
  meta: Schema.Struct({ created: Schema.String })
})

/** Text that is no well-formed Unicode can't be in a protobuf string; what is broken comes as U+FFFD. */
const sound = (value: string | undefined): string | undefined => value?.toWellFormed()

const person = (user: typeof User.Type) => ({
  id: user.id,
  displayName: sound(user.displayName ?? user.name?.formatted ?? user.userName),
  login: user.userName,
  emails: (user.emails ?? []).map((email) => email.primary === true ? `*${email.value}` : email.value),
  status: user.active === true ? "STATUS_ENABLED" : "STATUS_DISABLED",
  givenName: sound(user.name?.givenName),
  familyName: sound(user.name?.familyName),
  createdAt: Date.parse(user.meta.created),
  externalId: user.externalId,
  userId: user.id
})

/**
 * The whole directory of a sandbox.
 */
export const read = Effect.fn("SandboxRows.read")(function*(sandbox: Sandbox.SandboxService) {
  const { groups, users } = yield* sandbox.directory.snapshot
  const raw = yield* Effect.forEach(users, (user) =>
    sandbox.directory.resource("User", user.id).pipe(
      Effect.flatMap((resource) => Schema.decodeUnknownEffect(User)(Option.getOrUndefined(resource)))
    ))
  const people = raw.map(person).sort(BatonRows.byId)
  const names = new Map(people.map((user) => [user.id, user.displayName]))
  const grants = groups.flatMap((group) =>
    group.members.map((member) => ({
      id: `group:${group.id}:member:user:${member}`,
      entitlement: `group:${group.id}:member`,
      resource: `group ${group.id} ${sound(group.displayName)}`,
      principal: `user ${member} ${names.get(member)}`
    }))
  ).sort(BatonRows.byId)
  const members = new Set(groups.flatMap((group) => group.members))
  return {
    people,
    groups: groups.map((group) => ({ id: group.id, displayName: sound(group.displayName) })).sort(BatonRows.byId),
    membersOf: new Map(groups.map((group) => [group.id, group.members])),
    entitlements: groups.map((group) => ({
      id: `group:${group.id}:member`,
      displayName: `${sound(group.displayName)} Member`,
      slug: "member",
      purpose: "PURPOSE_VALUE_ASSIGNMENT",
      grantableTo: ["user"],
      resource: `group ${group.id} ${sound(group.displayName)}`
    })).sort(BatonRows.byId),
    grants,
    principals: people.filter((user) => members.has(user.id)),
    groupsOf: (user: string) => groups.filter((group) => group.members.includes(user)).map((group) => group.id).sort()
  }
})

export type SandboxRows = Effect.Success<ReturnType<typeof read>>
