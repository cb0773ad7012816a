/** Icons on a 24 by 24 grid, drawn with one stroke. */
const strokes = {
  library: "M4 5v14M9 5v14M14 5.500l5.500 13",
  home: "M4 11l8-6.500 8 6.500M6 9.500V19h12V9.500M10 19v-5h4v5",
  album: "M12 12m-8.500 0a8.500 8.500 0 1 0 17 0a8.500 8.500 0 1 0-17 0M12 12m-2.500 0a2.500 2.500 0 1 0 5 0a2.500 2.500 0 1 0-5 0",
  artist: "M12 8.500m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0M4.500 20c.8-4 3.700-6 7.500-6s6.700 2 7.500 6",
  history: "M4.500 8.500A8.500 8.500 0 1 1 3.500 12M4 4v4.500h4.500M12 7.500V12l3 2",
  similar: "M3 8c6.500 0 11.500 8 18 8M3 16c6.500 0 11.500-8 18-8",
  journey: "M5 19a2 2 0 1 0 0-.01M19 5a2 2 0 1 0 0-.01M7 19h7a3.500 3.500 0 0 0 0-7h-4a3.500 3.500 0 0 1 0-7h7",
  playlist: "M4 6h11M4 11h11M4 16h6M17 18.500a2 2 0 1 1-4 0a2 2 0 0 1 4 0V9l4 1.500",
  map: "M6 7h.01M10 12h.01M16 6h.01M18 13h.01M13 17h.01M7 17h.01M12.500 8.500h.01M19 18.500h.01",
  groups: "M8.500 9.500m-4.500 0a4.500 4.500 0 1 0 9 0a4.500 4.500 0 1 0-9 0M16 15m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0",
  compare: "M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h6v6h-6z",
  status: "M5 20V11M12 20V4M19 20v-6",
  settings: "M4 7h9M19 7h1M4 17h1M11 17h9M16 7m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0M8 17m-3 0a3 3 0 1 0 6 0a3 3 0 1 0-6 0",
  search: "M10.500 10.500m-6.500 0a6.500 6.500 0 1 0 13 0a6.500 6.500 0 1 0-13 0M15.500 15.500L20 20",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  close: "M6 6l12 12M18 6L6 18",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  queue: "M4 6h16M4 11h16M4 16h8M16 14.500v5l4-2.500z",
  playNext: "M4 6h16M4 18h9M4 12h9M17 15l3 3-3 3M20 18h-4",
  shuffle: "M4 7h3c5 0 5 10 10 10h3M4 17h3c1.800 0 3-1.300 4-3M13 10c1-1.700 2.200-3 4-3h3M17.500 4.500L20 7l-2.500 2.500M17.500 14.500L20 17l-2.500 2.500",
  repeat: "M17 4l3 3-3 3M4 11V9a2 2 0 0 1 2-2h14M7 20l-3-3 3-3M20 13v2a2 2 0 0 1-2 2H4",
  repeatOne: "M17 4l3 3-3 3M4 11V9a2 2 0 0 1 2-2h14M7 20l-3-3 3-3M20 13v2a2 2 0 0 1-2 2H4M11 10.500l1.500-.5v4.500",
  volume: "M4 10v4h3l5 4V6l-5 4zM15.500 9.500a4 4 0 0 1 0 5M18 7a7.500 7.500 0 0 1 0 10",
  mute: "M4 10v4h3l5 4V6l-5 4zM16 10l4 4M20 10l-4 4",
  chevronDown: "M6 9l6 6 6-6",
  upload: "M12 15V4M8 8l4-4 4 4M4 15v3a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-3",
  download: "M12 4v11M8 11l4 4 4-4M4 17v1a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-1",
  mic: "M12 14a3 3 0 0 0 3-3V7a3 3 0 0 0-6 0v4a3 3 0 0 0 3 3zM6 11a6 6 0 0 0 12 0M12 17v3",
  save: "M6 4h12v16l-6-4-6 4z",
  trash: "M5 7h14M10 7V5h4v2M7 7l1 13h8l1-13",
  edit: "M5 19l1-4L16 5l3 3L9 18z",
  arrowUp: "M12 19V6M7 11l5-5 5 5",
  arrowDown: "M12 5v13M7 13l5 5 5-5",
  lasso: "M12 5c5 0 8 2 8 5s-3 5-8 5-8-2-8-5 3-5 8-5M8 14.500c-2.500 1.500-1.500 4 .5 3.500s1 3-1 3",
  fit: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  sun: "M12 12m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0M12 3v2M12 19v2M3 12h2M19 12h2M5.600 5.600L7 7M17 17l1.400 1.400M5.600 18.400L7 17M17 7l1.400-1.400",
  moon: "M20 14.500A8.500 8.500 0 0 1 9.500 4a8.500 8.500 0 1 0 10.500 10.500z",
  auto: "M12 12m-8 0a8 8 0 1 0 16 0a8 8 0 1 0-16 0M12 4v16M12 8l6-1M12 12h8M12 16l6 1",
  keys: "M3 7h18v10H3zM7 10.500h.01M11 10.500h.01M15 10.500h.01M8 14h8",
  scan: "M4 12h2l2-6 4 12 3-9 2 3h3",
  like: "M12 19s-7-4.300-7-9a4 4 0 0 1 7-2.600A4 4 0 0 1 19 10c0 4.700-7 9-7 9z",
  unlike: "M7 7l10 10M12 12m-8 0a8 8 0 1 0 16 0a8 8 0 1 0-16 0",
  lessLike: "M12 3v6M9 6l3 3 3-3M12 12h.01M12 21v-6M9 18l3-3 3 3",
  grip: "M9 6h.01M15 6h.01M9 12h.01M15 12h.01M9 18h.01M15 18h.01",
  expand: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5M4 4l5 5M20 4l-5 5M20 20l-5-5M4 20l5-5",
  warn: "M12 4l9 16H3zM12 10v4M12 17h.01",
  check: "M5 12.500l4.500 4.500L19 7",
  sound: "M4 10v4M8 7v10M12 4v16M16 8v8M20 10v4",
} as const;

const solids = {
  play: "M8 5.200v13.600a.8.8 0 0 0 1.200.7l11-6.800a.8.8 0 0 0 0-1.400l-11-6.800a.8.8 0 0 0-1.200.7z",
  pause: "M7 5h3.500v14H7zM13.500 5H17v14h-3.500z",
  next: "M5 6v12l9-6zM16 6h2.500v12H16z",
  previous: "M19 6v12l-9-6zM5.500 6H8v12H5.500z",
  stop: "M6.500 6.500h11v11h-11z",
} as const;

export type IconName = keyof typeof strokes | keyof typeof solids;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  const solid = name in solids;
  const path = solid ? solids[name as keyof typeof solids] : strokes[name as keyof typeof strokes];
  const heavy = ["map", "more", "grip"].includes(name);
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false"
      fill={solid ? "currentColor" : "none"} stroke={solid ? "none" : "currentColor"}
      stroke-width={heavy ? 3 : 1.7} stroke-linecap="round" stroke-linejoin="round">
      <path d={path} />
    </svg>
  );
}

/** The logo: one sound going out while another comes in. */
export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false" class="logo">
      <path class="logo-out" d="M4 9c9 0 15 14 24 14" />
      <path class="logo-in" d="M4 23c9 0 15-14 24-14" />
    </svg>
  );
}
