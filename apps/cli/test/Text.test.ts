import { describe, expect, it } from "vitest"
import * as Csv from "../src/Csv.ts"
import * as Json from "../src/Json.ts"
import * as Table from "../src/Table.ts"
import * as Text from "../src/Text.ts"
import type { View } from "../src/View.ts"

interface Row {
  readonly name: string
  readonly count: number
}

const view: View<Row> = {
  noun: ["row", "rows"],
  columns: [
    { name: "name", header: "NAME", cell: (row) => row.name },
    { name: "hidden", cell: (row) => `h${row.count}` },
    { name: "count", header: "COUNT", align: "right", cell: (row) => String(row.count) }
  ],
  json: (row) => ({ name: row.name, count: row.count })
}

describe("Text", () => {
  it("writes out what could control a terminal", () => {
    expect(Text.printable("a\x1b[31mred\x07")).toBe("a\\x1b[31mred\\x07")
    expect(Text.printable("\u009b2J")).toBe("\\x9b2J")
    expect(Text.printable("exe\u202egpj")).toBe("exe\\u202egpj")
    expect(Text.printable("line\nbreak\u2028")).toBe("line\\x0abreak\\u2028")
  })

  it("leaves names of all scripts as they are", () => {
    for (const name of ["Jürgen", "渡辺 健太", "נועה\u200f", "Zoë\u0301", "राहुल", "👩‍💻"]) {
      expect(Text.printable(name)).toBe(name)
    }
  })

  it.each([
    ["", 0],
    ["Anna", 4],
    ["é", 1],
    ["e\u0301", 1],
    ["渡辺健太", 8],
    ["한국어", 6],
    ["Ｆｕ", 4],
    ["राहुल", 4],
    ["अनन्या", 5],
    ["สุดา", 3],
    ["👩‍💻", 2],
    ["🇫🇷", 2]
  ])("measures %s as %i cells", (text, cells) => {
    expect(Text.width(text)).toBe(cells)
  })

  it("cuts at a character's edge and never beyond the width", () => {
    expect(Text.cut("渡辺健太", 8)).toBe("渡辺健太")
    expect(Text.cut("渡辺健太", 7)).toBe("渡辺健…")
    expect(Text.cut("渡辺健太", 6)).toBe("渡辺…")
    expect(Text.cut("e\u0301e\u0301e\u0301", 2)).toBe("e\u0301…")
    expect(Text.cut("abc", 0)).toBe("")
  })

  it("counts for people", () => {
    expect(Text.counted(1, "account")).toBe("1 account")
    expect(Text.counted(1_234_567, "account")).toBe("1,234,567 accounts")
    expect(Text.counted(0, "retry", "retries")).toBe("0 retries")
    expect(["0", "999 B"]).toContain(Text.bytes(999))
    expect(Text.bytes(1_500)).toBe("1.5 kB")
    expect(Text.bytes(999_600)).toBe("1.0 MB")
    expect(Text.bytes(22_000_000)).toBe("22 MB")
    expect(Text.elapsed(850)).toBe("850 ms")
    expect(Text.elapsed(3_210)).toBe("3.2 s")
    expect(Text.elapsed(250_000)).toBe("4 min 10 s")
  })
})

describe("Csv", () => {
  it("quotes what RFC 4180 wants quoted", () => {
    expect(Csv.field("plain")).toBe("plain")
    expect(Csv.field("a,b")).toBe("\"a,b\"")
    expect(Csv.field("say \"hi\"")).toBe("\"say \"\"hi\"\"\"")
    expect(Csv.field("two\nlines")).toBe("\"two\nlines\"")
    expect(Csv.field(" spaced ")).toBe("\" spaced \"")
  })

  it.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1"])("defuses the formula %s", (text) => {
    expect(Csv.field(text).replaceAll("\"", "")).toBe(`'${text}`)
  })

  it("ends records with CRLF and keeps the columns that tables leave out", () => {
    expect(Csv.heading(view) + Csv.line(view, { name: "x", count: 2 })).toBe("name,hidden,count\r\nx,h2,2\r\n")
  })
})

describe("Json", () => {
  it("is the same value and has nothing that a terminal obeys", () => {
    const value = { name: "\u009b2J\u202e\u2028\x1b[0m" }
    for (const text of [Json.compact(value), Json.pretty(value)]) {
      expect(JSON.parse(text)).toEqual(value)
      expect(text).not.toMatch(/(?!\n)[\p{Cc}\u2028\u202e]/u)
    }
  })
})

describe("Table", () => {
  it("aligns by cells and does not pad the end of a line", () => {
    const table = Table.make(view)
    expect(table([{ name: "渡辺", count: 5 }, { name: "Anna", count: 10 }])).toBe(
      "NAME  COUNT\n渡辺      5\nAnna     10\n"
    )
  })

  it("prints the heading once and grows where a later chunk is wider", () => {
    const table = Table.make(view)
    expect(table([{ name: "a", count: 1 }])).toBe("NAME  COUNT\na         1\n")
    expect(table([{ name: "abcdef", count: 1 }])).toBe("abcdef      1\n")
  })

  it("fits a terminal by cutting the widest column", () => {
    const text = Table.make(view, { columns: 24 })([{ name: "x".repeat(80), count: 7 }])
    for (const line of text.trimEnd().split("\n")) expect(Text.width(line)).toBeLessThanOrEqual(24)
    expect(text).toContain("…")
    expect(text).toContain(" 7\n")
  })

  it("never cuts what is there to be copied", () => {
    const ids: View<Row> = {
      ...view,
      columns: [{ name: "id", header: "ID", whole: true, cell: (row) => row.name }, ...view.columns]
    }
    const id = "0123456789".repeat(4)
    expect(Table.make(ids, { columns: 30 })([{ name: id, count: 1 }])).toContain(`${id}  `)
  })

  it("is not cut where there is no terminal", () => {
    expect(Table.make(view)([{ name: "x".repeat(500), count: 7 }])).toContain("x".repeat(500))
  })

  it("lists the fields of one thing without the empty ones", () => {
    expect(Table.record(view, { name: "", count: 3 })).toBe("hidden  h3\nCOUNT   3\n")
  })
})
