import { useComputedColorScheme } from '@mantine/core'
import { useQueries } from '@tanstack/react-query'
import { useMemo, useRef } from 'react'
import { formatLocus } from '../../../src-shared/genome/locus.ts'
import { toWire } from '../../../src-shared/ipc/errors.ts'
import type { ChartHandle } from '../../charts/Chart.tsx'
import { VISIBLE_BP } from '../../genome/visible.ts'
import { coverageQuery } from '../../state/services.ts'
import { sampleTitle } from '../../state/tracks.ts'
import { useDocument, useLocus, useWorkbench } from '../../state/workbench.ts'
import { ErrorCard, PictureButtons, TsvButton } from '../../ui/parts.tsx'
import { type Origin, originLines, toTsv } from '../../ui/provenance.ts'
import { useModule } from '../../ui/useModule.ts'
import { cumulative, summarise } from './depthSummary.ts'

const loadChart = () => import('../../charts/Chart.tsx')
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9']

/** How well the view is covered: the question that a coverage track leaves to the eye. */
export function Plots() {
  const locus = useLocus()
  const tracks = useDocument().tracks
  const files = useWorkbench(s => s.files)
  const options = useWorkbench(s => s.options)
  const info = useWorkbench(s => s.info)
  const dark = useComputedColorScheme() === 'dark'
  const chart = useRef<ChartHandle>(null)
  const charts = useModule(loadChart)
  const samples = files.filter(
    f => f.role === 'sample' && !f.problem && tracks.some(t => t.fileId === f.id && t.visible),
  )
  const width = locus ? locus.end - locus.start : 0
  const near = width > 0 && width <= VISIBLE_BP.coverage
  const results = useQueries({
    queries: near && locus ? samples.map(f => coverageQuery(f, locus, Math.min(width, 20_000), options)) : [],
  })
  const found = samples.flatMap((f, i) => {
    const data = results[i]?.data
    return data ? [{ name: sampleTitle(f, files), file: f, bins: data, summary: summarise(data) }] : []
  })
  const failed = results.find(r => r.error)?.error
  // Query results are stable objects; the key says when one of them is another.
  const key = results.map(r => r.dataUpdatedAt).join()
  // biome-ignore lint/correctness/useExhaustiveDependencies: see key
  const option = useMemo(() => {
    const ink = dark ? '#a5afb4' : '#535d63'
    return {
      color: COLOURS,
      grid: { left: 52, right: 14, top: 26, bottom: 38 },
      legend: { top: 0, textStyle: { color: ink } },
      tooltip: { trigger: 'axis', valueFormatter: (v: unknown) => `${Number(v).toFixed(1)} %` },
      xAxis: {
        type: 'value',
        name: 'depth (reads)',
        nameLocation: 'middle',
        nameGap: 22,
        axisLabel: { color: ink },
        nameTextStyle: { color: ink },
        splitLine: { show: false },
      },
      yAxis: {
        type: 'value',
        name: '% of positions',
        nameLocation: 'middle',
        nameGap: 36,
        splitLine: { lineStyle: { color: dark ? '#363b3f' : '#e3e6e8' } },
        min: 0,
        max: 100,
        axisLabel: { color: ink },
        nameTextStyle: { color: ink },
      },
      series: found.map(f => ({
        type: 'line',
        name: f.name,
        step: 'end',
        showSymbol: false,
        sampling: 'lttb',
        data: cumulative(f.bins),
      })),
    }
  }, [key, dark])
  const exact = found.every(f => f.bins.binBp === 1)
  const origin: Origin = {
    info,
    what: `depth in ${locus ? formatLocus(locus) : ''}`,
    files: samples,
    options: { ...options },
  }
  const table = () =>
    toTsv(
      [
        'sample',
        'positions',
        'mean',
        'median',
        ...(found[0]?.summary.atLeast ?? []).map(a => `share_at_least_${a.depth}`),
      ],
      found.map(f => [
        f.name,
        f.summary.positions,
        f.summary.mean,
        f.summary.median,
        ...f.summary.atLeast.map(a => a.share),
      ]),
      originLines(origin, new Date()),
    )
  return (
    <section className="plots depth-plots" aria-label="Depth in view">
      <div className="depth-head">
        <b>Depth in view</b>
        {found.length > 0 && (
          <span className="soft">
            share of positions with at least so many reads
            {exact ? '' : `; bins of ${found[0]?.bins.binBp} bp, by their mean`}
          </span>
        )}
        <span style={{ flex: 1 }} />
        {found.length > 0 && (
          <>
            <TsvButton name="depth" tsv={table} />
            <PictureButtons svg={() => chart.current?.svg()} name="depth" origin={origin} />
          </>
        )}
      </div>
      {samples.length === 0 && <div className="empty">Show a track of a sample to see its depth here.</div>}
      {samples.length > 0 && !near && (
        <div className="empty">Zoom in to {(VISIBLE_BP.coverage / 1000).toLocaleString('en-US')} kb or less.</div>
      )}
      {failed && <ErrorCard error={toWire(failed)} title="Depth could not be counted." />}
      {found.length === 0 && results.some(r => r.isPending) && (
        <div className="empty" role="status">
          Counting…
        </div>
      )}
      {found.length > 0 && (
        <div className="depth-body">
          {charts ? (
            <charts.Chart
              ref={chart}
              option={option}
              label="Share of positions with at least each depth"
              height="100%"
            />
          ) : (
            <span />
          )}
          <div className="table-wrap" style={{ alignSelf: 'start' }}>
            <table className="data">
              <caption className="visually-hidden">Depth in view</caption>
              <thead>
                <tr>
                  <th scope="col">Sample</th>
                  <th scope="col" data-align="right">
                    Mean
                  </th>
                  <th scope="col" data-align="right">
                    Median
                  </th>
                  {found[0]?.summary.atLeast.map(a => (
                    <th scope="col" key={a.depth} data-align="right">
                      ≥ {a.depth}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {found.map(f => (
                  <tr key={f.file.id}>
                    <td>{f.name}</td>
                    <td data-align="right">{f.summary.mean.toFixed(1)}</td>
                    <td data-align="right">{f.summary.median.toFixed(0)}</td>
                    {f.summary.atLeast.map(a => (
                      <td key={a.depth} data-align="right">
                        {(a.share * 100).toFixed(1)} %
                      </td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </div>
      )}
    </section>
  )
}
