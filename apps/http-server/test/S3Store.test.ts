import { describe, expect, it } from "vitest"
import * as SnapshotFiles from "../src/SnapshotFiles.ts"
import * as S3Store from "../src/snapshots/S3Store.ts"

describe("SnapshotFiles.locate", () => {
  it("tells buckets from directories", () => {
    expect(SnapshotFiles.locate("s3://bucket")).toEqual({ _tag: "S3", bucket: "bucket", prefix: "" })
    expect(SnapshotFiles.locate("s3://bucket/a/b/")).toEqual({ _tag: "S3", bucket: "bucket", prefix: "a/b" })
    expect(SnapshotFiles.locate("./s3")).toEqual({ _tag: "Directory", path: "./s3" })
  })
})

describe("S3Store.urlOf", () => {
  const key = "c/id.c1z"

  it("takes the host of the bucket at AWS, and a path where its name has dots", () => {
    expect(S3Store.urlOf({ bucket: "b", prefix: "", region: "eu-west-1" }, key)).toBe(
      "https://b.s3.eu-west-1.amazonaws.com/c/id.c1z"
    )
    expect(S3Store.urlOf({ bucket: "b.example", prefix: "p", region: "eu-west-1" }, key)).toBe(
      "https://s3.eu-west-1.amazonaws.com/b.example/p/c/id.c1z"
    )
  })

  it("takes a path at any other store, and encodes the prefix", () => {
    expect(
      S3Store.urlOf({ bucket: "b", prefix: "a b/ü", region: "x", endpoint: "http://localhost:9000/" }, key)
    ).toBe("http://localhost:9000/b/a%20b/%C3%BC/c/id.c1z")
  })
})
