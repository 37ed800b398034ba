import { BarChart, LineChart, ScatterChart } from 'echarts/charts'
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from 'echarts/components'
import { type EChartsCoreOption, init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { type Ref, useEffect, useImperativeHandle, useRef } from 'react'

use([LineChart, BarChart, ScatterChart, GridComponent, TooltipComponent, LegendComponent, AriaComponent, SVGRenderer])

/** Okabe and Ito's palette without black and yellow, which vanish on one theme each. */
export const SERIES_COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'] as const

export interface ChartHandle {
  svg(): string | undefined
}

/** An ECharts picture that follows its box; drawn as SVG, so that what is exported is what is shown. */
export function Chart(props: {
  readonly option: EChartsCoreOption
  readonly label: string
  readonly height: number | string
  readonly ref?: Ref<ChartHandle>
}) {
  const host = useRef<HTMLDivElement>(null)
  const chart = useRef<ReturnType<typeof init>>(undefined)
  useEffect(() => {
    if (!host.current) return
    const made = init(host.current, undefined, { renderer: 'svg' })
    chart.current = made
    const observer = new ResizeObserver(() => made.resize())
    observer.observe(host.current)
    return () => {
      observer.disconnect()
      made.dispose()
      chart.current = undefined
    }
  }, [])
  useEffect(() => {
    chart.current?.setOption({ aria: { enabled: true }, animation: false, ...props.option }, true)
  }, [props.option])
  useImperativeHandle(props.ref, () => ({ svg: () => chart.current?.renderToSVGString() }), [])
  return <div ref={host} role="img" aria-label={props.label} style={{ height: props.height, minWidth: 0 }} />
}
