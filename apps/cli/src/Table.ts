/**
 * Rows as columns of text. Rows come in chunks, so that a long listing needs no more memory than a chunk: the widths are those of the
 * first chunk, and grow where a later one is wider.
 *
 * @since 0.1.0
 */
import * as Text from "./Text.ts"
import type { View } from "./View.ts"

/**
 * How many rows are measured together.
 *
 * @since 0.1.0
 */
export const chunkSize = 1_000

const gap = "  "

/**
 * @since 0.1.0
 */
export interface Options {
  /** Cells of the terminal, when there is one: the widest columns are cut until the row fits. Absent: nothing is cut. */
  readonly columns?: number
  /** Paints a cell of the heading. */
  readonly heading?: (text: string) => string
}

const fit = (widths: Array<number>, minimum: ReadonlyArray<number>, available: number): void => {
  let total = widths.reduce((sum, width) => sum + width, 0) + gap.length * (widths.length - 1)
  while (total > available) {
    let widest = -1
    for (let i = 0; i < widths.length; i++) {
      if ((widths[i] ?? 0) > (minimum[i] ?? 0) && (widest < 0 || (widths[i] ?? 0) > (widths[widest] ?? 0))) widest = i
    }
    if (widest < 0) return
    widths[widest] = (widths[widest] ?? 0) - 1
    total -= 1
  }
}

/**
 * Renders chunk after chunk; the heading stands before the first.
 *
 * @since 0.1.0
 */
export const make = <A>(view: View<A>, options: Options = {}): (rows: ReadonlyArray<A>) => string => {
  const columns = view.columns.filter((column) => column.header !== undefined)
  const headers = columns.map((column) => column.header ?? "")
  const minimum = columns.map((column) =>
    column.whole === true ? Infinity : Math.max(8, Text.width(column.header ?? ""))
  )
  const widths = headers.map(Text.width)
  let started = false

  const line = (cells: ReadonlyArray<string>, paint: (text: string) => string = (text) => text): string => {
    const padded = cells.map((cell, index) => {
      const cells = widths[index] ?? 0
      const text = columns[index]?.whole === true ? cell : Text.cut(cell, cells)
      return paint(columns[index]?.align === "right" ? Text.padStart(text, cells) : Text.padEnd(text, cells))
    })
    return `${padded.join(gap).trimEnd()}\n`
  }

  return (rows) => {
    const cells = rows.map((row) => columns.map((column) => Text.printable(column.cell(row))))
    for (const row of cells) {
      row.forEach((cell, index) => {
        widths[index] = Math.max(widths[index] ?? 0, Text.width(cell))
      })
    }
    if (options.columns !== undefined) fit(widths, minimum, options.columns)
    const lines = cells.map((row) => line(row)).join("")
    if (started) return lines
    started = true
    return line(headers, options.heading) + lines
  }
}

/**
 * One row as a list of fields, a line each; empty ones are left out.
 *
 * @since 0.1.0
 */
export const record = <A>(view: View<A>, row: A, heading: (text: string) => string = (text) => text): string => {
  const fields = view.columns
    .map((column) => [column.header ?? column.name, Text.printable(column.cell(row))] as const)
    .filter(([, value]) => value !== "")
  const width = fields.reduce((most, [name]) => Math.max(most, Text.width(name)), 0)
  return fields.map(([name, value]) => `${heading(Text.padEnd(name, width))}${gap}${value}\n`).join("")
}
