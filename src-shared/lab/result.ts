/** The experiments of the lab, each one question about what attention costs and what is lost for less. */
export const EXPERIMENTS = ['length', 'low-rank', 'effect', 'compression', 'sparse-parity'] as const
export type ExperimentName = (typeof EXPERIMENTS)[number]

/** Where a result was measured: shown under every figure. */
export interface LabMachine {
  readonly processor: string
  readonly cores: number
  readonly threads: number
  readonly memoryBytes: number
  /** Operating system and its version. */
  readonly system: string
  /** What computed: `cpu`, `webgpu`, `cuda`. */
  readonly device: string
  /** Versions by name: the program, Node, ONNX Runtime. */
  readonly versions: Readonly<Record<string, string>>
}

/** A median with its quartiles over `n` timed repetitions; with one repetition all three are equal. */
export interface Quartiles {
  readonly n: number
  readonly median: number
  readonly lower: number
  readonly upper: number
}

/** What was varied, by name (`model`, `lengthBp`, `layers`, `rank`, `job`, `seed`). */
export type Factors = Readonly<Record<string, string | number>>

/**
 * How a point ended. `does-not-fit` is a result: the plan or the run needed more memory than the limit that was set before it.
 * `too-slow`: over the time limit of a point, by the plan or by the clock. `failed`: a fault, with its reason.
 */
export type PointState = 'done' | 'does-not-fit' | 'too-slow' | 'failed'

export interface LabPoint {
  /** The same for the same factors of the same recipe; made of the factors. */
  readonly id: string
  readonly factors: Factors
  readonly state: PointState
  /** Why it is not `done`; null where it is. */
  readonly reason: string | null
  /** Measured quantities by name, each in the unit that its name ends with: `seconds`, `peakBytes`, `parameters`, `accuracy`. */
  readonly measures: Readonly<Record<string, Quartiles>>
  /** What the planner said before the point ran; null where it had no calibration. */
  readonly predicted: { readonly seconds: number; readonly peakBytes: number } | null
  /** Share of the processor that others used while this point ran, 0 to 1; the largest over its repetitions. */
  readonly foreignLoad: number
}

export type ResultState = 'running' | 'partial' | 'done'

/** A saved run of one recipe on one machine. It can be opened again, compared with those of other machines, and gone on with. */
export interface LabResult {
  readonly format: 'diploscope-lab'
  readonly formatVersion: 1
  /** Letters, digits and hyphens; names its folder. */
  readonly id: string
  readonly experiment: ExperimentName
  readonly recipe: { readonly id: string; readonly name: string; readonly sha256: string; readonly text: string }
  readonly machine: LabMachine
  /** ISO 8601, UTC. */
  readonly startedAt: string
  readonly finishedAt: string | null
  readonly state: ResultState
  /** How many points the recipe has. */
  readonly total: number
  readonly points: readonly LabPoint[]
  /** True of what every page of it must say: reduced sizes, random weights, what was left out. */
  readonly notes: readonly string[]
}

/** The least foreign load that a point mentions. */
export const BUSY_SHARE = 0.15
