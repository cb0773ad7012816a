/** Colors of points: distinct hues for categories, a ramp for years. */

export type Rgb = readonly [number, number, number]; // 0..255

/** OKLCH to sRGB (Björn Ottosson, 2020); values out of gamut are clipped. */
export function oklch(lightness: number, chroma: number, hue: number): Rgb {
  const angle = (hue * Math.PI) / 180;
  const [a, b] = [chroma * Math.cos(angle), chroma * Math.sin(angle)];
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    encode(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    encode(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    encode(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

function encode(linear: number): number {
  const value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * Math.max(0, linear) ** (1 / 2.4) - 0.055;
  return Math.round(255 * Math.min(1, Math.max(0, value)));
}

/** Hues spaced by the golden angle, so that neighbors differ and adding one changes no other. */
export const hueOf = (index: number, dark: boolean): Rgb =>
  oklch((dark ? 0.76 : 0.6) + (index % 2 ? 0.05 : 0), 0.14, (28 + index * 137.508) % 360);

/** A ramp from cold (old) to warm (new). */
export const ramp = (share: number, dark: boolean): Rgb =>
  oklch(dark ? 0.62 + 0.2 * share : 0.42 + 0.2 * share, 0.06 + 0.11 * share, 250 - 215 * share);

export const css = (color: Rgb) => `rgb(${color.join(" ")})`;

/** The same hue with a lightness and chroma that stand out in the current theme. */
export function lit(color: Rgb, dark: boolean): Rgb {
  const [r, g, b] = color.map((value) => (value <= 10 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4)) as [number, number, number];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  const lightness = 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s;
  const [a, blue] = [1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s, 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s];
  const [least, most] = dark ? [0.66, 0.85] : [0.48, 0.68];
  const chroma = Math.min(0.17, Math.max(0.07, Math.hypot(a, blue)));
  return oklch(Math.min(most, Math.max(least, lightness)), chroma, (Math.atan2(blue, a) * 180) / Math.PI);
}

export function parse(hex: string): Rgb | null {
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(hex);
  return match ? [parseInt(match[1]!, 16), parseInt(match[2]!, 16), parseInt(match[3]!, 16)] : null;
}
