/**
 * Services that every connector registers and that answer as one does that has no rate limiter, assets, events, tickets or actions of its own.
 */
import { ActionService } from "@access-kit/baton-protocol/gen/c1/connector/v2/action_pb"
import { AssetService } from "@access-kit/baton-protocol/gen/c1/connector/v2/asset_pb"
import { EventService } from "@access-kit/baton-protocol/gen/c1/connector/v2/event_feed_pb"
import { TicketsService } from "@access-kit/baton-protocol/gen/c1/connector/v2/ticket_pb"
import {
  RateLimitDescription_Status,
  RateLimiterService
} from "@access-kit/baton-protocol/gen/c1/ratelimit/v1/ratelimit_pb"
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect"
import type { Gateway } from "../Gateway.ts"
import { refuse } from "../Refusal.ts"

/** The feed that is meant when a request names none. */
const LEGACY_FEED = "baton_feed_event"

export const routes = (gateway: Gateway, ticketing: boolean) => (router: ConnectRouter): void => {
  // Parents ask before every call; any other status than EMPTY or OK makes them skip it or wait.
  router.service(RateLimiterService, {
    do: ({ requestToken }) => ({ requestToken, description: { status: RateLimitDescription_Status.EMPTY } }),
    report: () => ({})
  })

  router.service(AssetService, {
    async *getAsset() {
      // Nothing is streamed.
    }
  })

  router.service(EventService, {
    listEvents: ({ eventFeedId }, context) =>
      gateway.answer(
        refuse(Code.NotFound, `error: event feed id ${eventFeedId === "" ? LEGACY_FEED : eventFeedId} not found`),
        context
      ),
    listEventFeeds: () => ({ list: [] })
  })

  // Switched off it is an error without a status, which is Unknown on the wire.
  const tickets = () => {
    throw ticketing
      ? new ConnectError("ticket manager not implemented", Code.Unimplemented)
      : new ConnectError("ticketing is not enabled", Code.Unknown)
  }
  router.service(TicketsService, {
    createTicket: tickets,
    getTicket: tickets,
    listTicketSchemas: tickets,
    getTicketSchema: tickets,
    bulkCreateTickets: tickets,
    bulkGetTickets: tickets
  })

  router.service(ActionService, {
    listActionSchemas: () => ({ schemas: [] }),
    getActionSchema: ({ name }, context) =>
      gateway.answer(refuse(Code.NotFound, `error: action schema ${name} not found`), context),
    invokeAction: ({ name }, context) =>
      gateway.answer(
        refuse(Code.NotFound, `error: invoking action failed: handler for action ${name} not found`),
        context
      ),
    getActionStatus: ({ id }, context) =>
      gateway.answer(refuse(Code.NotFound, `error: action status for id ${id} not found`), context)
  })
}
