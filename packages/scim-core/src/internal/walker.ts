/**
 * Whole lists as streams: the page walk of `Pagination` with the memory that it leaves out. Ids are remembered, so that each row
 * comes once whatever the server repeats, and what the pages gave is held against what was announced.
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Page } from "../Page.ts"
import type { Advance, WalkState } from "../Pagination.ts"
import * as ScimError from "../ScimError.ts"
import type { ScimResource } from "../ScimResource.ts"

/** One page with what came of it, and the state that it was asked for with in the end. */
export interface Step<A> extends Advance<A> {
  readonly page: Page<A>
  readonly state: WalkState
}

export interface Walk<A extends ScimResource> {
  readonly step: (state: WalkState) => Effect.Effect<Step<A>, ScimError.ScimError>
  readonly start: (manner: Manner) => WalkState
  /** Of the first pass. */
  readonly manner: Manner
  readonly concurrency: number
  readonly maxRewalks: number
  /**
   * Read without overlap where a server seems to count in whole pages, and once more, since the total alone cannot tell a row that came
   * from one that went: only two readings alike are a list.
   */
  readonly plainIfStalled: boolean
  readonly onPage?: ((step: Step<A>, duplicates: number) => void) | undefined
}

type Rows<A> = Stream.Stream<A, ScimError.ScimError>

export const walk = <A extends ScimResource>(options: Walk<A>): Rows<A> =>
  Stream.suspend(() => {
    const seen = new Seen()
    const pass = (number: number, manner: Manner): Rows<A> => {
      const one = new Pass(options, seen)
      const rows = manner === "concurrent"
        ? one.concurrent()
        : manner === "plain" && number > 0
        ? twice(one, () => new Pass(options, seen), options.start)
        : one.serial(options.start(manner))
      return Stream.catchIf(
        rows,
        ({ reason: { _tag } }) =>
          // A server that counts in whole pages cannot overlap them.
          (_tag === "PaginationStalled" && manner === "overlapping" && options.plainIfStalled && one.knowsTotal) ||
          ((_tag === "DirectoryDrift" || _tag === "IncompleteList") && number < options.maxRewalks),
        // Another try reads page by page: slower, but one page cannot move while the one before it is read.
        ({ reason }) => pass(number + 1, reason._tag === "PaginationStalled" ? "plain" : "overlapping")
      )
    }
    return pass(0, options.manner)
  })

/**
 * A row that stayed is missed when rows before it went while it was passed over. They are in the first reading and not in the second, or in
 * another place.
 */
const twice = <A extends ScimResource>(
  first: Pass<A>,
  again: () => Pass<A>,
  start: (manner: Manner) => WalkState
): Rows<A> => {
  const order = first.remember()
  return Stream.concat(
    first.serial(start("plain")),
    Stream.suspend(() => {
      const second = again()
      const same = second.remember()
      return Stream.concat(
        second.serial(start("plain")),
        Stream.suspend(() =>
          order.length === same.length && order.every((id, at) => id === same[at])
            ? Stream.empty
            : Stream.fromEffect(second.moved())
        )
      )
    })
  )
}

export type Manner = "concurrent" | "overlapping" | "plain"

/** Every id of the walk, and those of the round that goes on: a pass, or what follows an expired cursor within one. */
class Seen {
  private readonly ever = new Set<string>()
  /** The first round needs none of its own. */
  private round: Set<string> | undefined

  begin(): void {
    this.round = this.ever.size === 0 ? undefined : new Set()
  }

  /** Whether the id is new to the walk, only to this round, or came before in this round. */
  add(id: string): "new" | "again" | "repeated" {
    if (this.round !== undefined && !grows(this.round, id)) return "repeated"
    return grows(this.ever, id) ? "new" : this.round === undefined ? "repeated" : "again"
  }
}

/** One look-up instead of two: this runs for every row. */
const grows = (set: Set<string>, id: string): boolean => {
  const before = set.size
  return set.add(id).size > before
}

class Pass<A extends ScimResource> {
  private readonly options: Walk<A>
  private readonly seen: Seen
  private distinct = 0
  private received = 0
  private pagesWithoutNews = 0
  private total: number | undefined
  private order: Array<string> | undefined

  constructor(options: Walk<A>, seen: Seen) {
    this.options = options
    this.seen = seen
    this.begin()
  }

  private begin(): void {
    this.seen.begin()
    this.distinct = 0
    this.received = 0
    this.pagesWithoutNews = 0
  }

  /** The ids of this pass in their order, from now on. */
  remember(): ReadonlyArray<string> {
    return this.order ??= []
  }

  get knowsTotal(): boolean {
    return this.total !== undefined
  }

  /** The rows that no pass has given yet. */
  private take(step: Step<A>): ReadonlyArray<A> {
    if (step.state._tag === "Cursor" && step.state.restarted && step.state.cursor === "") this.begin()
    const before = this.distinct
    const fresh: Array<A> = []
    for (const row of step.resources) {
      const met = this.seen.add(row.id)
      if (met === "repeated") continue
      this.distinct++
      this.order?.push(row.id)
      if (met === "new") fresh.push(row)
    }
    const news = this.distinct - before
    this.received += step.resources.length
    this.total = step.page.totalResults ?? this.total
    this.pagesWithoutNews = news === 0 && step.resources.length > 0 ? this.pagesWithoutNews + 1 : 0
    this.options.onPage?.(step, step.resources.length - news)
    return fresh
  }

  serial(start: WalkState): Rows<A> {
    return Stream.paginate(start, (state) =>
      Effect.flatMap(this.options.step(state), (step) => {
        const fresh = this.take(step)
        // One page without news can be rows that moved; two are a server that goes in circles.
        if (this.pagesWithoutNews > 1) return this.stalled()
        if (Option.isNone(step.next) && !isVerified(step.state) && this.misses(step.state)) return this.missing()
        return Effect.succeed([fresh, step.next] as const)
      }))
  }

  concurrent(): Rows<A> {
    return Stream.unwrap(Effect.map(this.options.step(this.options.start("concurrent")), (first) => {
      const fresh = Stream.fromArray(this.take(first))
      if (first.siblings.length === 0) {
        return Option.isNone(first.next) ? fresh : Stream.concat(fresh, this.serial(first.next.value))
      }
      let edge = edgeOf(first, -1)
      const rest = Stream.fromIterable(first.siblings).pipe(
        Stream.mapEffect((sibling) => this.segment(sibling), { concurrency: this.options.concurrency }),
        Stream.flatMap((steps) => {
          const [begin] = steps
          // Segments share a row with their neighbours: if it is another one now, rows have moved past the border.
          if (begin.state._tag === "Index" && begin.state.overlap && edge !== undefined && edgeOf(begin, 0) !== edge) {
            return Stream.fromEffect(this.moved())
          }
          const shared = edge !== undefined && edgeOf(begin, 0) === edge
          edge = edgeOf(steps.at(-1) ?? begin, -1)
          return Stream.fromArray(
            steps.flatMap((step) =>
              this.take(shared && step === begin ? { ...step, resources: step.resources.slice(1) } : step)
            )
          )
        })
      )
      // Rows that moved from one segment to another while both were read came twice or never.
      const check = Stream.suspend(() =>
        this.total !== undefined && this.distinct < this.total ? Stream.fromEffect(this.missing()) : Stream.empty
      )
      return Stream.concat(Stream.concat(fresh, rest), check)
    }))
  }

  /** A segment to its end; all but the first step of one are the exception. */
  private segment(start: WalkState): Effect.Effect<Arr.NonEmptyReadonlyArray<Step<A>>, ScimError.ScimError> {
    return Effect.flatMap(this.options.step(start), (step) =>
      Option.isNone(step.next)
        ? Effect.succeed(Arr.of(step))
        : Effect.map(this.segment(step.next.value), (more) => Arr.prepend(more, step)))
  }

  private misses(state: WalkState): boolean {
    return this.total !== undefined && this.distinct < this.total && (state._tag !== "Index" || state.trusted)
  }

  private missing(): Effect.Effect<never, ScimError.ScimError> {
    const { distinct, received, total } = this
    return Effect.fail(ScimError.make(
      new ScimError.IncompleteList({
        expected: total ?? received,
        received: distinct,
        message:
          `The server announced ${total} rows and sent ${received}, of which ${
            received - distinct
          } came twice, so rows are ` +
          "missing. The directory may have changed while it was being listed: list it again."
      })
    ))
  }

  moved(): Effect.Effect<never, ScimError.ScimError> {
    return Effect.fail(ScimError.make(
      new ScimError.DirectoryDrift({
        message:
          "The directory changed while it was being listed: the pages no longer join. Rows may be missing, so list it again."
      })
    ))
  }

  private stalled(): Effect.Effect<never, ScimError.ScimError> {
    return Effect.fail(ScimError.make(
      new ScimError.PaginationStalled({
        received: this.distinct,
        message:
          `The list makes no progress: after ${this.distinct} rows the server repeats rows that had come before. It seems to ` +
          "ignore the paging parameters; try the other paging method, or report it to the server's maker."
      })
    ))
  }
}

/** Overlapping pages prove that no row slipped through between them, whatever came twice. */
const isVerified = (state: WalkState): boolean => state._tag === "Index" && state.overlap

/** Id of the first (0) or last (-1) row of a page, where every row has one. */
const edgeOf = <A extends ScimResource>({ page }: Step<A>, at: 0 | -1): string | undefined =>
  page.resources.length === page.rowsReceived ? page.resources.at(at)?.id : undefined
