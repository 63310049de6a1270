/**
 * The kinds of connectors that this server can run. Another kind is another entry: its forms, settings and capabilities are read off its own
 * declaration.
 *
 * @since 0.1.0
 */
import * as ClaudeEnterprise from "@access-kit/claude-enterprise/ClaudeEnterprise"
import * as ClaudeEnterpriseSettings from "@access-kit/claude-enterprise/Settings"
import * as ConfigField from "@access-kit/connector-model/ConfigField"
import type * as Model from "@access-kit/connector-model/Connector"
import type { ConnectorError } from "@access-kit/connector-model/ConnectorError"
import type { ConnectorKind } from "@access-kit/server-api/Connectors"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"

/**
 * @since 0.1.0
 */
export interface Kind {
  readonly spec: Model.ConnectorSpec
  /** Builds a connector from settings as they were written, by field name. Nothing is sent yet. */
  readonly connect: (
    settings: ReadonlyMap<string, string>
  ) => Effect.Effect<Model.Connector["Service"], ConnectorError, HttpClient.HttpClient>
}

/**
 * @since 0.1.0
 */
export const claudeEnterprise: Kind = {
  spec: ClaudeEnterprise.spec,
  connect: (settings) =>
    ConfigField.resolve(ClaudeEnterpriseSettings.fields, (field) => settings.get(field.name)).pipe(
      Effect.flatMap(ClaudeEnterprise.make),
      Effect.map(({ connector }) => connector)
    )
}

/**
 * A kind as the API shows it.
 *
 * @since 0.1.0
 */
export const formOf = ({ spec }: Kind): ConnectorKind => ({
  kind: spec.name,
  displayName: spec.displayName,
  description: spec.description,
  helpUrl: spec.helpUrl,
  version: spec.version,
  fields: spec.config.map((field) => ({
    name: field.name,
    displayName: field.displayName,
    description: field.description,
    kind: field.kind,
    required: field.required,
    ...(field.defaultText === undefined ? {} : { default: field.defaultText }),
    ...(field.placeholder === undefined ? {} : { placeholder: field.placeholder }),
    ...(field.choices === undefined ? {} : { choices: field.choices })
  }))
})

/**
 * By the name that the API calls them.
 *
 * @since 0.1.0
 */
export class ConnectorKinds extends Context.Service<ConnectorKinds, ReadonlyMap<string, Kind>>()(
  "@access-kit/http-server/ConnectorKinds"
) {
  /**
   * @since 0.1.0
   */
  static readonly layer = (kinds: ReadonlyArray<Kind> = [claudeEnterprise]): Layer.Layer<ConnectorKinds> =>
    Layer.succeed(ConnectorKinds, new Map(kinds.map((kind) => [kind.spec.name, kind])))
}
