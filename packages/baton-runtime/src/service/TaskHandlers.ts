/**
 * Carries out the tasks that are one call of the connector: changes, and what else C1 may ask. A full sync is `FullSync`, a greeting `Hello`.
 *
 * What a connector has nothing for (tickets, actions, events, credentials) is answered by its own services, as a connector of the Go SDK without
 * them answers.
 *
 * @since 0.1.0
 */
import { ActionService } from "@access-kit/baton-protocol/gen/c1/connector/v2/action_pb"
import { EventService } from "@access-kit/baton-protocol/gen/c1/connector/v2/event_feed_pb"
import { GrantManagerService } from "@access-kit/baton-protocol/gen/c1/connector/v2/grant_pb"
import {
  AccountManagerService,
  CredentialManagerService,
  ResourceManagerService
} from "@access-kit/baton-protocol/gen/c1/connector/v2/resource_pb"
import { TicketsService } from "@access-kit/baton-protocol/gen/c1/connector/v2/ticket_pb"
import type { Task } from "@access-kit/baton-protocol/gen/c1/connectorapi/baton/v1/baton_pb"
import type { DescMessage, DescMethodUnary, MessageInitShape } from "@bufbuild/protobuf"
import type { Any } from "@bufbuild/protobuf/wkt"
import { Code } from "@connectrpc/connect"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type { LocalConnector } from "./LocalConnector.ts"
import * as TaskResult from "./TaskResult.ts"

type TaskType = Task["taskType"]

/** The most ticket kinds in one answer. */
const SCHEMAS = 100

const isAny = (value: unknown): value is Any =>
  Predicate.isTagged(value, "google.protobuf.Any") || (
    Predicate.hasProperty(value, "$typeName") && value.$typeName === "google.protobuf.Any"
  )

/** The annotations of a response; every response that has some names them so. */
const annotationsOf = (message: object): ReadonlyArray<Any> =>
  Predicate.hasProperty(message, "annotations") && Array.isArray(message.annotations)
    ? message.annotations.filter(isAny)
    : []

/**
 * The result of a task that is one call; nothing for tasks of other kinds.
 *
 * @since 0.1.0
 */
export const handle = (
  connector: LocalConnector,
  taskId: string,
  task: TaskType
): Effect.Effect<TaskResult.TaskResult> | undefined => {
  const call = <I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    request: MessageInitShape<I>,
    options: {
      /** Whether a failure is final. It is for changes: C1 decides anew whether they are wanted still. */
      readonly final: boolean
      /** Annotations to hand back instead of those of the response. */
      readonly annotations?: ReadonlyArray<Any>
    }
  ): Effect.Effect<TaskResult.TaskResult> =>
    connector.call(method, request).pipe(
      Effect.map((response) =>
        TaskResult.success(method.output, response, options.annotations ?? annotationsOf(response))
      ),
      Effect.catchTag("ConnectorStatus", ({ status }) => Effect.succeed(TaskResult.ofStatus(status, options.final)))
    )
  const malformed = (what: string): Effect.Effect<TaskResult.TaskResult> =>
    Effect.succeed(TaskResult.failure(Code.InvalidArgument, `malformed ${what}`, { nonRetryable: true }))

  const change = { final: true }
  switch (task.case) {
    case "grant": {
      const { entitlement, principal } = task.value
      if (entitlement === undefined || principal === undefined) {
        return malformed("grant task: it needs an entitlement and a principal")
      }
      return call(GrantManagerService.method.grant, { entitlement, principal }, change)
    }
    case "revoke": {
      const { grant } = task.value
      if (grant?.entitlement === undefined || grant.principal === undefined) {
        return malformed("revoke task: it needs a grant with its entitlement and its principal")
      }
      return call(GrantManagerService.method.revoke, { grant }, change)
    }
    case "createAccount": {
      const { accountInfo, credentialOptions, encryptionConfigs, resourceTypeId } = task.value
      if (accountInfo === undefined) return malformed("account creation task: it needs an account_info")
      return call(AccountManagerService.method.createAccount, {
        accountInfo,
        encryptionConfigs,
        resourceTypeId,
        ...(credentialOptions === undefined ? {} : { credentialOptions })
      }, change)
    }
    case "createResource": {
      const { resource } = task.value
      if (resource === undefined) return malformed("resource creation task: it needs a resource")
      return call(ResourceManagerService.method.createResource, { resource }, change)
    }
    case "deleteResource": {
      const { parentResourceId, resourceId } = task.value
      if (resourceId === undefined || resourceId.resource === "" || resourceId.resourceType === "") {
        return malformed("delete task: it needs a resource_id with a type and an id")
      }
      return call(ResourceManagerService.method.deleteResource, {
        resourceId,
        ...(parentResourceId === undefined ? {} : { parentResourceId })
      }, change)
    }
    case "rotateCredentials": {
      const { credentialOptions, encryptionConfigs, resourceId } = task.value
      if (resourceId === undefined) return malformed("credential rotation task: it needs a resource_id")
      return call(CredentialManagerService.method.rotateCredential, {
        resourceId,
        encryptionConfigs,
        ...(credentialOptions === undefined ? {} : { credentialOptions })
      }, change)
    }
    case "issueCredential": {
      const { credentialOptions, encryptionConfigs, expiresAt, identityId } = task.value
      if (identityId === undefined) return malformed("credential task: it needs an identity_id")
      return call(CredentialManagerService.method.issueCredential, {
        identityId,
        requestId: taskId,
        encryptionConfigs,
        ...(credentialOptions === undefined ? {} : { credentialOptions }),
        ...(expiresAt === undefined ? {} : { expiresAt })
      }, change)
    }
    case "createTicketTask": {
      const { annotations, ticketRequest, ticketSchema } = task.value
      if (ticketRequest === undefined) return malformed("ticket task: it needs a ticket_request")
      return call(TicketsService.method.createTicket, {
        request: ticketRequest,
        annotations,
        ...(ticketSchema === undefined ? {} : { schema: ticketSchema })
      }, { final: false })
    }
    case "listTicketSchemas":
      return call(TicketsService.method.listTicketSchemas, { pageSize: SCHEMAS }, { final: false })
    case "getTicket":
      return task.value.ticketId === ""
        ? malformed("ticket task: it needs a ticket_id")
        : call(TicketsService.method.getTicket, {
          id: task.value.ticketId,
          annotations: task.value.annotations
        }, { final: false })
    case "bulkCreateTickets":
      return task.value.ticketRequests.length === 0
        ? malformed("ticket task: it has no tickets")
        : call(TicketsService.method.bulkCreateTickets, {
          ticketRequests: task.value.ticketRequests.map(({ annotations, ticketRequest, ticketSchema }) => ({
            annotations,
            ...(ticketRequest === undefined ? {} : { request: ticketRequest }),
            ...(ticketSchema === undefined ? {} : { schema: ticketSchema })
          }))
        }, { final: false })
    case "bulkGetTickets":
      return task.value.ticketRequests.length === 0
        ? malformed("ticket task: it has no tickets")
        : call(TicketsService.method.bulkGetTickets, {
          ticketRequests: task.value.ticketRequests.map(({ annotations, ticketId }) => ({ id: ticketId, annotations }))
        }, { final: false })
    case "actionListSchemas":
      return call(ActionService.method.listActionSchemas, {
        resourceTypeId: task.value.resourceTypeId,
        annotations: task.value.annotations
      }, { final: false, annotations: [] })
    case "actionGetSchema":
      return call(ActionService.method.getActionSchema, {
        name: task.value.name,
        annotations: task.value.annotations
      }, { final: false, annotations: [] })
    case "actionInvoke": {
      const { annotations, args, name, resourceTypeId } = task.value
      return call(ActionService.method.invokeAction, {
        name,
        annotations,
        resourceTypeId,
        ...(args === undefined ? {} : { args })
      }, { final: false })
    }
    case "actionStatus":
      return call(ActionService.method.getActionStatus, {
        id: task.value.id,
        name: task.value.name,
        annotations: task.value.annotations
      }, { final: false })
    case "listEventFeeds":
      return call(EventService.method.listEventFeeds, { annotations: task.value.annotations }, { final: false })
    case "listEvents": {
      const { annotations, cursor, eventFeedId, pageSize, startAt } = task.value
      return call(EventService.method.listEvents, {
        annotations,
        cursor,
        eventFeedId,
        pageSize,
        ...(startAt === undefined ? {} : { startAt })
      }, { final: false })
    }
    default:
      return undefined
  }
}
