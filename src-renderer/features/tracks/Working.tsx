import type { Progress } from '../../../src-shared/job.ts'

/** How far a comparison has come, while it is waited for. */
export function Working({ progress }: { readonly progress: Progress | undefined }) {
  if (!progress || progress.total <= 1) return null
  return (
    <p className="soft num" style={{ margin: '0 0 8px' }}>
      {progress.phase} {progress.done}/{progress.total}{' '}
      <progress
        aria-label={progress.phase}
        value={progress.done}
        max={progress.total}
        style={{ width: 140, height: 8 }}
      />
    </p>
  )
}
