import { Button } from '@mantine/core'
import { useState } from 'react'
import type { OpenedFile } from '../../../src-shared/genome/files.ts'
import { goToFirstReads } from '../../state/firstReads.ts'
import { attempt } from '../../state/services.ts'

/** The way to where a file has reads at all. */
export function FirstReads({ file, size }: { readonly file: OpenedFile; readonly size?: 'compact-sm' }) {
  const [busy, setBusy] = useState(false)
  return (
    <Button
      variant="default"
      {...(size ? { size } : {})}
      loading={busy}
      onClick={() => {
        setBusy(true)
        attempt(() => goToFirstReads(file).finally(() => setBusy(false)))
      }}
    >
      Go to its first reads
    </Button>
  )
}
