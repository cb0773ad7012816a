"use strict";
// The page of an exported site: no library, no build, no request but for its own files. Texts are only ever set as text.
(() => {
  const { title, tracks, clip_s: clipS } = window.SEGUE;
  const byId = (id) => document.getElementById(id);
  const sound = new Audio();
  let shown = -1;

  function make(name, attributes = {}, ...children) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...children);
    return element;
  }

  function names(track) {
    return [track.artist, track.album].filter(Boolean).join(" · ");
  }

  function line(row, ...after) {
    const track = tracks[row];
    const picture = make("img", { src: track.cover, alt: "", loading: "lazy" });
    const text = make("div", {}, make("b", {}, track.title), make("small", {}, names(track)));
    return make("li", {}, make("a", { href: `#${row}` }, picture, text, ...after));
  }

  function outline(track) {
    const space = "http://www.w3.org/2000/svg";
    const svg = document.createElementNS(space, "svg");
    svg.setAttribute("class", "outline");
    svg.setAttribute("viewBox", `0 0 ${track.peaks.length * 3} 100`);
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    track.peaks.forEach((peak, i) => {
      const bar = document.createElementNS(space, "rect");
      const height = Math.max(2, peak);
      Object.entries({ x: i * 3, y: 50 - height / 2, width: 2, height }).forEach(([k, v]) => bar.setAttribute(k, v));
      svg.append(bar);
    });
    svg.addEventListener("click", (event) => {
      const box = svg.getBoundingClientRect();
      if (sound.duration) sound.currentTime = ((event.clientX - box.left) / box.width) * sound.duration;
      sound.play();
    });
    return svg;
  }

  function player(track) {
    const button = make("button", { type: "button", "aria-label": "Play" }, "▶");
    const svg = outline(track);
    sound.src = track.clip;
    button.onclick = () => (sound.paused ? sound.play() : sound.pause());
    sound.onplay = sound.onpause = sound.onended = () => {
      button.textContent = sound.paused ? "▶" : "❚❚";
      button.setAttribute("aria-label", sound.paused ? "Play" : "Pause");
    };
    sound.ontimeupdate = () => {
      const played = (sound.currentTime / (sound.duration || clipS)) * svg.children.length;
      [...svg.children].forEach((bar, i) => bar.classList.toggle("played", i < played));
    };
    return make("div", { class: "play" }, button, svg);
  }

  function show(row, play) {
    const track = tracks[row];
    const wasPlaying = play && !sound.paused;
    sound.pause();
    sound.removeAttribute("src");
    const about = [track.year, track.genre].filter(Boolean).join(" · ");
    const head = make("div", { class: "head" },
      make("img", { src: track.cover, alt: "" }),
      make("div", {}, make("h2", {}, track.title), make("p", {}, names(track)), make("p", { class: "soft" }, about)));
    const near = track.near.map(([other, score]) => line(other,
      make("meter", { min: 0, max: 1, value: Math.max(0, score), "aria-hidden": "true" }),
      make("span", { class: "score" }, score.toFixed(2))));
    byId("track").replaceChildren(head, ...(track.clip ? [player(track)] : []),
      make("h3", {}, "Sounds like this"), make("ul", { id: "near" }, ...near),
      make("footer", { class: "soft" }, "Compared by sound, with Segue. 1 is the same sound, 0 two arbitrary tracks."));
    byId("track").scrollTop = 0;
    const links = byId("tracks").querySelectorAll("a");
    if (shown >= 0) links[shown].removeAttribute("aria-current");
    links[row].setAttribute("aria-current", "true");
    shown = row;
    if (wasPlaying && track.clip) sound.play();
  }

  function find(words) {
    const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    tracks.forEach((track, row) => {
      const text = [track.title, track.artist, track.album, track.genre].join(" ").toLowerCase();
      const hit = wanted.every((word) => text.includes(word));
      byId("tracks").children[row].hidden = !hit;
      found += hit;
    });
    byId("none").hidden = found > 0;
  }

  const current = () => Math.min(tracks.length - 1, Math.max(0, Number.parseInt(location.hash.slice(1), 10) || 0));
  document.title = title;
  document.querySelector("h1").textContent = title;
  byId("tracks").append(...tracks.map((_, row) => line(row)));
  document.querySelector("input").addEventListener("input", (event) => find(event.target.value));
  window.addEventListener("hashchange", () => show(current(), true));
  if (tracks.length) show(current(), false);
})();
