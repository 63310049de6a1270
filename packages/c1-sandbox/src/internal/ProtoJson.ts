/** Messages as JSON for the log. */
import { registry } from "@access-kit/baton-protocol/Registry"
import { type DescMessage, type JsonValue, type MessageShape, toJson } from "@bufbuild/protobuf"
import * as Result from "effect/Result"

/** What can't be printed (an `Any` of a type that nobody knows) is said in a sentence. */
export const of = <Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): JsonValue =>
  Result.getOrElse(
    Result.try({
      try: () => toJson(schema, message, { registry }),
      catch: (cause) => `not printable: ${cause instanceof Error ? cause.message : String(cause)}`
    }),
    (problem): JsonValue => problem
  )
