import { useComputedColorScheme } from '@mantine/core'
import { type KeyboardEvent, type PointerEvent, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { formatPosition } from '../../../src-shared/genome/locus.ts'
import type { ScanData } from '../../../src-shared/genome/scan.ts'
import { themeInks } from '../../../src-shared/report/heatTheme.ts'
import type { ColumnRange, Pen } from '../../../src-shared/report/pen.ts'
import { columnAt, drawScan, scanLayout } from '../../../src-shared/report/scanFigure.ts'
import { FigureCanvas, useWidth } from '../../charts/FigureCanvas.tsx'
import type { ScanCell } from '../../state/scans.ts'
import { cellText } from './scanText.ts'
import { clampView, zoomView } from './scanView.ts'

export interface OwnVariant {
  /** From the scan's start. */
  readonly position: number
  readonly label: string
}

/** Pixels of a press that is a drag. */
const DRAG_PX = 4
/** A scan's heatmap with its logo: hover reads out, a click or the keyboard points at a mutation. */
export function ScanHeatmap(props: {
  readonly scan: ScanData
  readonly column: number
  readonly range: number
  readonly view: ColumnRange
  readonly onView: (view: ColumnRange) => void
  readonly cell: ScanCell | null
  readonly onCell: (cell: ScanCell) => void
  readonly onHover: (cell: ScanCell | null) => void
  readonly variants: readonly OwnVariant[]
  readonly scale: number
  readonly label: string
  readonly testId: string
}) {
  const { scan, column, range, view, variants, cell, onView, onCell, onHover } = props
  const theme = useComputedColorScheme()
  const [box, width] = useWidth()
  const positions = scan.sequence.length
  const layout = useMemo(() => scanLayout(width, { scale: props.scale }), [width, props.scale])
  const draw = useCallback(
    (pen: Pen) => drawScan(pen, { data: scan, column, range, view, width, variants, theme }, layout, themeInks(theme)),
    [scan, column, range, view, width, variants, theme, layout],
  )
  const press = useRef<{ readonly x: number; readonly view: ColumnRange; dragging: boolean }>(undefined)
  const [over, setOver] = useState(false)
  const { heat, logo } = layout
  const start = scan.request.interval.start

  const cellAt = (e: PointerEvent): ScanCell | undefined => {
    const area = e.currentTarget.getBoundingClientRect()
    const at = columnAt(heat, view, e.clientX - area.left)
    if (at === undefined) return undefined
    const row = Math.floor(((e.clientY - area.top - heat.y) / heat.height) * 4)
    return { position: start + Math.min(positions - 1, Math.floor(at)), row: Math.min(3, Math.max(0, row)) }
  }
  const onMove = (e: PointerEvent) => {
    const p = press.current
    if (p && Math.abs(e.clientX - p.x) > DRAG_PX) p.dragging = true
    if (p?.dragging) {
      const by = ((p.x - e.clientX) / heat.width) * (p.view.to - p.view.from)
      onView(clampView({ from: p.view.from + by, to: p.view.to + by }, positions))
      return
    }
    const found = cellAt(e)
    setOver(found !== undefined)
    onHover(found ?? null)
  }
  const onUp = (e: PointerEvent) => {
    const dragged = press.current?.dragging
    press.current = undefined
    const found = cellAt(e)
    if (!dragged && found) onCell(found)
  }
  // A wheel with Ctrl zooms, one sideways pans; a plain one scrolls the panel. React's own listener could not hold the page still.
  const surface = useRef<HTMLDivElement>(null)
  const wheel = useRef<(e: WheelEvent) => void>(() => {})
  wheel.current = e => {
    const area = surface.current?.getBoundingClientRect()
    const at = area && columnAt(heat, view, e.clientX - area.left)
    if (at === undefined) return
    if (e.ctrlKey || e.metaKey) {
      e.preventDefault()
      onView(zoomView(view, Math.exp(Math.sign(e.deltaY) * 0.2), at, positions))
    } else if (e.deltaX !== 0 || e.shiftKey) {
      e.preventDefault()
      const by = ((e.deltaX || e.deltaY) / heat.width) * (view.to - view.from)
      onView(clampView({ from: view.from + by, to: view.to + by }, positions))
    }
  }
  useEffect(() => {
    const element = surface.current
    const listen = (e: WheelEvent) => wheel.current(e)
    element?.addEventListener('wheel', listen, { passive: false })
    return () => element?.removeEventListener('wheel', listen)
  }, [])

  const onKey = (e: KeyboardEvent) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return
    const now = cell ?? { position: start + Math.floor(positions / 2), row: 0 }
    const step = e.shiftKey ? 10 : 1
    const to = (position: number, row: number) => {
      const next = { position: Math.min(start + positions - 1, Math.max(start, position)), row: (row + 4) % 4 }
      onCell(next)
      const at = next.position - start
      if (at < view.from || at + 1 > view.to) {
        const half = (view.to - view.from) / 2
        onView(clampView({ from: at + 0.5 - half, to: at + 0.5 + half }, positions))
      }
    }
    const middle = now.position - start + 0.5
    const actions: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => to(now.position - step, now.row),
      ArrowRight: () => to(now.position + step, now.row),
      ArrowUp: () => to(now.position, now.row - 1),
      ArrowDown: () => to(now.position, now.row + 1),
      Home: () => to(start, now.row),
      End: () => to(start + positions - 1, now.row),
      '+': () => onView(zoomView(view, 0.5, middle, positions)),
      '=': () => onView(zoomView(view, 0.5, middle, positions)),
      '-': () => onView(zoomView(view, 2, middle, positions)),
      '0': () => onView({ from: 0, to: positions }),
    }
    const action = actions[e.key]
    if (!action) return
    e.preventDefault()
    action()
  }

  const at = cell ? cell.position - start : -1
  const wide = heat.width / (view.to - view.from)
  const visible = cell !== null && at + 1 > view.from && at < view.to
  return (
    <div ref={box} style={{ minWidth: 0 }}>
      {width > 0 && (
        <FigureCanvas width={width} height={layout.height} ink={themeInks(theme).ink} draw={draw}>
          <div
            ref={surface}
            className="scan-surface"
            role="application"
            aria-label={`${props.label}. Left and right walk positions, up and down bases; plus, minus and 0 zoom.`}
            // biome-ignore lint/a11y/noNoninteractiveTabindex: it is walked by keys
            tabIndex={0}
            data-testid={props.testId}
            data-range={range}
            data-exact={scan.exactCells}
            style={{ cursor: over ? 'crosshair' : 'default' }}
            onKeyDown={onKey}
            onPointerDown={e => {
              if (e.button !== 0) return
              press.current = { x: e.clientX, view, dragging: false }
              e.currentTarget.setPointerCapture(e.pointerId)
            }}
            onPointerMove={onMove}
            onPointerUp={onUp}
            onPointerCancel={() => {
              press.current = undefined
            }}
            onPointerLeave={() => {
              setOver(false)
              onHover(null)
            }}
          />
          {visible && (
            <>
              <div
                className="scan-column"
                style={{ left: heat.x + (at - view.from) * wide, width: Math.max(1, wide), top: logo.y, height: heat.y + heat.height - logo.y }} // biome-ignore format: one box
              />
              <div
                className="scan-cell"
                data-position={cell.position}
                style={{ left: heat.x + (at - view.from) * wide - 1, width: Math.max(4, wide + 2), top: heat.y + (cell.row * heat.height) / 4 - 1, height: heat.height / 4 + 2 }} // biome-ignore format: one box
              />
            </>
          )}
        </FigureCanvas>
      )}
      <span className="visually-hidden" role="status">
        {cell ? cellText(scan, column, cell) : `${formatPosition(scan.request.interval.contig, start)} and on`}
      </span>
    </div>
  )
}
