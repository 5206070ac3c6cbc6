/** A square to draw on, with mouse, finger or pen. */

/** Pixels along each side, whatever the size on the screen. */
const side = 140;
const brush = 11;

/** A canvas that people draw on. */
export class Sketch {
  private readonly context: CanvasRenderingContext2D;
  private pen: { x: number; y: number } | null = null;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    /** Called when the drawing has changed, at most once a frame. */
    private readonly onChange: () => void,
  ) {
    canvas.width = side;
    canvas.height = side;
    // Read far more often than painted: kept in memory rather than on the graphics card.
    this.context = canvas.getContext('2d', { willReadFrequently: true })!;
    this.clear();
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.pen = this.at(event);
      this.strokeTo(this.pen);
    });
    canvas.addEventListener('pointermove', (event) => {
      if (this.pen !== null) this.strokeTo(this.at(event));
    });
    for (const end of ['pointerup', 'pointercancel'] as const)
      canvas.addEventListener(end, () => {
        this.pen = null;
      });
  }

  clear(): void {
    this.context.fillStyle = '#fff';
    this.context.fillRect(0, 0, side, side);
    this.changed();
  }

  /** Shows a digit of 28 × 28 pixels. */
  show(pixels: Float32Array): void {
    this.clear();
    const cell = side / 28;
    for (const [i, ink] of pixels.entries()) {
      if (ink === 0) continue;
      const grey = Math.round(255 * (1 - ink));
      this.context.fillStyle = `rgb(${grey} ${grey} ${grey})`;
      this.context.fillRect((i % 28) * cell, Math.floor(i / 28) * cell, cell, cell);
    }
    this.changed();
  }

  /** Ink from 0 to 1, row by row. */
  read(): { ink: Float32Array; side: number } {
    const { data } = this.context.getImageData(0, 0, side, side);
    const ink = new Float32Array(side * side);
    for (let i = 0; i < ink.length; i++) ink[i] = 1 - data[4 * i]! / 255;
    return { ink, side };
  }

  private at(event: PointerEvent): { x: number; y: number } {
    const bounds = this.canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - bounds.left) / bounds.width) * side,
      y: ((event.clientY - bounds.top) / bounds.height) * side,
    };
  }

  private strokeTo(to: { x: number; y: number }): void {
    const from = this.pen ?? to;
    const { context } = this;
    context.strokeStyle = '#000';
    context.lineWidth = brush;
    context.lineCap = 'round';
    context.lineJoin = 'round';
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
    this.pen = to;
    this.changed();
  }

  private isDue = false;

  private changed(): void {
    if (this.isDue) return;
    this.isDue = true;
    requestAnimationFrame(() => {
      this.isDue = false;
      this.onChange();
    });
  }
}
