import { Button } from '@mantine/core'
import { IconArrowLeft, IconX } from '@tabler/icons-react'
import { useEffect, useRef } from 'react'
import { leaveLab, showOverview, useLab } from '../../state/lab.ts'
import { AccuracyPage } from './AccuracyPage.tsx'
import { Overview } from './Overview.tsx'
import { ResultPage } from './ResultPage.tsx'
import './lab.css'

/** What attention costs, measured here: the overview, or the page of a result. */
export function LabScreen() {
  const resultId = useLab(s => s.resultId)
  const accuracy = useLab(s => s.accuracy)
  const title = useRef<HTMLHeadingElement>(null)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the focus follows to another page, so that keys and readers go on there
  useEffect(() => {
    title.current?.focus()
    title.current?.closest('.lab-scroll')?.scrollTo({ top: 0 })
  }, [resultId, accuracy])
  return (
    <>
      <header className="lab-head">
        <h2 className="lab-title" ref={title} tabIndex={-1}>
          Lab
        </h2>
        <span className="soft">What attention costs, measured on this machine, and what fits</span>
        <span style={{ flex: 1 }} />
        {(resultId !== null || accuracy) && (
          <Button variant="default" leftSection={<IconArrowLeft size={14} />} onClick={showOverview}>
            All experiments
          </Button>
        )}
        <Button variant="subtle" leftSection={<IconX size={14} />} onClick={leaveLab}>
          Back to the browser
        </Button>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a pane that scrolls must be reachable by keyboard */}
      <div className="lab-scroll" tabIndex={0}>
        {accuracy ? (
          <AccuracyPage />
        ) : resultId === null ? (
          <Overview />
        ) : (
          <ResultPage key={resultId} resultId={resultId} />
        )}
      </div>
    </>
  )
}
