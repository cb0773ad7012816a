import { toPixels } from "./camera";
import { pointSize, type PointRenderer } from "./webgl";

/** Draws points without WebGL: slower, for browsers that lack it. */
export function canvasRenderer(canvas: HTMLCanvasElement, x: ArrayLike<number>, y: ArrayLike<number>): PointRenderer {
  let colors = new Uint8Array(4 * x.length);
  return {
    setColors: (rgba) => void (colors = new Uint8Array(rgba)),
    draw: (camera, size) => {
      const pen = canvas.getContext("2d");
      if (!pen) return;
      [canvas.width, canvas.height] = [size.width, size.height];
      const dot = pointSize(x.length, camera, size);
      for (let i = 0; i < x.length; i++) {
        const [px, py] = toPixels(camera, size, x[i]!, y[i]!);
        if (px < -dot || py < -dot || px > size.width + dot || py > size.height + dot) continue;
        pen.fillStyle = `rgb(${colors[4 * i]} ${colors[4 * i + 1]} ${colors[4 * i + 2]} / ${colors[4 * i + 3]! / 255})`;
        pen.fillRect(px - dot / 2, py - dot / 2, dot, dot);
      }
    },
    free: () => undefined,
  };
}
