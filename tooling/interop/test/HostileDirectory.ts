/**
 * A small directory of everything that breaks careless software: names in many scripts and of many lengths, quotes, commas, control
 * characters, formulas, half a surrogate pair; ids that mean something in URLs, in SQL and in SCIM filters; a group without members, two
 * groups of one name, disabled people.
 */
import type { Directory } from "@access-kit/scim-sandbox"

const ids = [
  "plain",
  "with space",
  "slash/../up",
  "query?a=b&c=d#frag",
  "percent%2Fencoded",
  "colon:user:plain",
  "quote\"double",
  "quote'single",
  "back\\slash",
  "bracket] or [value eq \"x",
  "größe-日本-🧑‍🚀",
  "x".repeat(400)
]

const names = [
  "Renée \"Zoë\" O'Brien, Jr.",
  "=HYPERLINK(\"https://example.com\",\"click\")",
  "line\nbreak\r\nand\ttab",
  "bell \u0007 escape \u001b[31m null \u0000 end",
  "<script>alert(1)</script> & co; DROP TABLE users;--",
  "مُحَمَّد العربي",
  "‮override‬ ‏mark",
  "👩‍👩‍👧‍👦 family 🏳️‍🌈",
  "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢",
  "half \ud83d of a pair",
  "नागरी ไทย 한국어 ქართული",
  "long ".repeat(400)
]

const created = "2025-03-01T09:30:00.000Z"

const users: Directory.Directory["users"] = ids.map((id, at) => ({
  id,
  userName: `Person.${at}@Hostile.example`,
  externalId: `hr\\"${at}`,
  formatted: names[at] ?? id,
  ...(at % 3 === 0 ? {} : { displayName: names[at] ?? id }),
  ...(at % 4 === 0 ? {} : { givenName: names[at] ?? id, familyName: names[(at + 1) % names.length] ?? id }),
  email: `person.${at}@hostile.example`,
  active: at % 2 === 0,
  locale: "en-US",
  created,
  lastModified: created
}))

export const hostile: Directory.Directory = {
  users,
  groups: [
    { id: "all", displayName: "Everybody, \"all\"", members: ids, created, lastModified: created },
    { id: "none", displayName: "Nobody 🫥", members: [], created, lastModified: created },
    { id: "twin/1", displayName: "Twin", members: ids.slice(0, 3), created, lastModified: created },
    { id: "twin/2", displayName: "Twin", members: ids.slice(2, 5), created, lastModified: created },
    {
      id: "off:user",
      displayName: names[9] ?? "",
      members: ids.filter((_, at) => at % 2 === 1),
      created,
      lastModified: created
    }
  ]
}
