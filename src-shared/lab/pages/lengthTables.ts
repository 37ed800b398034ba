import { valueText } from '../../report/labNumbers.ts'
import { crossover } from '../crossover.ts'
import type { LabTable } from '../page.ts'
import {
  curve,
  FULL,
  isPublished,
  type LengthMeasure,
  type LengthSetting,
  layerCosts,
  SPARSE,
  settingName,
  sparseIsLess,
} from './lengthSettings.ts'
import { limitLength, limitText } from './lengthVerdicts.ts'
import { about, bp, crossoverText, MODELS, NOT_KNOWN } from './lengthWords.ts'
import { having, measured, numberOf, ratioText, spreadText, stateText } from './measured.ts'
import { PUBLISHED_LENGTH, REPORT } from './publishedLength.ts'

/** Every point of a setting. */
export function pointTable(setting: LengthSetting): LabTable {
  const right = (name: string) => ({ name, align: 'right' }) as const
  return {
    id: `length-points-${setting.job}-${setting.attention}-${setting.width}`,
    title: settingName(setting),
    columns: [
      { name: 'attention', align: 'left' },
      ...['layers', 'length (bp)', 'runs', 'time (quartiles)', 'peak memory', 'memory planned', 'time: full / this', 'memory: full / this'].map(right), // biome-ignore format: one row
    ],
    rows: setting.layers.toReversed().flatMap(layers =>
      MODELS.flatMap(({ model, name }) =>
        curve(setting, model, layers).map(p => {
          const full = having(setting.points, { model: FULL, layers, lengthBp: p.factors['lengthBp']! })[0]
          const ratio = (measure: LengthMeasure) => {
            const [a, b] = [measured(full, measure), measured(p, measure)]
            return model === SPARSE && a && b ? ratioText(a.median / b.median) : '-'
          }
          const time = measured(p, 'seconds')
          return [
            name,
            String(layers),
            valueText(numberOf(p, 'lengthBp'), 'base-pairs'),
            time ? String(time.n) : '-',
            time ? spreadText(time, 'seconds') : stateText(p),
            spreadText(measured(p, 'peakBytes'), 'bytes'),
            p.predicted ? valueText(p.predicted.peakBytes, 'bytes') : '-',
            ratio('seconds'),
            ratio('peakBytes'),
          ]
        }),
      ),
    ),
    notes: [],
  }
}

/** What the report says, and what was found here at the same width with the gradients that it took: others do not compare. */
export function reportTable(settings: readonly LengthSetting[]): LabTable {
  const found = (setting: LengthSetting | undefined, text: (s: LengthSetting) => string) => (setting ? `${text(setting)} [${settingName(setting)}]` : 'not measured') // biome-ignore format: one thought
  const setting = settings.find(isPublished)
  const { limitText: limit } = PUBLISHED_LENGTH
  const passes = (model: string) => (s: LengthSetting) => limitText(limitLength(s, model))
  const layerAt = (s: LengthSetting, model: string, x: number) => layerCosts(s, model, 'peakBytes').find(c => c.x === x)?.cost // biome-ignore format: one thought
  return {
    id: 'length-published',
    title: 'The published figures 1 to 3, and here',
    columns: [
      { name: 'what', align: 'left' },
      { name: 'published', align: 'left' },
      { name: 'here', align: 'left' },
    ],
    rows: [
      [`full attention out of ${limit}`, `at ${bp(PUBLISHED_LENGTH.fullFailsBp)}`, found(setting, passes(FULL))],
      ['block-sparse attention', `runs ${bp(PUBLISHED_LENGTH.sparseRunsBp)}`, found(setting, passes(SPARSE))],
      [
        'memory of a layer: sparse below full',
        `from ${about(PUBLISHED_LENGTH.layerCrossoverBp)}`,
        found(setting, s =>
          crossoverText(crossover(layerCosts(s, SPARSE, 'peakBytes'), layerCosts(s, FULL, 'peakBytes'))),
        ),
      ],
      [
        `a sparse layer at ${bp(PUBLISHED_LENGTH.sparseLayerBp)} against a full one at ${bp(PUBLISHED_LENGTH.fullLayerBp)}`,
        'less',
        found(setting, s => {
          const [a, b] = [
            layerAt(s, SPARSE, PUBLISHED_LENGTH.sparseLayerBp),
            layerAt(s, FULL, PUBLISHED_LENGTH.fullLayerBp),
          ]
          return a && b
            ? `${a < b ? 'less' : 'more'}: ${valueText(a, 'bytes')} against ${valueText(b, 'bytes')}`
            : 'not measured'
        }),
      ],
      [
        'time',
        'sparse slower at many lengths',
        found(setting, s => {
          const where = crossoverText(sparseIsLess(s, 'seconds'))
          return where === NOT_KNOWN ? where : `sparse is faster ${where}`
        }),
      ],
    ],
    notes: [
      `Published: ${REPORT}; a human and a mouse step each, gradients of the attention variables alone, times with tracing; its curves are pictures without numbers. Only a training step with those gradients at 1,536 channels is put beside it.`,
    ],
  }
}
