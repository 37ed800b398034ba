import type { RiskSheetProblem } from '../../../src-shared/genome/risk.ts'

/** Rows of a sheet, or files of a folder, with what is wrong with each. */
export function Problems({ problems }: { readonly problems: readonly RiskSheetProblem[] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
    <section className="table-wrap" tabIndex={0} aria-label="Rows at fault" style={{ maxHeight: 180 }}>
      <table className="data">
        <caption className="visually-hidden">Rows at fault</caption>
        <thead>
          <tr>
            <th scope="col" data-align="right">
              Line
            </th>
            <th scope="col">Sample</th>
            <th scope="col">What is wrong</th>
          </tr>
        </thead>
        <tbody>
          {problems.map(p => (
            <tr key={`${p.line}:${p.code}:${p.message}`}>
              <td data-align="right">{p.line > 0 ? p.line : '–'}</td>
              <td>{p.sample || '(no name)'}</td>
              <td className="wrapping">
                {p.message}
                {p.remedy && `; ${p.remedy}`} <code>{p.code}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
