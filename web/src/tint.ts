/** The colour of a cover, for the light that its page stands in. */
import { coverOf } from "./api";

const known = new Map<string, string>();

export async function tintOf(id: string): Promise<string | null> {
  const before = known.get(id);
  if (before) return before;
  const image = new Image();
  image.src = coverOf(id, 64);
  try {
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 12;
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    if (!pen) return null;
    pen.drawImage(image, 0, 0, 12, 12);
    const tint = strongest(pen.getImageData(0, 0, 12, 12).data);
    known.set(id, tint);
    return tint;
  } catch {
    return null;
  }
}

/** The mean colour, where colourful pixels count more. */
function strongest(pixels: Uint8ClampedArray): string {
  const sum = [0, 0, 0];
  let weights = 0;
  for (let i = 0; i < pixels.length; i += 4) {
    const rgb = [pixels[i] ?? 0, pixels[i + 1] ?? 0, pixels[i + 2] ?? 0];
    const weight = 8 + Math.max(...rgb) - Math.min(...rgb);
    rgb.forEach((value, c) => (sum[c] = (sum[c] ?? 0) + weight * value));
    weights += weight;
  }
  return `rgb(${sum.map((value) => Math.round(value / weights)).join(" ")})`;
}
