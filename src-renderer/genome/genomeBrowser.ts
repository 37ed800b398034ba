import type { Interval } from '../../src-shared/genome/interval.ts'
import { asWorkbenchError, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { registerBaseScoreTrack } from './attributionTrack.ts'
import { listenForClicks } from './clicks.ts'
import { registerCoverageTrack } from './coverageTrack.ts'
import { registerDiplotypeTrack } from './diplotypeTrack.ts'
import { registerEffectTrack } from './effectTrack.ts'
import type { Frame, GenomeEvents, GenomeSpec, MoveCause } from './genomeEvents.ts'
import { type IgvBrowser, type IgvTrack, igv, type ReferenceFrame } from './igvInternals.ts'
import { detailRows, labelControls, lightenLabels, plain } from './igvMarkup.ts'
import { registerPredictedTrack } from './predictedTrack.ts'
import { ServedFile } from './servedFile.ts'
import { registerTokenTracks } from './tokenTrack.ts'
import type { TrackSpec } from './trackConfigs.ts'

/** Longer stretches are never asked for base by base. */
const MAX_UNKNOWN_BP = 5_000_000

/** A track that is on, and what ends its reading. */
interface Held {
  readonly spec: TrackSpec
  readonly stop: AbortController
  readonly track: IgvTrack | undefined
}

let registered = false

/**
 * The one igv.js browser of the window. Made once and kept (removing it leaks its listeners); everything asked of it runs in
 * order, because it does not survive two changes at a time.
 */
export class GenomeBrowser {
  readonly #host: HTMLElement
  readonly #events: GenomeEvents
  #browser: IgvBrowser | undefined
  #genome: GenomeSpec | undefined
  /** The id of the newest genome asked for. */
  #wanted: string | undefined
  #tracks = new Map<string, Held>()
  #queue: Promise<unknown> = Promise.resolve()
  /** While we move it ourselves, what it reports is not the user's doing. */
  #moving: Interval | undefined
  #loading = false
  /** The newest place asked for; those before it are not gone to any more. */
  #target: Interval | undefined
  /** A mouse button was pressed on the tracks and is still down: what moves then is moved by hand, also while data load. */
  #held = false
  #last: { chr: string; start: number; bpPerPixel: number } | undefined

  constructor(host: HTMLElement, events: GenomeEvents) {
    this.#host = host
    this.#events = events
  }

  /** The hand is on the tracks: where they will come to rest is not known yet. */
  get held(): boolean {
    return this.#held
  }

  get ready(): boolean {
    return this.#browser !== undefined
  }

  #run<T>(work: () => Promise<T>): Promise<T | undefined> {
    const next = this.#queue.then(work).catch(error => {
      this.#events.failed(asWorkbenchError(error), null)
      return undefined
    })
    this.#queue = next
    return next
  }

  /** Shows a genome at a place. The tracks that were on are put on again by the next setTracks. */
  setGenome(genome: GenomeSpec, locus: Interval): Promise<unknown> {
    this.#wanted = genome.id
    return this.#run(async () => {
      if (this.#genome?.id === genome.id) return
      if (genome.contigs.length === 0) throw new WorkbenchError('bad-input', `${genome.name} names no contig`, 'open a reference') // biome-ignore format: reads as one sentence
      const sizes = genome.contigs.map(c => `${c.name}\t${c.length}`).join('\n')
      const reference = {
        id: genome.id,
        name: genome.name,
        format: 'chromsizes',
        // A File, since blob: addresses may not be fetched under our content policy.
        fastaURL: new File([sizes], 'contigs.sizes'),
        wholeGenomeView: false,
        locus: { chr: locus.contig, start: locus.start, end: locus.end },
      }
      this.#moving = locus
      this.#loading = true
      try {
        if (this.#browser) {
          this.#letGo(() => true)
          await this.#browser.loadGenome(reference)
        } else await this.#create(reference)
        this.#genome = genome
        if (this.#browser) {
          this.#browser.genome.sequence.getSequence = async (chr, start, end) => {
            const from = Math.max(0, Math.floor(start))
            const to = Math.max(from + 1, Math.ceil(end))
            // Without a reference every base is unknown; no answer at all would be logged as an error at every move.
            if (!this.#genome?.hasSequence) return 'N'.repeat(Math.min(to - from, MAX_UNKNOWN_BP))
            return this.#events.sequence(chr, from, to)
          }
          // A row of unknown bases says nothing.
          const row = this.#browser.trackViews.find(v => v.track.id === 'sequence')
          if (row && !genome.hasSequence) this.#browser.removeTrack(row.track)
        }
      } finally {
        this.#moving = undefined
        this.#loading = false
      }
    })
  }

  async #create(reference: Record<string, unknown>) {
    if (!registered) {
      registered = true
      registerCoverageTrack()
      registerDiplotypeTrack()
      registerPredictedTrack()
      registerEffectTrack()
      registerBaseScoreTrack()
      registerTokenTracks()
    }
    const browser = await igv.createBrowser(this.#host, {
      reference,
      // Otherwise three requests leave for genome lists even with a reference of one's own.
      loadDefaultGenomes: false,
      search: false,
      queryParametersSupported: false,
      showControls: false,
      showNavigation: false,
      showIdeogram: false,
      showSVGButton: false,
      showTrackDragHandles: false,
      showGearColumn: true,
      minimumBases: 40,
      doubleClickDelay: 300,
      tracks: [],
      locus: reference['locus'],
    })
    this.#browser = browser
    // Its alerts are ours to show: one place for errors, reachable by keyboard.
    browser.alert.present = alert => {
      const message = alert instanceof Error ? alert.message : String(alert)
      this.#events.failed(
        new WorkbenchError('internal', plain(message), 'remove the track and open the file again'),
        null,
      )
    }
    browser.on('locuschange', (frames: readonly ReferenceFrame[]) => this.#moved(frames))
    // No popovers: what a track knows of the thing clicked goes to the inspector.
    browser.on('trackclick', (track: IgvTrack, data: readonly unknown[] | undefined, location: number) => {
      const chr = browser.referenceFrameList[0]?.chr
      if (chr && (track.type === 'variant' || track.type === 'annotation'))
        this.#events.explained(chr, Math.floor(location), plain(track.name ?? ''), detailRows(data ?? []))
      return false
    })
    this.#host.shadowRoot?.addEventListener('mousedown', () => (this.#held = true), true)
    window.addEventListener('mouseup', () => (this.#held = false), true)
    listenForClicks(
      this.#host,
      () => browser.trackViews,
      (contig, position, track) =>
        this.#events.clicked(contig, position, [...this.#tracks].find(([, t]) => t.track === track)?.[0] ?? null),
    )
    labelControls(this.#host)
    lightenLabels(this.#host)
  }

  #moved(frames: readonly ReferenceFrame[]) {
    const frame = frames[0]
    if (!frame) return
    const before = this.#last
    this.#last = { chr: frame.chr, start: frame.start, bpPerPixel: frame.bpPerPixel }
    const resized =
      before === undefined ||
      (before.chr === frame.chr &&
        Math.abs(before.start - frame.start) < 1e-6 &&
        Math.abs(before.bpPerPixel - frame.bpPerPixel) < 1e-9)
    // From here on it is the hand's view, also what a drag reports when it ends.
    if (this.#held) this.#moving = undefined
    const cause: MoveCause = this.#moving
      ? { by: 'program', asked: this.#moving }
      : resized
        ? { by: 'resize' }
        : { by: 'user' }
    // A place that is still to be gone to is not overwritten by where the view happens to be.
    if (cause.by !== 'program' && this.#target) return
    // While a genome is loaded, places in the one before it are told once more.
    if (this.#loading) return
    this.#events.moved(roundLocus(frame), cause)
  }

  /** Makes the tracks exactly these, in this order. */
  setTracks(specs: readonly TrackSpec[]): Promise<unknown> {
    return this.#run(async () => {
      const browser = this.#browser
      if (!browser) return
      const wanted = new Map(specs.map(s => [s.key, s]))
      this.#letGo(held => wanted.get(held.spec.key)?.stamp !== held.spec.stamp)
      await this.#load(
        browser,
        specs.filter(s => !this.#tracks.has(s.key)),
      )
      specs.forEach((spec, i) => {
        const track = this.#tracks.get(spec.key)?.track
        if (track) track.order = i + 10
      })
      browser.reorderTracks()
    })
  }

  /** Takes tracks off; what they still read is ended first, so that nothing is asked of a file that is about to be closed. */
  #letGo(which: (held: Held) => boolean) {
    for (const [key, held] of [...this.#tracks]) {
      if (!which(held)) continue
      held.stop.abort()
      if (held.track) this.#browser?.removeTrack(held.track)
      this.#tracks.delete(key)
    }
  }

  /** Stops reading files that are about to be closed. What is being loaded is let finish, but not waited for longer than 3 s. */
  async release(fileIds: readonly string[]): Promise<void> {
    await Promise.race([this.#queue, new Promise(done => setTimeout(done, 3000))])
    this.#letGo(held => fileIds.includes(held.spec.fileId))
  }

  /** All new tracks at once: each load draws every track again. */
  async #load(browser: IgvBrowser, specs: readonly TrackSpec[]) {
    if (specs.length === 0) return
    const stops = new Map(specs.map(s => [s.key, new AbortController()]))
    const configs = specs.map((spec, i) => {
      const failed = (error: WorkbenchError) => this.#events.failed(error, spec.fileId)
      const stop = stops.get(spec.key)?.signal ?? AbortSignal.abort()
      return {
        ...spec.config,
        ...(spec.data ? { url: new ServedFile(spec.data, stop, failed) } : {}),
        ...(spec.index ? { indexURL: new ServedFile(spec.index, stop, failed) } : {}),
        order: 100 + i,
      }
    })
    // Held from the start, so that a file that is closed meanwhile is let go.
    for (const spec of specs)
      this.#tracks.set(spec.key, { spec, stop: stops.get(spec.key) ?? new AbortController(), track: undefined })
    let reason = 'its format was not understood'
    try {
      await browser.loadTrackList(configs)
    } catch (error) {
      // It loads what it can and then throws the first fault.
      reason = plain(error instanceof Error ? error.message : String(error))
    }
    for (const spec of specs) {
      const held = this.#tracks.get(spec.key)
      const track = browser.trackViews.find(v => v.track.id === spec.key)?.track
      if (held && track) this.#tracks.set(spec.key, { ...held, track })
      else if (track) browser.removeTrack(track)
      else if (held && !held.stop.signal.aborted)
        this.#events.failed(
          new WorkbenchError('corrupt', reason, 'remove the track, or open the file again'),
          spec.fileId,
        )
    }
  }

  goTo(locus: Interval): Promise<unknown> {
    // Where a hand has moved it: asked for later, after what still loads, it would take the view from a hand that moved on.
    const shown = this.#browser?.referenceFrameList[0]
    if (!this.#target && !this.#moving && this.#wanted === this.#genome?.id && sameAs(shown, locus))
      return Promise.resolve()
    this.#target = locus
    return this.#run(async () => {
      const browser = this.#browser
      if (!browser || this.#target !== locus) return
      this.#target = undefined
      if (sameAs(browser.referenceFrameList[0], locus)) return
      if (!browser.genome.getChromosome(locus.contig))
        throw new WorkbenchError(
          'not-found',
          `Contig '${locus.contig}' is not in this genome`,
          'choose one of its contigs',
        )
      this.#moving = locus
      try {
        const chr = browser.genome.getChromosomeName(locus.contig)
        await browser.updateLoci([{ chr, start: locus.start, end: locus.end }])
      } finally {
        this.#moving = undefined
      }
    })
  }

  /** For the overlay: which base is where. */
  frame(): Frame | undefined {
    const view = this.#browser?.trackViews.find(v => v.viewports.length > 0)
    const viewport = view?.viewports[0]
    if (!viewport) return undefined
    const box = viewport.viewportElement.getBoundingClientRect()
    const host = this.#host.getBoundingClientRect()
    const { chr, start, bpPerPixel } = viewport.referenceFrame
    const shown = roundLocus(viewport.referenceFrame)
    return { left: box.left - host.left, width: box.width, contig: chr, start, bpPerPixel, shown }
  }

  /** After the panel was hidden or its size changed by other means than the window. */
  shown(): Promise<unknown> {
    return this.#run(async () => {
      await this.#browser?.visibilityChange()
    })
  }

  svg(): string | undefined {
    return this.#browser?.toSVG()
  }
}

const roundLocus = (f: ReferenceFrame): Interval => {
  const start = Math.max(0, Math.round(f.start))
  return { contig: f.chr, start, end: Math.max(start + 1, Math.round(f.end)) }
}

const sameAs = (frame: ReferenceFrame | undefined, locus: Interval): boolean => {
  if (!frame) return false
  const now = roundLocus(frame)
  return now.contig === locus.contig && now.start === locus.start && now.end === locus.end
}
