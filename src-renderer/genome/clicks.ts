import type { IgvTrack, IgvTrackView } from './igvInternals.ts'

/** A mouse that moved further than this between down and up dragged. */
const DRAG_PX = 4

/**
 * Clicks anywhere in the tracks' column, on data or beside it; a drag is none, nor is a click on a track's label.
 * Listens before igv.js does: its ruler and sweepers keep events to themselves.
 */
export function listenForClicks(
  host: HTMLElement,
  trackViews: () => readonly IgvTrackView[],
  clicked: (contig: string, position: number, track: IgvTrack) => void,
): void {
  const root = host.shadowRoot
  let down: { readonly x: number; readonly y: number } | undefined
  const onDown = (e: Event) => {
    const { clientX: x, clientY: y } = e as MouseEvent
    down = { x, y }
  }
  const onClick = (e: Event) => {
    const event = e as MouseEvent
    if (event.button !== 0 || !down || Math.hypot(event.clientX - down.x, event.clientY - down.y) > DRAG_PX) return
    const path = event.composedPath()
    if (path.some(n => n instanceof HTMLElement && n.classList.contains('igv-track-label'))) return
    for (const view of trackViews())
      for (const viewport of view.viewports) {
        if (!path.includes(viewport.viewportElement)) continue
        const box = viewport.viewportElement.getBoundingClientRect()
        const { chr, start, bpPerPixel } = viewport.referenceFrame
        clicked(chr, Math.floor(start + (event.clientX - box.left) * bpPerPixel), view.track)
        return
      }
  }
  root?.addEventListener('mousedown', onDown, true)
  root?.addEventListener('click', onClick, true)
}
