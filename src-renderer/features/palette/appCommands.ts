import { useMantineColorScheme } from '@mantine/core'
import { useEffect } from 'react'
import { formatLocus } from '../../../src-shared/genome/locus.ts'
import { genomeBrowser } from '../../genome/current.ts'
import { type Command, register, runCommand } from '../../state/commands.ts'
import { saveText, tellShellTheme } from '../../state/connect.ts'
import { goToFirstReads } from '../../state/firstReads.ts'
import { labShown, leaveLab } from '../../state/lab.ts'
import {
  attempt,
  exportProject,
  exportReport,
  onShellCommand,
  openFiles,
  openFolder,
  replaceProject,
} from '../../state/services.ts'
import { apoeLocus, genomeFile } from '../../state/tracks.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { savePicture } from '../../ui/parts.tsx'
import { fileName } from '../../ui/provenance.ts'

const state = () => useWorkbench.getState()
const view = () => state().history.present.view
const somethingOpen = () => state().files.length > 0
// Behind the lab there is no view to move.
const hasView = () => view().locus !== null && somethingOpen() && !labShown()

const pan = (fraction: number) => {
  const { locus } = view()
  if (!locus) return
  const by = Math.round((locus.end - locus.start) * fraction)
  // A key held down is one step; there and back again are two.
  state().goTo({ ...locus, start: locus.start + by, end: locus.end + by }, by > 0 ? 'pan-right' : 'pan-left')
}
const zoom = (factor: number) => {
  const { locus, selection } = view()
  if (!locus) return
  const centre =
    selection.kind === 'position' &&
    selection.contig === locus.contig &&
    selection.position >= locus.start &&
    selection.position < locus.end
      ? selection.position
      : (locus.start + locus.end) / 2
  const half = ((locus.end - locus.start) * factor) / 2
  state().goTo(
    { contig: locus.contig, start: Math.round(centre - half), end: Math.round(centre + half) },
    factor < 1 ? 'zoom-in' : 'zoom-out',
  )
}

/** To the next bookmark to the right (1) or left (-1) of the view's start, round and round. */
const bookmark = (direction: 1 | -1) => {
  const { history, goTo, notify } = state()
  const marks = [...history.present.bookmarks].sort(
    (a, b) =>
      a.interval.contig.localeCompare(b.interval.contig, 'en', { numeric: true }) ||
      a.interval.start - b.interval.start,
  )
  const { locus } = view()
  if (marks.length === 0) return notify('info', 'No bookmark yet: add one with the bookmarks menu or B')
  const key = (i: { contig: string; start: number; end: number }) => (i.start + i.end) / 2
  const after = (m: (typeof marks)[number]) =>
    locus === null ||
    m.interval.contig.localeCompare(locus.contig, 'en', { numeric: true }) > 0 ||
    (m.interval.contig === locus.contig && key(m.interval) > key(locus) + 1)
  const before = (m: (typeof marks)[number]) =>
    locus === null ||
    m.interval.contig.localeCompare(locus.contig, 'en', { numeric: true }) < 0 ||
    (m.interval.contig === locus.contig && key(m.interval) < key(locus) - 1)
  const found = direction === 1 ? (marks.find(after) ?? marks[0]) : ([...marks].reverse().find(before) ?? marks.at(-1))
  if (found) goTo(found.interval)
}

export function addBookmark(name?: string) {
  const { locus } = view()
  if (!locus) return
  const made = {
    id: `b${Date.now().toString(36)}${Math.floor(Math.random() * 1e6).toString(36)}`,
    name: name || formatLocus(locus),
    interval: locus,
  }
  state().change('Bookmark', d => ({ ...d, bookmarks: [...d.bookmarks, made] }))
  state().notify('success', `Bookmarked ${made.name}`)
}

export function goToApoe() {
  const { files, history, goTo, notify } = state()
  const locus = apoeLocus(genomeFile(history.present, files))
  if (locus) {
    leaveLab()
    return goTo(locus)
  }
  notify('error', 'The build of these files is not known, so the place of APOE is not known either', {
    code: 'build',
    message: 'The build of these files is neither GRCh37 nor GRCh38 by the length of chromosome 19',
    remedy: 'open a sample or reference of one of them, or type a locus',
  })
}

export function saveView(kind: 'svg' | 'png') {
  const svg = genomeBrowser()?.svg()
  const { locus, selection: _ } = view()
  const { info, files, history, options } = state()
  if (!svg || !locus) return
  const tracks = history.present.tracks.filter(t => t.visible)
  const { referenceFileId } = view()
  // What a predicted track reads, and what is drawn over it, is on the picture too.
  const shown = new Set([
    ...tracks.flatMap(t => [t.fileId, ...(t.predicted?.signals ?? []), t.predicted?.person?.fileId]),
    ...(tracks.some(t => t.predicted) ? [referenceFileId] : []),
  ])
  attempt(() =>
    savePicture(svg, kind, fileName('view', locus.contig, String(locus.start + 1), String(locus.end)), {
      info,
      what: `genome browser, ${formatLocus(locus)}`,
      files: files.filter(f => shown.has(f.id)),
      options: { ...options },
    }),
  )
}

const selectedSample = () => {
  const { selection } = view()
  return selection.kind === 'sample' ? selection.fileId : undefined
}

/** Registers everything the window can do. Panels read the registry; they hold no keys of their own. */
export function useAppCommands() {
  const { setColorScheme, colorScheme } = useMantineColorScheme()
  useEffect(() => {
    tellShellTheme(colorScheme === 'auto' ? 'system' : colorScheme)
    const dark = () => document.documentElement.getAttribute('data-mantine-color-scheme') === 'dark'
    const commands: Command[] = [
      { id: 'open', title: 'Open files…', group: 'Project', keys: ['Ctrl+o'], run: openFiles },
      { id: 'open-folder', title: 'Open a folder of alignments as a cohort…', group: 'Project', run: openFolder },
      {
        id: 'new-project',
        title: 'New project',
        group: 'Project',
        run: () => replaceProject('project.new'),
      },
      {
        id: 'demo',
        title: 'Open the demo project (synthetic)',
        group: 'Project',
        run: () => replaceProject('project.demo'),
      },
      { id: 'rename', title: 'Rename project…', group: 'Project', run: () => state().show('rename') },
      { id: 'save-project', title: 'Save project as a file…', group: 'Project', keys: ['Ctrl+s'], run: exportProject },
      {
        id: 'undo',
        title: 'Undo',
        group: 'Project',
        keys: ['Ctrl+z'],
        enabled: () => state().history.past.length > 0,
        run: () => state().undo(),
      },
      {
        id: 'redo',
        title: 'Redo',
        group: 'Project',
        keys: ['Ctrl+y', 'Ctrl+Shift+z'],
        enabled: () => state().history.future.length > 0,
        run: () => state().redo(),
      },
      ...(['html', 'pdf', 'json'] as const).map(
        (format): Command => ({
          id: `report-${format}`,
          title: `APOE report of the selected sample as ${format.toUpperCase()}`,
          group: 'Project',
          enabled: () => selectedSample() !== undefined,
          run: () => {
            const id = selectedSample()
            if (id) exportReport(id, format)
          },
        }),
      ),
      { id: 'pan-left', title: 'Pan left', group: 'Move', keys: ['ArrowLeft'], enabled: hasView, run: () => pan(-0.2) },
      {
        id: 'pan-right',
        title: 'Pan right',
        group: 'Move',
        keys: ['ArrowRight'],
        enabled: hasView,
        run: () => pan(0.2),
      },
      {
        id: 'page-left',
        title: 'Pan left by a screen',
        group: 'Move',
        keys: ['Shift+ArrowLeft'],
        enabled: hasView,
        run: () => pan(-0.9),
      },
      {
        id: 'page-right',
        title: 'Pan right by a screen',
        group: 'Move',
        keys: ['Shift+ArrowRight'],
        enabled: hasView,
        run: () => pan(0.9),
      },
      { id: 'zoom-in', title: 'Zoom in', group: 'Move', keys: ['+', '='], enabled: hasView, run: () => zoom(0.5) },
      { id: 'zoom-out', title: 'Zoom out', group: 'Move', keys: ['-', '_'], enabled: hasView, run: () => zoom(2) },
      {
        id: 'previous-bookmark',
        title: 'Previous bookmark',
        group: 'Move',
        keys: ['['],
        enabled: hasView,
        run: () => bookmark(-1),
      },
      {
        id: 'next-bookmark',
        title: 'Next bookmark',
        group: 'Move',
        keys: [']'],
        enabled: hasView,
        run: () => bookmark(1),
      },
      {
        id: 'add-bookmark',
        title: 'Bookmark this view',
        group: 'Move',
        keys: ['b'],
        enabled: hasView,
        run: () => addBookmark(),
      },
      { id: 'apoe', title: 'Go to APOE', group: 'Look up', keys: ['a'], enabled: somethingOpen, run: goToApoe },
      {
        id: 'locus',
        title: 'Go to a locus or gene',
        group: 'Look up',
        keys: ['g', '/'],
        run: () => {
          const box = document.querySelector<HTMLInputElement>('#locus-box')
          box?.focus()
          box?.select()
        },
      },
      {
        id: 'first-reads',
        title: 'Go to the first reads of the selected sample',
        group: 'Look up',
        enabled: () => selectedSample() !== undefined,
        run: () => {
          const file = state().files.find(f => f.id === selectedSample())
          if (file) attempt(() => goToFirstReads(file))
        },
      },
      {
        id: 'focus-tracks',
        title: 'Focus the genome browser',
        group: 'Move',
        keys: ['t'],
        enabled: hasView,
        run: () => document.querySelector<HTMLElement>('.genome-scroll')?.focus(),
      },
      { id: 'palette', title: 'All commands', group: 'Help', keys: ['Ctrl+k'], run: () => state().show('palette') },
      { id: 'keys', title: 'Keys', group: 'Help', keys: ['?'], run: () => state().show('keys') },
      { id: 'about', title: 'About Diploscope', group: 'Help', run: () => state().show('about') },
      {
        id: 'toggle-theme',
        title: 'Light or dark theme',
        group: 'View',
        run: () => setColorScheme(dark() ? 'light' : 'dark'),
      },
      {
        id: 'plots',
        title: 'Show or hide the plots',
        group: 'View',
        keys: ['p'],
        enabled: somethingOpen,
        run: () => useWorkbench.setState(s => ({ plotsOpen: !s.plotsOpen })),
      },
      {
        id: 'view-svg',
        title: 'Save the browser view as SVG',
        group: 'View',
        enabled: hasView,
        run: () => saveView('svg'),
      },
      {
        id: 'view-png',
        title: 'Save the browser view as PNG',
        group: 'View',
        enabled: hasView,
        run: () => saveView('png'),
      },
      {
        id: 'bookmarks-bed',
        title: 'Save bookmarks as BED',
        group: 'Project',
        enabled: () => state().history.present.bookmarks.length > 0,
        run: () =>
          saveText(
            state()
              .history.present.bookmarks.map(
                b => `${b.interval.contig}\t${b.interval.start}\t${b.interval.end}\t${b.name.replace(/\s+/g, '_')}\n`,
              )
              .join(''),
            'bookmarks.bed',
            'text/plain',
          ),
      },
    ]
    onShellCommand(runCommand)
    return register(commands)
  }, [setColorScheme, colorScheme])
}
