/** Baton's notation of resources. */
import { describe, expect, it } from "vitest"
import * as Bid from "../../src/command/Bid.ts"

describe("Bid", () => {
  it.each([
    ["bid:r:user/1", "user", "1"],
    ["bid:r:org/acme/group/7", "group", "7"],
    ["bid:r:group/a\\/b\\:c\\\\d", "group", "a/b:c\\d"],
    ["bid:r:gr\\:oup/ü 🧸", "gr:oup", "ü 🧸"]
  ])("%s", (bid, resourceType, resource) => {
    expect(Bid.resource(bid)).toEqual({ resourceType, resource })
  })

  it.each([
    "",
    "user/1",
    "bid:e:group/1:member",
    "bid:r:user",
    "bid:r:user/",
    "bid:r:/1",
    "bid:r:a/b/c",
    "bid:r:a/b/c/d/e/f",
    "bid:r:user/a:b",
    "bid:r:user/a\\n",
    "bid:r:user/a\\"
  ])("%s names nothing", (bid) => {
    expect(Bid.resource(bid)).toBeUndefined()
  })
})
