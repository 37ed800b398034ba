import { useShippedModels } from '../../state/predictions.ts'
import { useWorkbench } from '../../state/workbench.ts'
import { openShipped } from '../tracks/trackActions.ts'

/** Models that come with the program, with what must stand beside their names. */
export function ShippedModels() {
  const ready = useWorkbench(s => s.connection === 'ready')
  const shipped = useShippedModels(ready).data ?? []
  if (shipped.length === 0) return null
  return (
    <section data-testid="shipped-models">
      Models that come with the program:
      <ul className="shipped">
        {shipped.map(m => (
          <li key={m.id}>
            <button type="button" className="link" onClick={() => openShipped(m.id)}>
              {m.name}
            </button>
            {m.labels.map(l => (
              <span key={l} className="synthetic" style={{ marginLeft: 5 }}>
                {l}
              </span>
            ))}
          </li>
        ))}
      </ul>
    </section>
  )
}
