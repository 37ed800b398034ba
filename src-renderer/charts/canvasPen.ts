import type { Pen } from '../../src-shared/report/pen.ts'
import { rasterCells } from './heatmapRaster.ts'

const FAMILY = 'Inter, "Segoe UI", "Noto Sans", "Liberation Sans", system-ui, sans-serif'

const glyphs = new Map<string, Path2D>()
const outline = (path: string): Path2D => {
  const known = glyphs.get(path)
  if (known) return known
  const made = new Path2D(path)
  glyphs.set(path, made)
  return made
}

/** Draws on a canvas whose context is scaled by `ratio` device pixels a px; cells are set as device pixels, unsmoothed. */
export function canvasPen(context: CanvasRenderingContext2D, ratio: number, ink: string): Pen {
  return {
    rect(b, fill, stroke) {
      context.fillStyle = fill
      context.fillRect(b.x, b.y, b.width, b.height)
      if (stroke && stroke !== 'none') {
        context.strokeStyle = stroke
        context.lineWidth = 1
        context.strokeRect(b.x, b.y, b.width, b.height)
      }
    },
    line(x1, y1, x2, y2, stroke, width = 1, dash = '') {
      context.strokeStyle = stroke
      context.lineWidth = width
      context.setLineDash(dash ? dash.split(' ').map(Number) : [])
      context.beginPath()
      context.moveTo(x1, y1)
      context.lineTo(x2, y2)
      context.stroke()
      context.setLineDash([])
    },
    polyline(points, stroke, width = 1, fill, dash = '') {
      context.beginPath()
      for (const [x, y] of points) context.lineTo(x, y)
      if (fill) {
        context.fillStyle = fill
        context.fill()
      }
      context.strokeStyle = stroke
      context.lineWidth = width
      context.lineJoin = 'round'
      context.setLineDash(dash ? dash.split(' ').map(Number) : [])
      context.stroke()
      context.setLineDash([])
    },
    text(x, y, text, style = {}) {
      context.font = `${style.weight ?? 400} ${style.size ?? 12}px ${FAMILY}`
      context.textAlign = style.anchor === 'middle' ? 'center' : (style.anchor ?? 'start')
      context.textBaseline = 'alphabetic'
      context.fillStyle = style.fill ?? ink
      context.fillText(text, x, y)
    },
    glyph(path, b, fill, opacity = 1) {
      context.save()
      context.globalAlpha = opacity
      context.translate(b.x, b.y)
      context.scale(b.width, b.height)
      context.fillStyle = fill
      context.fill(outline(path), 'evenodd')
      context.restore()
    },
    cells(grid, columns, box, colours) {
      const x = Math.round(box.x * ratio)
      const y = Math.round(box.y * ratio)
      const width = Math.round((box.x + box.width) * ratio) - x
      const height = Math.round((box.y + box.height) * ratio) - y
      if (width < 1 || height < 1) return
      const pixels = rasterCells(grid, columns, width, height, colours, Math.round(4 * ratio))
      context.putImageData(new ImageData(new Uint8ClampedArray(pixels.buffer), width, height), x, y)
    },
  }
}
