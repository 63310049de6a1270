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

const isPiece = (piece: string): boolean => !piece.includes(BETWEEN) && !piece.includes(ADDRESS)

const window = (letters: ReadonlyArray<string>, length: number, into: Set<string>): void => {
  for (let start = 0; start + length <= letters.length; start++) {
    const piece = letters.slice(start, start + length).join("")
    if (isPiece(piece)) into.add(piece)
  }
}

/**
 * All pieces of a text, to be indexed.
 *
 * @since 0.1.0
 */
export const pieces = (text: string): ReadonlySet<string> => {
  const letters = [...text]
  const found = new Set<string>()
  for (const length of [1, 2, 3]) window(letters, length, found)
  return found
}

/**
 * The pieces that a text must have to hold this term.
 *
 * @since 0.1.0
 */
export const needed = (term: string): ReadonlySet<string> => {
  const found = new Set<string>()
  // An address is looked for with the marks around it, which are part of no piece.
  const letters = [...term].filter(isPiece)
  window(letters, Math.min(3, letters.length), found)
  return found
}

/**
 * A piece as a number, 32 bits with sign. Two pieces may share one: what the index finds is compared with the text itself.
 *
 * @param seed tells apart the rows of which only some are meant: the index of one is no answer for the other
 * @since 0.1.0
 */
export const hash = (piece: string, seed: number): number => {
  let value = 0x811c9dc5 ^ seed
  for (let index = 0; index < piece.length; index++) {
    value = Math.imul(value ^ piece.charCodeAt(index), 0x01000193)
  }
  // Seeds are small and near each other; without this step so would be the hashes of one letter.
  value = Math.imul(value ^ (value >>> 15), 0x85ebca6b)
  return (value ^ (value >>> 13)) | 0
}
