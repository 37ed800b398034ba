import { useEffect, useState } from 'react'
import { createPortal, flushSync } from 'react-dom'
import { useFigureTheme } from '../scan/useFigureTheme.ts'
import { PageBody, type PageParts } from './PageBody.tsx'

/** A page, and its sheet while it is being printed. */
export function Printable({ title, ...parts }: { readonly title: string } & PageParts) {
  const { theme } = useFigureTheme()
  const printing = usePrinting()
  return (
    <>
      <PageBody {...parts} theme={theme} paper={false} />
      {printing &&
        createPortal(
          <article className="print-sheet" data-testid="print-sheet">
            <h1 className="print-title">Diploscope lab: {title}</h1>
            <PageBody {...parts} theme="light" paper />
            <p className="soft">Research use only.</p>
          </article>,
          document.body,
        )}
    </>
  )
}

/** True while the page is being printed: its sheet is drawn for paper, in light inks, when the browser asks for it. */
function usePrinting(): boolean {
  const [printing, setPrinting] = useState(false)
  useEffect(() => {
    // The browser lays the sheet out as soon as its listeners return.
    const before = () => flushSync(() => setPrinting(true))
    const after = () => setPrinting(false)
    window.addEventListener('beforeprint', before)
    window.addEventListener('afterprint', after)
    return () => {
      window.removeEventListener('beforeprint', before)
      window.removeEventListener('afterprint', after)
    }
  }, [])
  return printing
}
