import { describe, expect, it } from "@effect/vitest"
import * as EmailAddress from "../src/internal/EmailAddress.ts"

describe("EmailAddress", () => {
  it.each([
    "jane.smith@example.com",
    "Jane.Smith@Example.COM",
    "o'brien+claude@mail.example.co.uk",
    "x@y.z",
    "first_last-1@xn--bcher-kva.example",
    "jörg@bücher.example",
    "用户@例子.中国",
    "{weird}|but!legal@example.com"
  ])("lets %s through", (address) => {
    expect(EmailAddress.faultOf(address)).toBeUndefined()
    expect(EmailAddress.isAddress(address)).toBe(true)
  })

  it.each([
    ["", "is empty"],
    ["   ", "is empty"],
    [" jane@example.com", "begins or ends with white space"],
    ["jane@example.com\n", "begins or ends with white space"],
    ["ja ne@example.com", "has white space or an invisible character in it"],
    ["jane\u200b@example.com", "has white space or an invisible character in it"],
    ["jane\u0000@example.com", "has white space or an invisible character in it"],
    ["jane.example.com", "has no @"],
    ["@example.com", "has nothing before the @"],
    ["jane@", "has nothing after the @"],
    ["a@b@example.com", "has more than one @"],
    ["jane@localhost", "has no dot in its domain"],
    ["jane@example..com", "has a domain that can't be one"],
    ["jane@-example.com", "has a domain that can't be one"],
    ["jane@exam_ple.com", "has a domain that can't be one"],
    [".jane@example.com", "has characters before the @ that no address has"],
    ["ja..ne@example.com", "has characters before the @ that no address has"],
    ["jane,joe@example.com", "has characters before the @ that no address has"],
    ["<jane@example.com>", "has characters before the @ that no address has"],
    [`${"a".repeat(65)}@example.com`, "has more than 64 bytes before the @"],
    [`a@${"b".repeat(250)}.com`, "has more than 254 bytes"],
    [`a@${"b".repeat(64)}.com`, "has a domain that can't be one"]
  ])("refuses %j: it %s", (address, fault) => {
    expect(EmailAddress.faultOf(address)).toBe(fault)
  })
})
