/** The report's whole style: no other file is needed. A4 when printed; follows the system's light or dark setting on screen. */
export const REPORT_STYLE = `
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1b1f24; --faint: #57606a; --line: #d0d7de; --panel: #f6f8fa;
  --warn-ink: #5c3a00; --warn-paper: #fff4dc; --warn-line: #e69f00; }
@media (prefers-color-scheme: dark) { :root { --paper: #14171b; --ink: #e6e9ed; --faint: #a3acb6; --line: #3a424c; --panel: #1d2228;
  --warn-ink: #ffe2ad; --warn-paper: #33260c; --warn-line: #e69f00; } }
:root { --figure-ink: var(--ink); --figure-faint: var(--faint); --figure-grid: var(--line); --figure-paper: var(--paper); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 14px/1.5 system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif; }
main, header, footer { max-width: 760px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 28px; }
h1 { font-size: 24px; margin: 0 0 4px; }
h2 { font-size: 17px; margin: 28px 0 8px; padding-bottom: 4px; border-bottom: 1px solid var(--line); }
h3 { font-size: 14px; margin: 16px 0 4px; }
p { margin: 6px 0; }
.faint { color: var(--faint); }
.warn { background: var(--warn-paper); color: var(--warn-ink); border-left: 5px solid var(--warn-line); padding: 8px 12px; margin: 10px 0; }
.call { display: flex; flex-wrap: wrap; gap: 6px 28px; align-items: baseline; background: var(--panel); border: 1px solid var(--line); padding: 14px 18px; margin: 14px 0; }
.call strong { font-size: 30px; line-height: 1.2; }
figure { margin: 10px 0; }
figcaption { color: var(--faint); font-size: 12.5px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: 13px; }
caption { text-align: left; color: var(--faint); padding: 4px 0; }
th, td { text-align: left; padding: 3px 10px 3px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; }
td.number, th.number { text-align: right; }
code { font-size: 12px; overflow-wrap: anywhere; }
ul, ol { padding-left: 20px; margin: 6px 0; }
li { margin: 4px 0; }
footer { padding-bottom: 32px; }
@page { size: A4; margin: 16mm; }
@media print { :root { --paper: #ffffff; --ink: #000000; --faint: #444444; --line: #bbbbbb; --panel: #ffffff; --warn-ink: #000000; --warn-paper: #ffffff; }
  body { font-size: 10.5pt; } main, header, footer { max-width: none; padding: 0; }
  figure, tr, .call, .warn, li { break-inside: avoid; } h2, h3 { break-after: avoid; } svg, .warn, .call { print-color-adjust: exact; } .scroll { overflow: visible; } }
`
