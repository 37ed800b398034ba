import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

/**
 * What this program stands on inside igv.js that is not part of its documented interface. igv.js needs a page, so its text is
 * looked at; the flows in e2e/ show that it works. When one of these fails after an update, read genomeBrowser.ts before the release.
 */
const folder = resolve(import.meta.dirname, '../../node_modules/igv')
const source = readFileSync(resolve(folder, 'dist/igv.esm.js'), 'utf8')
const version = (JSON.parse(readFileSync(resolve(folder, 'package.json'), 'utf8')) as { version: string }).version

const STANDS_ON: readonly (readonly [string, string])[] = [
  ['tracks of our own', 'registerTrackClass,\n'],
  ['their base class', 'TrackBase,\n'],
  ['a chromsizes genome, whose sequence we replace', 'if ("chromsizes" === reference.format) {'],
  ['the sequence is asked of genome.sequence', 'return this.sequence.getSequence(chr, start, end)'],
  ['anything with name, slice and arrayBuffer is a file', 'object.hasOwnProperty("name") && typeof object.slice === \'function\' && typeof object.arrayBuffer === \'function\''], // biome-ignore format: one line
  ['a file is read by slices', 'localfile.slice(options.range.start, options.range.start + options.range.size)'],
  ['moving without a search', '    async updateLoci(loci, init) {'],
  ['loading several tracks, the first fault thrown at the end', '    async loadTrackList(configList) {'],
  ['bins by pixels for resolution-aware tracks', 'const mr = track && (track.resolutionAware);'],
  ['the scale of an axis from getMax', "typeof visibleViewport.featureCache.features.getMax === 'function'"],
  ['pixels a base', 'this.bpPerPixel = bpPerPixel;'],
  ['clicks are told before a popover', "this.browser.fireEvent('trackclick', [track, dataList, clickState.genomicLocation, features])"], // biome-ignore format: one line
  ['every move is told', "this.fireEvent('locuschange', [this.referenceFrameList])"],
  ['drawing again without loading', '    repaintViews() {\n\n        for (let viewport of this.viewports) {'],
  ['a track that is taken off is told', 'if (typeof this.track.dispose === "function") {'],
  ['no genome lists are asked for', 'loadDefaultGenomes'],
  ['its alerts are shown by browser.alert', 'this.alert = new Alert(this.root)'],
]

describe('igv.js', () => {
  it('is the version that was looked at', () => expect(version).toBe('3.8.10'))
  it.each(STANDS_ON)('still has: %s', (_what, text) => {
    expect(source.includes(text)).toBe(true)
  })
  it('still asks a foreign host about an address that fails, which is why it is given files', () => {
    expect(source).toContain('https://igv.org/data/url_mappings.tsv')
  })
})
