/**
 * What can go wrong on purpose. Faults are data, several at a time; each can be limited to a number of requests and to a method.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * What a fault can be limited to: a method of `BatonService`, or `token` for the token endpoint.
 *
 * @since 0.1.0
 */
export const Method = Schema.Literals([
  "token",
  "Hello",
  "GetTask",
  "GetTasks",
  "Heartbeat",
  "FinishTask",
  "UploadAsset",
  "StartDebugging"
])

/**
 * @since 0.1.0
 */
export type Method = typeof Method.Type

const scope = {
  /** Strike this many times, then never again. Without it: until cleared. */
  times: Schema.optionalKey(Schema.Int),
  /** Let this many requests pass unharmed first. */
  after: Schema.optionalKey(Schema.Int),
  /** Strike only this method. */
  method: Schema.optionalKey(Method)
}

const fault = <const Name extends string>(name: Name) => Schema.Struct({ name: Schema.Literal(name), ...scope })

const faultWith = <const Name extends string, const Fields extends Schema.Struct.Fields>(name: Name, fields: Fields) =>
  Schema.Struct({ name: Schema.Literal(name), ...fields, ...scope })

/**
 * A fault. Before a request is looked at:
 * - `latency`: it waits `ms` milliseconds;
 * - `hang`: it is never answered;
 * - `dropConnection`: the whole connection breaks, with everything on it;
 * - `resetStream`: the request's HTTP/2 stream breaks, the connection stays (over HTTP/1.1 the connection breaks);
 * - `httpStatus`: a web page with that status (503 if absent), as a proxy in between answers;
 * - `rpcError`: the gRPC status `code` (14, Unavailable, if absent); at the token endpoint, HTTP 503.
 *
 * When it has been carried out:
 * - `dropReply`: nobody hears of it, since the stream breaks before the answer;
 * - `goAway`: it is answered, and the connection closes: no further requests on it.
 *
 * Of single methods:
 * - `cutUpload`: `UploadAsset` breaks off after `chunks` pieces of data;
 * - `duplicateTask`: `GetTask` and `GetTasks` hand out a task again that is at work already;
 * - `cancel`: `Heartbeat` says that the task is cancelled;
 * - `tokenRefused`: the token endpoint answers 401;
 * - `tokenBody`: the token endpoint answers 200 with this text.
 *
 * @since 0.1.0
 */
export const Fault = Schema.Union([
  faultWith("latency", { ms: Schema.Finite }),
  fault("hang"),
  fault("dropConnection"),
  fault("resetStream"),
  faultWith("httpStatus", { status: Schema.optionalKey(Schema.Int) }),
  faultWith("rpcError", {
    code: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 16 }))),
    message: Schema.optionalKey(Schema.String)
  }),
  fault("dropReply"),
  fault("goAway"),
  faultWith("cutUpload", { chunks: Schema.Int }),
  fault("duplicateTask"),
  fault("cancel"),
  fault("tokenRefused"),
  faultWith("tokenBody", { body: Schema.String })
])

/**
 * @since 0.1.0
 */
export type Fault = typeof Fault.Type

/**
 * @since 0.1.0
 */
export type FaultName = Fault["name"]

/**
 * Every fault's name.
 *
 * @since 0.1.0
 */
export const names: ReadonlyArray<FaultName> = Fault.members.map((member) => member.fields.name.literal)
