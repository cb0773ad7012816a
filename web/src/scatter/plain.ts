import { toPixels } from "./camera";
import { pointSize, type Cloud } from "./cloud";

/** The same points without WebGL: slower, for browsers that have none. */
export function plainCloud(canvas: HTMLCanvasElement, x: ArrayLike<number>, y: ArrayLike<number>): Cloud {
  let colours = new Uint8Array(4 * x.length);
  return {
    setColours: (rgba) => void (colours = new Uint8Array(rgba)),
    draw: (camera, size) => {
      const pen = canvas.getContext("2d");
      if (!pen) return;
      [canvas.width, canvas.height] = [size.width, size.height];
      const dot = pointSize(x.length, camera, size);
      for (let i = 0; i < x.length; i++) {
        const [px, py] = toPixels(camera, size, x[i]!, y[i]!);
        if (px < -dot || py < -dot || px > size.width + dot || py > size.height + dot) continue;
        pen.fillStyle = `rgb(${colours[4 * i]} ${colours[4 * i + 1]} ${colours[4 * i + 2]} / ${colours[4 * i + 3]! / 255})`;
        pen.fillRect(px - dot / 2, py - dot / 2, dot, dot);
      }
    },
    free: () => undefined,
  };
}
