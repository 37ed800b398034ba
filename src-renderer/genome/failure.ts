/** What a track holds and draws in place of data that could not be read. */
export class Failure {
  readonly message: string
  constructor(message: string) {
    this.message = message
  }

  /** igv.js asks for the largest value in view when it scales an axis. */
  getMax(): number {
    return 0
  }

  /** The reason in the middle of the canvas, which is three views wide. */
  draw(context: CanvasRenderingContext2D, width: number, height: number): void {
    context.fillStyle = 'rgb(143,45,13)'
    context.font = '12px sans-serif'
    context.textAlign = 'center'
    context.fillText(this.message, width / 2, height / 2 + 4)
  }
}
