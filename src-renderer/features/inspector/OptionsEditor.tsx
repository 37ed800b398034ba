import { Button, Checkbox, NumberInput, SegmentedControl } from '@mantine/core'
import { PILEUP_DEFAULTS, type PileupOptions } from '../../../src-shared/genome/pileup.ts'
import { useWorkbench } from '../../state/workbench.ts'

/** Flags of the SAM specification (1.4.2) that a filter may name. */
const FLAGS: readonly (readonly [number, string])[] = [
  [4, 'unmapped'],
  [256, 'secondary'],
  [512, 'failed quality checks'],
  [1024, 'duplicate'],
  [2048, 'supplementary'],
]

/** The pileup's options for this panel and for the coverage tracks. */
export function OptionsEditor() {
  const options = useWorkbench(s => s.options)
  const set = (change: Partial<PileupOptions>) => useWorkbench.setState({ options: { ...options, ...change } })
  const number = (value: string | number, otherwise: number) => (typeof value === 'number' ? value : otherwise)
  const plain = options.stepper === 'nofilter'
  const samtools = options.stepper === 'samtools'
  return (
    <fieldset
      style={{
        border: '1px solid var(--line)',
        borderRadius: 4,
        margin: '0 0 12px',
        padding: 10,
        display: 'grid',
        gap: 8,
      }}
    >
      <legend className="soft">Counting, here and in the coverage tracks</legend>
      <SegmentedControl
        size="xs"
        aria-label="Which reads enter"
        value={options.stepper}
        onChange={v => set({ stepper: v as PileupOptions['stepper'] })}
        data={[
          { value: 'samtools', label: 'samtools' },
          { value: 'all', label: 'all (flags only)' },
          { value: 'nofilter', label: 'no filter' },
        ]}
      />
      <div style={{ display: 'grid', gridTemplateColumns: '1fr 1fr', gap: 8 }}>
        <NumberInput
          label="Base quality at least"
          min={0}
          max={93}
          value={options.minBaseQuality}
          onChange={v => set({ minBaseQuality: number(v, options.minBaseQuality) })}
        />
        <NumberInput
          label="Mapping quality at least"
          min={0}
          max={255}
          disabled={!samtools}
          value={options.minMappingQuality}
          onChange={v => set({ minMappingQuality: number(v, options.minMappingQuality) })}
        />
      </div>
      <Checkbox
        label="Count both mates where they overlap"
        checked={options.countOverlaps}
        onChange={e => set({ countOverlaps: e.currentTarget.checked })}
      />
      <Checkbox
        label="Keep reads whose pair is not proper"
        disabled={!samtools}
        checked={options.keepOrphans}
        onChange={e => set({ keepOrphans: e.currentTarget.checked })}
      />
      <fieldset style={{ border: 0, margin: 0, padding: 0 }}>
        <legend className="soft" style={{ padding: 0 }}>
          Drop reads that are
        </legend>
        <div style={{ display: 'flex', flexWrap: 'wrap', gap: '4px 12px', marginTop: 4 }}>
          {FLAGS.map(([bit, text]) => (
            <Checkbox
              key={bit}
              label={text}
              disabled={plain}
              checked={(options.flagFilter & bit) !== 0}
              onChange={e =>
                set({ flagFilter: e.currentTarget.checked ? options.flagFilter | bit : options.flagFilter & ~bit })
              }
            />
          ))}
        </div>
      </fieldset>
      <Button
        variant="default"
        size="compact-sm"
        onClick={() => useWorkbench.setState({ options: PILEUP_DEFAULTS })}
        style={{ justifySelf: 'start' }}
      >
        Back to pysam's defaults
      </Button>
    </fieldset>
  )
}
