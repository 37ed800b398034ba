import { openAtomic } from '../../storage/atomic.ts'
import type { ParsedArgs } from './command.ts'

/**
 * Whether `--out FILE`, or the file of another option, can be written, asked before anything is computed: hours of work are not to end at a
 * folder that is not there.
 * @throws WorkbenchError as openAtomic
 */
export async function checkOut(args: ParsedArgs, option = 'out'): Promise<void> {
  const path = args.text(option)
  if (path === undefined || path === '/dev/stdout') return
  await (await openAtomic(path)).abandon()
}
