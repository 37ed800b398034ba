import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseLocus } from '../../src-shared/genome/locus.ts'
import { asWorkbenchError, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import type { ProjectDocument } from '../../src-shared/project.ts'
import { emptyDocument, withDefaultTracks } from './defaultTracks.ts'
import type { FileRegistry } from './files.ts'
import { newId } from './ids.ts'

/** `demo.json` of the demo folder: file names, and places as samtools region text. */
interface DemoList {
  readonly reference: string
  readonly genes: string
  readonly samples: readonly { readonly file: string }[]
  readonly variants: string
  readonly signal: string
  readonly locus: string
  readonly bookmarks: readonly { readonly name: string; readonly locus: string }[]
}

/** Reads what the demo consists of. @throws WorkbenchError `not-found` when it is not installed */
export async function readDemo(folder: string | undefined): Promise<DemoList> {
  try {
    if (folder) return JSON.parse(await readFile(join(folder, 'demo.json'), 'utf8')) as DemoList
  } catch (error) {
    if (asWorkbenchError(error).code !== 'not-found') throw error
  }
  throw new WorkbenchError(
    'not-found',
    'the demo data are not installed',
    'open a file of your own, or install the program again',
  )
}

/** Opens the demo's files and gives its project: the reference chosen, every track shown, the view on APOE. */
export async function openDemo(folder: string, demo: DemoList, files: FileRegistry): Promise<ProjectDocument> {
  const names = [demo.reference, demo.genes, ...demo.samples.map(s => s.file), demo.signal, demo.variants]
  const opened = []
  for (const name of names) opened.push(await files.open(join(folder, name)))
  const contigs = opened[0]?.facts.contigs ?? []
  const place = (locus: string) => {
    const { contig, start, end } = parseLocus(locus, contigs)
    return { contig, start, end }
  }
  const document = withDefaultTracks(emptyDocument('Demo (synthetic data)', true), opened)
  return {
    ...document,
    view: { ...document.view, locus: place(demo.locus) },
    bookmarks: demo.bookmarks.map(b => ({ id: newId(), name: b.name, interval: place(b.locus) })),
  }
}
