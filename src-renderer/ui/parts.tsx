import { ActionIcon, Button, Tooltip } from '@mantine/core'
import { IconCopy, IconDownload, IconPhoto, IconTable } from '@tabler/icons-react'
import { type ReactNode, useId } from 'react'
import type { ErrorDetail, WireError } from '../../src-shared/ipc/errors.ts'
import { saveText } from '../state/connect.ts'
import { useWorkbench } from '../state/workbench.ts'
import { fileName, type Origin, originLines, svgWithOrigin } from './provenance.ts'
import { windowRemedy } from './remedy.ts'

/** Shown beside everything that rests on made-up data. */
export const Synthetic = () => (
  <Tooltip label="Made by this program for demonstration: no real person">
    <span className="synthetic">synthetic</span>
  </Tooltip>
)

export function Section(props: {
  readonly title: string
  readonly actions?: ReactNode
  readonly children: ReactNode
  readonly testId?: string
}) {
  const id = useId()
  return (
    <section className="section" aria-labelledby={id} data-testid={props.testId}>
      <header>
        <h3 id={id}>{props.title}</h3>
        {props.actions && <div className="actions">{props.actions}</div>}
      </header>
      {props.children}
    </section>
  )
}

/** A button that is only a picture: its name is its label and its tooltip. */
export function IconButton(props: {
  readonly label: string
  readonly keys?: string
  readonly onClick: () => void
  readonly disabled?: boolean
  readonly pressed?: boolean
  readonly children: ReactNode
}) {
  return (
    <Tooltip label={props.keys ? `${props.label} (${props.keys})` : props.label}>
      <ActionIcon
        variant={props.pressed ? 'light' : 'subtle'}
        color="gray"
        size={28}
        aria-label={props.label}
        {...(props.pressed === undefined ? {} : { 'aria-pressed': props.pressed })}
        disabled={props.disabled ?? false}
        onClick={props.onClick}
        style={{ color: props.disabled ? undefined : 'var(--ink)' }}
      >
        {props.children}
      </ActionIcon>
    </Tooltip>
  )
}

export type ShownError = { readonly code: string; readonly message: string; readonly remedy: string } & {
  readonly detail?: ErrorDetail | undefined
  readonly technical?: string | undefined
}

/** What failed, why, and the way out; the technical part can be copied. */
export function ErrorCard(props: {
  readonly error: ShownError | WireError
  readonly title?: string
  readonly children?: ReactNode
}) {
  const { error } = props
  const notify = useWorkbench(s => s.notify)
  const remedy = windowRemedy(error)
  const details = [
    `${error.code}: ${error.message} - ${error.remedy}`,
    ...Object.entries(error.detail ?? {}).map(([k, v]) => `${k}: ${v}`),
    ...(error.technical ? [error.technical] : []),
  ].join('\n')
  return (
    <div className="error-card" role="alert" data-code={error.code}>
      <div>
        {props.title && <b>{props.title} </b>}
        <code>{error.code}</code>
      </div>
      <p>
        {sentence(error.message)} {remedy && <span>{sentence(remedy)}</span>}
      </p>
      <div style={{ display: 'flex', gap: 6, flexWrap: 'wrap' }}>
        {props.children}
        <Button
          variant="subtle"
          color="gray"
          size="compact-xs"
          c="var(--ink)"
          leftSection={<IconCopy size={13} />}
          onClick={() =>
            void navigator.clipboard
              .writeText(details)
              .then(() => notify('success', 'Details copied'))
              .catch(() => saveText(details, 'diploscope-error.txt', 'text/plain'))
          }
        >
          Copy details
        </Button>
      </div>
    </div>
  )
}

/** A message as a sentence: errors are written for one line of a terminal. */
export const sentence = (text: string): string => {
  const t = text.trim()
  if (!t) return ''
  const first = t[0] ?? ''
  return `${first.toUpperCase()}${t.slice(1)}${/[.!?…]$/.test(t) ? '' : '.'}`
}

/** An SVG made by our own builders, with buttons to take it along. */
export function Picture(props: { readonly svg: string; readonly name: string; readonly origin: Origin }) {
  return (
    // biome-ignore lint/security/noDangerouslySetInnerHtml: made by src-shared/report, which escapes every text it is given
    <div className="picture" dangerouslySetInnerHTML={{ __html: props.svg }} />
  )
}

export function PictureButtons(props: {
  readonly svg: () => string | undefined
  readonly name: string
  readonly origin: Origin
}) {
  const save = (kind: 'svg' | 'png') => {
    const svg = props.svg()
    if (svg) void savePicture(svg, kind, props.name, props.origin)
  }
  return (
    <>
      <SmallButton
        label={`Save picture as SVG: ${props.name}`}
        text="SVG"
        icon={<IconPhoto size={13} />}
        onClick={() => save('svg')}
      />
      <SmallButton label={`Save picture as PNG: ${props.name}`} text="PNG" onClick={() => save('png')} />
    </>
  )
}

export function SmallButton(props: {
  readonly label: string
  readonly text: string
  readonly icon?: ReactNode
  readonly onClick: () => void
}) {
  return (
    <Button
      variant="subtle"
      color="gray"
      c="var(--ink-soft)"
      size="compact-xs"
      leftSection={props.icon}
      aria-label={props.label}
      onClick={props.onClick}
    >
      {props.text}
    </Button>
  )
}

export const TsvButton = (props: { readonly name: string; readonly tsv: () => string }) => (
  <SmallButton
    label={`Save table as TSV: ${props.name}`}
    text="TSV"
    icon={<IconTable size={13} />}
    onClick={() => saveText(props.tsv(), fileName(props.name, 'tsv'), 'text/tab-separated-values')}
  />
)

export const DownloadIcon = () => <IconDownload size={13} />

/** Saves a picture with its provenance: inside the SVG, below the picture in a PNG. */
export async function savePicture(svg: string, kind: 'svg' | 'png', name: string, origin: Origin): Promise<void> {
  const lines = originLines(origin, new Date())
  const own = svgWithOrigin(svg, lines)
  if (kind === 'svg') return saveText(own, fileName(name, 'svg'), 'image/svg+xml')
  const image = new Image()
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(own)}`
  await image.decode()
  const scale = 2
  const foot = lines.length * 13 + 10
  const width = Math.max(image.naturalWidth, 480)
  const canvas = document.createElement('canvas')
  canvas.width = width * scale
  canvas.height = (image.naturalHeight + foot) * scale
  const context = canvas.getContext('2d')
  if (!context) return
  context.scale(scale, scale)
  context.fillStyle = '#fff'
  context.fillRect(0, 0, width, image.naturalHeight + foot)
  context.drawImage(image, 0, 0, image.naturalWidth, image.naturalHeight)
  context.fillStyle = '#555'
  context.font = '10px sans-serif'
  for (const [i, line] of lines.entries()) context.fillText(line, 6, image.naturalHeight + 14 + i * 13)
  const blob = await new Promise<Blob | null>(done => canvas.toBlob(done, 'image/png'))
  if (blob) saveText(blob, fileName(name, 'png'), 'image/png')
}

export const bytes = (n: number): string =>
  n < 1024
    ? `${n} B`
    : n < 1024 ** 2
      ? `${(n / 1024).toFixed(1)} kB`
      : n < 1024 ** 3
        ? `${(n / 1024 ** 2).toFixed(1)} MB`
        : `${(n / 1024 ** 3).toFixed(2)} GB`

export const whenText = (ms: number): string =>
  new Date(ms).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })

const TAIL_LETTERS = 9

/** A name that is cut in its middle where there is no room: names of files differ at their ends. Read as one word. */
export function MiddleName({ text }: { readonly text: string }) {
  if (text.length <= TAIL_LETTERS * 2) return text
  return (
    <span className="middle-name">
      <span>{text.slice(0, -TAIL_LETTERS)}</span>
      <span>{text.slice(-TAIL_LETTERS)}</span>
    </span>
  )
}
