/**
 * The connector for Claude Enterprise: reads accounts, groups and memberships of an organization through its SCIM 2.0 endpoint, creates and
 * deletes accounts, and puts accounts into groups and takes them out.
 *
 * @since 0.1.0
 */
import * as ConfigField from "@access-kit/connector-model/ConfigField"
import { Connector, type ConnectorSpec } from "@access-kit/connector-model/Connector"
import * as ConnectorError from "@access-kit/connector-model/ConnectorError"
import * as Auth from "@access-kit/scim-core/Auth"
import * as Detect from "@access-kit/scim-core/Detect"
import * as RetryPolicy from "@access-kit/scim-core/RetryPolicy"
import * as ScimClient from "@access-kit/scim-core/ScimClient"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import manifest from "../package.json" with { type: "json" }
import * as Accounts from "./internal/Accounts.ts"
import type { Backend } from "./internal/Backend.ts"
import * as Endpoint from "./internal/Endpoint.ts"
import * as Failure from "./internal/Failure.ts"
import * as Groups from "./internal/Groups.ts"
import * as Service from "./internal/Service.ts"
import * as Validation from "./internal/Validation.ts"
import { fields, type Settings } from "./Settings.ts"

/**
 * Who the connector is and what it needs to know. Available without any setting, for help texts and forms.
 *
 * @since 0.1.0
 */
export const spec: ConnectorSpec = {
  name: "claude-enterprise",
  displayName: "Claude Enterprise",
  description: "Accounts, groups and group memberships of a Claude Enterprise organization, over SCIM 2.0",
  helpUrl: "https://support.claude.com/en/articles/13133195",
  version: manifest.version,
  config: Object.values(fields)
}

/**
 * What a person should have read before they take somebody out of a group, in two sentences: Claude removes a person from the organization who is
 * left in no group that is mapped to a role or a seat tier.
 *
 * Source: Anthropic support article 13799932, on group mappings.
 *
 * @since 0.1.0
 */
export const lastGroupWarning =
  "Where group mappings are on, Claude removes a person from the organization who is left in no mapped group. To move somebody, "
  + "grant the new group first and revoke the old one after."

/**
 * Where groups come from, for whoever asks to create or delete one.
 *
 * @since 0.1.0
 */
export const groupsAreMadeElsewhere =
  "Groups of Claude Enterprise are made and deleted in the identity provider that provisions them (or directly over SCIM); this "
  + "connector syncs them and changes who is in them."

const CONFIGURE = "configure"

const clientOptions = (settings: Settings): ScimClient.Options => ({
  baseUrl: settings.scimUrl,
  auth: Auth.bearer(settings.scimToken),
  dialect: Service.named(settings.scimDialect).dialect,
  concurrency: settings.scimConcurrency,
  pageSize: settings.scimPageSize,
  timeout: { headers: settings.scimTimeout, body: Duration.times(settings.scimTimeout, 2) },
  retry: RetryPolicy.make({ maxRetryAfter: settings.scimMaxWait, budget: settings.scimRetryBudget }),
  userAgent: `${spec.name}/${spec.version}`
})

/**
 * For questions that somebody waits for: one more attempt, then the answer.
 */
const impatient = (settings: Settings): RetryPolicy.RetryPolicy =>
  RetryPolicy.make({
    maxRetries: 1,
    maxRetryAfter: Duration.min(settings.scimMaxWait, Duration.seconds(10)),
    budget: Duration.min(settings.scimRetryBudget, Duration.seconds(15))
  })

const usable = (settings: Settings): Effect.Effect<void, ConnectorError.ConnectorError> => {
  const fault = Endpoint.faultOf(settings.scimUrl)
  return fault === undefined
    ? Effect.void
    : Effect.fail(ConnectorError.make(
      CONFIGURE,
      new ConnectorError.InvalidConfiguration({ field: fields.scimUrl.name, message: fault })
    ))
}

const proberOf = (settings: Settings) =>
  ScimClient.make({ ...clientOptions(settings), retry: impatient(settings) }).pipe(Failure.mapped(CONFIGURE))

/**
 * Builds the connector and the SCIM client it works with, whose `stats` tell what a run has cost. Nothing is sent yet. Fails with
 * `InvalidConfiguration`: plain `http` is accepted for loopback addresses only.
 *
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function*(settings: Settings): Effect.fn.Return<
  { readonly connector: Connector["Service"]; readonly client: ScimClient.ScimClient["Service"] },
  ConnectorError.ConnectorError,
  HttpClient.HttpClient
> {
  yield* usable(settings)
  const client = yield* ScimClient.make(clientOptions(settings)).pipe(Failure.mapped(CONFIGURE))
  const prober = yield* proberOf(settings)
  const service = Service.named(settings.scimDialect)
  const backend: Backend = {
    client,
    service,
    concurrency: settings.scimConcurrency,
    groupsPerPage: Math.max(1, Math.ceil(settings.scimPageSize / 4))
  }
  const connector = Connector.of({
    spec,
    source: yield* Endpoint.sourceOf(settings.scimUrl),
    validate: Validation.run(prober, service, settings),
    resourceTypes: [Accounts.make(backend), Groups.make(backend)]
  })
  return { connector, client }
})

/**
 * Finds out what the server can do, by asking and without changing anything: what was seen, the dialect that fits, and a transcript that
 * holds no token, no host, no id and no value of the directory.
 *
 * @since 0.1.0
 */
export const probe = Effect.fn("ClaudeEnterprise.probe")(function*(
  settings: Settings,
  options?: Detect.Options
): Effect.fn.Return<Detect.Report, ConnectorError.ConnectorError, HttpClient.HttpClient> {
  yield* usable(settings)
  return yield* Detect.run(yield* proberOf(settings), options).pipe(Failure.mapped("probe"))
})

/**
 * The connector with these settings, and its SCIM client.
 *
 * @since 0.1.0
 */
export const layer = (
  settings: Settings
): Layer.Layer<Connector | ScimClient.ScimClient, ConnectorError.ConnectorError, HttpClient.HttpClient> =>
  Layer.effectContext(Effect.map(
    make(settings),
    ({ client, connector }) => Context.make(Connector, connector).pipe(Context.add(ScimClient.ScimClient, client))
  ))

/**
 * The connector with settings from wherever an adapter has them: `given` answers what was written for a field, or `undefined`. Every
 * wrong or missing setting is named at once.
 *
 * @since 0.1.0
 */
export const layerFromFields = (
  given: (field: ConfigField.ConfigField) => string | undefined
): Layer.Layer<Connector | ScimClient.ScimClient, ConnectorError.ConnectorError, HttpClient.HttpClient> =>
  Layer.unwrap(Effect.map(ConfigField.resolve(fields, given), layer))
