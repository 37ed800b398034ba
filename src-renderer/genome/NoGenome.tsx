import { Button } from '@mantine/core'
import { openFiles } from '../state/services.ts'
import { useWorkbench } from '../state/workbench.ts'

/** What stands in the browser's place while no open file tells of contigs. */
export function NoGenome() {
  const model = useWorkbench(s => s.files.some(f => f.role === 'model' && !f.problem))
  const waiting = useWorkbench(s => s.files.some(f => f.problem))
  return (
    <div className="no-genome" data-testid="no-genome">
      <p>
        {model
          ? 'A model reads a sequence, and none is open.'
          : waiting
            ? 'No open file can be shown along a genome yet: what is missing is said at the right.'
            : 'No open file says which contigs there are.'}{' '}
        <span className="soft">
          {model
            ? 'Open the reference that it was trained on: FASTA or 2bit. Experiments (bigWig) and a person (VCF, BAM) can stand beside it.'
            : 'Open a reference (FASTA or 2bit), or reads.'}
        </span>
      </p>
      <Button onClick={openFiles}>Open a reference…</Button>
    </div>
  )
}
