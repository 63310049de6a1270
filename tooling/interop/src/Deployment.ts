/**
 * What is in `deploy/`: the chart rendered by the real Helm, and manifests held to the schemas of Kubernetes.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { fileURLToPath } from "node:url"
import { parseAllDocuments } from "yaml"
import { run } from "./Run.ts"

/** The folder `deploy`, absolute, without a slash at the end. */
export const folder = fileURLToPath(new URL("../../../deploy", import.meta.url))

export const chart = `${folder}/helm/baton-claude-enterprise`

/** The oldest and the newest Kubernetes that is looked at: what the chart allows, and what there is. */
export const versions = ["1.25", "1.31", "1.37"] as const

/** One Kubernetes object. */
export const Manifest = Schema.StructWithRest(
  Schema.Struct({ apiVersion: Schema.String, kind: Schema.String }),
  [Schema.Record(Schema.String, Schema.Unknown)]
)
export type Manifest = typeof Manifest.Type

const Pair = Schema.Struct({ name: Schema.String, value: Schema.String })

/** The parts of a Deployment that tests look at. */
export const Deployment = Schema.Struct({
  kind: Schema.Literal("Deployment"),
  spec: Schema.Struct({
    replicas: Schema.Int,
    strategy: Schema.Struct({ type: Schema.String }),
    selector: Schema.Struct({ matchLabels: Schema.Record(Schema.String, Schema.String) }),
    template: Schema.Struct({
      metadata: Schema.Struct({ labels: Schema.Record(Schema.String, Schema.String) }),
      spec: Schema.Struct({
        automountServiceAccountToken: Schema.Boolean,
        terminationGracePeriodSeconds: Schema.Int,
        securityContext: Schema.Record(Schema.String, Schema.Unknown),
        containers: Schema.Array(Schema.Struct({
          image: Schema.String,
          env: Schema.Array(Pair),
          envFrom: Schema.Array(Schema.Struct({ secretRef: Schema.Struct({ name: Schema.String }) })),
          ports: Schema.Array(Schema.Struct({ name: Schema.String, containerPort: Schema.Int })),
          livenessProbe: Schema.Struct({ httpGet: Schema.Struct({ path: Schema.String, port: Schema.String }) }),
          readinessProbe: Schema.Struct({ httpGet: Schema.Struct({ path: Schema.String, port: Schema.String }) }),
          resources: Schema.Struct({
            requests: Schema.Record(Schema.String, Schema.Unknown),
            limits: Schema.Record(Schema.String, Schema.Unknown)
          }),
          securityContext: Schema.Record(Schema.String, Schema.Unknown),
          volumeMounts: Schema.Array(Schema.Struct({ name: Schema.String, mountPath: Schema.String }))
        })),
        volumes: Schema.Array(Schema.StructWithRest(
          Schema.Struct({ name: Schema.String }),
          [Schema.Record(Schema.String, Schema.Unknown)]
        ))
      })
    })
  })
})
export type Deployment = typeof Deployment.Type

/** The parts of a Secret that tests look at. */
export const Secret = Schema.Struct({
  kind: Schema.Literal("Secret"),
  metadata: Schema.Struct({ name: Schema.String }),
  stringData: Schema.Record(Schema.String, Schema.String)
})

/** All objects of a file. */
export const parse = (text: string): ReadonlyArray<Manifest> =>
  parseAllDocuments(text).map((document) => document.toJS()).filter((value) => value !== null).map((value) =>
    Schema.decodeUnknownSync(Manifest)(value)
  )

/** What `helm template` says with these values, a YAML text. */
export const template = (helm: string, valuesFile: string, ...args: ReadonlyArray<string>) =>
  run(helm, ["template", "release", chart, "--kube-version", "1.37.0", "--values", valuesFile, ...args])

/** Holds files to the schemas of a Kubernetes version. `bin` is the folder of the virtual environment's commands. */
export const validate = Effect.fn("Deployment.validate")(
  function*(bin: string, version: string, files: ReadonlyArray<string>) {
    const { exitCode, stderr, stdout } = yield* run(`${bin}/kubernetes-validate`, [
      "--strict",
      "-k",
      version,
      ...files
    ])
    return { fine: exitCode === 0, said: `${stdout}${stderr}` }
  }
)
