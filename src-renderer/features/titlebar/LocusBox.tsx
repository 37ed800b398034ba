import { Combobox, TextInput, useCombobox } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useEffect, useRef, useState } from 'react'
import { APOE_SITES, SITE_POSITION } from '../../../src-shared/genome/apoe.ts'
import { findContig } from '../../../src-shared/genome/contigs.ts'
import type { GeneHit } from '../../../src-shared/genome/genes.ts'
import type { Interval } from '../../../src-shared/genome/interval.ts'
import { formatLocus } from '../../../src-shared/genome/locus.ts'
import { toWire } from '../../../src-shared/ipc/errors.ts'
import { labShown, leaveLab } from '../../state/lab.ts'
import { selectPosition } from '../../state/selection.ts'
import { call } from '../../state/services.ts'
import { useGenomeFile, useLocus, useWorkbench } from '../../state/workbench.ts'

const none: readonly GeneHit[] = []

/** Margin around a gene that was looked up, as a share of its length. */
const GENE_MARGIN = 0.1
const SUGGEST_AFTER_MS = 120

const withMargin = (i: Interval): Interval => {
  const m = Math.max(50, Math.round((i.end - i.start) * GENE_MARGIN))
  return { contig: i.contig, start: Math.max(0, i.start - m), end: i.end + m }
}

/** Locus in samtools' words, one of the two APOE SNPs, or a gene's name with suggestions from the loaded annotation. */
export function LocusBox() {
  const locus = useLocus()
  const { goTo, select } = useWorkbench.getState()
  const genome = useGenomeFile()
  const [text, setText] = useState<string | null>(null)
  const [hits, setHits] = useState<readonly GeneHit[]>(none)
  const [error, setError] = useState<string | null>(null)
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() })
  const box = useRef<HTMLInputElement>(null)
  // Another function at every drawing: as a dependency it would ask again without end.
  const open = useRef(combobox.openDropdown)
  open.current = combobox.openDropdown

  useEffect(() => {
    const query = text?.trim() ?? ''
    if (query.length < 2 || /[:\d,-]{4,}/.test(query)) return setHits(none)
    const stop = new AbortController()
    const timer = setTimeout(() => {
      call('genes.search', { query, limit: 12 }, stop.signal)
        .then(found => {
          setHits(found)
          if (found.length > 0) open.current()
        })
        .catch(() => setHits(none))
    }, SUGGEST_AFTER_MS)
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  }, [text])

  const leave = (interval: Interval) => {
    const behind = labShown()
    leaveLab()
    goTo(interval)
    setText(null)
    setError(null)
    combobox.closeDropdown()
    box.current?.blur()
    const focusTracks = () => document.querySelector<HTMLElement>('.genome-scroll')?.focus()
    // Behind the lab nothing takes the focus before the next frame.
    if (behind) requestAnimationFrame(focusTracks)
    else focusTracks()
  }
  const submit = async () => {
    const query = text?.trim()
    if (!query) return setText(null)
    const site = APOE_SITES.find(s => s === query.toLowerCase())
    const chr19 = genome && findContig('chr19', genome.facts.contigs)
    if (site && chr19 && genome.facts.build !== 'unknown') {
      const at = SITE_POSITION[genome.facts.build][site]
      leave({ contig: chr19.name, start: at - 60, end: at + 61 })
      select(selectPosition(chr19.name, at, null))
      return
    }
    try {
      const found = await call('locus.resolve', { text: query })
      leave(found.kind === 'gene' ? withMargin(found.interval) : found.interval)
      // One base was meant: it is what is explained.
      const { contig, start, end } = found.interval
      if (found.kind === 'locus' && end - start === 1) select(selectPosition(contig, start, null))
    } catch (e) {
      const wire = toWire(e)
      setError(`${wire.message}; ${wire.remedy}`)
    }
  }

  return (
    <search className="search">
      <Combobox
        store={combobox}
        onOptionSubmit={value => {
          const hit = hits[Number(value)]
          if (hit) leave(withMargin(hit.interval))
        }}
      >
        <Combobox.Target>
          <TextInput
            ref={box}
            id="locus-box"
            aria-label="Locus or gene"
            placeholder="Locus, gene or SNP: chr19:44,908,684, APOE"
            leftSection={<IconSearch size={14} />}
            classNames={{ input: 'num' }}
            value={text ?? (locus ? formatLocus(locus) : '')}
            error={error}
            onFocus={e => {
              setText(locus ? formatLocus(locus) : '')
              // At once: a frame later the first key typed would be selected with it.
              e.currentTarget.select()
            }}
            onChange={e => {
              setText(e.currentTarget.value)
              setError(null)
            }}
            onBlur={() => {
              combobox.closeDropdown()
              setText(null)
              setError(null)
            }}
            onKeyDown={e => {
              if (e.key === 'Escape') e.currentTarget.blur()
              if (e.key === 'Enter' && !(combobox.dropdownOpened && combobox.getSelectedOptionIndex() >= 0)) {
                e.preventDefault()
                void submit()
              }
            }}
            styles={{
              error: {
                position: 'absolute',
                zIndex: 50,
                background: 'var(--bad-back)',
                color: 'var(--bad-ink)',
                padding: '2px 8px',
                borderRadius: 3,
                marginTop: 2,
                maxWidth: 460,
              },
            }}
          />
        </Combobox.Target>
        <Combobox.Dropdown hidden={hits.length === 0}>
          <Combobox.Options aria-label="Genes">
            {hits.map((h, i) => (
              <Combobox.Option key={`${h.fileId}${h.geneId}`} value={String(i)}>
                <b>{h.name}</b> <span className="soft">{h.biotype}</span>
                <div className="soft num">
                  {formatLocus(h.interval)} {h.strand}
                </div>
              </Combobox.Option>
            ))}
          </Combobox.Options>
        </Combobox.Dropdown>
      </Combobox>
    </search>
  )
}
