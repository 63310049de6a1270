/**
 * Who has access, and changing it, over HTTP.
 *
 * @since 0.1.0
 */
import { Api } from "@access-kit/server-api/Api"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import { Change, Operations } from "../Operations.ts"
import * as Actors from "./Actors.ts"
import * as DirectoryAnswers from "./DirectoryAnswers.ts"

const sent = (answer: DirectoryAnswers.Answer) => DirectoryAnswers.response(answer)

/**
 * @since 0.1.0
 */
export const layer = HttpApiBuilder.group(
  Api,
  "directory",
  Effect.fnUntraced(function*(handlers) {
    const answers = yield* DirectoryAnswers.make
    const operations = yield* Operations

    const submit = (connectorId: string, change: Change, key: string | undefined) =>
      Effect.flatMap(Actors.current, (actor) => operations.submit(actor, connectorId, change, key))

    return handlers.handleAll({
      accounts: (asked) => Effect.map(answers.accounts(asked), sent),
      account: (asked) => Effect.map(answers.account(asked), sent),
      access: (asked) => Effect.map(answers.access(asked), sent),
      groups: (asked) => Effect.map(answers.groups(asked), sent),
      group: (asked) => Effect.map(answers.group(asked), sent),
      entitlements: (asked) => Effect.map(answers.entitlements(asked), sent),
      entitlement: (asked) => Effect.map(answers.entitlement(asked), sent),
      grants: (asked) => Effect.map(answers.grants(asked), sent),
      grant: (asked) => Effect.map(answers.grant(asked), sent),
      createAccount: ({ headers, params, payload }) =>
        submit(params.connectorId, Change.CreateAccount({ request: payload }), headers["idempotency-key"]),
      deleteAccount: ({ headers, params, query }) =>
        submit(
          params.connectorId,
          Change.DeleteAccount({ accountId: params.accountId, dryRun: query.dryRun === "true" }),
          headers["idempotency-key"]
        ),
      createGrant: ({ headers, params, payload }) =>
        submit(params.connectorId, Change.Grant({ request: payload }), headers["idempotency-key"]),
      revokeGrant: ({ headers, params, query }) =>
        submit(
          params.connectorId,
          Change.Revoke({ grantId: params.grantId, dryRun: query.dryRun === "true" }),
          headers["idempotency-key"]
        )
    })
  })
)
