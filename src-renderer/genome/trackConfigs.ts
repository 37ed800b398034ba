import type { OpenedFile } from '../../src-shared/genome/files.ts'
import type { TranscriptModel } from '../../src-shared/genome/genes.ts'
import type { Interval } from '../../src-shared/genome/interval.ts'
import type { PredictedSetting, TrackSetting } from '../../src-shared/project.ts'
import { axisUnit, isDifference, isResidual, trackTitle } from '../state/predictedTracks.ts'
import { isSynthetic } from '../state/tracks.ts'
import { COVERAGE_TYPE, type CoverageSource } from './coverageTrack.ts'
import { DIPLOTYPE_TYPE, type DiplotypeSource } from './diplotypeTrack.ts'
import { type PredictionServices, predictedSource } from './predictedSource.ts'
import { LABEL_PX, PREDICTED_TYPE, type PredictedDisplay } from './predictedTrack.ts'
import type { ServedSource } from './servedFile.ts'
import { VISIBLE_BP } from './visible.ts'

/** What the browser needs from the services to draw a file. */
export interface GenomeServices {
  sequence(contig: string, start: number, end: number): Promise<string>
  genes(fileId: string, interval: Interval): Promise<readonly TranscriptModel[]>
  coverage(fileId: string): CoverageSource
  diplotype(fileId: string): DiplotypeSource
  predicted(modelFileId: string): PredictionServices
}

/** One track as the panel wants it. Equal `stamp`: the same track, which stays; another: taken off and put on again. */
export interface TrackSpec {
  readonly key: string
  readonly stamp: string
  readonly fileId: string
  readonly part: TrackSetting['part']
  readonly config: Readonly<Record<string, unknown>>
  /** Files that the browser component reads by itself, as `url` and `indexURL` of the configuration. */
  readonly data?: ServedSource
  readonly index?: ServedSource
}

/** Shown by igv.js as markup, so what a file calls itself is made harmless. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, c => `&#${c.charCodeAt(0)};`)

/** A transcript as igv.js draws genes: exons with their coding part. */
export function geneFeature(contig: string, t: TranscriptModel) {
  const coding = t.codingEnd > t.codingStart
  const exons = []
  for (let i = 0; i + 1 < t.exons.length; i += 2) {
    const start = t.exons[i]!
    const end = t.exons[i + 1]!
    const outside = !coding || end <= t.codingStart || start >= t.codingEnd
    exons.push({
      start,
      end,
      ...(outside ? { utr: true } : { cdStart: Math.max(start, t.codingStart), cdEnd: Math.min(end, t.codingEnd) }),
    })
  }
  return {
    chr: contig,
    start: t.start,
    end: t.end,
    name: t.geneName || t.transcriptId,
    strand: t.strand,
    ...(coding ? { cdStart: t.codingStart, cdEnd: t.codingEnd } : {}),
    exons,
  }
}

/** A predicted track's key among the tracks of its model. */
export const predictedKey = (modelFileId: string, trackId: string): string => `${modelFileId}:predicted:${trackId}`

/** Tracks with zero in the middle need the room twice, and so do panels below each other. */
function predictedHeight(p: PredictedSetting): number {
  const panels = p.layout === 'beside' && p.shows === 'reference' && p.signals.some(s => s !== null) ? 2 : 1
  return LABEL_PX + (p.channels.length === 2 ? 96 : 68) * panels
}

export function trackSpec(
  setting: TrackSetting,
  file: OpenedFile,
  services: GenomeServices,
  optionsStamp: string,
  hasSequence: boolean,
  /** What the file's sample is called beside the other open files. */
  sample: string,
): TrackSpec | undefined {
  if (file.problem) return undefined
  const { predicted } = setting
  const key = predicted ? predictedKey(file.id, predicted.trackId) : `${file.id}:${setting.part}`
  const synthetic = isSynthetic(file) ? ' · synthetic' : ''
  const label = (text: string) => escapeHtml(`${text}${synthetic}`)
  const version = `${file.facts.modifiedAt}:${file.facts.sizeBytes}:${file.facts.index}:${sample}`
  const data: ServedSource = { fileId: file.id, url: file.dataUrl, name: file.name, sizeBytes: file.facts.sizeBytes }
  const index: ServedSource | undefined = file.indexUrl
    ? { fileId: file.id, url: file.indexUrl, name: file.facts.indexName ?? `${file.name}.index` }
    : undefined
  const whole = { data }
  const indexed = { data, ...(index ? { index } : {}) }
  const unindexed = index ? {} : { indexed: false }
  // igv.js 3.8 mixes offsets in its buffer with offsets in the file when it joins a new range of bgzip blocks to one it kept
  // (BGZBlockLoader), and then drops reads behind a console message: without its cache every range is read as it is.
  const base = {
    id: key,
    removable: false,
    cacheBlocks: false,
    ...(setting.heightPx ? { height: setting.heightPx } : {}),
  }
  const spec = (
    config: Record<string, unknown>,
    read: Pick<TrackSpec, 'data' | 'index'> = {},
    stamp = version,
  ): TrackSpec => ({
    key,
    stamp,
    fileId: file.id,
    part: setting.part,
    config: { ...config, ...base },
    ...read,
  })
  switch (setting.part) {
    case 'coverage':
      return spec(
        {
          type: COVERAGE_TYPE,
          name: label(`${sample} depth`),
          height: 70,
          visibilityWindow: VISIBLE_BP.coverage,
          _source: services.coverage(file.id),
        },
        {},
        `${version}:${optionsStamp}`,
      )
    case 'diplotype':
      return spec({
        type: DIPLOTYPE_TYPE,
        name: label(`${sample} diplotype`),
        height: 44,
        visibilityWindow: VISIBLE_BP.diplotype,
        _source: services.diplotype(file.id),
      })
    case 'reads':
      return spec(
        {
          type: 'alignment',
          format: file.facts.kind === 'cram' ? 'cram' : 'bam',
          ...unindexed,
          name: label(`${sample} reads`),
          height: 200,
          displayMode: 'SQUISHED',
          visibilityWindow: VISIBLE_BP.reads,
          // Its depth is of what it chose to draw; ours is above it.
          showCoverage: false,
          colorBy: 'none',
          // Without a reference there is nothing to differ from.
          showMismatches: hasSequence,
        },
        indexed,
      )
    case 'genes':
      return spec({
        type: 'annotation',
        name: label(file.name),
        height: 64,
        maxHeight: 64,
        displayMode: 'EXPANDED',
        visibilityWindow: VISIBLE_BP.genes,
        color: 'rgb(21,78,120)',
        reader: {
          readFeatures: async (contig: string, start: number, end: number) => {
            const from = Math.max(0, Math.floor(start))
            const interval = { contig, start: from, end: Math.max(from + 1, Math.ceil(end)) }
            return (await services.genes(file.id, interval)).map(t => geneFeature(contig, t))
          },
        },
      })
    case 'predicted': {
      if (!predicted) return undefined
      const display: PredictedDisplay = {
        scale: predicted.scale,
        // What is mirrored has its zero elsewhere, so it shares only with its like.
        group: predicted.group === null ? null : JSON.stringify([file.id, predicted.group, predicted.units, isDifference(predicted.shows) || isResidual(predicted)]), // biome-ignore format: one thought
        layout: predicted.layout,
        signed: predicted.channels.length === 2 || isDifference(predicted.shows) || isResidual(predicted),
        unit: axisUnit(predicted),
      }
      const title = trackTitle(predicted)
      return spec(
        {
          type: PREDICTED_TYPE,
          name: label(isResidual(predicted) ? title : `${title} · predicted`),
          height: predictedHeight(predicted),
          // How much is computed by itself is the services' decision, and they say so in the track.
          visibilityWindow: 0,
          _source: predictedSource(predicted, services.predicted(file.id)),
          _display: display,
        },
        {},
        `${version}:${optionsStamp}:${JSON.stringify(predicted)}`,
      )
    }
    case 'signal':
      return spec(
        {
          ...(file.facts.kind === 'bigbed'
            ? { type: 'annotation', format: 'bigbed' }
            : { type: 'wig', format: file.facts.kind === 'bedgraph' ? 'bedgraph' : 'bigwig' }),
          ...(file.facts.kind === 'bedgraph' ? unindexed : {}),
          name: label(file.name),
          height: 60,
          autoscale: true,
          color: 'rgb(0,114,178)',
          altColor: 'rgb(213,94,0)',
        },
        file.facts.kind === 'bedgraph' ? indexed : whole,
      )
    case 'variants':
      return spec(
        {
          type: 'variant',
          format: 'vcf',
          ...unindexed,
          name: label(file.name),
          height: 46,
          maxHeight: 160,
          displayMode: 'EXPANDED',
          showGenotypes: false,
        },
        indexed,
      )
  }
}
