/**
 * What a search compares: text whose case, width and form of letters does not matter, in any script, and the short pieces of it that an index holds.
 *
 * Every one, two and three letters that stand side by side are a piece. A term of three letters or more can only be found where all its pieces of three
 * are, a shorter one only where it is a piece itself. So names of two letters, as Chinese ones are, are found by the index too, and neither database needs
 * an extension or a certain locale for it.
 *
 * @since 0.1.0
 */

/** Stands before and after each value, so that no term reaches from one into the next. */
const BETWEEN = "\n"

/** Stands before an e-mail address, so that a whole address can be told from a name that reads like one. */
const ADDRESS = "\u0001"

/**
 * Text as it is compared. Upper case first, so that `ß` is `ss`; the one letter that lower case writes in two ways is written in one.
 *
 * @since 0.1.0
 */
export const fold = (text: string): string =>
  // eslint-disable-next-line no-control-regex -- what no keyboard writes is nothing to search for, and PostgreSQL takes no NUL
  text.normalize("NFKC").toUpperCase().toLowerCase().replaceAll("ς", "σ").replaceAll(/[\u0000-\u001f]/g, " ")
    .toWellFormed()

/**
 * The searchable text of a row.
 *
 * @since 0.1.0
 */
export const of = (values: ReadonlyArray<string | undefined>, addresses: ReadonlyArray<string> = []): string => {
  const parts = new Set<string>()
  for (const value of values) if (value !== undefined && value !== "") parts.add(fold(value))
  for (const address of addresses) parts.add(ADDRESS + fold(address))
  return `${BETWEEN}${[...parts].join(BETWEEN)}${BETWEEN}`
}

/**
 * What to look for to find a whole e-mail address.
 *
 * @since 0.1.0
 */
export const address = (email: string): string => `${ADDRESS}${fold(email)}${BETWEEN}`

const isMark = (letter: number): boolean => letter === 0x0a || letter === 0x01

/** Letters as numbers: what an index of a hundred thousand people is made of is worth plain loops. */
const lettersOf = (text: string): ReadonlyArray<number> => {
  const letters: Array<number> = []
  for (let index = 0; index < text.length; index++) {
    const letter = text.codePointAt(index) ?? 0
    if (letter > 0xffff) index += 1
    letters.push(letter)
  }
  return letters
}

const step = (hash: number, letter: number): number => {
  const mixed = Math.imul(hash ^ letter, 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}

const end = (hash: number): number => {
  const mixed = Math.imul(hash, 0x85ebca6b)
  return (mixed ^ (mixed >>> 13)) | 0
}

/**
 * All pieces of a text, to be indexed: each as a number, 32 bits with sign. Two pieces may share one, so what the index finds is compared with the text
 * itself.
 *
 * @param seed tells apart the rows of which only some are meant: a piece of one is none of another
 * @since 0.1.0
 */
export const pieces = (text: string, seed: number): ReadonlySet<number> => {
  const letters = lettersOf(text)
  const found = new Set<number>()
  for (let start = 0; start < letters.length; start++) {
    let hash = seed
    for (let length = 0; length < 3; length++) {
      const letter = letters[start + length]
      if (letter === undefined || isMark(letter)) break
      hash = step(hash, letter)
      found.add(end(hash))
    }
  }
  return found
}

/**
 * The pieces that a text must have to hold this term.
 *
 * @since 0.1.0
 */
export const needed = (term: string, seed: number): ReadonlySet<number> => {
  // An address is looked for with the marks around it, which are part of no piece.
  const letters = lettersOf(term).filter((letter) => !isMark(letter))
  const size = Math.min(3, letters.length)
  const found = new Set<number>()
  if (size === 0) return found
  for (let start = 0; start + size <= letters.length; start++) {
    let hash = seed
    for (const letter of letters.slice(start, start + size)) hash = step(hash, letter)
    found.add(end(hash))
  }
  return found
}

/**
 * The part of a term that tells rows apart: of an address what stands before its domain, which is that of a whole company.
 *
 * @since 0.1.0
 */
export const telling = (term: string): string => {
  const at = term.indexOf("@")
  return at > 3 ? term.slice(0, at + 1) : term
}
