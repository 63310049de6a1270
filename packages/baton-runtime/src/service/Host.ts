/**
 * What ConductorOne is told about the machine and the program that a connector runs on. None of it is ever empty: C1 takes no registration with an
 * empty value.
 *
 * @since 0.1.0
 */
import {
  type BatonServiceHelloRequest_BuildInfo,
  BatonServiceHelloRequest_BuildInfoSchema,
  type BatonServiceHelloRequest_OSInfo,
  BatonServiceHelloRequest_OSInfoSchema
} from "@access-kit/baton-protocol/gen/c1/connectorapi/baton/v1/baton_pb"
import { create } from "@bufbuild/protobuf"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Os from "node:os"

/** The longest value that C1 takes. */
const LONGEST = 256

const said = (...candidates: ReadonlyArray<string | undefined>): string =>
  (candidates.find((candidate) => candidate !== undefined && candidate.trim() !== "") ?? "unknown").trim().slice(
    0,
    LONGEST
  )

/** Node's names for systems where Go has others. */
const SYSTEMS: Readonly<Record<string, string>> = { win32: "windows", sunos: "solaris" }

/** Families of distributions, for those that don't name theirs (`ID_LIKE`). */
const releaseOf = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text.split("\n").flatMap((line) => {
      const [, name, value] = /^([A-Z_]+)=(.*)$/.exec(line.trim()) ?? []
      return name === undefined || value === undefined ? [] : [[name, value.replaceAll(/^["']|["']$/g, "")] as const]
    })
  )

/**
 * How this host is known to C1: `BATON_HOST_ID`, else its name.
 *
 * @since 0.1.0
 */
export const hostId: Effect.Effect<string> = Config.option(Config.String("BATON_HOST_ID")).pipe(
  Effect.orElseSucceed(() => Option.none<string>()),
  Effect.map((configured) => said(Option.getOrUndefined(configured), Os.hostname(), "baton-sdk"))
)

/**
 * The system. Values that can't be found out are those that the Go SDK puts in their place.
 *
 * @since 0.1.0
 */
export const osInfo: Effect.Effect<BatonServiceHelloRequest_OSInfo, never, FileSystem.FileSystem> = Effect.gen(
  function*() {
    const files = yield* FileSystem.FileSystem
    const release = releaseOf(
      Os.platform() === "linux"
        ? yield* Effect.orElseSucceed(files.readFileString("/etc/os-release"), () => "")
        : ""
    )
    const there = (path: string) => Effect.orElseSucceed(files.exists(path), () => false)
    const container = (yield* there("/.dockerenv"))
      ? "docker"
      : (yield* there("/run/.containerenv"))
      ? "podman"
      : "none"
    const os = SYSTEMS[Os.platform()] ?? Os.platform()
    const platform = said(release.get("ID"), os)
    const kernelVersion = said(Os.release(), "unknown")
    return create(BatonServiceHelloRequest_OSInfoSchema, {
      hostname: said(Os.hostname(), "unknown"),
      os,
      platform,
      platformVersion: said(release.get("VERSION_ID"), kernelVersion),
      platformFamily: said(release.get("ID_LIKE")?.split(" ")[0], platform),
      kernelVersion,
      kernelArch: said(Os.machine(), Os.arch()),
      virtualizationSystem: container
    })
  }
)

/**
 * The program.
 *
 * @since 0.1.0
 */
export const buildInfo = (program: {
  readonly name: string
  readonly version: string
}): BatonServiceHelloRequest_BuildInfo =>
  create(BatonServiceHelloRequest_BuildInfoSchema, {
    langVersion: said(`node ${process.version}`, "0.0.0"),
    package: said(program.name, "/dummy/path"),
    packageVersion: said(program.version, "0.0.0")
  })
