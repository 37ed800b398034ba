import {
  Button,
  Checkbox,
  createTheme,
  type MantineColorsTuple,
  Menu,
  Modal,
  NumberInput,
  Popover,
  Select,
  TextInput,
  Tooltip,
} from '@mantine/core'

/** A deep petrol: apart from the nucleotide colours and from Okabe-Ito, so that it never reads as data. */
const petrol: MantineColorsTuple = [
  '#edf5f6',
  '#d8e8ea',
  '#aecfd4',
  '#82b5bd',
  '#5d9fa9',
  '#43919d',
  '#2a7886',
  '#1d6674',
  '#15545f',
  '#0e434d',
]

export const theme = createTheme({
  primaryColor: 'petrol',
  // Text on filled buttons is white in both themes: on shade 5 it would be 3.6:1.
  primaryShade: { light: 7, dark: 6 },
  autoContrast: true,
  colors: { petrol },
  fontFamily: 'Inter, "Segoe UI", "Noto Sans", "Liberation Sans", system-ui, sans-serif',
  fontFamilyMonospace: '"JetBrains Mono", "Cascadia Mono", "DejaVu Sans Mono", "Liberation Mono", monospace',
  // Density of a desktop tool: 13 px text.
  fontSizes: { xs: '12px', sm: '13px', md: '13px', lg: '15px', xl: '19px' },
  spacing: { xs: '6px', sm: '8px', md: '12px', lg: '18px', xl: '28px' },
  radius: { xs: '2px', sm: '4px', md: '5px', lg: '7px', xl: '10px' },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: Button.extend({ defaultProps: { size: 'xs' } }),
    TextInput: TextInput.extend({ defaultProps: { size: 'xs' } }),
    NumberInput: NumberInput.extend({ defaultProps: { size: 'xs' } }),
    Select: Select.extend({ defaultProps: { size: 'xs' } }),
    Checkbox: Checkbox.extend({ defaultProps: { size: 'xs' } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 500, withArrow: true, fz: 12 } }),
    // A list that is open stays seen: whether its field left the view is measured once and may be measured too early.
    Popover: Popover.extend({ defaultProps: { hideDetached: false } }),
    Menu: Menu.extend({ defaultProps: { shadow: 'md', withinPortal: true } }),
    Modal: Modal.extend({
      defaultProps: {
        closeButtonProps: { 'aria-label': 'Close' },
        transitionProps: { duration: 100 },
        overlayProps: { backgroundOpacity: 0.35 },
      },
    }),
  },
})
