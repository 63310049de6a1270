/**
 * What the sandbox was asked and what it answered, for tests that look at what a client sends. Tokens, secrets and assertions are never in it.
 *
 * @since 0.1.0
 */
import type { JsonValue } from "@bufbuild/protobuf"
import type { FaultName, Method } from "./Fault.ts"

/**
 * One request. It is in the log from when it was answered (or deliberately not).
 *
 * @since 0.1.0
 */
export interface RequestLogEntry {
  /** 1, 2, 3, … in the order in which requests came. */
  readonly number: number
  readonly method: Method
  /** Epoch milliseconds when the request came. */
  readonly at: number
  /** How long it took to answer, in milliseconds. */
  readonly millis: number
  /** Which connection it came over: 1, 2, 3, … */
  readonly connection: number
  readonly httpVersion: string
  readonly userAgent: string
  /** Who asked; absent where that is not known. */
  readonly clientId: string | undefined
  readonly taskId: string | undefined
  /** `OK`, the name of a gRPC status such as `NotFound`, `HTTP 401`, or `no answer`. */
  readonly status: string
  /** What a refusal said. */
  readonly message: string | undefined
  /** In the JSON form of protobuf; of an upload, its metadata, the number of pieces and of bytes, and its end. */
  readonly request: JsonValue | undefined
  readonly response: JsonValue | undefined
  /** Faults that struck. */
  readonly faults: ReadonlyArray<FaultName>
  /** What the request does otherwise than connectors of the Go SDK, without being refused for it. */
  readonly remarks: ReadonlyArray<string>
}

/**
 * @since 0.1.0
 */
export interface RequestStats {
  readonly total: number
  readonly byMethod: Readonly<Partial<Record<Method, number>>>
  /** Connections that were opened. */
  readonly connections: number
  /** Connections that are open. */
  readonly open: number
}
