import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import { lengthConflict } from '../../state/tracks.ts'
import { useGenomeFile } from '../../state/workbench.ts'

/** Said of a file that is of another build than what the browser shows it along. */
export function BuildNote({ file }: { readonly file: OpenedFile }) {
  const conflict = lengthConflict(file, useGenomeFile())
  if (!conflict) return null
  return (
    <p className="note" data-testid="build-note">
      <b>Another build?</b> {conflict}
    </p>
  )
}
