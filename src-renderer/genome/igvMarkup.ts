/** Names and values of igv.js's popover, without its markup; `---` between several things. */
export function detailRows(data: readonly unknown[]): readonly (readonly [string, string])[] {
  return data.flatMap((item): (readonly [string, string])[] => {
    if (typeof item !== 'object' || item === null || !('name' in item)) return []
    const { name, value } = item as { readonly name: unknown; readonly value?: unknown }
    const text = plain(String(value ?? ''))
    return text === '' ? [] : [[plain(String(name)).replace(/:$/, ''), text]]
  })
}

/** Text without markup. */
export const plain = (markup: string) =>
  markup
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()

/** Its labels lie over the data: small, and the data show through. */
export function lightenLabels(host: HTMLElement) {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(
    '.igv-track-label { font-size: 12px; padding: 0 8px; line-height: 17px; height: 17px; top: 2px; background: rgb(255 255 255 / 78%); border-color: #b8bec2; border-radius: 3px; max-width: 85%; }',
  )
  host.shadowRoot?.adoptedStyleSheets.push(sheet)
}

/** The two controls that igv.js leaves without a name (axe: label, select-name). They are hidden here, but may be shown by a zoom of the page. */
export function labelControls(host: HTMLElement) {
  const root = host.shadowRoot
  for (const e of root?.querySelectorAll('input[type="range"]') ?? []) e.setAttribute('aria-label', 'Zoom')
  for (const e of root?.querySelectorAll('select') ?? []) e.setAttribute('aria-label', 'Contig')
}
