/**
 * Makes a realistic company directory: the same numbers and the same seed always give the same people, groups and ids.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { areas, groupNames, longNames, mononyms, nicknames, places, pools } from "./internal/Names.ts"
import * as Prng from "./internal/Prng.ts"

/**
 * A person of a directory. Absent attributes are absent in the SCIM resource too.
 *
 * @since 0.1.0
 */
export interface Person {
  readonly id: string
  readonly userName: string
  readonly externalId?: string
  readonly givenName?: string
  readonly familyName?: string
  /** The whole name as its script writes it (`name.formatted`). */
  readonly formatted: string
  readonly displayName?: string
  readonly email: string
  readonly active: boolean
  readonly locale: string
  /** ISO 8601, UTC. */
  readonly created: string
  /** ISO 8601, UTC. */
  readonly lastModified: string
}

/**
 * A group of a directory; `members` are ids of people, each once.
 *
 * @since 0.1.0
 */
export interface Team {
  readonly id: string
  readonly displayName: string
  readonly externalId?: string
  readonly members: ReadonlyArray<string>
  /** ISO 8601, UTC. */
  readonly created: string
  /** ISO 8601, UTC. */
  readonly lastModified: string
}

/**
 * People and groups to seed a sandbox with.
 *
 * @since 0.1.0
 */
export interface Directory {
  readonly users: ReadonlyArray<Person>
  readonly groups: ReadonlyArray<Team>
}

/**
 * How large a directory to make.
 *
 * @since 0.1.0
 */
export interface GenerateOptions {
  readonly users: number
  readonly groups: number
  /** Group members over all groups, exactly. At most `users * groups`. */
  readonly memberships: number
  /** Default 1. */
  readonly seed?: number
  /** Part of the people who are disabled, from 0 to 1; rounded to whole people. Default 0.06. */
  readonly disabledRatio?: number
  /** The e-mail domain. Default `aurora.example`. */
  readonly domain?: string
}

/**
 * The asked-for directory can't exist.
 *
 * @since 0.1.0
 */
export class DirectoryError extends Schema.TaggedError<DirectoryError>()("DirectoryError", {
  problem: Schema.String
}) {
  override get message(): string {
    return `No such directory can be made: ${this.problem}`
  }
}

/**
 * A directory without people and groups.
 *
 * @since 0.1.0
 */
export const empty: Directory = { users: [], groups: [] }

/**
 * The size that the demo uses.
 *
 * @since 0.1.0
 */
export const demo: GenerateOptions = { users: 1_200, groups: 40, memberships: 9_000, seed: 7 }

/**
 * The size that the benchmark uses.
 *
 * @since 0.1.0
 */
export const bench: GenerateOptions = { users: 100_000, groups: 1_000, memberships: 500_000, seed: 7 }

const epoch = Date.UTC(2025, 0, 6, 8, 0, 0)
const day = 86_400_000

interface Named {
  readonly givenName?: string
  readonly familyName?: string
  readonly formatted: string
  readonly ascii: string
  readonly locale: string
}

const totalWeight = pools.reduce((sum, pool) => sum + pool.weight, 0)

const pick = <A>(random: Prng.Prng, values: ReadonlyArray<A>, fallback: A): A =>
  values[random.below(values.length)] ?? fallback

const ordinaryName = (random: Prng.Prng): Named => {
  let at = random.below(totalWeight)
  const pool = pools.find((pool) => (at -= pool.weight) < 0)
  const [given, givenAscii] = pick(random, pool?.given ?? [], ["Ada", "ada"])
  const [family, familyAscii] = pick(random, pool?.family ?? [], ["Reed", "reed"])
  return {
    givenName: given,
    familyName: family,
    formatted: pool?.familyFirst === true ? family + given : `${given} ${family}`,
    ascii: `${givenAscii}.${familyAscii}`,
    locale: pool?.locale ?? "en-US"
  }
}

/** Unusual people come at fixed distances, so that every directory of a hundred people has each kind. */
const nameOf = (index: number, random: Prng.Prng): Named => {
  if (index % 47 === 11) {
    const [name, ascii] = pick(random, mononyms, ["Teller", "teller"])
    return { givenName: name, formatted: name, ascii, locale: "en-US" }
  }
  if (index % 89 === 23) {
    const [given, family, ascii] = longNames[Math.floor(index / 89) % longNames.length] ?? ["Ada", "Reed", "ada.reed"]
    return { givenName: given, familyName: family, formatted: `${given} ${family}`, ascii, locale: "en-US" }
  }
  const name = ordinaryName(random)
  if (index % 71 === 31 && name.givenName !== undefined) {
    const nick = pick(random, nicknames, "Bob")
    return { ...name, formatted: `${name.givenName} "${nick}" ${name.familyName}` }
  }
  return name
}

const people = (options: Required<GenerateOptions>): Array<Person> => {
  const random = Prng.make(options.seed)
  const taken = new Map<string, number>()
  const disabled = Math.round(options.users * options.disabledRatio)
  const users: Array<Person> = []
  for (let index = 0; index < options.users; index++) {
    const name = nameOf(index, random)
    const seen = (taken.get(name.ascii) ?? 0) + 1
    taken.set(name.ascii, seen)
    const email = `${name.ascii}${seen === 1 ? "" : String(seen)}@${options.domain}`
    const created = epoch + (index % 400) * day + random.below(day)
    const displayName = index % 53 === 7 ? undefined : name.formatted
    users.push({
      id: random.uuid(),
      userName: index % 61 === 17 ? email.replace(/^./, (letter) => letter.toUpperCase()) : email,
      ...(index % 19 === 4 ? {} : { externalId: `00u${random.uint32().toString(36)}${index.toString(36)}` }),
      ...(name.givenName === undefined ? {} : { givenName: name.givenName }),
      ...(name.familyName === undefined ? {} : { familyName: name.familyName }),
      formatted: name.formatted,
      ...(displayName === undefined ? {} : { displayName }),
      email,
      // Bresenham's spread: exactly `disabled` people, evenly over the whole list.
      active: Math.floor(((index + 1) * disabled) / options.users) === Math.floor((index * disabled) / options.users),
      locale: name.locale,
      created: new Date(created).toISOString(),
      lastModified: new Date(created + random.below(90 * day)).toISOString()
    })
  }
  return users
}

/** Sizes that sum up to `memberships` exactly: most of the company, none, then a long tail; none above `users`. */
const sizesOf = ({ groups, memberships, users }: Required<GenerateOptions>, random: Prng.Prng): Array<number> => {
  const sizes = Array.from({ length: groups }, () => 0)
  // A second group stays empty only where the others can hold everybody.
  const open = groups >= 3 && memberships <= (groups - 1) * users
    ? [...sizes.keys()].filter((at) => at !== 1)
    : [...sizes.keys()]
  let left = memberships
  if (groups > 0) {
    sizes[0] = Math.min(Math.ceil(users * 0.85), left)
    left -= sizes[0]
  }
  const tail = open.filter((at) => at !== 0)
  const weights = tail.map((_, rank) => (0.6 + random.below(1_000) / 1_250) / Math.sqrt(rank + 1))
  const sum = weights.reduce((total, weight) => total + weight, 0)
  const shared = left
  for (const [rank, at] of tail.entries()) {
    const size = Math.min(users, left, Math.floor((shared * (weights[rank] ?? 0)) / sum))
    sizes[at] = size
    left -= size
  }
  // What rounding and full groups left over goes round the groups that still have room.
  while (left > 0) {
    for (const at of tail.length > 0 ? [...tail, 0] : open) {
      const size = sizes[at] ?? 0
      const extra = Math.min(left, users - size, Math.max(1, Math.ceil(left / open.length)))
      sizes[at] = size + extra
      left -= extra
    }
  }
  return sizes
}

const groupName = (index: number): string => {
  const plain = groupNames[index]
  if (plain !== undefined) return plain
  const team = index - groupNames.length
  const area = areas[team % areas.length] ?? "Team"
  const place = places[Math.floor(team / areas.length) % places.length] ?? "Remote"
  const round = Math.floor(team / (areas.length * places.length))
  return `${area} – ${place}${round === 0 ? "" : ` ${round + 1}`}`
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b))

const teams = (options: Required<GenerateOptions>, users: ReadonlyArray<Person>): Array<Team> => {
  const random = Prng.make(options.seed ^ 0x67726f75)
  const sizes = sizesOf(options, random)
  return sizes.map((size, index) => {
    const members: Array<string> = []
    if (size > 0) {
      // A stride without a common divisor visits every person once, so members are distinct without a set.
      let stride = 1 + random.below(users.length)
      while (gcd(stride, users.length) !== 1) stride++
      let at = random.below(users.length)
      for (let count = 0; count < size; count++) {
        const person = users[at]
        if (person !== undefined) members.push(person.id)
        at = (at + stride) % users.length
      }
    }
    const created = epoch + index * 3_600_000
    return {
      id: random.uuid(),
      displayName: groupName(index),
      ...(index % 5 === 3 ? {} : { externalId: `00g${random.uint32().toString(36)}${index.toString(36)}` }),
      members,
      created: new Date(created).toISOString(),
      lastModified: new Date(created + random.below(300 * day)).toISOString()
    }
  })
}

const problemOf = (options: Required<GenerateOptions>): string | undefined => {
  for (const field of ["users", "groups", "memberships"] as const) {
    const value = options[field]
    if (!Number.isSafeInteger(value) || value < 0) return `${field} must be a whole number from 0, and is ${value}`
  }
  if (!(options.disabledRatio >= 0 && options.disabledRatio <= 1)) {
    return `disabledRatio must be from 0 to 1, and is ${options.disabledRatio}`
  }
  if (options.memberships > options.users * options.groups) {
    return `${options.memberships} memberships do not fit ${options.groups} groups of ${options.users} people; ` +
      `at most ${options.users * options.groups} do`
  }
  return undefined
}

/**
 * Makes a directory with exactly the given numbers of people, groups and memberships.
 *
 * Names come in some twenty scripts; there are one-word names, very long ones, apostrophes and quotes, people without
 * `displayName` or `externalId`, disabled people, `userName`s with a capital; e-mail addresses are ASCII and unique. The first
 * group holds most of the company, the second (from three groups on) nobody.
 *
 * @since 0.1.0
 */
export const generate = Effect.fn("Directory.generate")(
  function*(options: GenerateOptions): Effect.fn.Return<Directory, DirectoryError> {
    const all: Required<GenerateOptions> = { seed: 1, disabledRatio: 0.06, domain: "aurora.example", ...options }
    const problem = problemOf(all)
    if (problem !== undefined) return yield* new DirectoryError({ problem })
    const users = people(all)
    return { users, groups: teams(all, users) }
  }
)
