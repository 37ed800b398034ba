import { Button } from '@mantine/core'
import { saveSheetToFillIn } from '../../state/cohorts.ts'

/** The way from scores to figures, where nobody has a label. */
export const NeedsLabels = ({ fileId }: { readonly fileId: string }) => (
  <p className="note" style={{ margin: '8px 0 0' }} data-testid="needs-labels">
    Curves, AUCs and fine-tuning need labels. Save the people as a sheet, write 1 or 0 into its column label, and open
    it.{' '}
    <Button size="compact-xs" variant="default" onClick={() => saveSheetToFillIn(fileId)}>
      Save a sheet to fill in
    </Button>
  </p>
)
