import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { createGunzip } from 'node:zlib'
import { buildOf } from '../../src-shared/genome/assemblies.ts'
import type { FileFacts, FileKind } from '../../src-shared/genome/files.ts'
import type { Contig } from '../../src-shared/genome/locus.ts'
import { madeUpOf, type SaysOfItself } from '../../src-shared/genome/madeUp.ts'
import { asWorkbenchError, WorkbenchError } from '../../src-shared/ipc/errors.ts'
import { type AlignmentHeader, isSynthetic } from './alignments.ts'
import { readBamHeader } from './bamHeader.ts'
import { bbiOrder, readBbiHeader } from './bbiHeader.ts'
import { BLOCK_MAX, blockSize, endsProperly, inflateBlock, isGzip } from './blockGzip.ts'
import { type CheckedFile, openChecked } from './checkedFile.ts'
import { readCramHeader } from './cramHeader.ts'
import { bamIndexNames, cramIndexNames } from './indexNames.ts'
import { binIndexFinding, craiFinding, faiFinding, firstPresent, type IndexFinding } from './indexState.ts'
import { textKind } from './textKinds.ts'
import { isTwoBit, openTwoBit } from './twobit.ts'

/** Facts keep this many contigs; assemblies with more scaffolds are told by their count. */
const CONTIGS_KEPT = 5000
/** A VCF's header longer than this is not read to its end: the columns of 100,000 samples fit. */
const TEXT_HEAD = 8 * 1024 * 1024

type Told = Pick<FileFacts, 'kind'> & Partial<FileFacts> & { allContigs?: readonly Contig[]; finding?: IndexFinding }

/**
 * What a file is and whether it can be used, from its content, its index and its size; only heads are read. Never blocks on a pipe,
 * never takes memory by an unchecked length. A problem with the index is a fact, not an error.
 * @throws WorkbenchError `not-found`, `permission`, `wrong-type` (nothing we know, empty, directory, pipe), `truncated`, `corrupt`,
 * `unsupported` (known, but not read), `changed`
 */
export async function probeFile(path: string): Promise<FileFacts> {
  try {
    const stats = await stat(path)
    if (stats.isDirectory()) return await probeFolder(path)
  } catch (error) {
    throw asWorkbenchError(error)
  }
  const file = await openChecked(path)
  try {
    const { allContigs = [], finding, ...told } = await tell(file)
    const remarks = [...(told.remarks ?? [])]
    if (finding && finding.state !== 'ok' && finding.state !== 'missing') remarks.push(`${finding.detail}.`)
    await file.ensureUnchanged()
    return {
      compression: 'none',
      samples: [],
      synthetic: false,
      build: buildOf(allContigs),
      ...told,
      sizeBytes: file.size,
      modifiedAt: file.modifiedMs,
      index: finding?.state ?? 'not-needed',
      ...(finding && finding.state !== 'missing' ? { indexName: basename(finding.path) } : {}),
      contigs: allContigs.slice(0, CONTIGS_KEPT),
      contigCount: allContigs.length,
      remarks,
    }
  } finally {
    await file.close()
  }
}

async function tell(file: CheckedFile): Promise<Told> {
  const { path } = file
  if (file.size === 0) throw new WorkbenchError('wrong-type', `'${path}' is empty`, 'copy or download it again')
  const head = await file.read(BLOCK_MAX)
  const ascii = (bytes: Uint8Array, from: number, to: number) =>
    Buffer.from(bytes.subarray(from, to)).toString('latin1')
  if (ascii(head, 0, 4) === 'CRAM') return cram(file)
  if (bbiOrder(head)) return bbi(file)
  if (isTwoBit(head)) return { kind: '2bit', allContigs: (await openTwoBit(file)).contigs }
  if (isGzip(head)) {
    if (head.length < 18) throw new WorkbenchError('truncated', `'${path}' ends within its first block`, 'copy or download it again') // biome-ignore format: one line
    if (blockSize(head) === undefined) return textOf(file, await unpackedHead(file), 'gzip')
    const { bytes } = inflateBlock(head, 0, path, 0)
    if (ascii(bytes, 0, 4) === 'BAM\x01') return bam(file)
    if (ascii(bytes, 0, 3) === 'BCF')
      throw unreadable(path, 'a BCF', 'convert it: bcftools view -Oz -o variants.vcf.gz')
    if (/^(BAI|CSI|TBI)/.test(ascii(bytes, 0, 3))) throw unreadable(path, 'an index', 'open the file that it indexes')
    return textOf(file, await unpackedHead(file), 'bgzip')
  }
  if (ascii(head, 0, 4) === 'BAI\x01') throw unreadable(path, 'an index', 'open the file that it indexes')
  if (ascii(head, 1, 4) === 'HDF')
    throw unreadable(path, 'an HDF5 file', "import a Keras model with 'diploscope models import'")
  if (looksLikeOnnx(head)) return { kind: 'onnx' }
  return textOf(file, head.length < file.size ? await file.read(TEXT_HEAD) : head, 'none')
}

async function bam(file: CheckedFile): Promise<Told> {
  const header = await readBamHeader(file)
  if (!(await endsProperly(file)))
    throw new WorkbenchError('truncated', `'${file.path}' lacks the block that ends a complete BAM file`, 'copy or download it again') // biome-ignore format: one line
  const index = await firstPresent(bamIndexNames(file.path))
  const finding = await binIndexFinding(file, index, `${file.path}.bai`, header.contigs)
  return { kind: 'bam', compression: 'bgzip', ...ofAlignments(header), finding }
}

async function cram(file: CheckedFile): Promise<Told> {
  const header = await readCramHeader(file)
  const index = await firstPresent(cramIndexNames(file.path))
  const told = ofAlignments(header)
  return {
    kind: 'cram',
    ...told,
    remarks: [...told.remarks, `CRAM ${header.version}: its reference is needed to read it.`],
    finding: await craiFinding(file, index, `${file.path}.crai`, header.contigs),
  }
}

function ofAlignments(header: AlignmentHeader) {
  const remarks: string[] = []
  if (header.contigs.length === 0) remarks.push('Its header names no contigs: the reads have no positions.')
  if (header.sortOrder !== 'coordinate')
    remarks.push(`Its header says that it is sorted by '${header.sortOrder}', not by coordinate.`)
  if (header.samples.length > 1) remarks.push(`It holds reads of ${header.samples.length} samples.`)
  return {
    allContigs: header.contigs,
    samples: header.samples,
    sortOrder: header.sortOrder,
    synthetic: isSynthetic(header.text),
    remarks,
  }
}

async function bbi(file: CheckedFile): Promise<Told> {
  const header = await readBbiHeader(file)
  const zooms = header.zoomLevels.map(z => z.reductionBp)
  const remarks =
    header.kind === 'bigbed'
      ? []
      : [
          zooms.length > 0
            ? `Zoom levels: ${zooms.join(', ')} bp.`
            : 'It has no zoom levels: wide views read every value.',
        ]
  return { kind: header.kind, allContigs: header.contigs, remarks }
}

async function textOf(file: CheckedFile, head: Uint8Array, compression: FileFacts['compression']): Promise<Told> {
  const { path } = file
  if (head.subarray(0, 4096).includes(0)) throw unknown(path)
  const text = new TextDecoder().decode(head)
  const told = textKind(text)
  if (!told) throw unknown(path)
  const { kind } = told
  const comments = text.slice(0, 65_536).split('\n').slice(0, 200)
  const synthetic = comments.some(line => /^(#|>).*\bsynthetic\b/i.test(line))
  const shared = { kind: kind as FileKind, compression, synthetic }
  switch (kind) {
    case 'sam':
      return { ...shared, remarks: ['A SAM text cannot be read at random: samtools sort -o reads.bam, then index it.'] }
    case 'fasta': {
      if (compression === 'gzip')
        throw new WorkbenchError('unsupported', `'${path}' is compressed with gzip, which cannot be read at random`, 'unpack it with gunzip, or pack it with bgzip') // biome-ignore format: one line
      const finding = await faiFinding(file, compression === 'bgzip')
      return { ...shared, allContigs: finding.contigs, finding }
    }
    case 'vcf':
      return { ...shared, ...(await vcf(file, text, compression)) }
    case 'genes':
    case 'bedgraph': {
      const build = /^#.*\b(GRCh3[78])\b/m.exec(comments.join('\n'))?.[1]
      return {
        ...shared,
        ...(build ? { build: build as 'GRCh37' | 'GRCh38' } : {}),
        ...(told.format ? { remarks: [`Gene models: ${told.format}.`] } : {}),
      }
    }
    case 'samples': // a simulated cohort says so in its column `source`
      return { ...shared, synthetic: synthetic || /\tsimulated\r?$/m.test(text) }
    default:
      return shared
  }
}

async function vcf(
  file: CheckedFile,
  text: string,
  compression: FileFacts['compression'],
): Promise<Omit<Told, 'kind'>> {
  const contigs: Contig[] = []
  let samples: string[] = []
  const remarks: string[] = []
  let columns = false
  for (const line of text.split('\n')) {
    if (!line.startsWith('#')) break
    const contig = /^##contig=<(.*)>/.exec(line)?.[1]
    if (contig !== undefined) {
      const id = /(?:^|,)ID=([^,]+)/.exec(contig)?.[1]
      const length = Number(/(?:^|,)length=(\d+)/.exec(contig)?.[1] ?? 0)
      if (id !== undefined) contigs.push({ name: id, length })
    }
    if (!line.startsWith('#CHROM')) continue
    columns = true
    samples = line.replace(/\r$/, '').split('\t').slice(9)
  }
  if (!columns) throw new WorkbenchError('truncated', `'${file.path}' has no line of columns (#CHROM) in its header`, 'copy or download it again') // biome-ignore format: one line
  if (compression !== 'bgzip') {
    if (compression === 'gzip')
      remarks.push('It is packed with gzip and read whole; bgzip and tabix would make it quick.')
    return { allContigs: contigs, samples, remarks }
  }
  if (!(await endsProperly(file)))
    throw new WorkbenchError('truncated', `'${file.path}' lacks the end-of-file block of bgzip`, 'copy or download it again') // biome-ignore format: one line
  const index = await firstPresent([`${file.path}.tbi`, `${file.path}.csi`])
  const finding = await binIndexFinding(file, index, `${file.path}.tbi`)
  return { allContigs: contigs.length > 0 ? contigs : finding.contigs, samples, remarks, finding }
}

/** The first bytes of a gzip or bgzip file, unpacked; a stream that breaks after them does not matter here. */
async function unpackedHead(file: CheckedFile): Promise<Uint8Array> {
  const parts: Buffer[] = []
  let size = 0
  const gunzip = createGunzip()
  const packed = await file.read(Math.min(file.size, TEXT_HEAD))
  return new Promise((resolve, reject) => {
    const done = () => {
      gunzip.destroy()
      resolve(Uint8Array.from(Buffer.concat(parts).subarray(0, TEXT_HEAD)))
    }
    gunzip.on('data', (part: Buffer) => {
      parts.push(part)
      size += part.length
      if (size >= TEXT_HEAD) done()
    })
    gunzip.on('end', done)
    gunzip.on('error', error => {
      if (size > 0 && packed.length < file.size) done()
      else reject(new WorkbenchError('corrupt', `'${file.path}' cannot be unpacked`, 'copy or download it again', undefined, { cause: error })) // biome-ignore format: one line
    })
    gunzip.end(packed)
  })
}

/** Named like a BAM or CRAM file; what it is tells its content. */
export const isAlignmentName = (name: string): boolean => /\.(bam|cram)$/i.test(name) && !name.startsWith('.')

/** Heads of so many files of a folder are asked whether they say that they are synthetic. */
const HEADS_ASKED = 20

/** BAM and CRAM files without a sheet: a cohort of people without labels. */
async function probeAlignmentFolder(path: string, names: readonly string[]): Promise<FileFacts> {
  let sizeBytes = 0
  let modifiedAt = 0
  for (const name of names) {
    const stats = await stat(join(path, name)).catch(() => undefined)
    sizeBytes += stats?.size ?? 0
    modifiedAt = Math.max(modifiedAt, stats?.mtimeMs ?? 0)
  }
  let synthetic = false
  for (const name of names.slice(0, HEADS_ASKED))
    synthetic ||= await probeFile(join(path, name)).then(f => f.synthetic, () => false) // biome-ignore format: one line
  const remarks = [`A folder of ${names.length.toLocaleString('en-US')} alignment files without a sample sheet: nobody has a label.`] // biome-ignore format: one line
  const facts = { contigs: [], contigCount: 0, build: 'unknown', samples: [], synthetic, remarks } as const
  return { kind: 'samples', compression: 'none', sizeBytes, modifiedAt, index: 'not-needed', ...facts }
}

async function probeFolder(path: string): Promise<FileFacts> {
  const names = await readdir(path)
  if (!names.includes('model.json')) {
    const alignments = names.filter(isAlignmentName)
    if (alignments.length > 0) return probeAlignmentFolder(path, alignments)
    throw new WorkbenchError(
      'wrong-type',
      `'${path}' is a directory without model.json, and without BAM or CRAM files`,
      'give a file, a model folder, or a folder of alignment files',
    )
  }
  let sizeBytes = 0
  let modifiedAt = 0
  for (const name of names) {
    const stats = await stat(join(path, name)).catch(() => undefined)
    if (!stats?.isFile()) continue
    sizeBytes += stats.size
    modifiedAt = Math.max(modifiedAt, stats.mtimeMs)
  }
  const synthetic = await saysMadeUp(join(path, 'model.json'))
  const facts = { contigs: [], contigCount: 0, build: 'unknown', samples: [], synthetic, remarks: [] } as const
  return { kind: 'model', compression: 'none', sizeBytes, modifiedAt, index: 'not-needed', ...facts }
}

/** Made-up training data must be said wherever the model is; a model.json that cannot be read is refused when the model is used. */
async function saysMadeUp(path: string): Promise<boolean> {
  try {
    const json = JSON.parse(await readFile(path, 'utf8')) as Partial<SaysOfItself>
    const { name = '', provenance, limits = [] } = json
    return madeUpOf({ name, provenance: { source: '', ...provenance }, limits }) !== null
  } catch {
    return false
  }
}

/** An ONNX file is a protobuf that begins with field 1, the IR version (1 to 20), then another field of ModelProto. */
function looksLikeOnnx(bytes: Uint8Array): boolean {
  const [tag, version = 0, next = 0] = bytes
  return tag === 0x08 && version >= 1 && version <= 20 && [0x12, 0x1a, 0x22, 0x28, 0x32, 0x3a, 0x42].includes(next)
}

const unknown = (path: string) =>
  new WorkbenchError('wrong-type', `'${path}' is no file that can be opened here`, 'give a BAM, CRAM, VCF, bigWig, bigBed, FASTA, 2bit, GTF, GFF3, BED, a sample sheet, a model or a project') // biome-ignore format: one line

const unreadable = (path: string, what: string, remedy: string) =>
  new WorkbenchError('unsupported', `'${path}' is ${what}`, remedy)
