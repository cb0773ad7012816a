/**
 * Covers that were shown lately, kept at hand. A browser may forget a picture as soon as no page shows it,
 * and would read it anew, in steps that one sees, for each page that shows it again.
 */
import { coverOf } from "./api";

const MOST = 300; // pictures; a row's has 3 KB, an album's 40
const kept = new Map<string, HTMLImageElement>(); // the one shown last is the last

/** A cover as an element of its own, the same one for the same address as long as it is kept. */
export function coverImage(id: string, size: number): HTMLImageElement {
  const address = coverOf(id, size);
  const image = kept.get(address) ?? new Image();
  if (!image.src || failed(image)) image.src = address;
  kept.delete(address);
  kept.set(address, image);
  const [oldest] = kept.keys();
  if (kept.size > MOST && oldest) kept.delete(oldest);
  return image;
}

const failed = (image: HTMLImageElement) => image.complete && !image.naturalWidth;
