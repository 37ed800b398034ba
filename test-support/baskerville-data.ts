import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { BigWig } from '@gmod/bbi'
import { sharedData } from './shared-data.ts'

/** One of the real windows that come with the shared trained network. */
export interface RealWindow {
  readonly split: string
  readonly index: number
  readonly contig: string
  /** 0-based half-open: the central part that is predicted. */
  readonly start: number
  readonly end: number
  readonly bases: string
}

/** Folder of the shared trained network, or undefined where it is absent. */
export const baskervilleData = sharedData('baskerville/model.h5')?.replace(/\/model\.h5$/, '')

/** Its windows; headers are `chr4:40801641-40932712 split=valid index=0 targets=40834408-40899944`. */
export function realWindows(): readonly RealWindow[] {
  const text = gunzipSync(readFileSync(`${baskervilleData}/windows_131072bp.fa.gz`)).toString('latin1')
  return text
    .split('>')
    .slice(1)
    .map(record => {
      const [header = '', ...lines] = record.split('\n')
      const m = /^(\w+):\d+-\d+ split=(\w+) index=(\d+) targets=(\d+)-(\d+)/.exec(header)
      if (!m) throw new Error(`unexpected header ${header}`)
      return { contig: m[1]!, split: m[2]!, index: Number(m[3]), start: Number(m[4]), end: Number(m[5]), bases: lines.join('') } // biome-ignore format: one thought
    })
}

/** An experiment in the 32 bp bins of a window; its file holds no value where it is 0. */
export async function targetBins(file: string, { contig, start, end }: RealWindow): Promise<Float64Array> {
  const out = new Float64Array((end - start) / 32)
  for (const f of await new BigWig({ path: `${baskervilleData}/${file}` }).getFeatures(contig, start, end, {
    scale: 1,
  }))
    for (let at = Math.max(f.start, start); at < Math.min(f.end, end); at += 32) out[(at - start) / 32] = f.score ?? 0
  return out
}

export function pearson(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const n = a.length
  const mean = (x: ArrayLike<number>) => Array.from(x).reduce((s, v) => s + v, 0) / n
  const [ma, mb] = [mean(a), mean(b)]
  let [ab, aa, bb] = [0, 0, 0]
  for (let i = 0; i < n; i++) {
    ab += (a[i]! - ma) * (b[i]! - mb)
    aa += (a[i]! - ma) ** 2
    bb += (b[i]! - mb) ** 2
  }
  return ab / Math.sqrt(aa * bb)
}
