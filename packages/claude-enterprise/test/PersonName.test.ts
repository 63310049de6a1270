import { describe, expect, it } from "@effect/vitest"
import * as PersonName from "../src/internal/PersonName.ts"

describe("PersonName", () => {
  it("takes the first word as given name and the rest as family name", () => {
    expect(PersonName.parse("Jane Smith")).toEqual({ formatted: "Jane Smith", givenName: "Jane", familyName: "Smith" })
    expect(PersonName.parse("Ludwig van der Berg")).toEqual({
      formatted: "Ludwig van der Berg",
      givenName: "Ludwig",
      familyName: "van der Berg"
    })
  })

  it("gives a one-word name no family name", () => {
    expect(PersonName.parse("Prince")).toEqual({ formatted: "Prince", givenName: "Prince" })
  })

  it("separates at any white space and keeps one blank", () => {
    expect(PersonName.parse("  Ana\u00a0 María\tLópez\n")).toEqual({
      formatted: "Ana María López",
      givenName: "Ana",
      familyName: "María López"
    })
    expect(PersonName.parse("山田\u3000太郎")).toEqual({
      formatted: "山田 太郎",
      givenName: "山田",
      familyName: "太郎"
    })
  })

  it.each(["", " ", "\t\n", "\u3000"])("knows that %j is no name", (text) => {
    expect(PersonName.parse(text)).toBeUndefined()
  })
})
