/**
 * The handler of groups: SCIM groups with their members, read in one pass.
 */
import type { ResourceTypeHandler } from "@access-kit/connector-model/Connector"
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import type { ListRequest, Note, Page, ResourceRecord } from "@access-kit/connector-model/Page"
import type { Group } from "@access-kit/connector-model/Resource"
import * as ResourceType from "@access-kit/connector-model/ResourceType"
import type * as ScimGroup from "@access-kit/scim-core/Group"
import type { WalkState } from "@access-kit/scim-core/Pagination"
import * as Effect from "effect/Effect"
import type { Backend } from "./Backend.ts"
import * as Failure from "./Failure.ts"
import { bareRecordOf, displayNameOf, groupOf, MEMBER, recordOf } from "./GroupMapping.ts"
import * as Listing from "./Listing.ts"
import * as MemberList from "./MemberList.ts"
import * as Memberships from "./Memberships.ts"
import * as Search from "./Search.ts"

export const resourceType: ResourceType.ResourceType = {
  id: ResourceType.GROUP,
  displayName: "Group",
  description:
    "A group that is managed through SCIM. Groups are made and deleted in the identity provider that provisions "
    + "them, not through this connector",
  traits: ["group"]
}

const about = (id: string): Failure.About => ({ resourceType: ResourceType.GROUP, key: id })

const WITHOUT_MEMBERS = { excludedAttributes: ["members"] }

export const make = (backend: Backend): ResourceTypeHandler => {
  const { client, concurrency, service } = backend
  const groups = client.groups
  const { grant, revoke } = Memberships.make(backend)

  const unreadable = (operation: string, id: string, list: Extract<MemberList.MemberList, { _tag: "Unreadable" }>) =>
    Effect.fail(ConnectorError.make(
      operation,
      new ConnectorError.UnexpectedResponse({
        message:
          `The group "${id}" ${list.why}, and a list that can't be read is not taken for an empty one. ${list.remedy}`
      })
    ))

  const alone = (
    operation: string,
    group: ScimGroup.Group
  ): Effect.Effect<ResourceRecord, ConnectorError.ConnectorError> => {
    const list = MemberList.alone(service, group)
    return list._tag === "Known"
      ? Effect.succeed(recordOf(group, list.members))
      : unreadable(operation, group.id, list)
  }

  /** A group whose row in the list does not settle who is in it. */
  const readAlone = (row: ScimGroup.Group): Effect.Effect<ResourceRecord, ConnectorError.ConnectorError> =>
    groups.get(row.id).pipe(
      Effect.mapError((error) =>
        error.reason._tag === "NotFound"
          ? ConnectorError.make(
            "list",
            new ConnectorError.DirectoryChanged({
              resourceType: ResourceType.GROUP,
              message:
                `The group "${row.id}" was in the list and is gone now: the directory changes while it is read. Read it `
                + "again."
            }),
            error
          )
          : Failure.toConnectorError("list", error, about(row.id))
      ),
      Effect.flatMap((group) => alone("list", group))
    )

  const listEverything = Effect.fnUntraced(function*(
    state: WalkState
  ): Effect.fn.Return<Page<ResourceRecord>, ConnectorError.ConnectorError> {
    const step = yield* groups.walk(state).pipe(Failure.mapped("list", about("")))
    const items: Array<ResourceRecord> = []
    const open: Array<ScimGroup.Group> = []
    for (const group of step.resources) {
      const members = MemberList.inList(service, group)
      if (members === undefined) open.push(group)
      else items.push(recordOf(group, members))
    }
    if (open.length === 0) return Listing.pageOf(step, items)
    for (const record of yield* Effect.forEach(open, readAlone, { concurrency })) items.push(record)
    const note: Note = {
      code: "group-read-separately",
      message: "The list did not show who is in a group, or that nobody is; the group was read on its own.",
      count: open.length
    }
    return Listing.pageOf(step, items, [note])
  })

  const listBare = Effect.fnUntraced(function*(
    state: WalkState
  ): Effect.fn.Return<Page<ResourceRecord>, ConnectorError.ConnectorError> {
    const step = yield* groups.walk(state, WITHOUT_MEMBERS).pipe(
      // The parameter only saves traffic, so a server that finds fault with it is asked without.
      Effect.catchReason("ScimError", "InvalidRequest", () => groups.walk(state)),
      Failure.mapped("list", about(""))
    )
    return Listing.pageOf(step, step.resources.map(bareRecordOf))
  })

  const list = Effect.fn("ClaudeEnterprise.listGroups")(function*(
    request: ListRequest
  ): Effect.fn.Return<Page<ResourceRecord>, ConnectorError.ConnectorError> {
    // A row with its members can be thousands of times as large as one without, and a sync holds several pages at a time.
    return request.include === "everything"
      ? yield* listEverything(yield* Listing.stateOf(groups, request, backend.groupsPerPage))
      : yield* listBare(yield* Listing.stateOf(groups, request))
  })

  const get = Effect.fn("ClaudeEnterprise.getGroup")((id: string) =>
    groups.get(id).pipe(
      Failure.mapped("get", about(id)),
      Effect.flatMap((group) => alone("get", group))
    )
  )

  const find = Effect.fn("ClaudeEnterprise.findGroups")(function*(
    text: string
  ): Effect.fn.Return<ReadonlyArray<Group>, ConnectorError.ConnectorError> {
    if (text.trim() === "") return []
    const identified = yield* groups.get(text, WITHOUT_MEMBERS).pipe(
      Effect.map((group): ReadonlyArray<ScimGroup.Group> => [group]),
      Effect.catchIf(
        ({ reason }) =>
          reason._tag === "NotFound" || reason._tag === "InvalidRequest" || reason._tag === "InvalidConfiguration",
        () => Effect.succeed<ReadonlyArray<ScimGroup.Group>>([])
      ),
      Failure.mapped("find", about(text))
    )
    if (identified.length > 0) return identified.map(groupOf)
    const named = yield* Search.firstMatches(
      groups,
      [{
        attribute: "displayName",
        value: text,
        matches: (group) => Search.sameText(displayNameOf(group), text)
      }],
      { ...WITHOUT_MEMBERS, concurrency }
    ).pipe(Failure.mapped("find", about(text)))
    return named.map(groupOf)
  })

  return {
    resourceType,
    list,
    get,
    find,
    entitlements: [{ slug: MEMBER, purpose: "assignment", grantableTo: [ResourceType.USER] }],
    grant,
    revoke
  }
}
