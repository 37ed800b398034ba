import { NativeSelect, NumberInput } from '@mantine/core'
import { memo, useMemo } from 'react'
import {
  type CompressionPlan,
  energyCurve,
  type LayerChoice,
  type LayerSpectrum,
  type ModelSpectra,
  type PlannedLayer,
} from '../../../src-shared/lab/compression.ts'
import { chooseLayer, useCompression } from '../../state/compression.ts'

/** Every layer with its singular values, what the plan makes of it, and a choice of its own. */
export function CompressionLayers(props: {
  readonly spectra: ModelSpectra
  readonly plan: CompressionPlan | undefined
}) {
  const { spectra, plan } = props
  const own = useCompression(s => s.layers)
  return (
    <section
      className="table-wrap compression-layers"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
      tabIndex={0}
      aria-label={`Layers of ${spectra.name}`}
      data-testid="compression-layers"
    >
      <table className="data">
        <caption className="visually-hidden">Layers with their singular values and ranks</caption>
        <thead>
          <tr>
            <th scope="col">Layer</th>
            <th scope="col">Size</th>
            <th scope="col" title="Singular values, largest first, on a log scale; the shaded ones are kept">
              Singular values
            </th>
            <th scope="col" data-align="right" title="exp of the entropy of σ/Σσ">
              Effective rank
            </th>
            <th scope="col" data-align="right">
              Rank
            </th>
            <th scope="col" data-align="right" title="‖W - W'‖ / ‖W‖ by the discarded singular values">
              Error
            </th>
            <th scope="col" data-align="right">
              Parameters
            </th>
            <th scope="col">This layer</th>
          </tr>
        </thead>
        <tbody>
          {spectra.layers.map((layer, i) => (
            <Row key={layer.name} layer={layer} planned={plan?.layers[i]} own={own[layer.name]} />
          ))}
        </tbody>
      </table>
      <p className="soft lab-note">
        {spectra.otherParameters.toLocaleString('en-US')} of {spectra.parameters.toLocaleString('en-US')} parameters
        belong to no such layer (embeddings, norms, pools, biases) and stay.
      </p>
    </section>
  )
}

const Row = memo(function Row(props: {
  readonly layer: LayerSpectrum
  readonly planned: PlannedLayer | undefined
  readonly own: LayerChoice | undefined
}) {
  const { layer, planned, own } = props
  const { name, out, inputs, kernel } = layer
  const size = kernel > 1 ? `${out} × ${inputs / kernel} × ${kernel}` : `${out} × ${inputs}`
  return (
    <tr data-layer={name}>
      <th scope="row" className="mono">
        {name}
      </th>
      <td className="num">{layer.storedRank === null ? size : `${size}, rank ${layer.storedRank} now`}</td>
      <td>
        <Spectrum layer={layer} rank={planned?.rank ?? null} />
      </td>
      <td data-align="right" className="num">
        {layer.effectiveRank.toFixed(1)} of {layer.values.length}
      </td>
      <td data-align="right" className="num">
        {planned?.rank ?? 'whole'}
      </td>
      <td data-align="right" className="num">
        {planned && planned.rank !== null ? `${(100 * planned.relativeError).toFixed(1)} %` : '-'}
      </td>
      <td data-align="right" className="num" title={planned?.why ?? undefined}>
        {planned && planned.rank !== null
          ? `${planned.parametersBefore.toLocaleString('en-US')} → ${planned.parametersAfter.toLocaleString('en-US')}`
          : (planned?.why ?? planned?.parametersBefore.toLocaleString('en-US') ?? '-')}
      </td>
      <td>
        <Own layer={layer} own={own} rank={planned?.rank ?? null} />
      </td>
    </tr>
  )
})

const KINDS = [
  { value: 'all', label: 'as all' },
  { value: 'rank', label: 'rank' },
  { value: 'energy', label: 'energy' },
  { value: 'keep', label: 'whole' },
]

const kindOf = (own: LayerChoice | undefined): string =>
  own === undefined ? 'all' : 'rank' in own ? 'rank' : 'keptEnergy' in own ? 'energy' : 'keep'

/** A rank or an energy of its own. */
function Own(props: {
  readonly layer: LayerSpectrum
  readonly own: LayerChoice | undefined
  readonly rank: number | null
}) {
  const { layer, own, rank } = props
  const { name, largestRank } = layer
  const keptEnergy = useCompression(s => s.keptEnergy)
  const choose = (kind: string) => {
    const first = Math.max(1, Math.min(rank ?? largestRank, largestRank))
    if (kind === 'rank') chooseLayer(name, { rank: first })
    else if (kind === 'energy') chooseLayer(name, { keptEnergy })
    else chooseLayer(name, kind === 'keep' ? { keep: true } : undefined)
  }
  return (
    <div className="compression-own">
      <NativeSelect
        size="xs"
        aria-label={`How ${name} is factorised`}
        value={kindOf(own)}
        data={largestRank > 0 ? KINDS : KINDS.filter(k => k.value !== 'rank')}
        onChange={e => choose(e.currentTarget.value)}
      />
      {own && 'rank' in own && (
        <NumberInput
          size="xs"
          aria-label={`Rank of ${name}`}
          min={1}
          max={largestRank}
          allowDecimal={false}
          clampBehavior="strict"
          value={own.rank}
          onChange={v => typeof v === 'number' && v >= 1 && chooseLayer(name, { rank: v })}
        />
      )}
      {own && 'keptEnergy' in own && (
        <NumberInput
          size="xs"
          aria-label={`Kept energy of ${name} in percent`}
          min={1}
          max={100}
          decimalScale={3}
          suffix=" %"
          value={Number((100 * own.keptEnergy).toFixed(3))}
          onChange={v => typeof v === 'number' && v > 0 && v <= 100 && chooseLayer(name, { keptEnergy: v / 100 })}
        />
      )}
    </div>
  )
}

const [WIDTH, HEIGHT] = [150, 34]
/** Points of a curve: what 150 pixels can show. */
const MOST_POINTS = 150
/** Decades below the largest singular value that are drawn. */
const DECADES = 2

/** Singular values on a log scale, those that are kept shaded, and the share of the energy as a line. */
function Spectrum({ layer, rank }: { readonly layer: LayerSpectrum; readonly rank: number | null }) {
  const { values } = layer
  const { bars, energy } = useMemo(() => shapes(values), [values])
  const kept = rank === null ? WIDTH : (WIDTH * rank) / Math.max(1, values.length)
  const share = energyCurve(values)[(rank ?? values.length) - 1] ?? 1
  const words = `${values.length} singular values from ${(values[0] ?? 0).toPrecision(3)} to ${(values.at(-1) ?? 0).toPrecision(3)}; ${rank === null ? 'all' : rank} kept, ${(100 * share).toFixed(1)} % of the energy` // biome-ignore format: one sentence
  return (
    <svg className="compression-spectrum" width={WIDTH} height={HEIGHT} role="img" aria-label={words}>
      <title>{words}</title>
      <rect x={0} y={0} width={kept} height={HEIGHT} className="compression-kept" />
      <path d={bars} className="compression-values" />
      <path d={energy} className="compression-energy" />
      {rank !== null && <line x1={kept} x2={kept} y1={0} y2={HEIGHT} className="compression-cut" />}
    </svg>
  )
}

function shapes(values: Float64Array): { readonly bars: string; readonly energy: string } {
  const n = values.length
  const top = values[0] ?? 0
  if (n === 0 || top === 0) return { bars: '', energy: '' }
  const curve = energyCurve(values)
  const step = Math.max(1, Math.ceil(n / MOST_POINTS))
  const points: number[] = []
  for (let i = 0; i < n; i += step) points.push(i)
  const x = (i: number) => ((i + 0.5) * WIDTH) / n
  const log = (v: number) => HEIGHT * Math.min(1, Math.max(0, -Math.log10(Math.max(v, 1e-300) / top) / DECADES))
  const line = (y: (i: number) => number) => points.map((i, k) => `${k === 0 ? 'M' : 'L'}${x(i).toFixed(1)} ${y(i).toFixed(1)}`).join('') // biome-ignore format: one line
  return { bars: line(i => log(values[i]!)), energy: line(i => HEIGHT * (1 - curve[i]!)) }
}
