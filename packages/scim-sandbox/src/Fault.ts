/**
 * What can go wrong on purpose. Faults are data: set them from code (`sandbox.faults.set`) or over HTTP
 * (`POST /__sandbox/faults`), several at a time; each can be limited to a number of requests, a method and a path.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

const scope = {
  /** Strike this many times, then never again. Without it: until cleared. */
  times: Schema.optionalKey(Schema.Int),
  /** Let this many requests pass unharmed first. */
  after: Schema.optionalKey(Schema.Int),
  /** Strike only this HTTP method. */
  method: Schema.optionalKey(Schema.String),
  /** Strike only requests whose path and query contain this text. */
  path: Schema.optionalKey(Schema.String)
}

const fault = <const Name extends string>(name: Name) => Schema.Struct({ name: Schema.Literal(name), ...scope })

const faultWith = <const Name extends string, const Fields extends Schema.Struct.Fields>(name: Name, fields: Fields) =>
  Schema.Struct({ name: Schema.Literal(name), ...fields, ...scope })

/**
 * A fault. Before the request is looked at:
 * - `latency`: every answer waits `ms` milliseconds, and up to `jitterMs` more;
 * - `tooManyRequests`: 429, with the given `Retry-After` text (none if absent); `unavailable`: 503 likewise;
 * - `serverError`: 500, or the given status; `unauthorized`: 401 although the token is right;
 * - `dropConnection`: the socket is closed unanswered; `hang`: the request is never answered;
 * - `html`: a web page with status 200, or the given one; `redirect`: 302, or the given status, to `location`.
 *
 * When the request has been carried out:
 * - `dropAfterWrite`: a POST, PUT, PATCH or DELETE takes effect, then the socket is closed unanswered;
 * - `truncateBody`: half of the body, then the socket is closed; `hangMidBody`: half of the body, then silence;
 * - `emptyBody`: the answer to POST, PUT and PATCH has no body; `byteOrderMark`: bodies begin with U+FEFF;
 * - `numericErrorStatus`: `status` of error bodies is a number; `plainErrors`: errors are plain text.
 *
 * Lists:
 * - `pageCap`: at most `rows` rows, whatever `count` says; `itemsPerPageEcho`: `itemsPerPage` is the `count` asked for;
 * - `totalResults`: the size of the page (`pageSize`), absent (`missing`), a string (`string`) or 7 too large (`tooLarge`);
 * - `totalDrift`: `totalResults` grows by `by` on every page after the first;
 * - `repeatRows`: pages after the first begin with the last `rows` rows of the page before; `skipRows`: they leave `rows` out;
 * - `ignoreStartIndex`: always the first page; `zeroBased`: `startIndex` counts from 0; `ignoreFilter`: all rows match;
 * - `churn`: before a page after the first, `remove` users at the front of the directory really go and `insert` come at its end;
 * - `resourcesMissing`: no `Resources`; `lowerCaseResources`: `resources`; `bareArray`: the rows without an envelope.
 *
 * Members:
 * - `membersMissingInLists`: groups in lists have no `members`; `membersEmptyInLists`: they have `[]` there;
 * - `omitEmptyMembers`: a group without members has no `members` key anywhere; `membersTruncated`: only the first `rows`.
 *
 * Writes:
 * - `dropGrants`: adding members is answered 200 and not done; `ignoreRevokes`: so is taking them away;
 * - `patchUnsupported`: PATCH is 501; `deleteUnsupported`: DELETE is 405;
 * - `noLocation`: no `Location` on 201; `createWithoutId`: the body of a 201 has no `id`.
 *
 * @since 0.1.0
 */
export const Fault = Schema.Union([
  faultWith("latency", { ms: Schema.Finite, jitterMs: Schema.optionalKey(Schema.Finite) }),
  faultWith("tooManyRequests", { retryAfter: Schema.optionalKey(Schema.String) }),
  faultWith("unavailable", { retryAfter: Schema.optionalKey(Schema.String) }),
  faultWith("serverError", { status: Schema.optionalKey(Schema.Int) }),
  fault("unauthorized"),
  fault("dropConnection"),
  fault("hang"),
  faultWith("html", { status: Schema.optionalKey(Schema.Int) }),
  faultWith("redirect", { location: Schema.String, status: Schema.optionalKey(Schema.Int) }),
  fault("dropAfterWrite"),
  fault("truncateBody"),
  fault("hangMidBody"),
  fault("emptyBody"),
  fault("byteOrderMark"),
  fault("numericErrorStatus"),
  fault("plainErrors"),
  faultWith("pageCap", { rows: Schema.Int }),
  fault("itemsPerPageEcho"),
  faultWith("totalResults", { as: Schema.Literals(["pageSize", "missing", "string", "tooLarge"]) }),
  faultWith("totalDrift", { by: Schema.Int }),
  faultWith("repeatRows", { rows: Schema.Int }),
  faultWith("skipRows", { rows: Schema.Int }),
  fault("ignoreStartIndex"),
  fault("zeroBased"),
  fault("ignoreFilter"),
  faultWith("churn", { remove: Schema.optionalKey(Schema.Int), insert: Schema.optionalKey(Schema.Int) }),
  fault("resourcesMissing"),
  fault("lowerCaseResources"),
  fault("bareArray"),
  fault("membersMissingInLists"),
  fault("membersEmptyInLists"),
  fault("omitEmptyMembers"),
  faultWith("membersTruncated", { rows: Schema.Int }),
  fault("dropGrants"),
  fault("ignoreRevokes"),
  fault("patchUnsupported"),
  fault("deleteUnsupported"),
  fault("noLocation"),
  fault("createWithoutId")
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
