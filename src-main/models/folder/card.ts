import type { ModelJson } from './modelJson.ts'

/** CARD.md: for the people who decide whether to use a model. Written from model.json, and nothing that is not there. */
export function modelCard(m: ModelJson): string {
  const lines = [
    `# ${m.name}`,
    '',
    `Research use only; not for diagnosis or any clinical decision.`,
    '',
    '## What it predicts',
    ...predictions(m),
    '',
    '## Where it comes from',
    `- Source: ${m.provenance.source}`,
    ...(m.provenance.importedFrom
      ? [`- Imported from ${m.provenance.importedFrom}, SHA-256 ${m.provenance.importedSha256 ?? 'not recorded'}`]
      : []),
    `- Trained by: ${m.provenance.trainedBy ?? 'not recorded'}`,
    `- Data: ${data(m)}`,
    `- Created: ${m.provenance.created}`,
    `- Kind: ${m.kind}, ${m.weights.parameters.toLocaleString('en')} parameters, weights SHA-256 ${m.weights.sha256}`,
    '',
    '## Licence and citation',
    `- Licence: ${m.licence}`,
    `- Citation: ${m.citation ?? 'none recorded'}`,
    '',
    '## Metrics',
    ...metrics(m),
    '',
    '## Known limits',
    ...(m.limits.length ? m.limits.map(l => `- ${l}`) : ['- None recorded. That is not the same as none.']),
    '',
    '## Uses',
    '- Intended: research on the tracks or classes named above, within the input and the genome it was made for.',
    '- Unfit: clinical use, and sequences or populations unlike its training data.',
    '',
  ]
  return lines.join('\n')
}

/** Of a risk model whose facts are whole a sentence about its people, then what else is recorded; of others what is recorded, as it is. */
function data(m: ModelJson): string {
  const { provenance, risk } = m
  const { dataset } = provenance
  if (!dataset) return 'not recorded'
  const { people, cases, ...rest } = dataset as Readonly<Record<string, unknown>>
  if (typeof people !== 'number' || typeof risk?.reference !== 'string') return JSON.stringify(dataset)
  const { reference, flankBp, trainingDepth, panel, referenceNote } = risk
  const told = [
    `${people.toLocaleString('en')} people${typeof cases === 'number' ? `, ${cases.toLocaleString('en')} cases` : ''}`,
    `region ${reference.length.toLocaleString('en')} bp (flank ${flankBp})`,
    `depth ${trainingDepth}`,
    m.input.type === 'alleles'
      ? `${m.input.sites.length} sites read`
      : panel === null
        ? 'whole diplotypes read'
        : `${panel?.length ?? 'unknown'} sites read`,
    `reference: ${referenceNote}`,
  ]
  return `${told.join('; ')}. Also recorded: ${JSON.stringify(rest)}`
}

function predictions(m: ModelJson): string[] {
  const { output, input } = m
  const from =
    input.type === 'dna'
      ? `DNA windows of ${input.length.toLocaleString('en')} bp${input.genome ? ` (${input.genome})` : ''}`
      : input.type === 'alleles'
        ? `alleles of ${input.sites.join(' and ')} (${input.region})`
        : `sequences of at most ${input.maxTokens.toLocaleString('en')} tokens${input.region ? ` of ${input.region}` : ''}`
  const lines = [`- Input: ${from}`]
  for (const head of output.heads ?? [])
    lines.push(
      `- Head \`${head.name}\`: ${head.tracks.toLocaleString('en')} tracks in ${output.bins?.toLocaleString('en')} bins of ${output.binSize} bp`,
    )
  if (output.classes) lines.push(`- Classes: ${output.classes.join(', ')}`)
  return lines
}

function metrics(m: ModelJson): string[] {
  const list = m.provenance.metrics ?? []
  return list.length ? list.map(x => `- ${typeof x === 'string' ? x : JSON.stringify(x)}`) : ['- None recorded.']
}
