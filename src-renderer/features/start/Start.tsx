import { IconChartHistogram, IconDna2, IconWaveSine } from '@tabler/icons-react'
import { runCommand } from '../../state/commands.ts'
import { attempt, openFiles, openRecent } from '../../state/services.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { whenText } from '../../ui/parts.tsx'
import { ShippedModels } from '../models/ShippedModels.tsx'

/** What stands on the screen while nothing is open. */
export function Start() {
  const recent = useWorkbench(s => s.recent)
  return (
    <div className="start">
      <div className="start-inner">
        <h1>Open something to look at</h1>
        <p className="soft" style={{ margin: 0 }}>
          Drop files anywhere in this window, or choose them here. Everything stays on this machine.
        </p>
        <div className="start-actions">
          <button type="button" className="start-action" onClick={openFiles}>
            <IconDna2 size={26} stroke={1.4} />
            <b>Open BAM or CRAM</b>
            <span className="soft">Reads of a person: coverage, diplotype and the APOE report</span>
          </button>
          <button type="button" className="start-action" onClick={openFiles}>
            <IconChartHistogram size={26} stroke={1.4} />
            <b>Open tracks or a reference</b>
            <span className="soft">bigWig, VCF, GTF, GFF or BED, and the reference: FASTA or 2bit</span>
          </button>
          <button type="button" className="start-action" onClick={openFiles}>
            <IconWaveSine size={26} stroke={1.4} />
            <b>Open model</b>
            <span className="soft">A network that predicts tracks from sequence: choose its folder</span>
          </button>
        </div>
        <p>
          New here?{' '}
          <button type="button" className="link" onClick={() => runCommand('demo')}>
            Open the demo project
          </button>{' '}
          <span className="soft">with two synthetic people at the APOE locus.</span>
        </p>
        <p>
          Nothing to open?{' '}
          <button type="button" className="link" onClick={() => runCommand('lab')}>
            Open the lab
          </button>{' '}
          <span className="soft">and measure what attention costs on this machine.</span>
        </p>
        <ShippedModels />
        {recent.length > 0 && (
          <section aria-labelledby="recent-title">
            <h2 id="recent-title" className="group-title" style={{ marginInline: 8 }}>
              Recent files
            </h2>
            <ul className="recent">
              {recent.slice(0, 12).map(r => (
                <li key={r.recentId}>
                  <button type="button" className="recent-entry" onClick={() => attempt(() => openRecent(r.recentId))}>
                    <span>{r.name}</span>
                    <span
                      className="soft"
                      style={{ flex: 1, overflow: 'hidden', textOverflow: 'ellipsis', whiteSpace: 'nowrap' }}
                    >
                      {r.folder}
                    </span>
                    <span className="soft">{whenText(r.openedAt)}</span>
                  </button>
                </li>
              ))}
            </ul>
          </section>
        )}
      </div>
    </div>
  )
}
