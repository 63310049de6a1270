/**
 * A connector for tests: a directory in memory, read in one of several manners of paging, in an order of answers that a seed decides, with
 * faults at chosen answers. Everything is a function of the arguments; no clock is involved.
 */
import { Connector, ConnectorError, Entitlement, Grant, type Page, type Resource } from "@access-kit/connector-model"
import { Effect } from "effect"

export interface User {
  readonly id: string
  readonly status: Resource.AccountStatus
}

export interface Group {
  readonly id: string
  /** Ids of users, or `type:id` of principals of another type. */
  readonly members: ReadonlyArray<string>
}

/** The source system. Tests change it while it is read. */
export interface Directory {
  users: ReadonlyArray<User>
  groups: ReadonlyArray<Group>
}

const statuses: ReadonlyArray<Resource.AccountStatus> = ["enabled", "enabled", "disabled", "unknown", "deleted"]

export const user = (number: number): User => ({
  id: `u${String(number).padStart(5, "0")}`,
  status: statuses[number % statuses.length] ?? "enabled"
})

export const group = (number: number, members: ReadonlyArray<string>): Group => ({
  id: `g${String(number).padStart(4, "0")}`,
  members
})

/** `users` people; group n has every person whose number leaves rest n when divided by the number of groups, and the first ten people. */
export const directory = (users: number, groups: number): Directory => {
  const people = Array.from({ length: users }, (_, index) => user(index))
  return {
    users: people,
    groups: Array.from({ length: groups }, (_, index) =>
      group(
        index,
        people.filter((_, number) => number % groups === index || number < 10).map((person) => person.id)
      ))
  }
}

/**
 * - `siblings`: rows by position; the first page offers all others at once and every page gives the total, as SCIM does.
 * - `chain`: rows by position; each page leads to the next and gives the total.
 * - `keyset`: each page leads to the next by the last id; no total.
 */
export type Paging = "siblings" | "chain" | "keyset"

export interface Answer {
  /** 0 for the first answer of this connector. */
  readonly number: number
  readonly operation: "list" | "get"
  readonly resourceType: string
  readonly cursor: string | undefined
}

export interface Options {
  readonly paging: Paging
  readonly pageSize: number
  /** Decides how long each answer takes, in turns of the scheduler. */
  readonly seed: number
  /** Before the directory is read: the place to change it, to fail or to die. */
  readonly before?: (answer: Answer) => Effect.Effect<void, ConnectorError.ConnectorError>
  /** After the directory is read, when the answer is on its way. */
  readonly after?: (answer: Answer) => Effect.Effect<void, ConnectorError.ConnectorError>
  /** A last look at a page before it leaves. */
  readonly alter?: (
    page: Page.Page<Page.ResourceRecord>,
    answer: Answer
  ) => Page.Page<Page.ResourceRecord>
  readonly version?: string
  readonly source?: string
}

export interface ChaosConnector {
  readonly connector: Connector.Connector["Service"]
  readonly answers: Array<Answer>
  /** Fetches that were begun and neither answered nor given up, now and at the most. */
  readonly running: { now: number; most: number; interrupted: number }
}

export const unavailable = ConnectorError.make(
  "list",
  new ConnectorError.Unavailable({ message: "The source does not answer. Try again later." })
)

export const changed = ConnectorError.make(
  "list",
  new ConnectorError.DirectoryChanged({ resourceType: "user", message: "The source says that it changed." })
)

/** A small hash, so that the delay of an answer depends on seed and number only. */
const turnsOf = (seed: number, number: number): number => {
  let x = Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d)
  return ((x ^ (x >>> 13)) >>> 0) % 6
}

const accountOf = (person: User): Page.ResourceRecord => ({
  resource: {
    _tag: "Account",
    id: { resourceType: "user", resource: person.id },
    displayName: `Person ${person.id}`,
    status: person.status,
    accountType: "human",
    login: `${person.id}@example.com`,
    emails: [{ address: `${person.id}@example.com`, primary: true }]
  },
  entitlements: [],
  grants: []
})

const principalOf = (member: string): Resource.ResourceId => {
  const colon = member.indexOf(":")
  return colon < 0
    ? { resourceType: "user", resource: member }
    : { resourceType: member.slice(0, colon), resource: member.slice(colon + 1) }
}

const groupOf = (team: Group): Page.ResourceRecord => {
  const id = { resourceType: "group", resource: team.id }
  const entitlementId = Entitlement.makeId(id, "member")
  return {
    resource: { _tag: "Group", id, displayName: `Team ${team.id}` },
    entitlements: [{
      id: entitlementId,
      resource: id,
      slug: "member",
      displayName: `Member of ${team.id}`,
      description: "Is in the team",
      purpose: "assignment",
      grantableTo: ["user"]
    }],
    grants: team.members.map((member) => Grant.make(entitlementId, principalOf(member)))
  }
}

const byPosition = <A>(rows: ReadonlyArray<A>, options: Options, cursor: string | undefined) => {
  const from = cursor === undefined ? 0 : Number(cursor)
  const to = from + options.pageSize
  const starts: Array<string> = []
  if (cursor === undefined && options.paging === "siblings") {
    for (let start = to; start < rows.length; start += options.pageSize) starts.push(String(start))
  }
  return {
    rows: rows.slice(from, to),
    total: rows.length,
    ...(starts.length === 0 ? {} : { siblings: starts }),
    ...(options.paging === "chain" && to < rows.length ? { next: String(to) } : {})
  }
}

const byKey = <A extends { readonly id: string }>(
  rows: ReadonlyArray<A>,
  options: Options,
  cursor: string | undefined
) => {
  const following = rows.filter((row) => cursor === undefined || row.id > cursor).sort((a, b) => a.id < b.id ? -1 : 1)
  const page = following.slice(0, options.pageSize)
  const last = page.at(-1)
  return {
    rows: page,
    ...(last !== undefined && following.length > page.length ? { next: last.id } : {})
  }
}

export const make = (directory: Directory, options: Options): ChaosConnector => {
  const answers: Array<Answer> = []
  const running = { now: 0, most: 0, interrupted: 0 }

  const answer = <A>(
    operation: Answer["operation"],
    resourceType: string,
    cursor: string | undefined,
    read: (answer: Answer) => Effect.Effect<A, ConnectorError.ConnectorError>
  ): Effect.Effect<A, ConnectorError.ConnectorError> =>
    Effect.suspend(() => {
      const answer = { number: answers.length, operation, resourceType, cursor }
      answers.push(answer)
      running.now += 1
      running.most = Math.max(running.most, running.now)
      return Effect.gen(function*() {
        for (let turn = turnsOf(options.seed, answer.number); turn > 0; turn -= 1) yield* Effect.yieldNow
        yield* options.before?.(answer) ?? Effect.void
        const result = yield* read(answer)
        yield* options.after?.(answer) ?? Effect.void
        return result
      }).pipe(
        Effect.onInterrupt(() =>
          Effect.sync(() => {
            running.interrupted += 1
          })
        ),
        Effect.ensuring(Effect.sync(() => {
          running.now -= 1
        }))
      )
    })

  const handler = <A extends { readonly id: string }>(
    resourceType: string,
    rows: () => ReadonlyArray<A>,
    recordOf: (row: A) => Page.ResourceRecord
  ): Connector.ResourceTypeHandler => ({
    resourceType: { id: resourceType, displayName: resourceType, traits: [] },
    list: ({ cursor }) =>
      answer("list", resourceType, cursor, (answer) =>
        Effect.sync(() => {
          const { rows: found, ...rest } = options.paging === "keyset"
            ? byKey(rows(), options, cursor)
            : byPosition(rows(), options, cursor)
          const page = {
            ...rest,
            items: found.map(recordOf),
            notes: [{ code: "page-read", message: "A page was read.", count: 1 }]
          }
          return options.alter?.(page, answer) ?? page
        })),
    get: (id) =>
      answer("get", resourceType, undefined, () =>
        Effect.suspend(() => {
          const row = rows().find((candidate) => candidate.id === id)
          return row === undefined
            ? Effect.fail(ConnectorError.make(
              "get",
              new ConnectorError.NotFound({ resourceType, key: id, message: `There is no ${resourceType} "${id}".` })
            ))
            : Effect.succeed(recordOf(row))
        })),
    find: () => Effect.succeed([])
  })

  return {
    connector: Connector.Connector.of({
      spec: {
        name: "chaos",
        displayName: "Chaos",
        description: "A connector for tests",
        helpUrl: "https://example.com/",
        version: options.version ?? "1.0.0",
        config: []
      },
      source: options.source ?? "memory://directory",
      validate: Effect.succeed({ checks: [] }),
      resourceTypes: [
        handler("user", () => directory.users, accountOf),
        handler("group", () => directory.groups, groupOf)
      ]
    }),
    answers,
    running
  }
}
