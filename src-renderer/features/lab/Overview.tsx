import { Button, Skeleton } from '@mantine/core'
import type { LabRecipe, LabResultLine } from '../../../src-shared/ipc/labMethods.ts'
import { EXPERIMENTS, type ExperimentName } from '../../../src-shared/lab/result.ts'
import { runRecipe, showResult, useCalibration, useLab, useLabRecipes, useLabResults } from '../../state/lab.ts'
import { ErrorCard } from '../../ui/parts.tsx'
import { CompressionPanel } from './CompressionPanel.tsx'
import { JobLine } from './JobLine.tsx'
import { EXPERIMENT_TEXTS, recipeDuration } from './labText.ts'
import { PlannerCard } from './PlannerCard.tsx'
import { ResultList } from './ResultList.tsx'

/** Every experiment with its question, what was measured before, and what fits on this machine. */
export function Overview() {
  const results = useLabResults()
  const facts = useCalibration()
  // Planning them takes seconds: what is quick to tell is told first.
  const recipes = useLabRecipes(results.isFetched && facts.isFetched)
  return (
    <div className="lab-overview">
      {recipes.error && (
        <ErrorCard error={recipes.error} title="The recipes cannot be listed.">
          <Button size="compact-xs" onClick={() => void recipes.refetch()}>
            Try again
          </Button>
        </ErrorCard>
      )}
      {results.error && (
        <ErrorCard error={results.error} title="The results cannot be listed.">
          <Button size="compact-xs" onClick={() => void results.refetch()}>
            Try again
          </Button>
        </ErrorCard>
      )}
      <div className="lab-columns">
        <div className="lab-cards">
          {EXPERIMENTS.map(name => (
            <ExperimentCard
              key={name}
              name={name}
              recipes={recipes.data?.filter(r => r.experiment === name) ?? (recipes.error ? [] : undefined)}
              results={(results.data ?? []).filter(r => r.experiment === name)}
            />
          ))}
        </div>
        <PlannerCard />
      </div>
      {results.data && <ResultList lines={results.data} />}
      <Compress />
    </div>
  )
}

/** Opened when asked for: the singular values of a large model take minutes. */
function Compress() {
  const open = useLab(s => s.compressing)
  if (open) return <CompressionPanel />
  return (
    <section className="lab-card" aria-labelledby="lab-compress" data-testid="compress">
      <h3 className="lab-card-title" id="lab-compress">
        Make a model smaller
      </h3>
      <p className="lab-question">
        Choose how much of each layer of a trained model is kept, see what it does to size, speed and predictions, and
        save the smaller model.
      </p>
      <Button size="compact-sm" variant="light" onClick={() => useLab.setState({ compressing: true })}>
        Look at the layers of a model
      </Button>
    </section>
  )
}

function ExperimentCard(props: {
  readonly name: ExperimentName
  /** Undefined until they are read. */
  readonly recipes: readonly LabRecipe[] | undefined
  readonly results: readonly LabResultLine[]
}) {
  const { name, recipes, results } = props
  const { title, question } = EXPERIMENT_TEXTS[name]
  const latest = results.find(r => r.state === 'done') ?? results[0]
  return (
    <section className="lab-card" aria-labelledby={`lab-${name}`} data-testid={`experiment-${name}`}>
      <h3 className="lab-card-title" id={`lab-${name}`}>
        {title}
      </h3>
      <p className="lab-question">{question}</p>
      <ul className="lab-recipes">
        {recipes?.map(r => (
          <Recipe key={r.id} recipe={r} running={results.find(l => l.jobId !== null && l.recipeName === r.name)} />
        ))}
      </ul>
      {recipes === undefined && (
        <div role="status" aria-label={`Reading the recipes of ${title}`}>
          <Skeleton height={40} mt={6} />
        </div>
      )}
      {recipes?.length === 0 && <p className="soft">No recipe of this experiment comes with this version.</p>}
      <p className="lab-latest">
        {latest ? (
          <>
            <button type="button" className="link" onClick={() => showResult(latest.id)}>
              Open the latest result
            </button>{' '}
            <span className="soft">
              {latest.recipeName}, {new Date(latest.startedAt).toLocaleDateString(undefined, { dateStyle: 'medium' })}
            </span>
          </>
        ) : (
          recipes?.some(r => r.unavailable === null) && <span className="soft">Not measured yet.</span>
        )}
      </p>
    </section>
  )
}

function Recipe({ recipe, running }: { readonly recipe: LabRecipe; readonly running: LabResultLine | undefined }) {
  return (
    <li className="lab-recipe" data-recipe={recipe.id}>
      <div>
        <b>{recipe.name}</b> <span className="soft">{recipe.summary}</span>
        {recipe.unavailable !== null && (
          <p className="lab-unavailable">
            <b>Cannot run here:</b> {recipe.unavailable}
          </p>
        )}
        {running && <JobLine jobId={running.jobId} what={recipe.name} />}
      </div>
      {running ? (
        <Button size="compact-sm" variant="default" onClick={() => showResult(running.id)}>
          Watch
        </Button>
      ) : (
        <div className="lab-run">
          <Button
            size="compact-sm"
            variant="light"
            disabled={recipe.unavailable !== null}
            aria-label={`Run ${recipe.name}, ${recipeDuration(recipe)}`}
            onClick={() => runRecipe(recipe.id)}
          >
            Run
          </Button>
          <span className="soft num">{recipeDuration(recipe)}</span>
        </div>
      )}
    </li>
  )
}
