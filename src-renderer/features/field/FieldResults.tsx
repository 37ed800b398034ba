import { type ReactNode, useCallback, useMemo, useState } from 'react'
import { PUBLISHED_FIELDS } from '../../../src-shared/genome/publishedFields.ts'
import type { ReceptiveField } from '../../../src-shared/genome/scan.ts'
import { plainText } from '../../../src-shared/report/axisTicks.ts'
import { drawField, type FieldPicture, fieldFigure, fieldLayout } from '../../../src-shared/report/fieldFigure.ts'
import { fieldRange } from '../../../src-shared/report/heat.ts'
import type { Pen } from '../../../src-shared/report/pen.ts'
import { FigureCanvas, useWidth } from '../../charts/FigureCanvas.tsx'
import { useWorkbench } from '../../state/workbench.ts'
import { PictureButtons, Section, TsvButton } from '../../ui/parts.tsx'
import { fileName, type Origin, originLines, toTsv } from '../../ui/provenance.ts'
import { useFigureTheme } from '../scan/useFigureTheme.ts'

/** One or two measured fields on one scale, and their medians beside the published ones. */
export function FieldResults({
  fields,
  actions,
}: {
  readonly fields: readonly ReceptiveField[]
  readonly actions: ReactNode
}) {
  const range = useMemo(() => fieldRange(fields), [fields])
  return (
    <>
      <div className="field-pair" data-count={fields.length}>
        {fields.map(f => (
          <FieldMap key={f.model.id} field={f} range={range} />
        ))}
      </div>
      <Medians fields={fields} actions={actions} />
    </>
  )
}

function FieldMap({ field, range }: { readonly field: ReceptiveField; readonly range: FieldPicture['range'] }) {
  const [box, width] = useWidth()
  const { theme, inks } = useFigureTheme()
  const info = useWorkbench(s => s.info)
  const [read, setRead] = useState<string>()
  const picture = useMemo((): FieldPicture => ({ field, range, width, theme }), [field, range, width, theme])
  const layout = useMemo(() => fieldLayout(picture), [picture])
  const draw = useCallback((pen: Pen) => drawField(pen, picture, inks), [picture, inks])
  const { heat } = layout
  const reached = field.reached.reduce((n, v) => n + v, 0)
  const origin: Origin = {
    info,
    what: `receptive field of ${field.model.name}`,
    files: [],
    options: { model: field.model.id, protocol: field.protocol, sequences: field.sequences, seed: field.seed, source: field.source, device: field.device }, // biome-ignore format: one line
  }
  const name = fileName('receptive-field', field.model.name)
  return (
    <Section
      title={field.model.name}
      testId="field-map"
      actions={
        <>
          <TsvButton name={name} tsv={() => fieldTsv(field, origin)} />
          <PictureButtons
            name={name}
            origin={origin}
            svg={() =>
              fieldFigure({ field, range, width: 960, theme: 'light', title: `Receptive field of ${field.model.name}` })
            }
          />
        </>
      }
    >
      <p className="soft scan-about num">
        {field.sequences} {field.source === 'random' ? 'random sequences' : 'sequences of the reference'}
        {field.protocol === 'seed' ? ' a position' : ''}, seed {field.seed}, {field.device}. Control (nothing mutated):
        median {plainText(field.control.median)}, largest {plainText(field.control.maximum)}. Above it:{' '}
        {reached.toLocaleString('en-US')} of {field.reached.length.toLocaleString('en-US')} cells.
      </p>
      <div ref={box}>
        {width > 0 && (
          <FigureCanvas width={width} height={layout.height} ink={inks.ink} draw={draw}>
            <div
              role="img"
              aria-label={`Effect of mutations at ${field.positions.length} positions on ${field.bins} bins, log scale from ${plainText(range.low)} to ${plainText(range.high)}; the numbers are in the tables below and in TSV`}
              style={{ position: 'absolute', inset: 0 }}
              onPointerMove={e => {
                const area = e.currentTarget.getBoundingClientRect()
                const bin = Math.floor(((e.clientX - area.left - heat.x) / heat.width) * field.bins)
                const row = Math.floor(((e.clientY - area.top - heat.y) / heat.height) * field.positions.length)
                setRead(cellWords(field, row, bin))
              }}
              onPointerLeave={() => setRead(undefined)}
            />
          </FigureCanvas>
        )}
      </div>
      <p className="num scan-about" data-testid="field-read">
        {read ?? <span className="soft">Point at a cell to read it.</span>}
      </p>
    </Section>
  )
}

function cellWords(field: ReceptiveField, row: number, bin: number): string | undefined {
  const position = field.positions[row]
  if (position === undefined || bin < 0 || bin >= field.bins) return undefined
  const at = row * field.bins + bin
  const effect = field.effect[at] ?? Number.NaN
  const structure = field.reachable[at] ? 'the structure lets it arrive' : 'the structure lets nothing arrive'
  return `position ${(position + 1).toLocaleString('en-US')}, bin ${bin}: mean |change| ${plainText(effect)}${field.reached[at] ? ', above the control' : ', not above the control'}; ${structure}`
}

function fieldTsv(field: ReceptiveField, origin: Origin): string {
  const rows: (string | number)[][] = []
  field.positions.forEach((position, r) => {
    for (let b = 0; b < field.bins; b++) {
      const at = r * field.bins + b
      rows.push([position + 1, b, field.effect[at] ?? Number.NaN, field.reachable[at] ?? 0, field.reached[at] ?? 0])
    }
  })
  return toTsv(['position_1based', 'bin', 'mean_abs_change', 'structure_reaches', 'above_control'], rows, originLines(origin, new Date())) // biome-ignore format: one line
}

function Medians({ fields, actions }: { readonly fields: readonly ReceptiveField[]; readonly actions: ReactNode }) {
  const info = useWorkbench(s => s.info)
  const first = fields[0]
  if (!first) return null
  const enformerLike = fields.some(f => f.model.kind === 'enformer' || f.model.kind === 's-enformer')
  const published = enformerLike ? PUBLISHED_FIELDS : []
  const columns = [
    ...fields.map(f => ({ name: f.model.name, medians: f.medians, published: false })),
    ...published.map(p => ({ name: p.name, medians: p.medians, published: true })),
  ]
  const origin: Origin = { info, what: `medians of receptive fields: ${fields.map(f => f.model.name).join(', ')}`, files: [], options: { protocol: first.protocol, sequences: first.sequences, seed: first.seed, source: first.source } } // biome-ignore format: one line
  const tsv = () =>
    toTsv(
      ['position_1based', ...columns.map(c => c.name)],
      first.positions.map((p, r) => [p + 1, ...columns.map(c => c.medians[r] ?? null)]),
      originLines(origin, new Date()),
    )
  return (
    <Section
      title="Median of each position over all bins"
      testId="field-medians"
      actions={
        <>
          {actions}
          <TsvButton name="receptive-field-medians" tsv={tsv} />
        </>
      }
    >
      <div className="table-wrap">
        <table className="data">
          <caption className="visually-hidden">Medians of the mean |change|</caption>
          <thead>
            <tr>
              <th scope="col" data-align="right">
                Position
              </th>
              {published.length > 0 && (
                <th scope="col" data-align="right" title="Place of the mutation in the window, 0 its start, 1 its end">
                  In window
                </th>
              )}
              {columns.map(c => (
                <th scope="col" key={c.name} data-align="right">
                  {c.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {first.positions.map((p, r) => (
              <tr key={p}>
                <td data-align="right">{(p + 1).toLocaleString('en-US')}</td>
                {published.length > 0 && <td data-align="right">{(p / (first.windowBp - 1)).toFixed(3)}</td>}
                {columns.map(c => (
                  <td key={c.name} data-align="right">
                    {c.medians[r] === undefined ? '–' : plainText(c.medians[r])}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {published.length > 0 && (
        <p className="soft scan-about">
          Published: the authors’ trained models at the same nine places of their window of 196,608 bp, mean over 5,313
          tracks, another run than the report’s picture. Sizes compare only with a trained model of that window; the
          shape over places compares always.
        </p>
      )}
    </Section>
  )
}
