import { Button } from '@mantine/core'
import type { RiskNoCallCode } from '../../../src-shared/genome/risk.ts'
import { openFiles } from '../../state/services.ts'
import { useWorkbench } from '../../state/workbench.ts'

const NO_CALL: Readonly<Record<RiskNoCallCode, { readonly title: string; readonly next: string }>> = {
  'low-coverage': { title: 'Too little of the region is covered', next: 'Look at the depth of the region' },
  rna: { title: 'These are reads of RNA', next: 'Open reads of DNA…' },
  'other-sequence': { title: 'The reads are of another sequence', next: 'Open a model of this sequence…' },
  'too-many-tokens': { title: 'Too many differences for the model', next: 'Look at the region' },
}

/** A sample that does not fit the model: why, and what comes next. */
export function NoCall(props: {
  readonly code: RiskNoCallCode
  readonly message: string
  readonly goToRegion: () => void
}) {
  const { title, next } = NO_CALL[props.code]
  const opens = props.code === 'rna' || props.code === 'other-sequence'
  const show = () => {
    props.goToRegion()
    useWorkbench.getState().showPlots('depth')
  }
  return (
    <div className="risk-refusal" role="status" data-testid="risk-no-call" data-code={props.code}>
      <div>
        <b>No score: {title.charAt(0).toLowerCase() + title.slice(1)}.</b> <code>{props.code}</code>
      </div>
      <p>{props.message}</p>
      <Button size="compact-sm" variant="default" onClick={opens ? openFiles : show}>
        {next}
      </Button>
    </div>
  )
}
