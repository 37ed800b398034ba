import { createElement, Fragment, useMemo } from 'react'
import { cardBlocks, type Inline } from './cardBlocks.ts'

/** A card as the window shows it. Addresses are shown, not followed: this program opens none. */
export function Card({ text }: { readonly text: string }) {
  const blocks = useMemo(() => cardBlocks(text), [text])
  return (
    <div className="card-text">
      {blocks.map((b, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the blocks of one text, which never change in place
        <Fragment key={i}>{block(b)}</Fragment>
      ))}
    </div>
  )
}

function block(b: ReturnType<typeof cardBlocks>[number]) {
  switch (b.kind) {
    case 'heading':
      // Below the headings of the panel.
      return createElement(`h${Math.min(6, b.level + 3)}`, null, <Line parts={b.parts} />)
    case 'paragraph':
      return (
        <p>
          <Line parts={b.parts} />
        </p>
      )
    case 'code':
      return <pre className="mono">{b.text}</pre>
    case 'list':
      return createElement(
        b.ordered ? 'ol' : 'ul',
        null,
        b.items.map((parts, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: see above
          <li key={i}>
            <Line parts={parts} />
          </li>
        )),
      )
    case 'table': {
      const [head, ...rows] = b.rows
      return (
        <table className="data">
          <thead>
            <tr>
              {head?.map((c, i) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: see above
                <th key={i} scope="col">
                  <Line parts={c} />
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((r, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: see above
              <tr key={i}>
                {r.map((c, k) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: see above
                  <td key={k}>
                    <Line parts={c} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      )
    }
  }
}

function Line({ parts }: { readonly parts: readonly Inline[] }) {
  // biome-ignore lint/suspicious/noArrayIndexKey: see above
  return parts.map((p, i) => <Fragment key={i}>{piece(p)}</Fragment>)
}

function piece(p: Inline) {
  switch (p.kind) {
    case 'text':
      return p.text
    case 'code':
      return <code className="mono">{p.text}</code>
    case 'strong':
      return <strong>{p.text}</strong>
    case 'em':
      return <em>{p.text}</em>
    case 'link':
      return (
        <>
          {p.text}
          {p.address !== p.text && <span className="soft"> ({p.address})</span>}
        </>
      )
  }
}
