/**
 * `claude-enterprise-server openapi`: the description of the API, for generators of clients.
 *
 * @since 0.1.0
 */
import { Api } from "@access-kit/server-api/Api"
import * as Command from "effect/cli/Command"
import * as Console from "effect/Console"
import * as OpenApi from "effect/http-api/OpenApi"

/**
 * @since 0.1.0
 */
export const openapi = Command.make("openapi", {}, () => Console.log(JSON.stringify(OpenApi.fromApi(Api), null, 2)))
  .pipe(
    Command.withDescription("Print the OpenAPI 3.1 document of the API, as /openapi.json serves it")
  )
