import { useDocument } from '../state/workbench.ts'
import { BASE_COLOUR, DEPTH, HETEROZYGOUS, INSERTION, PALE, UNCOVERED } from './colours.ts'

/** What the colours of the coverage and diplotype tracks mean; shown while one of them is. */
export function DiplotypeLegend() {
  const tracks = useDocument().tracks
  const shown = (part: string) => tracks.some(t => t.part === part && t.visible)
  if (!shown('diplotype') && !shown('coverage')) return null
  return (
    <div className="legend" aria-hidden="true">
      {shown('coverage') && (
        <span>
          <i style={{ background: DEPTH }} /> depth (own pileup), by allele from 20 % non-reference
        </span>
      )}
      {shown('diplotype') && (
        <>
          <span className="legend-bases">
            {['A', 'C', 'G', 'T'].map(b => (
              <b key={b} style={{ color: BASE_COLOUR[b] }}>
                {b}
              </b>
            ))}
          </span>
          <span>
            <i style={{ background: PALE['C'] }} /> both alleles as reference
          </span>
          <span>
            <i style={{ background: BASE_COLOUR['C'] }} /> both differ
          </span>
          <span>
            <i
              style={{
                background: `linear-gradient(${BASE_COLOUR['T']} 50%, ${BASE_COLOUR['C']} 50%)`,
              }}
            />
            <svg width="8" height="7" viewBox="0 0 8 7" role="presentation">
              <path d="M0 0h8L4 7z" fill={HETEROZYGOUS} />
            </svg>
            heterozygous
          </span>
          <span>
            <i style={{ background: INSERTION, width: 3 }} /> insertion after
          </span>
          <span>
            <i style={{ background: UNCOVERED, outline: '1px solid #bbb' }} /> not covered
          </span>
        </>
      )}
    </div>
  )
}
