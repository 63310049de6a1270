/**
 * `baton-team-file`: the connector next door as a baton command, with every flag, subcommand and exit code that the others have.
 *
 * Usage: node examples/baton-team-file/src/main.ts --team-file examples/team-file/teams.json --file teams.c1z
 */
import * as BatonCommand from "@access-kit/baton-runtime/command/BatonCommand"
import { ConfigField } from "@access-kit/connector-model"
import * as TeamFile from "@access-kit/example-team-file/TeamFile"
import { NodeServices } from "@effect/platform-node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

BatonCommand.main({
  spec: TeamFile.spec,
  connector: (given) =>
    Layer.unwrap(Effect.map(ConfigField.resolve(TeamFile.fields, given), TeamFile.layer)).pipe(
      Layer.provide(NodeServices.layer)
    )
})
