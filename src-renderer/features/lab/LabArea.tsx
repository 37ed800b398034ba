import { useLab } from '../../state/lab.ts'
import { useModule } from '../../ui/useModule.ts'

const loadLab = () => import('./LabScreen.tsx')

/** The lab in front of the browser and the inspector, which stay as they are behind it. */
export function LabArea() {
  const open = useLab(s => s.open)
  return open ? <Loaded /> : null
}

function Loaded() {
  const lab = useModule(loadLab)
  return (
    <section className="lab" aria-label="Lab" data-testid="lab">
      {lab ? <lab.LabScreen /> : <div className="empty">Opening the lab…</div>}
    </section>
  )
}
