/**
 * Python's moto as an S3-compatible store on a free loopback port: one bucket, one pair of keys, and signatures that it checks.
 */
import * as Effect from "effect/Effect"
import type * as PlatformError from "effect/PlatformError"
import * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { home } from "./Peer.ts"
import { run } from "./Run.ts"

/** Where it is, and with what it is entered. */
const Place = Schema.Struct({
  endpoint: Schema.String,
  region: Schema.String,
  accessKeyId: Schema.String,
  secretAccessKey: Schema.String
})

export interface MotoS3 {
  readonly place: typeof Place.Type
  readonly bucket: string
  /** What boto3, Amazon's own client, finds in the bucket. */
  readonly objects: Effect.Effect<
    ReadonlyArray<{ readonly key: string; readonly size: number }>,
    PlatformError.PlatformError | Schema.SchemaError,
    ChildProcessSpawner.ChildProcessSpawner
  >
  /** Ends it before its scope does. */
  readonly stop: Effect.Effect<void, PlatformError.PlatformError>
}

/**
 * It ended before it said where it listens.
 */
export class MotoS3Failed extends Schema.TaggedError<MotoS3Failed>()("MotoS3Failed", {}) {
  override get message(): string {
    return "moto ended without a word on standard output; its standard error says why."
  }
}

const listing = [
  "import boto3, json, sys",
  "p = json.loads(sys.argv[1])",
  "s3 = boto3.client('s3', endpoint_url=p['endpoint'], region_name=p['region'],",
  "  aws_access_key_id=p['accessKeyId'], aws_secret_access_key=p['secretAccessKey'])",
  "found = s3.list_objects_v2(Bucket=sys.argv[2]).get('Contents', [])",
  "print(json.dumps([{'key': o['Key'], 'size': o['Size']} for o in found]))"
].join("\n")

const Objects = Schema.fromJsonString(Schema.Array(Schema.Struct({ key: Schema.String, size: Schema.Int })))

/**
 * Starts a store with an empty bucket; it ends with the scope. `bin` is the folder of the virtual environment's commands.
 */
export const start = Effect.fn("MotoS3.start")(
  function*(bin: string, bucket: string): Effect.fn.Return<
    MotoS3,
    MotoS3Failed | PlatformError.PlatformError | Schema.SchemaError,
    Scope.Scope | ChildProcessSpawner.ChildProcessSpawner
  > {
    const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
    const child = yield* spawner.spawn(
      ChildProcess.make(`${bin}/python`, [`${home}/python/moto_s3_on_loopback.py`, bucket], {
        // It runs until its standard input ends, which happens even if this process is killed.
        stdin: { stream: "pipe", endOnDone: false },
        stderr: "inherit",
        forceKillAfter: "5 seconds"
      })
    )
    const lines = yield* Stream.toPull(Stream.splitLines(Stream.decodeText(child.stdout)))
    const [line] = yield* lines.pipe(Effect.catchCause(() => Effect.fail(new MotoS3Failed())))
    const place = yield* Schema.decodeUnknownEffect(Schema.fromJsonString(Place))(line)
    return {
      place,
      bucket,
      objects: Effect.flatMap(
        run(`${bin}/python`, ["-c", listing, JSON.stringify(place), bucket]),
        ({ stdout }) => Schema.decodeUnknownEffect(Objects)(stdout)
      ),
      stop: child.kill({ killSignal: "SIGKILL" })
    }
  }
)
