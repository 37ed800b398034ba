import { isPredicted, isResidual } from '../state/predictedTracks.ts'
import { useDocument } from '../state/workbench.ts'
import { PREDICTED_COLOURS } from './predictedSource.ts'

/** What lines and areas of predicted tracks mean; shown while one of them is. */
export function PredictedLegend() {
  const tracks = useDocument()
    .tracks.filter(isPredicted)
    .filter(t => t.visible)
  if (tracks.length === 0) return null
  const residual = tracks.some(t => isResidual(t.predicted))
  const plain = tracks.some(t => t.predicted.shows === 'reference' && !isResidual(t.predicted))
  const any = (test: (shows: string) => boolean) => tracks.some(t => test(t.predicted.shows))
  const swatch = (colour: string, line: boolean) => (
    <i style={line ? { background: colour, height: 3 } : { background: colour }} />
  )
  return (
    <div className="legend" aria-hidden="true" data-testid="predicted-legend">
      {plain && <span>{swatch(PREDICTED_COLOURS.predicted, true)} predicted</span>}
      {tracks.some(
        t => t.predicted.shows === 'reference' && !isResidual(t.predicted) && t.predicted.signals.some(Boolean),
      ) && <span>{swatch(PREDICTED_COLOURS.observed, false)} experiment</span>}
      {any(s => s === 'haplotype1' || s === 'haplotypes') && (
        <span>{swatch(PREDICTED_COLOURS.haplotype1, true)} haplotype 1</span>
      )}
      {any(s => s === 'haplotype2' || s === 'haplotypes') && (
        <span>
          <i style={{ borderTop: `3px dashed ${PREDICTED_COLOURS.haplotype2}`, height: 0, width: 16 }} /> haplotype 2
        </span>
      )}
      {any(s => s.startsWith('difference') || s === 'between') && (
        <span>{swatch(PREDICTED_COLOURS.difference, true)} difference</span>
      )}
      {residual && <span>{swatch(PREDICTED_COLOURS.residual, true)} predicted − observed</span>}
      {tracks.some(t => t.predicted.channels.length === 2) && <span>+ strand up, − strand down</span>}
      <span>
        <svg width="12" height="10" viewBox="0 0 12 10" role="presentation">
          <path d="M0 10L10 0M-4 10L6 0M6 10L16 0" stroke="rgb(150,150,150)" />
        </svg>
        unknown bases (N)
      </span>
    </div>
  )
}
