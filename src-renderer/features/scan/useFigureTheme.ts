import { useComputedColorScheme } from '@mantine/core'
import type { Theme } from '../../../src-shared/report/colourScale.ts'
import { themeInks } from '../../../src-shared/report/heatTheme.ts'
import type { Inks } from '../../../src-shared/report/pen.ts'

/** The window's theme for pictures of our own. */
export function useFigureTheme(): { readonly theme: Theme; readonly inks: Inks } {
  const theme = useComputedColorScheme()
  return { theme, inks: themeInks(theme) }
}
