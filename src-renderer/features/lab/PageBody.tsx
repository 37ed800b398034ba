import { IconAlertTriangle, IconArrowsDiff, IconCheck, IconHelp, IconX } from '@tabler/icons-react'
import { Fragment } from 'react'
import type { LabFigure, LabPage, PageAnswer } from '../../../src-shared/lab/page.ts'
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
  mixed: { word: 'Not alike everywhere.', Icon: IconArrowsDiff },
} as const

interface ToneWords {
  readonly good: string
  readonly bad: string
}

/** Verdicts on low rank judge claims, some of them on which of two cheaper forms is ahead. */
const CLAIMS: ToneWords = { good: 'Holds.', bad: 'Does not hold.' }
const PAYS: ToneWords = { good: 'Pays.', bad: 'Does not pay.' }
const wordsOf = (results: readonly LabResult[]): ToneWords | undefined => ({ 'low-rank': CLAIMS, compression: PAYS })[results[0]?.experiment as string] // biome-ignore format: one line

const UNTOLD: PageAnswer = { tone: 'open', text: 'Too little is measured yet to tell.' }

/** Drawn beside the answer, before what supports it. */
const LEADING = 2

/** What a page is made of. */
export interface PageParts {
  readonly page: LabPage | undefined
  readonly results: readonly LabResult[]
  /** Words for tones other than winning and losing. */
  readonly words?: ToneWords
  /** Lines under figures where those of every single result would be too many. */
  readonly foot?: readonly string[]
}

/** The answer and the figure that shows it first, then what they rest on. On paper without anything to press. */
export function PageBody(props: PageParts & { readonly theme: Theme; readonly paper: boolean }) {
  const { page, results, theme, paper } = props
  const single = props.foot === undefined
  const foot = props.foot ?? footLines(results)
  const notes = [...new Set([...(page?.notes ?? []), ...(single ? results.flatMap(r => r.notes) : [])])]
  const words = props.words ?? wordsOf(results)
  const figures = (some: readonly LabFigure[]) => (
    <div className="lab-figures">
      {some.map(f => (
        <FigureView key={f.id} figure={f} results={results} foot={foot} theme={theme} paper={paper} />
      ))}
    </div>
  )
  const verdicts = page && page.verdicts.length > 0 && (
    <Section title={single ? 'What it rests on' : 'Answer'} testId="lab-verdicts">
      <ul className="lab-verdicts">
        {page.verdicts.map((v, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two verdicts may say the same
          <li key={i} className="lab-verdict" data-tone={v.tone}>
            <Verdict verdict={v} words={words} />
          </li>
        ))}
      </ul>
    </Section>
  )
  return (
    <div className="lab-body">
      <p className="lab-question">{page?.question}</p>
      {page && single && (
        <p className="lab-verdict lab-answer-line" data-tone={(page.answer ?? UNTOLD).tone} data-testid="lab-answer">
          {/* Of the whole page it is said who wins, whatever its single claims are judged by. */}
          <Verdict
            verdict={page.answer ?? UNTOLD}
            words={results[0]?.experiment === 'compression' ? words : undefined}
          />
        </p>
      )}
      {!single && verdicts}
      {page && figures(page.figures.slice(0, LEADING))}
      {single && verdicts}
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
      {page && figures(page.figures.slice(LEADING))}
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

/** A word, not colour alone, then the sentence. */
function Verdict(props: { readonly verdict: PageAnswer; readonly words: ToneWords | undefined }) {
  const { tone, text } = props.verdict
  const { word, Icon } = TONES[tone]
  const own = tone === 'good' || tone === 'bad' ? props.words?.[tone] : undefined
  return (
    <>
      <Icon size={15} aria-hidden="true" />
      <span>
        <b>{own ?? word}</b> {text}
      </span>
    </>
  )
}
