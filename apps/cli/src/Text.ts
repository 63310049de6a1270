/**
 * Text that comes from elsewhere, made fit for a terminal. A display name is written by whoever may edit a directory, so it may hold
 * escape sequences that repaint the screen; and it may be in any script, so its width is not its length.
 *
 * @since 0.1.0
 */
import * as CliOutput from "effect/cli/CliOutput"

// C0 and C1 controls, line and paragraph separators, and the bidirectional embeddings, overrides and isolates that can reorder the
// rest of a line. The marks U+200E and U+200F stay: right-to-left names use them, and they reorder nothing by themselves.
const unprintable = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu

/**
 * The text with everything that could control a terminal written out, for example `\x1b`.
 *
 * @since 0.1.0
 */
export const printable = (text: string): string =>
  text.replaceAll(unprintable, (character) => {
    const code = character.codePointAt(0) ?? 0
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16)}`
  })

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" })

const isPictograph = /[\p{Extended_Pictographic}\p{Regional_Indicator}\u20e3]/u

// Marks that stand on another character, invisible formats, and the vowels and finals of composed Hangul.
const isWithoutWidth = /[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff]/u

const isSpacingMark = /\p{Mc}/u

/**
 * How many cells of a terminal the text takes: two for East Asian wide characters and emoji, none for marks that stand on another
 * character. Characters are counted as xterm, VTE and tmux count them, one code point after the other, so that a conjunct of an Indian script
 * takes a cell for each of its letters; only emoji count as the sequence that they are.
 *
 * @since 0.1.0
 */
export const width = (text: string): number => {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let cells = 0
  for (const { segment } of graphemes.segment(text)) {
    if (isPictograph.test(segment)) {
      cells += CliOutput.displayWidth(segment)
      continue
    }
    for (const character of segment) {
      if (isSpacingMark.test(character)) cells += 1
      else if (!isWithoutWidth.test(character)) cells += CliOutput.displayWidth(character)
    }
  }
  return cells
}

/**
 * The text, cut to at most `cells` cells. A cut text ends in `…`, and no character is cut in half.
 *
 * @since 0.1.0
 */
export const cut = (text: string, cells: number): string => {
  if (width(text) <= cells) return text
  if (cells < 1) return ""
  let kept = ""
  let used = 0
  for (const { segment } of graphemes.segment(text)) {
    const next = used + width(segment)
    if (next > cells - 1) break
    kept += segment
    used = next
  }
  return `${kept}…`
}

/**
 * The text with blanks after it, `cells` cells wide in all.
 *
 * @since 0.1.0
 */
export const padEnd = (text: string, cells: number): string => text + " ".repeat(Math.max(0, cells - width(text)))

/**
 * The text with blanks before it, `cells` cells wide in all.
 *
 * @since 0.1.0
 */
export const padStart = (text: string, cells: number): string => " ".repeat(Math.max(0, cells - width(text))) + text

/**
 * `1 account`, `1,200 accounts`.
 *
 * @since 0.1.0
 */
export const counted = (count: number, singular: string, plural: string = `${singular}s`): string =>
  `${grouped(count)} ${count === 1 ? singular : plural}`

/**
 * `1,200`, whatever the locale of the machine.
 *
 * @since 0.1.0
 */
export const grouped = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ",")

/**
 * `3.4 MB`: a size in bytes for people, in powers of ten.
 *
 * @since 0.1.0
 */
export const bytes = (size: number): string => {
  if (size < 1_000) return `${size} B`
  const units = ["kB", "MB", "GB", "TB"]
  let value = size / 1_000
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1_000
    unit += 1
  }
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]}`
}

/**
 * `850 ms`, `3.2 s`, `4 min 10 s`: a length of time for people.
 *
 * @since 0.1.0
 */
export const elapsed = (millis: number): string => {
  if (millis < 1_000) return `${Math.round(millis)} ms`
  const seconds = millis / 1_000
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`
}
