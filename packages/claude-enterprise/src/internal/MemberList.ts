/**
 * Whether the members of a group are known. The one rule that everything here keeps: a list that can't be read is never an empty one, since an
 * empty one means that nobody has access.
 */
import type * as ScimGroup from "@access-kit/scim-core/Group"
import type { Service } from "./Service.ts"

export type MemberList =
  | { readonly _tag: "Known"; readonly members: ReadonlyArray<ScimGroup.Member> }
  /** `why` is the end of the sentence "The group …". */
  | { readonly _tag: "Unreadable"; readonly why: string; readonly remedy: string }

/**
 * The members as a row of a list shows them; `undefined` when the group has to be read on its own.
 */
export const inList = (service: Service, group: ScimGroup.Group): ReadonlyArray<ScimGroup.Member> | undefined => {
  const { members } = group
  if (members._tag === "Unknown" || members.unreadable > 0) return undefined
  return service.confirmEmpty && members.members.length === 0 ? undefined : members.members
}

const rawMembers = (group: ScimGroup.Group): unknown => {
  for (const name of Object.keys(group.raw)) {
    if (name.toLowerCase() === "members") return group.raw[name]
  }
  return undefined
}

const none: MemberList = { _tag: "Known", members: [] }

/**
 * The members of a group that was read on its own, with all its attributes.
 */
export const alone = (service: Service, group: ScimGroup.Group): MemberList => {
  const { members } = group
  if (members._tag === "Known") {
    return members.unreadable === 0 ? { _tag: "Known", members: members.members } : {
      _tag: "Unreadable",
      why: `has ${members.unreadable} ${members.unreadable === 1 ? "member" : "members"} without an id`,
      remedy: "Report it to whoever runs the SCIM server: such a list can't be told from a shorter one."
    }
  }
  const raw = rawMembers(group)
  if (raw !== undefined && raw !== null) {
    return {
      _tag: "Unreadable",
      why: "has members in a form that is no list of members (RFC 7643 §4.2)",
      remedy: "Report it to whoever runs the SCIM server."
    }
  }
  return service.absentMembers === "empty" ? none : {
    _tag: "Unreadable",
    why: "comes without a member list",
    remedy:
      "If this server leaves the list out of groups that have no members, set scim-dialect to standard; if it hides "
      + "members, they can't be synced."
  }
}
