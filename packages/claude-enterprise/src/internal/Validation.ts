/**
 * Would this connector work? A handful of read-only requests, each of whose failures becomes a named check with a remedy.
 */
import type { Check, ValidationReport } from "@access-kit/connector-model/Validation"
import type { ScimClient } from "@access-kit/scim-core/ScimClient"
import type { ScimError } from "@access-kit/scim-core/ScimError"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Settings } from "../Settings.ts"
import * as Endpoint from "./Endpoint.ts"
import * as Failure from "./Failure.ts"
import * as MemberList from "./MemberList.ts"
import type { Service } from "./Service.ts"

const passed = (name: string, message: string): Check => ({ name, status: "passed", message })
const warning = (name: string, message: string, remedy: string): Check => ({ name, status: "warning", message, remedy })
const failed = (name: string, { happened, remedy }: Failure.Explanation): Check => ({
  name,
  status: "failed",
  message: happened,
  remedy
})

const CONNECTION = "Connection"
const PROTOCOL = "SCIM"
const TOKEN = "Token"

/** The stages of a first request: what each failure stands for, in the order in which a request passes them. */
const stageOf = ({ reason }: ScimError): typeof CONNECTION | typeof PROTOCOL | typeof TOKEN | undefined => {
  switch (reason._tag) {
    case "InvalidConfiguration":
    case "Network":
    case "Tls":
    case "Timeout":
    case "RedirectRefused":
      return CONNECTION
    case "Unauthorized":
    case "Forbidden":
    case "TokenRequestFailed":
      return TOKEN
    case "WrongUrl":
    case "NotFound":
    case "NotScim":
    case "Decode":
    case "InvalidListResponse":
      return PROTOCOL
    default:
      return undefined
  }
}

const plural = (count: number, word: string): string => `${count} ${count === 1 ? word : `${word}s`}`

const urlCheck = (settings: Settings): Check => {
  const doubt = Endpoint.doubtOf(settings.scimUrl)
  return doubt === undefined
    ? passed("SCIM URL", `An address on ${URL.parse(settings.scimUrl)?.host ?? "an unknown host"}.`)
    : warning("SCIM URL", doubt.message, doubt.remedy)
}

export const dialectCheck = (settings: Settings): Check => {
  const host = URL.parse(settings.scimUrl)?.hostname ?? ""
  return /(?:^|\.)workos\.com$/.test(host) && settings.scimDialect !== "workos"
    ? warning(
      "SCIM dialect",
      `The server is WorkOS's, and scim-dialect is ${settings.scimDialect}.`,
      "Set scim-dialect to workos, or leave it out."
    )
    : passed("SCIM dialect", `The server is treated as ${settings.scimDialect}.`)
}

/**
 * The accounts check, preceded by the checks that the same request answers.
 */
const accountsChecks = Effect.fnUntraced(function*(client: ScimClient["Service"]) {
  const answer = yield* Effect.result(client.users.page({ startIndex: 1, count: 1 }))
  if (Result.isFailure(answer)) {
    const explanation = Failure.explain(answer.failure)
    const stage = stageOf(answer.failure)
    const reached = passed(CONNECTION, "The server answers.")
    switch (stage) {
      case CONNECTION:
        return { checks: [failed(CONNECTION, explanation)], goOn: false }
      case TOKEN:
        return { checks: [reached, failed(TOKEN, explanation)], goOn: false }
      case PROTOCOL:
        return {
          checks: [
            reached,
            failed(
              PROTOCOL,
              answer.failure.reason._tag === "NotFound"
                ? {
                  happened: "There is no list of users at scim-url: the answer was \"not found\".",
                  remedy:
                    "Check scim-url: it is the whole SCIM endpoint URL that Claude shows, with the key at its end."
                }
                : explanation
            )
          ],
          goOn: false
        }
      case undefined:
        return { checks: [reached, failed("Accounts", explanation)], goOn: false }
    }
  }
  const { resources, totalResults } = answer.success
  const checks: Array<Check> = [
    passed(CONNECTION, "The server answers."),
    passed(TOKEN, "The token is accepted."),
    passed(PROTOCOL, "The server speaks SCIM 2.0.")
  ]
  checks.push(
    resources.length === 0
      ? warning(
        "Accounts",
        "The directory has no accounts.",
        "Only accounts that are provisioned through SCIM are visible. If there should be some, check that the identity "
          + "provider provisions to this endpoint."
      )
      : passed(
        "Accounts",
        totalResults === undefined
          ? "Accounts can be read; the server does not say how many there are."
          : `${plural(totalResults, "account")} can be read.`
      )
  )
  return { checks, goOn: true }
})

const groupsChecks = Effect.fnUntraced(function*(client: ScimClient["Service"], service: Service) {
  const answer = yield* Effect.result(client.groups.page({ startIndex: 1, count: 1 }))
  if (Result.isFailure(answer)) return [failed("Groups", Failure.explain(answer.failure))]
  const { resources, totalResults } = answer.success
  const [first] = resources
  if (first === undefined) {
    return [warning(
      "Groups",
      "The directory has no groups.",
      "Only groups that are provisioned through SCIM are visible. If there should be some, let the identity provider push them."
    )]
  }
  const groups = passed(
    "Groups",
    totalResults === undefined
      ? "Groups can be read; the server does not say how many there are."
      : `${plural(totalResults, "group")} can be read.`
  )
  if (MemberList.inList(service, first) !== undefined) {
    return [groups, passed("Group members", "Members come with the list of groups.")]
  }
  const alone = yield* Effect.result(client.groups.get(first.id))
  if (Result.isFailure(alone)) return [groups, failed("Group members", Failure.explain(alone.failure))]
  const list = MemberList.alone(service, alone.success)
  if (list._tag === "Unreadable") {
    return [groups, failed("Group members", { happened: `The first group ${list.why}.`, remedy: list.remedy })]
  }
  return [
    groups,
    passed(
      "Group members",
      list.members.length === 0
        ? "The first group has no members; a group without members is read on its own."
        : "Members come with each group when it is read on its own, one request per group."
    )
  ]
})

const serviceCheck = Effect.fnUntraced(function*(client: ScimClient["Service"]) {
  const config = yield* client.serviceProviderConfig
  return config.patch === "unsupported"
    ? warning(
      "Changes",
      "The server says that it does not support PATCH (RFC 7644 §3.5.2), which granting and revoking need.",
      "Reading works all the same. For changes, ask whoever runs the SCIM server."
    )
    : passed(
      "Changes",
      config.patch === "supported"
        ? "The server supports changes of single members."
        : "The server does not describe itself, as is common; changes are tried when they are asked for."
    )
})

/**
 * The whole report. Checks that an earlier failure makes pointless are left out.
 */
export const run = Effect.fn("ClaudeEnterprise.validate")(function*(
  client: ScimClient["Service"],
  service: Service,
  settings: Settings
): Effect.fn.Return<ValidationReport> {
  const accounts = yield* accountsChecks(client)
  const checks = [urlCheck(settings), dialectCheck(settings), ...accounts.checks]
  if (!accounts.goOn) return { checks }
  const [groups, changes] = yield* Effect.all([groupsChecks(client, service), serviceCheck(client)], { concurrency: 2 })
  return { checks: [...checks, ...groups, changes] }
})
