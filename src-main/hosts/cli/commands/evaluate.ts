import { join } from 'node:path'
import { examplePanelFigure, modelScatterFigure } from '../../../../src-shared/report/evaluationFigures.ts'
import { createCompute } from '../../../compute/client.ts'
import { MODELS } from '../../../models/kinds.ts'
import { modelRegistry } from '../../../models/registry.ts'
import { type EvaluationReport, evaluateTracks, type JudgedModel } from '../../../services/evaluate/evaluateTracks.ts'
import { readRecipe } from '../../../services/training/recipe.ts'
import { writeFileAtomic } from '../../../storage/atomic.ts'
import { makeFolders } from '../../../storage/folders.ts'
import { type CliCommand, type CliIo, EXIT } from '../command.ts'
import { checkOut } from '../outOption.ts'

export const command: CliCommand = {
  name: 'evaluate',
  summary: "Judges a model's tracks against experiments: correlations per track, by assay, pooled, with intervals.",
  usage: '--model DIR --recipe FILE [--compare DIR] [--baselines] [--json]',
  options: {
    model: { value: 'DIR', help: 'the model folder' },
    recipe: { value: 'FILE', help: 'a recipe of an evaluation, or of a training, whose test regions are judged' },
    compare: { value: 'DIR', help: 'another model folder, judged on the same windows' },
    baselines: { help: "fit GC content and k-mers on the recipe's training regions and judge them too" },
    data: { value: 'DIR', help: "what paths in the recipe start from (default: the recipe's own folder)" },
    figures: { value: 'DIR', help: 'write the example windows, and the two models against each other, as SVG' },
    panels: { value: 'N', help: 'windows given whole in the JSON, for pictures (default 1)' },
    resamples: { value: 'N', help: 'resamples of the bootstrap over windows (default 1000)' },
    seed: { value: 'N', help: 'of the bootstrap (default 1)' },
    device: { value: 'NAME', help: 'auto, cpu, webgpu or cuda (default cpu)' },
  },
  notes:
    'pearson_per_track is one r a track over all bins of all windows, and their mean. Pooled r goes over all tracks of an assay together; it is\n' +
    'dominated by differences of scale between tracks and is not to be compared with the other.',
  async run(args, io) {
    await checkOut(args)
    const recipe = await readRecipe(args.required('recipe'), args.text('data'))
    const threads = args.text('threads') !== undefined ? args.integer('threads', 1, { min: 1, max: 1024 }) : undefined
    const compare = args.text('compare')
    const compute = createCompute(threads !== undefined ? { threads } : {})
    try {
      const report = await evaluateTracks(
        {
          model: args.required('model'),
          recipe,
          ...(compare !== undefined ? { compare } : {}),
          baselines: args.flag('baselines'),
          panels: args.integer('panels', 1, { min: 0, max: 1000 }),
          resamples: args.integer('resamples', 1000, { min: 0, max: 100_000 }),
          seed: args.integer('seed', 1, { min: 0, max: 2 ** 31 - 1 }),
          ...(threads !== undefined ? { threads } : {}),
          device: args.choice('device', ['auto', 'cpu', 'webgpu', 'cuda'], 'cpu'),
        },
        { compute, registry: modelRegistry(MODELS) },
        io.context,
      )
      const folder = args.text('figures')
      if (folder !== undefined) await writeFigures(folder, report, io)
      const text = args.flag('json') ? `${JSON.stringify(report)}\n` : table(report)
      await io.output(args.text('out'), write => write(text))
      if (args.flag('json') && args.text('out') !== undefined) await io.write(text)
      return EXIT.done
    } finally {
      await compute.close()
    }
  },
}

async function writeFigures(folder: string, report: EvaluationReport, io: CliIo): Promise<void> {
  const other = report.compared?.model
  const models = other === undefined ? ([report.judged.model] as const) : ([report.judged.model, other] as const)
  const files = report.panels.map((panel, i) => [`window-${i + 1}.svg`, examplePanelFigure(panel, models)] as const)
  const scatter = report.compared && other !== undefined ? [['models.svg', modelScatterFigure(report.compared.comparison.points, [report.judged.model, other])] as const] : [] // biome-ignore format: one thought
  await makeFolders(folder)
  for (const [name, svg] of [...files, ...scatter]) {
    await writeFileAtomic(join(folder, name), svg)
    io.note(`wrote ${join(folder, name)}`)
  }
}

const r = (x: number | null): string => (x === null ? 'undefined' : x.toFixed(4))
const interval = (i: readonly [number, number] | null): string => (i ? `${i[0].toFixed(4)} to ${i[1].toFixed(4)}` : '')

/** The report as tab-separated sections. */
function table(report: EvaluationReport): string {
  const lines = [`# ${report.recipe}`, `# ${report.metric}: ${report.protocol}`, `# regions: ${report.regions.length > 4 ? `${report.regions.length}` : report.regions.join('; ')}`] // biome-ignore format: one thought
  for (const warning of report.warnings) lines.push(`# warning: ${warning}`)
  lines.push(...modelRows(report.judged))
  if (report.compared) {
    const { comparison: c } = report.compared
    lines.push(...modelRows(report.compared))
    lines.push('', `difference\t${report.compared.model} minus ${report.judged.model}\t95 % interval`)
    lines.push(`mean\t${r(c.difference.r)}\t${interval(c.difference.interval95)}`)
    for (const t of c.byTrack) lines.push(`${t.name}\t${r(t.r)}\t${interval(t.interval95)}`)
    lines.push(
      '',
      `assay, by window (pooled)\tr between models\t${report.compared.model} at least as good\tmean ${report.judged.model}\tmean ${report.compared.model}`,
    )
    for (const a of c.byAssay)
      lines.push(`${a.assay}\t${r(a.r)}\t${(100 * a.shareOtherAtLeast).toFixed(1)} %\t${r(a.meanX)}\t${r(a.meanY)}`)
  }
  if (report.baselines.length) lines.push('', 'baseline\tmean r\tby track')
  for (const b of report.baselines)
    lines.push(`${b.name}\t${r(b.mean)}\t${b.tracks.map(t => `${t.name} ${r(t.r)}`).join('; ')}`)
  if (report.published.length) lines.push('', 'published\tvalue\tsource')
  for (const p of report.published) lines.push(`${p.what}\t${p.value}\t${p.source}`)
  return `${lines.join('\n')}\n`
}

function modelRows(m: JudgedModel): string[] {
  return [
    '',
    `track\tr\t95 % interval\t(${m.model}, ${m.kind}, weights ${m.sha256.slice(0, 12)}, ${Object.keys(m.device).join(', ')})`,
    ...m.tracks.map(t => `${t.name}\t${r(t.r)}\t${interval(t.interval95)}`),
    `mean of ${m.used} tracks${m.excluded ? ` (${m.excluded} left out: constant)` : ''}\t${r(m.mean.r)}\t${interval(m.mean.interval95)}`,
    ...m.assays.map(
      a => `${a.assay}: mean of ${a.tracks}\t${r(a.r)}\t${interval(a.interval95)}\tpooled ${r(a.pooled)}`,
    ),
    `pooled over all tracks (another metric)\t${r(m.pooled)}`,
  ]
}
