import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from 'react'
import type { Pen } from '../../src-shared/report/pen.ts'
import { canvasPen } from './canvasPen.ts'

/** The device pixels of one CSS pixel, followed through zoom and moves to another screen. */
function usePixelRatio(): number {
  const [ratio, setRatio] = useState(window.devicePixelRatio || 1)
  useEffect(() => {
    const query = window.matchMedia(`(resolution: ${ratio}dppx)`)
    const changed = () => setRatio(window.devicePixelRatio || 1)
    query.addEventListener('change', changed)
    return () => query.removeEventListener('change', changed)
  }, [ratio])
  return ratio
}

/** Width of a box as it is laid out, px; 0 before the first layout. */
export function useWidth(): readonly [React.RefObject<HTMLDivElement | null>, number] {
  const box = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  useLayoutEffect(() => {
    const element = box.current
    if (!element) return
    const measure = () => setWidth(Math.floor(element.clientWidth))
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return [box, width]
}

/** A canvas of our own at device resolution, and what lies over it. It is decoration: its text is the overlay's or the caller's. */
export function FigureCanvas(props: {
  readonly width: number
  readonly height: number
  readonly ink: string
  /** Draws everything; called again when it is another function. */
  readonly draw: (pen: Pen) => void
  readonly children?: ReactNode
}) {
  const { width, height, ink, draw } = props
  const canvas = useRef<HTMLCanvasElement>(null)
  const ratio = usePixelRatio()
  useLayoutEffect(() => {
    const element = canvas.current
    const context = element?.getContext('2d')
    if (!element || !context || width < 1) return
    element.width = Math.round(width * ratio)
    element.height = Math.round(height * ratio)
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    draw(canvasPen(context, ratio, ink))
  }, [width, height, ratio, ink, draw])
  return (
    <div style={{ position: 'relative', width, height }}>
      <div aria-hidden="true">
        <canvas ref={canvas} style={{ width, height, display: 'block' }} />
      </div>
      {props.children}
    </div>
  )
}
