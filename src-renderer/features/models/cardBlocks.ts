/** A model card is text that somebody else wrote: a small part of Markdown, read into data. Nothing of it becomes markup by itself. */
export type Inline =
  | { readonly kind: 'text' | 'code' | 'strong' | 'em'; readonly text: string }
  | { readonly kind: 'link'; readonly text: string; readonly address: string }

export type Block =
  | { readonly kind: 'heading'; readonly level: number; readonly parts: readonly Inline[] }
  | { readonly kind: 'paragraph'; readonly parts: readonly Inline[] }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly items: readonly (readonly Inline[])[] }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'table'; readonly rows: readonly (readonly (readonly Inline[])[])[] }

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^\]]+)\]\(([^)\s]+)\)/

/** Emphasis, code and links of one line; whatever else looks like markup is text. */
export function inline(text: string): readonly Inline[] {
  const out: Inline[] = []
  let rest = text
  for (;;) {
    const m = INLINE.exec(rest)
    if (!m) break
    if (m.index > 0) out.push({ kind: 'text', text: rest.slice(0, m.index) })
    if (m[1] !== undefined) out.push({ kind: 'code', text: m[1] })
    else if (m[2] !== undefined) out.push({ kind: 'strong', text: m[2] })
    else if (m[3] !== undefined) out.push({ kind: 'em', text: m[3] })
    else out.push({ kind: 'link', text: m[4] ?? '', address: m[5] ?? '' })
    rest = rest.slice(m.index + m[0].length)
  }
  if (rest) out.push({ kind: 'text', text: rest })
  return out
}

const ITEM = /^\s*(?:[-*+]|(\d+)[.)])\s+(.*)$/
const cells = (line: string) =>
  line
    .trim()
    .replace(/^\||\|$/g, '')
    .split('|')
    .map(c => inline(c.trim()))

/** The blocks of a card, in order. Front matter between `---` lines at its top is left out. */
export function cardBlocks(markdown: string): readonly Block[] {
  const lines = markdown.replace(/^---\r?\n[\s\S]*?\r?\n---\r?\n/, '').split(/\r?\n/)
  const blocks: Block[] = []
  let i = 0
  while (i < lines.length) {
    const line = lines[i]!
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line)
    if (line.trim() === '') i++
    else if (line.startsWith('```')) {
      const end = lines.findIndex((l, k) => k > i && l.startsWith('```'))
      const to = end < 0 ? lines.length : end
      blocks.push({ kind: 'code', text: lines.slice(i + 1, to).join('\n') })
      i = to + 1
    } else if (heading) {
      blocks.push({ kind: 'heading', level: heading[1]!.length, parts: inline(heading[2]!) })
      i++
    } else if (line.trim().startsWith('|')) {
      const rows: (readonly (readonly Inline[])[])[] = []
      for (; lines[i]?.trim().startsWith('|'); i++) if (!/^[\s|:-]+$/.test(lines[i]!)) rows.push(cells(lines[i]!))
      blocks.push({ kind: 'table', rows })
    } else if (ITEM.test(line)) {
      const ordered = ITEM.exec(line)?.[1] !== undefined
      const items: string[] = []
      for (; i < lines.length && lines[i]!.trim() !== ''; i++) {
        const item = ITEM.exec(lines[i]!)
        if (item) items.push(item[2]!)
        // A line that is indented below an item goes on with it.
        else if (items.length > 0) items[items.length - 1] += ` ${lines[i]!.trim()}`
      }
      blocks.push({ kind: 'list', ordered, items: items.map(inline) })
    } else {
      const text: string[] = []
      for (; i < lines.length && lines[i]!.trim() !== '' && !/^(#{1,6}\s|```)/.test(lines[i]!); i++)
        text.push(lines[i]!.trim())
      blocks.push({ kind: 'paragraph', parts: inline(text.join(' ')) })
    }
  }
  return blocks
}
