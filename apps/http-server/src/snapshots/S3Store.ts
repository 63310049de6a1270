/**
 * Snapshot files in a bucket of an S3-compatible store: plain requests, signed by Signature Version 4.
 *
 * A request may be sent again: putting, getting and deleting a key twice comes to the same as once. Bodies are signed with their SHA-256, so that a store
 * refuses what was damaged on the way.
 *
 * @since 0.1.0
 */
import { AwsV4Signer } from "aws4fetch"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import type { HttpMethod } from "effect/http/HttpMethod"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { createHash } from "node:crypto"
import { type S3Options, SnapshotFiles, SnapshotStoreError } from "../SnapshotFiles.ts"

/** SHA-256 of nothing: the body of every request but PUT. */
const EMPTY = createHash("sha256").digest("hex")

/** How much of what a store answers is shown. */
const EXCERPT = 300

/**
 * The URL of a key. AWS has a host for each bucket, which a name with dots does not fit its certificate for; others have paths.
 *
 * @since 0.1.0
 */
export const urlOf = (options: Pick<S3Options, "bucket" | "prefix" | "region" | "endpoint">, key: string): string => {
  const path = [...(options.prefix === "" ? [] : [options.prefix]), key].join("/")
    .split("/").map(encodeURIComponent).join("/")
  if (options.endpoint !== undefined) return `${options.endpoint.replace(/\/+$/, "")}/${options.bucket}/${path}`
  return options.bucket.includes(".")
    ? `https://s3.${options.region}.amazonaws.com/${options.bucket}/${path}`
    : `https://${options.bucket}.s3.${options.region}.amazonaws.com/${path}`
}

const remedies: Readonly<Record<number, string>> = {
  301: "The bucket is in another region. Set the region.",
  400: "Check the region and the endpoint.",
  403: "Check the access key, and that it may get, put and delete objects of this bucket.",
  404: "Check the name of the bucket, and that nobody has deleted the file."
}

/**
 * @since 0.1.0
 */
export const layer = (
  options: S3Options
): Layer.Layer<SnapshotFiles, never, HttpClient.HttpClient | FileSystem.FileSystem> =>
  Layer.effect(
    SnapshotFiles,
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const client = (yield* HttpClient.HttpClient).pipe(
        HttpClient.retryTransient({ times: 4, schedule: Schedule.exponential("200 millis") })
      )
      const where = `The bucket "${options.bucket}"`

      const unreachable = (cause: HttpClientError) =>
        new SnapshotStoreError({
          reason: "Unreachable",
          message: `${where} at ${
            new URL(urlOf(options, "")).host
          } can't be reached. Check the endpoint and the network.`,
          cause
        })

      const refused = Effect.fnUntraced(function*(response: HttpClientResponse.HttpClientResponse) {
        const text = yield* Effect.orElseSucceed(response.text, () => "")
        const [, code] = /<Code>([^<]{1,100})<\/Code>/.exec(text) ?? []
        return yield* new SnapshotStoreError({
          reason: response.status >= 500 || response.status === 429 ? "Unreachable" : "Refused",
          message: `${where} answered ${response.status}${code === undefined ? "" : ` ${code}`}. ${
            remedies[response.status] ?? `It said: ${text.slice(0, EXCERPT) || "nothing"}`
          }`
        })
      })

      const send = Effect.fnUntraced(function*(
        method: HttpMethod,
        key: string,
        body: { readonly body: HttpBody.HttpBody; readonly sha256: string } | undefined
      ) {
        const url = urlOf(options, key)
        const sign = Effect.promise(() =>
          new AwsV4Signer({
            method,
            url,
            headers: { "x-amz-content-sha256": body?.sha256 ?? EMPTY },
            accessKeyId: options.accessKeyId,
            secretAccessKey: Redacted.value(options.secretAccessKey),
            ...(options.sessionToken === undefined ? {} : { sessionToken: Redacted.value(options.sessionToken) }),
            service: "s3",
            region: options.region
          }).sign()
        )
        const { headers } = yield* sign
        const request = HttpClientRequest.make(method)(url).pipe(
          HttpClientRequest.setHeaders(headers),
          body === undefined ? (request) => request : HttpClientRequest.setBody(body.body)
        )
        return yield* Effect.mapError(client.execute(request), unreachable)
      })

      const put = Effect.fn("S3Store.put")(function*(
        key: string,
        file: { readonly path: string; readonly bytes: number; readonly sha256: string }
      ) {
        const body = HttpBody.stream(fs.stream(file.path), "application/octet-stream", file.bytes)
        const response = yield* send("PUT", key, { body, sha256: file.sha256 })
        if (response.status !== 200) return yield* refused(response)
        yield* Effect.ignore(response.text)
      })

      const get = Effect.fn("S3Store.get")(function*(key: string) {
        const response = yield* send("GET", key, undefined)
        if (response.status !== 200) return yield* refused(response)
        return Stream.mapError(response.stream, unreachable)
      })

      const remove = Effect.fn("S3Store.remove")(function*(key: string) {
        const response = yield* send("DELETE", key, undefined)
        // 404 is of stores that tell of what was not there; a bucket that is not there is told of by `check`.
        if (response.status !== 204 && response.status !== 200 && response.status !== 404) {
          return yield* refused(response)
        }
        yield* Effect.ignore(response.text)
      })

      const check = Effect.gen(function*() {
        const key = `check-${crypto.randomUUID()}`
        const response = yield* send("PUT", key, { body: HttpBody.uint8Array(new Uint8Array(0)), sha256: EMPTY })
        if (response.status !== 200) return yield* refused(response)
        yield* Effect.ignore(response.text)
        yield* remove(key)
      })

      return SnapshotFiles.of({ put, get, remove, pathOf: () => undefined, check })
    })
  )
