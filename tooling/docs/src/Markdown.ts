/**
 * What a Markdown file holds that can be checked: code blocks, links, headings.
 */
import GithubSlugger from "github-slugger"
import type { Nodes, Root } from "mdast"
import { fromMarkdown } from "mdast-util-from-markdown"
import { toString } from "mdast-util-to-string"
import { visit } from "unist-util-visit"

/** A fenced code block. */
export interface CodeBlock {
  /** The word after the fence, empty if there is none. */
  readonly language: string
  readonly text: string
  /** Line of the opening fence, from 1. */
  readonly line: number
  /** The reason of a comment `<!-- not compiled: reason -->` right before the block. */
  readonly notCompiled: string | undefined
}

/** Code in running text or in a table. */
export interface InlineCode {
  readonly text: string
  readonly line: number
}

export interface Link {
  readonly url: string
  readonly line: number
}

export interface MarkdownFile {
  /** Relative to the root of the repository, with `/`. */
  readonly path: string
  readonly blocks: ReadonlyArray<CodeBlock>
  readonly inlineCode: ReadonlyArray<InlineCode>
  readonly links: ReadonlyArray<Link>
  /** Anchors of the headings, as GitHub makes them. */
  readonly anchors: ReadonlySet<string>
}

const excuse = /^<!--\s*not compiled:\s*(\S.*?)\s*-->$/s

const lineOf = (node: Nodes): number => node.position?.start.line ?? 1

/**
 * Reads a file's text.
 */
export const parse = (path: string, text: string): MarkdownFile => {
  const root: Root = fromMarkdown(text)
  const blocks: Array<CodeBlock> = []
  const inlineCode: Array<InlineCode> = []
  const links: Array<Link> = []
  const anchors = new Set<string>()
  const slugger = new GithubSlugger()
  visit(root, (node, index, parent) => {
    switch (node.type) {
      case "code": {
        const before = index === undefined || index === 0 ? undefined : parent?.children[index - 1]
        blocks.push({
          language: node.lang ?? "",
          text: node.value,
          line: lineOf(node),
          notCompiled: before?.type === "html" ? excuse.exec(before.value)?.[1] : undefined
        })
        break
      }
      case "inlineCode":
        inlineCode.push({ text: node.value, line: lineOf(node) })
        break
      case "link":
      case "image":
      case "definition":
        links.push({ url: node.url, line: lineOf(node) })
        break
      case "heading":
        anchors.add(slugger.slug(toString(node)))
        break
    }
  })
  return { path, blocks, inlineCode, links, anchors }
}
