/** A gRPC status that a call ends with. */
import { Code } from "@connectrpc/connect"
import * as Schema from "effect/Schema"

export class Refusal extends Schema.TaggedError<Refusal>()("Refusal", {
  code: Schema.Enum(Code),
  message: Schema.String
}) {}

export const notFound = (message: string): Refusal => new Refusal({ code: Code.NotFound, message })
export const invalid = (message: string): Refusal => new Refusal({ code: Code.InvalidArgument, message })
export const conflict = (message: string): Refusal => new Refusal({ code: Code.FailedPrecondition, message })
