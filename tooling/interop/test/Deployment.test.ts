/**
 * `deploy/`: manifests and chart are what Kubernetes takes, set what our command really has, and describe a pod in which it works.
 */
import * as C1Sandbox from "@access-kit/c1-sandbox/C1Sandbox"
import * as Directory from "@access-kit/scim-sandbox/Directory"
import * as Sandbox from "@access-kit/scim-sandbox/Sandbox"
import * as FreePort from "@access-kit/tooling-vitest/FreePort"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { describe, expect, it } from "@effect/vitest"
import { Effect, FileSystem, Redacted, Schema, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { beforeAll } from "vitest"
import { parse } from "yaml"
import * as Deployment from "../src/Deployment.ts"
import * as Helm from "../src/Helm.ts"
import { run } from "../src/Run.ts"
import { command } from "../src/ServiceModePlayers.ts"
import { needing } from "./needing.ts"

const root = fileURLToPath(new URL("../../..", import.meta.url))
const { chart, folder } = Deployment

const manifests = [
  `${folder}/kubernetes/baton-claude-enterprise-secrets.yaml`,
  `${folder}/kubernetes/baton-claude-enterprise.yaml`
] as const

const onlyOf = <A>(kind: string, schema: Schema.Decoder<A>, all: ReadonlyArray<Deployment.Manifest>): A => {
  const found = all.filter((manifest) => manifest.kind === kind)
  expect(found.map((manifest) => manifest.kind)).toEqual([kind])
  return Schema.decodeUnknownSync(schema)(found[0])
}

const credentials = {
  c1: { clientId: "name@tenant.conductor.one/1", clientSecret: "secret-token:conductorone.com:v1:abc" },
  scim: { url: "https://api.workos.com/scim/v2.0/1", token: "007" }
}

const image = { repository: "registry.example.com/baton-claude-enterprise" }

/** Values by what they are about; all of them have to come out as something that Kubernetes takes. */
const good: Readonly<Record<string, object>> = {
  "credentials in values": { image, ...credentials, provisioning: true },
  "a Secret that is there": { image, existingSecret: "there" },
  "settings of all kinds": {
    image,
    existingSecret: "there",
    settings: { "log-level": "debug", "scim-page-size": 50, "http-timeout-seconds": 1800, "skip-full-sync": true }
  },
  "a digest, another host, a bundle of authorities": {
    image: { ...image, digest: `sha256:${"0".repeat(64)}` },
    existingSecret: "there",
    c1: { apiHost: "c1.internal:8443" },
    caBundle: { configMap: "authorities", key: "proxy.pem" },
    networkPolicy: {
      egressPorts: [443, 8443],
      dnsNamespaceSelector: { "kubernetes.io/metadata.name": "kube-system" },
      extraEgress: [{ to: [{ ipBlock: { cidr: "10.0.0.0/8" } }] }],
      extraIngress: [{ from: [{ podSelector: {} }], ports: [{ protocol: "TCP", port: 8081 }] }]
    }
  },
  "everything around the pod": {
    image,
    existingSecret: "there",
    imagePullSecrets: [{ name: "pull" }],
    hostId: "a host",
    serviceAccount: { create: false, name: "mine" },
    networkPolicy: { enabled: false },
    temporary: { sizeLimit: "5Gi", medium: "Memory" },
    extraEnv: [{ name: "HTTPS_PROXY", value: "http://proxy:3128" }],
    extraEnvFrom: [{ configMapRef: { name: "more" } }],
    podAnnotations: { "prometheus.io/scrape": "false" },
    podLabels: { team: "identity" },
    nodeSelector: { "kubernetes.io/os": "linux" },
    tolerations: [{ key: "dedicated", operator: "Exists" }],
    affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
    priorityClassName: "low",
    fullnameOverride: "claude"
  }
}

const bad: Readonly<Record<string, readonly [object, RegExp]>> = {
  "no image": [{ existingSecret: "there" }, /image\.repository is empty/],
  "no credentials": [{ image }, /name a Secret in existingSecret, or give all of/],
  "half of the credentials": [{ image, c1: credentials.c1 }, /name a Secret in existingSecret, or give all of/],
  "credentials twice": [{ image, existingSecret: "there", ...credentials }, /must be empty/],
  "a client id of another form": [{ image, ...credentials, c1: { clientId: "x", clientSecret: "y" } }, /clientId/],
  "a truth that is a text": [{ image, existingSecret: "there", provisioning: "true" }, /provisioning/],
  "a value that there isn't": [{ image, existingSecret: "there", networkPolicy: { enable: true } }, /enable/],
  "a setting with a value of its own": [
    { image, existingSecret: "there", settings: { provisioning: true } },
    /settings\.provisioning has a value of its own/
  ],
  "a setting in capitals": [{ image, existingSecret: "there", settings: { LOG_LEVEL: "debug" } }, /LOG_LEVEL/]
}

/** What our command complains about when it is given all of these as flags; nothing where it has them all and takes the values. */
const complaint = Effect.fnUntraced(function*(variables: Readonly<Record<string, string>>) {
  const flags = Object.entries(variables).map(([name, value]) =>
    `--${name.replace(/^BATON_/, "").toLowerCase().replaceAll("_", "-")}=${value}`
  )
  const { exitCode, stderr } = yield* run(process.execPath, [command, "capabilities", ...flags])
  return exitCode === 0 ? "" : stderr
})

/** Variables that are no flags. */
const besides = new Set(["BATON_HOST_ID", "BATON_C1_API_HOST", "SSL_CERT_FILE", "HTTPS_PROXY"])

/** The page of C1's documentation has these two; ours have to hold all that they do. */
const page = {
  secret: {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "baton-claude-enterprise-secrets" },
    type: "Opaque",
    stringData: {
      BATON_CLIENT_ID: expect.any(String),
      BATON_CLIENT_SECRET: expect.any(String),
      BATON_SCIM_TOKEN: expect.any(String),
      BATON_SCIM_URL: expect.any(String),
      BATON_PROVISIONING: "true"
    }
  },
  deployment: {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "baton-claude-enterprise", labels: { app: "baton-claude-enterprise" } },
    spec: {
      selector: { matchLabels: { app: "baton-claude-enterprise" } },
      template: {
        metadata: { labels: { app: "baton-claude-enterprise", baton: "true", "baton-app": "claude-enterprise" } },
        spec: {
          containers: [{
            name: "baton-claude-enterprise",
            imagePullPolicy: "IfNotPresent",
            env: expect.arrayContaining([{ name: "BATON_HOST_ID", value: "baton-claude-enterprise" }]),
            envFrom: [{ secretRef: { name: "baton-claude-enterprise-secrets" } }]
          }]
        }
      }
    }
  }
}

const isHardened = ({ spec }: Deployment.Deployment): void => {
  const { containers, securityContext, volumes, ...pod } = spec.template.spec
  expect([spec.replicas, spec.strategy.type, pod.automountServiceAccountToken]).toEqual([1, "Recreate", false])
  // The command takes 25 seconds at most.
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(30)
  expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels)
  expect(securityContext).toMatchObject({
    runAsNonRoot: true,
    runAsUser: 65532,
    seccompProfile: { type: "RuntimeDefault" }
  })
  const [container] = containers
  expect(container?.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] }
  })
  expect(container?.volumeMounts.find(({ mountPath }) => mountPath === "/tmp")?.name).toBe("tmp")
  expect(volumes.find(({ name }) => name === "tmp")?.["emptyDir"]).toHaveProperty("sizeLimit")
  expect(container?.livenessProbe.httpGet).toEqual({ path: "/live", port: "health" })
  expect(container?.readinessProbe.httpGet).toEqual({ path: "/ready", port: "health" })
  expect(Object.keys(container?.resources.limits ?? {})).toContain("memory")
  expect(Object.keys(container?.resources.requests ?? {})).toEqual(expect.arrayContaining(["cpu", "memory"]))
}

const environmentOf = (deployment: Deployment.Deployment): Readonly<Record<string, string>> =>
  Object.fromEntries(
    deployment.spec.template.spec.containers.flatMap(({ env }) => env.map(({ name, value }) => [name, value]))
  )

needing("python", "deploy/", (bin) => {
  needing("baton", "with Kubernetes' schemas and Helm", () => {
    let helm = ""
    beforeAll(async () => {
      helm = await Effect.runPromise(Helm.install().pipe(Effect.provide(NodeServices.layer)))
    }, 1_200_000)

    const withValues = Effect.fnUntraced(function*(values: object) {
      const fs = yield* FileSystem.FileSystem
      const place = yield* fs.makeTempDirectoryScoped({ prefix: "interop-chart-" })
      yield* fs.writeFileString(`${place}/values.yaml`, JSON.stringify(values))
      const rendered = yield* Deployment.template(helm, `${place}/values.yaml`)
      yield* fs.writeFileString(`${place}/rendered.yaml`, rendered.stdout)
      return { ...rendered, file: `${place}/rendered.yaml` }
    })

    describe("the two manifests", () => {
      it.live.each(Deployment.versions)("are what Kubernetes %s takes", (version) =>
        Effect.gen(function*() {
          const { fine, said } = yield* Deployment.validate(bin, version, manifests)
          expect(fine, said).toBe(true)
        }).pipe(Effect.provide(NodeServices.layer)))

      it.live("would not be, without the quotes that C1's page leaves out", () =>
        Effect.gen(function*() {
          const fs = yield* FileSystem.FileSystem
          const place = yield* fs.makeTempDirectoryScoped({ prefix: "interop-secret-" })
          const text = readFileSync(manifests[0], "utf8")
          yield* fs.writeFileString(
            `${place}/secret.yaml`,
            text.replace("BATON_PROVISIONING: \"true\"", "BATON_PROVISIONING: true")
          )
          const { fine, said } = yield* Deployment.validate(bin, "1.37", [`${place}/secret.yaml`])
          expect(fine).toBe(false)
          expect(said).toContain("BATON_PROVISIONING")
        }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))

      it.live("hold all that those of the page hold, harden the pod, and set what the command has", () =>
        Effect.gen(function*() {
          const [secret, deployment] = manifests.map((path): unknown => parse(readFileSync(path, "utf8")))
          expect(secret).toMatchObject(page.secret)
          expect(deployment).toMatchObject(page.deployment)
          const decoded = Schema.decodeUnknownSync(Deployment.Deployment)(deployment)
          isHardened(decoded)
          const variables = {
            ...Schema.decodeUnknownSync(Deployment.Secret)(secret).stringData,
            ...environmentOf(decoded)
          }
          const flags = Object.fromEntries(Object.entries(variables).filter(([name]) => !besides.has(name)))
          // Placeholders are no values.
          const values = { ...flags, BATON_SCIM_URL: "https://example.com/scim", BATON_SCIM_TOKEN: "token" }
          expect(yield* complaint(values)).toBe("")
        }).pipe(Effect.provide(NodeServices.layer)))
    })

    describe("the chart", () => {
      it.live("is fine with helm lint", () =>
        Effect.gen(function*() {
          const linted = yield* run(helm, ["lint", "--strict", chart, "--set", "image.repository=x,existingSecret=x"])
          expect(linted.exitCode, linted.stdout + linted.stderr).toBe(0)
        }).pipe(Effect.provide(NodeServices.layer)))

      it.live.each(Object.keys(good))(
        "comes out as what Kubernetes takes, and hardened: %s",
        (name) =>
          Effect.gen(function*() {
            const { exitCode, file, stderr, stdout } = yield* withValues(good[name] ?? {})
            expect(exitCode, stderr).toBe(0)
            for (const version of Deployment.versions) {
              const { fine, said } = yield* Deployment.validate(bin, version, [file])
              expect(fine, said).toBe(true)
            }
            const all = Deployment.parse(stdout)
            const deployment = onlyOf("Deployment", Schema.Struct({ spec: Schema.Unknown }), all)
            const [container] = Schema.decodeUnknownSync(
              Schema.Struct({
                template: Schema.Struct({ spec: Schema.Struct({ containers: Schema.Array(Schema.Unknown) }) })
              })
            )(deployment.spec).template.spec.containers
            expect(container).toMatchObject({ image: expect.stringMatching(/^registry\.example\.com\/.+[:@].+$/) })
            if (name !== "everything around the pod") {
              isHardened(onlyOf("Deployment", Deployment.Deployment, all))
              expect(all.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["NetworkPolicy", "ServiceAccount"]))
            }
          }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
      )

      it.live("sets variables that the command has, with values that it takes", () =>
        Effect.gen(function*() {
          for (
            const name of [
              "credentials in values",
              "settings of all kinds",
              "a digest, another host, a bundle of authorities"
            ]
          ) {
            const all = Deployment.parse((yield* withValues(good[name] ?? {})).stdout)
            const secrets = all.filter(({ kind }) => kind === "Secret").map((secret) =>
              Schema.decodeUnknownSync(Deployment.Secret)(secret).stringData
            )
            const variables = Object.assign(
              {},
              ...secrets,
              environmentOf(onlyOf("Deployment", Deployment.Deployment, all))
            )
            const flags = Object.fromEntries(Object.entries<string>(variables).filter(([name]) => !besides.has(name)))
            expect(Object.keys(flags).length).toBeGreaterThan(3)
            expect(yield* complaint(flags)).toBe("")
          }
          expect(yield* complaint({ BATON_PROVISION: "true" })).toContain("unknown flag: --provision")
        }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))

      it.live("keeps texts as texts, and lets the Secret say what it was not told", () =>
        Effect.gen(function*() {
          const made = Deployment.parse((yield* withValues(good["credentials in values"] ?? {})).stdout)
          const secret = onlyOf("Secret", Deployment.Secret, made)
          expect(secret.stringData["BATON_SCIM_TOKEN"]).toBe("007")
          const deployment = onlyOf("Deployment", Deployment.Deployment, made)
          expect(environmentOf(deployment)["BATON_PROVISIONING"]).toBe("true")
          const [container] = deployment.spec.template.spec.containers
          expect(container?.envFrom).toEqual([{ secretRef: { name: secret.metadata.name } }])

          const there = Deployment.parse((yield* withValues(good["settings of all kinds"] ?? {})).stdout)
          expect(there.some(({ kind }) => kind === "Secret")).toBe(false)
          const environment = environmentOf(onlyOf("Deployment", Deployment.Deployment, there))
          expect(environment).toMatchObject({
            BATON_SCIM_PAGE_SIZE: "50",
            BATON_HTTP_TIMEOUT_SECONDS: "1800",
            BATON_SKIP_FULL_SYNC: "true",
            BATON_LOG_LEVEL: "debug"
          })
          expect(environment).not.toHaveProperty("BATON_PROVISIONING")
        }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))

      it.live.each(Object.keys(bad))("says what is wrong with %s", (name) =>
        Effect.gen(function*() {
          const [values, expected] = bad[name] ?? [{}, /never/]
          const { exitCode, stderr } = yield* withValues(values)
          expect(exitCode).not.toBe(0)
          expect(stderr).toMatch(expected)
        }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
    })
  })

  describe("the container", () => {
    it.live("has a recipe that hadolint finds nothing in, and that copies what is there", () =>
      Effect.gen(function*() {
        const file = `${folder}/container/Dockerfile`
        const linted = yield* run(`${bin}/hadolint`, [file])
        expect(linted.exitCode, linted.stdout).toBe(0)
        const text = readFileSync(file, "utf8")
        expect(text).toMatch(/^USER 65532:65532$/m)
        expect(text).toContain("ENTRYPOINT [\"/usr/local/bin/node\", \"/app/baton-claude-enterprise.mjs\"]")
        // What the build stage takes from the tree once it is built.
        for (const path of ["LICENSE", "node_modules/.bin/node", "apps/baton/dist/baton-claude-enterprise.mjs"]) {
          expect(existsSync(`${root}/${path}`), path).toBe(true)
        }
      }).pipe(Effect.provide(NodeServices.layer)))

    /** A mount namespace needs root, which CI has. */
    it.live.skipIf(process.getuid?.() !== 0)(
      "works as the unprivileged user of its pod, with a root that nobody can write to",
      () =>
        Effect.gen(function*() {
          const fs = yield* FileSystem.FileSystem
          const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
          // As the recipe lays it out.
          const place = yield* fs.makeTempDirectoryScoped({ prefix: "interop-image-", directory: "/var/tmp" })
          yield* fs.chmod(place, 0o755)
          yield* fs.makeDirectory(`${place}/app`)
          yield* fs.makeDirectory(`${place}/tmp`)
          yield* fs.chown(`${place}/tmp`, 65_532, 65_532)
          for (const name of readdirSync(`${root}/apps/baton/dist`).filter((name) => name.endsWith(".mjs"))) {
            yield* fs.copyFile(`${root}/apps/baton/dist/${name}`, `${place}/app/${name}`)
          }
          yield* fs.copyFile(process.execPath, `${place}/node`)
          yield* fs.chmod(`${place}/node`, 0o755)

          const port = yield* FreePort.find
          const c1 = yield* C1Sandbox.make({ nextPoll: "50 millis", directory: `${place}/c1` })
          const scim = yield* Sandbox.make({
            directory: yield* Directory.generate({ users: 50, groups: 5, memberships: 90, seed: 3 })
          })
          const deployment = Schema.decodeUnknownSync(Deployment.Deployment)(parse(readFileSync(manifests[1], "utf8")))
          const isolated = [
            `mount --bind ${place}/tmp /tmp`,
            "mount -o remount,bind,ro /",
            "cd /tmp",
            `exec setpriv --reuid 65532 --regid 65532 --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all ${place}/node ${place}/app/baton-claude-enterprise.mjs`
          ].join(" && ")
          const child = yield* spawner.spawn(ChildProcess.make("unshare", ["--mount", "sh", "-c", isolated], {
            stdin: "ignore",
            extendEnv: false,
            env: {
              PATH: process.env["PATH"] ?? "",
              ...environmentOf(deployment),
              // Of the host, since the pod's network is not there.
              BATON_HEALTH_CHECK_PORT: String(port),
              BATON_CLIENT_ID: c1.clientId,
              BATON_CLIENT_SECRET: Redacted.value(c1.clientSecret),
              BATON_SCIM_URL: scim.baseUrl,
              BATON_SCIM_TOKEN: Redacted.value(scim.token),
              BATON_PROVISIONING: "true",
              SSL_CERT_FILE: c1.caPath
            },
            forceKillAfter: "10 seconds"
          }))
          let said = ""
          yield* Effect.forkScoped(Stream.runForEach(Stream.decodeText(child.all), (text) =>
            Effect.sync(() => {
              said += text
            })))
          const ended = Effect.flatMap(child.exitCode, (code) =>
            Effect.sync(() => expect.fail(`ended with ${code}: ${said}`)))
          yield* Effect.raceFirst(c1.awaitHello(), ended)
          const task = yield* c1.enqueue({ case: "syncFull", value: {} }, { debug: true })
          const { outcome } = yield* Effect.raceFirst(c1.awaitFinished(task), ended)
          expect(outcome, said).toMatchObject({ _tag: "Succeeded" })
          expect((yield* c1.awaitUpload(task)).snapshot?.counts?.resources).toBe(55)
          for (
            const { httpGet } of deployment.spec.template.spec.containers.flatMap((
              c
            ) => [c.livenessProbe, c.readinessProbe])
          ) {
            const answer = yield* Effect.promise(() =>
              fetch(`http://127.0.0.1:${port}${httpGet.path}`)
            )
            expect(answer.status, httpGet.path).toBe(200)
          }
          expect((yield* c1.hellos)[0]?.request.hostId).toBe("baton-claude-enterprise")
          yield* child.kill({ killSignal: "SIGTERM" })
          expect(yield* child.exitCode, said).toBe(0)
          expect(readdirSync(`${place}/tmp`)).toEqual([])
        }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
    )
  })
})
