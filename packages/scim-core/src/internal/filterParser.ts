/**
 * A recursive-descent parser for filters (RFC 7644 §3.4.2.2, figure 1) and for PATCH paths (§3.5.2, figure 7), which share the value
 * path. It reports failure as data: the position and what was expected there.
 */
import type { AttributePath, Filter, Operator, Value, ValuePath } from "../Filter.ts"
import * as attributePath from "./attributePath.ts"

export interface Failure {
  readonly position: number
  readonly expected: string
}

/** A PATCH path: an attribute, or a value path with an optional sub-attribute. */
export interface PatchPath {
  readonly target: AttributePath
  readonly filter: Filter | undefined
  readonly subAttribute: string | undefined
}

export type Parsed<A> = { readonly ok: true; readonly value: A } | { readonly ok: false; readonly failure: Failure }

/** Far above any real filter, far below what the call stack holds. */
export const maxDepth = 200

const operators: ReadonlySet<string> = new Set(["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"])
const isOperator = (word: string): word is Operator => operators.has(word)

const operatorExpected = "an operator (eq, ne, co, sw, ew, gt, ge, lt, le or pr)"
const valueExpected = "a JSON value (text in double quotes, a number, true, false or null)"
const filterExpected = "an attribute path, \"not (\" or \"(\""

export const parseFilter = (input: string): Parsed<Filter> => {
  const parser = new Parser(input)
  const filter = parser.or(0, false)
  if (filter !== undefined) {
    parser.skipSpace()
    if (!parser.atEnd) {
      parser.fail("\"and\", \"or\" or the end of the filter")
    }
  }
  return parser.result(filter)
}

export const parsePatchPath = (input: string): Parsed<PatchPath> => {
  const parser = new Parser(input)
  const path = parser.patchPath()
  return parser.result(path)
}

class Parser {
  private readonly input: string
  private position = 0
  private failure: Failure | undefined = undefined

  constructor(input: string) {
    this.input = input
  }

  get atEnd(): boolean {
    return this.position >= this.input.length
  }

  result<A>(value: A | undefined): Parsed<A> {
    return this.failure !== undefined
      ? { ok: false, failure: this.failure }
      : value === undefined
      ? { ok: false, failure: { position: this.position, expected: filterExpected } }
      : { ok: true, value }
  }

  /** Keeps the first failure: what follows it is only its echo. */
  fail(expected: string, position = this.position): undefined {
    this.failure ??= { position, expected }
    return undefined
  }

  skipSpace(): boolean {
    const start = this.position
    while (this.position < this.input.length && isSpace(this.input.charCodeAt(this.position))) {
      this.position++
    }
    return this.position > start
  }

  or(depth: number, inValuePath: boolean): Filter | undefined {
    return this.joined("or", "Or", () => this.and(depth, inValuePath))
  }

  private and(depth: number, inValuePath: boolean): Filter | undefined {
    return this.joined("and", "And", () => this.term(depth, inValuePath))
  }

  /** One filter, or several with `word` between them. */
  private joined(word: string, tag: "And" | "Or", operand: () => Filter | undefined): Filter | undefined {
    const first = operand()
    if (first === undefined) {
      return undefined
    }
    let second: Filter | undefined
    const more: Array<Filter> = []
    while (this.keyword(word)) {
      const next = operand()
      if (next === undefined) {
        return undefined
      }
      if (second === undefined) {
        second = next
      } else {
        more.push(next)
      }
    }
    return second === undefined ? first : join(tag, [first, second, ...more])
  }

  /** Consumes `word` if it stands here between white space (or brackets) on both sides. */
  private keyword(word: string): boolean {
    const start = this.position
    this.skipSpace()
    const end = this.position + word.length
    if (
      this.input.slice(this.position, end).toLowerCase() === word &&
      (end >= this.input.length || !isPathCharacter(this.input.charAt(end)))
    ) {
      if (this.position === start && this.input[start - 1] !== ")" && this.input[start - 1] !== "]") {
        this.fail("a space")
      }
      this.position = end
      return true
    }
    this.position = start
    return false
  }

  private term(depth: number, inValuePath: boolean): Filter | undefined {
    this.skipSpace()
    if (depth > maxDepth) {
      return this.fail(`at most ${maxDepth} levels of parentheses`)
    }
    if (this.input[this.position] === "(") {
      return this.group(depth, inValuePath)
    }
    const start = this.position
    const word = this.word()
    if (word === "") {
      return this.fail(inValuePath ? "a sub-attribute, \"not (\" or \"(\"" : filterExpected)
    }
    if (word.toLowerCase() === "not") {
      const afterWord = this.position
      this.skipSpace()
      if (this.input[this.position] === "(") {
        const filter = this.group(depth, inValuePath)
        return filter === undefined ? undefined : { _tag: "Not", filter }
      }
      // Then it is an attribute of that name.
      this.position = afterWord
    }
    const path = attributePath.parse(word)
    if (path === undefined) {
      return this.fail("an attribute path such as userName, name.familyName or urn:…:User:department", start)
    }
    if (this.input[this.position] === "[") {
      return inValuePath ? this.fail("no value path inside a value path") : this.valuePath(path, depth)
    }
    return this.comparison(path)
  }

  private group(depth: number, inValuePath: boolean): Filter | undefined {
    this.position++
    const filter = this.or(depth + 1, inValuePath)
    if (filter === undefined) {
      return undefined
    }
    this.skipSpace()
    if (this.input[this.position] !== ")") {
      return this.fail("\"and\", \"or\" or \")\"")
    }
    this.position++
    return filter
  }

  private valuePath(path: AttributePath, depth: number): ValuePath | undefined {
    this.position++
    const filter = this.or(depth + 1, true)
    if (filter === undefined) {
      return undefined
    }
    this.skipSpace()
    if (this.input[this.position] !== "]") {
      return this.fail("\"and\", \"or\" or \"]\"")
    }
    this.position++
    return { _tag: "ValuePath", path, filter }
  }

  private comparison(path: AttributePath): Filter | undefined {
    if (!this.skipSpace()) {
      return this.fail(this.atEnd ? operatorExpected : "a space and an operator")
    }
    const start = this.position
    const operator = this.word().toLowerCase()
    if (operator === "pr") {
      return { _tag: "Present", path }
    }
    if (!isOperator(operator)) {
      return this.fail(operatorExpected, start)
    }
    if (!this.skipSpace()) {
      return this.fail(this.atEnd ? valueExpected : "a space and a value")
    }
    const value = this.value()
    return value === undefined ? undefined : { _tag: "Comparison", path, operator, value }
  }

  private value(): Value | undefined {
    const start = this.position
    if (this.input[start] === "\"") {
      return this.string()
    }
    const literal = this.word()
    switch (literal) {
      case "true":
        return true
      case "false":
        return false
      case "null":
        return null
    }
    return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(literal) && Number.isFinite(Number(literal))
      // JSON prints -0 as 0, so that is what it is read as.
      ? Number(literal) + 0
      : this.fail(valueExpected, start)
  }

  /** A JSON string (RFC 8259 §7), decoded here so that a bad escape is reported where it is. */
  private string(): string | undefined {
    let out = ""
    let position = this.position + 1
    for (;;) {
      const character = this.input[position]
      if (character === undefined) {
        return this.fail("the closing double quote", position)
      }
      if (character === "\"") {
        this.position = position + 1
        return out
      }
      if (character < " ") {
        return this.fail("control characters written as an escape such as \\n", position)
      }
      if (character !== "\\") {
        out += character
        position++
        continue
      }
      const escape = this.input[position + 1] ?? ""
      if (escape === "u") {
        const hex = this.input.slice(position + 2, position + 6)
        if (!/^[0-9A-Fa-f]{4}$/.test(hex)) {
          return this.fail("four hexadecimal digits after \\u", position + 2)
        }
        out += String.fromCharCode(Number.parseInt(hex, 16))
        position += 6
        continue
      }
      const plain = simpleEscapes.get(escape)
      if (plain === undefined) {
        return this.fail("one of the JSON escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u", position)
      }
      out += plain
      position += 2
    }
  }

  /** Everything up to white space, a bracket, a parenthesis or a quote. */
  private word(): string {
    const start = this.position
    while (this.position < this.input.length && isPathCharacter(this.input.charAt(this.position))) {
      this.position++
    }
    return this.input.slice(start, this.position)
  }

  patchPath(): PatchPath | undefined {
    const target = attributePath.parse(this.word())
    if (target === undefined) {
      return this.fail("an attribute path such as displayName, name.familyName or members[value eq \"…\"]", 0)
    }
    if (this.atEnd) {
      return { target, filter: undefined, subAttribute: undefined }
    }
    if (this.input[this.position] !== "[") {
      return this.fail("\"[\" or the end of the path")
    }
    const valuePath = this.valuePath(target, 0)
    if (valuePath === undefined) {
      return undefined
    }
    if (this.atEnd) {
      return { target, filter: valuePath.filter, subAttribute: undefined }
    }
    if (this.input[this.position] !== ".") {
      return this.fail("\".\" and a sub-attribute, or the end of the path")
    }
    this.position++
    const start = this.position
    const subAttribute = this.word()
    if (!attributePath.isAttributeName(subAttribute)) {
      return this.fail("the name of a sub-attribute", start)
    }
    return this.atEnd ? { target, filter: valuePath.filter, subAttribute } : this.fail("the end of the path")
  }
}

const simpleEscapes: ReadonlyMap<string, string> = new Map([
  ["\"", "\""],
  ["\\", "\\"],
  ["/", "/"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"]
])

const isSpace = (code: number): boolean => code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d

const isPathCharacter = (character: string): boolean =>
  character > " " && character !== "[" && character !== "]" && character !== "(" && character !== ")" &&
  character !== "\""

/**
 * An `And` of `And`s is one `And`: parentheses around them mean nothing, and one filter then has one shape.
 */
export const join = (
  tag: "And" | "Or",
  filters: readonly [Filter, Filter, ...ReadonlyArray<Filter>]
): Filter => {
  const [first, second, ...more] = filters.flatMap((filter): ReadonlyArray<Filter> =>
    filter._tag === tag ? filter.filters : [filter]
  )
  return first === undefined || second === undefined
    ? filters[0]
    : { _tag: tag, filters: [first, second, ...more] }
}
