/**
 * What a call carries so that the other side's spans come below ours: W3C `traceparent`, as the SDK's own callers send it.
 */
import * as Effect from "effect/Effect"
import * as HttpTraceContext from "effect/http/HttpTraceContext"
import * as Option from "effect/Option"

/** Empty where nothing is traced. */
export const current: Effect.Effect<Record<string, string>> = Effect.map(Effect.option(Effect.currentSpan), (span) => {
  if (Option.isNone(span) || !span.value.sampled) return {}
  const { traceparent } = HttpTraceContext.toHeaders(span.value)
  return traceparent === undefined ? {} : { traceparent }
})
