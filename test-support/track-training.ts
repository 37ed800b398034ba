import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeBigWig } from '../src-main/readers/bigwigWriter.ts'
import { randomBases } from './track-model.ts'

const CONTIGS = { chrA: 4096, chrB: 2048 } as const
const BIN = 8

/** Files of a small made-up experiment in a folder: a genome of two contigs and two tracks, one a strand. bigWig contigs have no `chr`. */
export function writeTrackExperiment(
  folder: string,
  more: { readonly lengths?: Readonly<Record<string, number>> } = {},
): void {
  mkdirSync(folder, { recursive: true })
  const bases = Object.entries(CONTIGS).map(([name, length]) => [name, randomBases(length, name)] as const)
  writeFileSync(join(folder, 'genome.fa'), bases.map(([name, b]) => `>${name} made up\n${b}\n`).join(''))
  for (const [strand, letter] of [
    ['plus', 'G'],
    ['minus', 'C'],
  ] as const) {
    const contigs = bases.map(([name, b]) => ({ name: name.slice(3), length: more.lengths?.[name] ?? b.length }))
    const sections = bases.map(([name, b]) => {
      const starts = Array.from({ length: b.length / BIN }, (_, i) => i * BIN)
      const values = starts.map(s => [...b.slice(s, s + BIN)].filter(c => c === letter).length)
      return { contig: name.slice(3), starts, ends: starts.map(s => s + BIN), values }
    })
    writeFileSync(join(folder, `${strand}.bw`), writeBigWig(contigs, sections))
  }
}

/** A recipe of a few steps on that experiment; fields can be replaced from outside. */
export function trackRecipe(more: { readonly [field: string]: unknown } = {}): Record<string, unknown> {
  return {
    format: 'diploscope-recipe',
    formatVersion: 1,
    task: 'tracks',
    id: 'made-up',
    name: 'A made-up experiment',
    licence: 'MIT',
    created: '2026-01-01T00:00:00Z',
    limits: ['It knows nothing.'],
    model: {
      kind: 'enformer',
      architecture: { length: 256, stemFilters: 4, stemKernel: 5, towerFilters: [4, 6], layers: 1, heads: 2, keySize: 3, valueSize: 3, positionFeatures: 6, targetBins: 28, outputs: { tracks: 2 }, dropout: 0.1 }, // biome-ignore format: one table
    },
    data: {
      reference: 'genome.fa',
      genome: 'made up',
      binSize: 8,
      tracks: [
        { name: 'RNA:plus', file: 'plus.bw', strand: '+', pair: 1, transform: { sum_stat: 'mean' } },
        { name: 'RNA:minus', file: 'minus.bw', strand: '-', pair: 0, transform: { sum_stat: 'mean' } },
      ],
      splits: { train: ['chrA'], valid: ['chrB:1-900'], test: ['chrB:1,101-2,048'] },
    },
    training: {
      batch: 2,
      steps: 12,
      optimizer: { kind: 'adamw', weightDecay: 0.01 },
      schedule: { kind: 'cosine', rate: 0.01, warmupSteps: 2 },
      loss: { kind: 'poisson' },
      clipNorm: 1,
      augmentation: { shiftBp: 3, reverseComplement: true },
      seed: 3,
      validation: { every: 4, patience: 10 },
      checkpointEvery: 5,
    },
    ...more,
  }
}
