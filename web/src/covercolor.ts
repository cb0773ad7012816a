/** The main color of a cover, for the background of its page. */
import { coverImage } from "./covers";

const cache = new Map<string, string>();

export async function coverColor(id: string): Promise<string | null> {
  const cached = cache.get(id);
  if (cached) return cached;
  const image = coverImage(id, 96); // as rows show it
  try {
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 12;
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    if (!pen) return null;
    pen.drawImage(image, 0, 0, 12, 12);
    const color = dominantColor(pen.getImageData(0, 0, 12, 12).data);
    cache.set(id, color);
    return color;
  } catch {
    return null;
  }
}

/** The mean color, weighted toward colorful pixels. */
function dominantColor(pixels: Uint8ClampedArray): string {
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
