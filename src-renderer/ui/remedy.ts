/** The way out as this window has it, where the services name an option of the command line. */
export function windowRemedy({ code, remedy }: { readonly code: string; readonly remedy: string }): string {
  if (code === 'no-reference' && remedy.includes('--reference'))
    return 'Open its reference here too (FASTA or 2bit): it is then used by itself'
  if (code === 'build' && remedy.includes('--build'))
    return `This window takes the build from the header alone; with the command "diploscope apoe", ${remedy}`
  return remedy
}
