import { basename } from 'node:path'
import type { VariantEffect } from '../../../../src-shared/genome/scan.ts'
import { throwIfCancelled, WorkbenchError } from '../../../../src-shared/ipc/errors.ts'
import { chooseTracks, trackLabels } from '../../../analyses/chooseTracks.ts'
import { createCompute } from '../../../compute/client.ts'
import { MODELS } from '../../../models/kinds.ts'
import { modelRegistry } from '../../../models/registry.ts'
import { openVariantStream } from '../../../readers/variantStream.ts'
import { readModelJson } from '../../../services/models/modelFolder.ts'
import { verifyWeights } from '../../../services/models/verifyWeights.ts'
import { noExact } from '../../../services/mutate/openMutants.ts'
import { countPasses } from '../../../services/mutate/variantCount.ts'
import {
  infoKeys,
  type VariantTableFacts,
  variantFormat,
  variantTsvHeader,
  variantTsvRow,
  variantVcfHeader,
  variantVcfRow,
} from '../../../services/mutate/variantFiles.ts'
import { checkRows, journalKey, openJournal, type VariantJournal } from '../../../services/mutate/variantJournal.ts'
import { openVariantScorer } from '../../../services/mutate/variantRun.ts'
import { fingerprintFile } from '../../../services/provenance.ts'
import { type CliCommand, EXIT } from '../command.ts'
import { planCommand } from '../commandPlan.ts'
import { MODEL_OPTIONS, modelCautions, SCORE_OPTIONS, scoreOptions } from '../mutationOptions.ts'
import { openWithIndex } from '../referenceOption.ts'

export const command: CliCommand = {
  name: 'variants',
  summary: 'Effect of each variant of a VCF on predicted tracks.',
  usage: 'VCF --model DIR --reference FA [--tracks LIST] --out FILE.{tsv,vcf}',
  options: {
    ...MODEL_OPTIONS,
    ...SCORE_OPTIONS,
    method: {
      value: 'NAME',
      help: 'naive: two full passes a variant; exact: one, and what the change reaches, for large models (default naive)',
    },
    'both-strands': { help: 'mean of the predictions of both strands' },
    'share-windows': { help: 'windows on a grid that neighbours share, not one centred on each variant: faster, other numbers' }, // biome-ignore format: one line
    resume: { help: 'keep what is done in FILE.journal, and go on from there when the command is repeated' },
  },
  notes:
    'The VCF may be plain, gzip or bgzip, sorted or not. Each allele has a row: contig, pos (1-based), id, ref, alt, state, detail,\n' +
    'window (what the model read, 1-based), and a column a track. The window is centred on the variant, N beyond the ends of the contig,\n' +
    'and all of its bins are scored. An allele without an effect says why in state: ref-mismatch (REF is not what the reference has;\n' +
    'it is never swapped), symbolic, star, off-contig, unknown-bases, too-long, failed (no valid line). Insertions and deletions are\n' +
    'anchored at their left and computed in full: bins right of them are shifted. FILE.vcf is the file with INFO fields DSP_STATE and\n' +
    'DSP_<track>, one value an allele. Cancelled, it leaves no FILE.',
  async run(args, io) {
    const started = Date.now()
    const path = args.single('VCF')
    const options = scoreOptions(args)
    const folder = args.required('model')
    const out = args.text('out')
    const format = out === undefined ? 'tsv' : variantFormat(out)
    const resume = args.flag('resume')
    if (resume && out === undefined) throw new WorkbenchError('wrong-usage', '--resume needs --out', 'name the file')
    const json = await readModelJson(folder)
    const channels = chooseTracks(args.text('tracks'), json.tracks)
    const method = args.choice('method', ['exact', 'naive'], 'naive')
    const missing = noExact(json.kind)
    if (method === 'exact' && missing) throw new WorkbenchError('unsupported', missing, 'use --method naive')
    const request = {
      folder,
      json,
      channels,
      ...options.score,
      bothStrands: args.flag('both-strands'),
      method,
      shareWindows: args.flag('share-windows'),
      load: options.load,
    }
    await verifyWeights(folder, json, io.context)
    const stream = await openVariantStream(path, io.context)
    const reference = await openWithIndex(args.required('reference'), io)
    const compute = createCompute(options.load.threads ? { threads: options.load.threads } : {})
    const labels = trackLabels(channels.map(c => json.tracks[c]!))
    const facts: VariantTableFacts = { model: json.id, ...options.score, labels }
    let journal: VariantJournal | undefined
    try {
      journal = resume
        ? await openJournal(`${out}.journal`, journalKey({ model: json.weights.sha256, channels, ...options.score, bothStrands: request.bothStrands, method, shareWindows: request.shareWindows, vcf: (await fingerprintFile(path, 'variants')).hash, reference: (await fingerprintFile(args.required('reference'), 'reference')).hash })) // biome-ignore format: one key
        : undefined
      const { records, passes, counted } = await countPasses(path, () => true, request.bothStrands ? 2 : 1, io.context.signal) // biome-ignore format: one line
      const done = journal?.done.length ?? 0
      const left = Math.max(0, records - done)
      // What the exact method saves depends on the network and the place.
      const plan = method === 'naive' ? await planCommand([{ json, passes: Math.ceil((passes * left) / Math.max(1, records)) }], { io, compute, ...options.load, device: options.load.device ?? 'auto' }) : undefined // biome-ignore format: one line
      const scorer = await openVariantScorer(request, reference, compute, modelRegistry(MODELS), io.context)
      const counts: Record<string, number> = {}
      const kept: VariantEffect[] = []
      const wantsJson = args.flag('json')
      const keys = infoKeys(labels)
      const quiet = { signal: io.context.signal, report() {} }
      if (journal && journal.done.length > 0) io.note(`${journal.done.length.toLocaleString('en-US')} records are done already`) // biome-ignore format: one line
      const produce = async (write: (text: string) => Promise<void>) => {
        await write(format === 'tsv' ? variantTsvHeader(facts) : variantVcfHeader(stream.header, facts))
        let record = 0
        let computed = 0
        for await (const r of stream.records(quiet)) {
          throwIfCancelled(io.context.signal)
          const before = journal?.done[record++]
          if (before) checkRows(before, r)
          const rows = before ?? (await scorer.score(r, io.context.signal))
          if (!before) {
            await journal?.append(rows)
            io.context.report({ phase: 'scoring variants', done: ++computed, total: counted ? left : 0 })
          }
          for (const row of rows) counts[row.state] = (counts[row.state] ?? 0) + 1
          if (wantsJson && out === undefined) kept.push(...rows)
          if (format === 'vcf') await write(variantVcfRow(r, rows, keys))
          else for (const row of rows) await write(variantTsvRow(row, scorer.window(row.contig, row.position), labels.length)) // biome-ignore format: one line
        }
      }
      if (out !== undefined || !wantsJson) await io.output(out, produce)
      else await produce(async () => undefined)
      await journal?.remove()
      await plan?.done()
      io.note(`${json.id}: ${scorer.ranWith}`)
      for (const [state, count] of Object.entries(counts))
        if (state !== 'scored') io.note(`warning: ${count.toLocaleString('en-US')} alleles of ${basename(path)}: ${state}`) // biome-ignore format: one line
      const mismatched = (counts['ref-mismatch'] ?? 0) + (counts['off-contig'] ?? 0)
      const warnings = [
        ...modelCautions(json, reference.contigs),
        ...(mismatched > (counts['scored'] ?? 0) ? ['most alleles do not fit the reference: is it the assembly that they were called on?'] : []), // biome-ignore format: one choice
      ]
      for (const warning of warnings) io.note(`warning: ${warning}`)
      if (wantsJson)
        await io.write(`${JSON.stringify({ model: json.id, score: facts.score, mean: facts.mean, bothStrands: request.bothStrands, shareWindows: request.shareWindows, method, tracks: labels, counts, warnings, ranWith: scorer.ranWith, ms: Date.now() - started, ...(out !== undefined ? { out } : { rows: kept }) })}\n`) // biome-ignore format: one document
      return EXIT.done
    } finally {
      await journal?.close().catch(() => undefined) // closed already when all is done
      await compute.close()
      await reference.close()
      await stream.close()
    }
  },
}
