/**
 * Putting members into a group and taking them out, and believing it only when it can be read.
 *
 * A PATCH that is answered well is not yet carried out: servers drop ids that they do not know, store a member twice, or take a removal
 * of one member for a removal of all. So each change looks first, asks for as little as possible in the safe form, and reads back.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Dialect from "./Dialect.ts"
import type { Group } from "./Group.ts"
import * as Patch from "./Patch.ts"
import type { ScimClient } from "./ScimClient.ts"
import * as ScimError from "./ScimError.ts"

const words = {
  /** What happened and what to do. */
  message: Schema.String,
  /** Id of the group. */
  group: Schema.String
}

/**
 * The server accepted the change, and reading back shows that it did not carry it out.
 *
 * @since 0.1.0
 */
export class NotApplied extends Schema.TaggedError<NotApplied>()("NotApplied", {
  ...words,
  /** The members that should be there and are not, or should not and are. */
  members: Schema.Array(Schema.String)
}) {}

/**
 * The server does not show who is in the group, so nothing can be said about a change.
 *
 * @since 0.1.0
 */
export class MembersUnreadable extends Schema.TaggedError<MembersUnreadable>()("MembersUnreadable", words) {}

/**
 * @since 0.1.0
 */
export type MembershipError = ScimError.ScimError | NotApplied | MembersUnreadable

/**
 * @since 0.1.0
 */
export interface Options {
  /**
   * What it means that a group, read on its own, has no `members` attribute. RFC 7643 §2.5 makes an unassigned attribute equal to an empty
   * one, and some servers drop the key with the last member; others hide the list. Default `empty`.
   */
  readonly absentMembers?: "empty" | "unknown" | undefined
  /** How long to look for a change on servers whose readers lag behind their writers. Default 2 seconds. */
  readonly patience?: Duration.Input | undefined
}

/**
 * @since 0.1.0
 */
export type Addition =
  | { readonly _tag: "Added"; readonly members: ReadonlyArray<string> }
  | { readonly _tag: "AlreadyMembers" }

/**
 * @since 0.1.0
 */
export type Removal =
  | {
    readonly _tag: "Removed"
    readonly members: ReadonlyArray<string>
    /**
     * Who was in the group before and is not any more, without having been asked for: somebody else took them out at the same time, or
     * the server takes out more than it is told. Empty almost always.
     */
    readonly othersGone: ReadonlyArray<string>
  }
  | { readonly _tag: "NotMembers" }

/** Failures after which nobody knows whether the server carried the request out. */
const isUnclear = ({ reason }: ScimError.ScimError): boolean =>
  reason._tag === "Timeout" || reason._tag === "Network" || reason._tag === "Decode" || reason._tag === "ServerFailure"
  || reason._tag === "TooLarge"

/** Refusals of a removal that may mean "is not in it": no attribute to search, or nothing that the filter finds. */
const mayBeAbsent = ({ reason }: ScimError.ScimError): boolean =>
  reason._tag === "InvalidRequest" || reason._tag === "NotFound"

type Client = ScimClient["Service"]

const hidden = (group: Group, why: string) =>
  new MembersUnreadable({
    group: group.id,
    message: `Group "${group.id}" ${why}, so it can't be told who is in it. Nothing was changed blindly.`
  })

/**
 * The ids of a group's members, the group being read on its own.
 *
 * @since 0.1.0
 */
export const read = Effect.fn("Membership.read")(function*(
  client: Client,
  groupId: string,
  options: Options = {}
): Effect.fn.Return<ReadonlySet<string>, ScimError.ScimError | MembersUnreadable> {
  const group = yield* client.groups.get(groupId)
  const { members } = group
  if (members._tag === "Known") {
    if (members.unreadable > 0) return yield* hidden(group, `has ${members.unreadable} members without an id`)
    return new Set(members.members.map((member) => member.value))
  }
  const sent = Object.entries(group.raw).find(([name]) => name.toLowerCase() === "members")?.[1]
  if (sent !== undefined && sent !== null) return yield* hidden(group, "has members that are no list")
  if (options.absentMembers === "unknown") return yield* hidden(group, "comes without a member list")
  return new Set<string>()
})

/** Reads until `shown`, or patience ends; gives the last answer either way. */
const readUntil = Effect.fnUntraced(function*(
  client: Client,
  groupId: string,
  options: Options,
  shown: (members: ReadonlySet<string>) => boolean
): Effect.fn.Return<ReadonlySet<string>, ScimError.ScimError | MembersUnreadable> {
  const end = (yield* Clock.currentTimeMillis) + Duration.toMillis(options.patience ?? "2 seconds")
  let pause = 125
  let members = yield* read(client, groupId, options)
  while (!shown(members) && (yield* Clock.currentTimeMillis) + pause <= end) {
    yield* Effect.sleep(pause)
    pause *= 2
    members = yield* read(client, groupId, options)
  }
  return members
})

/** Sends the operations. A failure that may still be an answer is given back; any other is final. */
const send = (
  client: Client,
  groupId: string,
  operations: ReadonlyArray<Patch.Operation>,
  mayAnswer: (error: ScimError.ScimError) => boolean
): Effect.Effect<ScimError.ScimError | undefined, ScimError.ScimError> => {
  const patch = Patch.make(operations)
  if (Result.isFailure(patch)) {
    return Effect.fail(ScimError.make(new ScimError.InvalidRequest({ message: patch.failure.message })))
  }
  return Effect.matchEffect(client.groups.patch(groupId, patch.success), {
    onSuccess: () => Effect.succeed(undefined),
    onFailure: (error) => mayAnswer(error) ? Effect.succeed(error) : Effect.fail(error)
  })
}

/**
 * Puts members into a group. Those who are in it already are not sent again, since some servers store them twice.
 *
 * @since 0.1.0
 */
export const add = Effect.fn("Membership.add")(function*(
  client: Client,
  groupId: string,
  ids: ReadonlyArray<string>,
  options: Options = {}
): Effect.fn.Return<Addition, MembershipError> {
  const before = yield* read(client, groupId, options)
  const wanted = [...new Set(ids)].filter((id) => !before.has(id))
  if (wanted.length === 0) return { _tag: "AlreadyMembers" }
  const unclear = yield* send(client, groupId, [Patch.addMembers(wanted)], isUnclear)
  const after = yield* readUntil(client, groupId, options, (members) => wanted.every((id) => members.has(id)))
  const missing = wanted.filter((id) => !after.has(id))
  if (missing.length === 0) return { _tag: "Added", members: wanted }
  if (unclear !== undefined) return yield* unclear
  return yield* new NotApplied({
    group: groupId,
    members: missing,
    message:
      `The server accepted the change, but ${missing.length} of ${wanted.length} members are not in group "${groupId}". `
      + "Servers drop members that they do not know: check that they exist in this directory."
  })
})

/**
 * Takes members out of a group, each by an operation of its own that names it in the path.
 *
 * @since 0.1.0
 */
export const remove = Effect.fn("Membership.remove")(function*(
  client: Client,
  groupId: string,
  ids: ReadonlyArray<string>,
  options: Options = {}
): Effect.fn.Return<Removal, MembershipError> {
  const before = yield* read(client, groupId, options)
  const wanted = [...new Set(ids)].filter((id) => before.has(id))
  if (wanted.length === 0) return { _tag: "NotMembers" }
  const refusal = yield* send(
    client,
    groupId,
    wanted.map((id) => Dialect.removeMember(client.dialect, id)),
    (error) => mayBeAbsent(error) || isUnclear(error)
  )
  const after = yield* readUntil(client, groupId, options, (members) => !wanted.some((id) => members.has(id)))
  const left = wanted.filter((id) => after.has(id))
  if (left.length === 0) {
    const asked = new Set(wanted)
    const othersGone = [...before].filter((id) => !asked.has(id) && !after.has(id))
    if (othersGone.length > 0) {
      yield* Effect.logWarning(
        `${othersGone.length} members of group "${groupId}" went together with the ${wanted.length} that were to be removed.`
      )
    }
    return { _tag: "Removed", members: wanted, othersGone }
  }
  if (refusal !== undefined) return yield* refusal
  return yield* new NotApplied({
    group: groupId,
    members: left,
    message:
      `The server accepted the change, but ${left.length} of ${wanted.length} members are still in group "${groupId}". `
      + "Look whether another system puts them back, and whether the dialect's form of removal is the right one."
  })
})
