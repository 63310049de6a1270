/**
 * Server-sent events (the event stream of the HTML standard): a sync that is followed while it runs.
 *
 * Every event carries as its `id` the number of the last log line that was sent, so that who connects again with `Last-Event-ID` gets none twice.
 * Comments in between keep proxies from closing a quiet stream.
 *
 * @since 0.1.0
 */
import { SyncEvent } from "@access-kit/server-api/Syncs"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

const encode = Schema.encodeEffect(Schema.fromJsonString(SyncEvent))

interface Numbered {
  readonly event: SyncEvent
  readonly id: number
}

const text = ({ event, id }: Numbered) =>
  Effect.map(Effect.orDie(encode(event)), (data) => `id: ${id}\nevent: message\ndata: ${data}\n\n`)

/**
 * @param after log lines up to this number are left out
 * @since 0.1.0
 */
export const response = <E>(
  events: Stream.Stream<SyncEvent, E>,
  options: {
    readonly after: number
    readonly heartbeat: Duration.Duration
    /** Ends the stream; the client connects again, to another process or to this one when it is back. */
    readonly until: Effect.Effect<void>
  }
): HttpServerResponse.HttpServerResponse => {
  const numbered = events.pipe(
    Stream.mapAccum(() => options.after, (last, event): readonly [number, ReadonlyArray<Numbered>] => {
      if (event.type === "sync") return [last, [{ event, id: last }]]
      const { sequence } = event.entry
      return sequence <= options.after ? [last, []] : [sequence, [{ event, id: sequence }]]
    }),
    Stream.mapEffect(text)
  )
  const heartbeats = Stream.fromSchedule(Schedule.spaced(options.heartbeat)).pipe(Stream.map(() => ": still here\n\n"))
  return HttpServerResponse.stream(
    Stream.make(": open\n\n").pipe(
      Stream.concat(Stream.merge(numbered, heartbeats, { haltStrategy: "left" })),
      Stream.interruptWhen(options.until),
      // The client is not told why a stream ends: it connects again and learns it there.
      Stream.catchCause((cause) => Stream.fromEffectDrain(Effect.logWarning("An event stream broke off", cause))),
      Stream.encodeText
    ),
    { contentType: "text/event-stream", headers: { "cache-control": "no-store", "x-accel-buffering": "no" } }
  )
}
