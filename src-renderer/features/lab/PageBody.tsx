import { IconAlertTriangle, IconCheck, IconHelp, IconX } from '@tabler/icons-react'
import { Fragment } from 'react'
import type { LabPage } from '../../../src-shared/lab/page.ts'
import { BUSY_SHARE, type LabResult } from '../../../src-shared/lab/result.ts'
import type { Theme } from '../../../src-shared/report/colourScale.ts'
import { Section } from '../../ui/parts.tsx'
import { FigureView } from './FigureView.tsx'
import { busyText, footLines, recipeText } from './labText.ts'
import { PageTable, PointsTable } from './PageTables.tsx'

const TONES = {
  good: { word: 'Wins.', Icon: IconCheck },
  bad: { word: 'Loses.', Icon: IconX },
  open: { word: 'Open.', Icon: IconHelp },
} as const

/** Verdicts on low rank judge claims, some of them on which of two cheaper forms is ahead. */
const CLAIMS = { good: 'Holds.', bad: 'Does not hold.' } as const
const wordsOf = (results: readonly LabResult[]) => (results[0]?.experiment === 'low-rank' ? CLAIMS : undefined)

/** What a page is made of. */
export interface PageParts {
  readonly page: LabPage | undefined
  readonly results: readonly LabResult[]
  /** Words for tones other than winning and losing. */
  readonly words?: Readonly<Record<'good' | 'bad', string>>
  /** Lines under figures where those of every single result would be too many. */
  readonly foot?: readonly string[]
}

/** Verdicts first, then what they rest on. On paper without anything to press. */
export function PageBody(props: PageParts & { readonly theme: Theme; readonly paper: boolean }) {
  const { page, results, words, theme, paper } = props
  const single = props.foot === undefined
  const foot = props.foot ?? footLines(results)
  const notes = [...new Set([...(page?.notes ?? []), ...(single ? results.flatMap(r => r.notes) : [])])]
  return (
    <div className="lab-body">
      <p className="lab-question">{page?.question}</p>
      {single && (
        <p className="lab-reduced">
          {results.map(r => (
            <Fragment key={r.id}>{recipeText(r.recipe)} </Fragment>
          ))}
        </p>
      )}
      {(single ? results : []).map(r => {
        const busy = busyText(r)
        return (
          busy !== undefined && (
            <p className="note lab-busy" key={r.id} data-testid="lab-busy">
              <IconAlertTriangle size={14} aria-hidden="true" /> {busy}. Points from {Math.round(100 * BUSY_SHARE)} %
              are marked in the table of points.
            </p>
          )
        )
      })}
      {page && page.verdicts.length > 0 && (
        <Section title="Answer" testId="lab-verdicts">
          <ul className="lab-verdicts">
            {page.verdicts.map((v, i) => {
              const { word, Icon } = TONES[v.tone]
              return (
                // biome-ignore lint/suspicious/noArrayIndexKey: two verdicts may say the same
                <li key={i} className="lab-verdict" data-tone={v.tone}>
                  <Icon size={15} aria-hidden="true" />
                  <span>
                    <b>{(v.tone === 'open' ? undefined : (words ?? wordsOf(results))?.[v.tone]) ?? word}</b> {v.text}
                  </span>
                </li>
              )
            })}
          </ul>
        </Section>
      )}
      {page && (
        <div className="lab-figures">
          {page.figures.map(f => (
            <FigureView key={f.id} figure={f} results={results} foot={foot} theme={theme} paper={paper} />
          ))}
        </div>
      )}
      {page?.tables.map(t => (
        <PageTable key={t.id} table={t} results={results} foot={foot} paper={paper} />
      ))}
      {notes.length > 0 && (
        <Section title="Notes" testId="lab-notes">
          <ul className="limits">
            {notes.map(n => (
              <li key={n}>{n}</li>
            ))}
          </ul>
        </Section>
      )}
      {!paper && single && results.map(r => <PointsTable key={r.id} result={r} numbered={results.length > 1} />)}
    </div>
  )
}
