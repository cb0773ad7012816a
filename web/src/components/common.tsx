/** Small components that many pages share. */
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { coverOf, isClip, isNamed } from "../api";
import { ApiError, offline } from "../connection";
import { coverImage } from "../covers";
import { percentile } from "../format";
import { useTitle } from "../title";
import { Icon, type IconName } from "./icons";

export function Cover({ id, size = 48, shown = size }: { id: string; size?: number; shown?: number }) {
  const [failed, setFailed] = useState(false);
  useLayoutEffect(() => setFailed(false), [id]); // now: the next one may already have failed
  if (failed || isClip(id) || isNamed(id)) {
    return <span class="cover none" data-size={shown}><Icon name="sound" size={Math.max(18, shown / 3)} /></span>;
  }
  return (
    <img class="cover" data-size={shown} src={coverOf(id, size * 2)} alt="" width={shown} height={shown}
      loading="lazy" decoding="async" draggable={false} onLoad={() => coverImage(id, size * 2)} onError={() => setFailed(true)} />
  );
}

interface IconButtonProps {
  icon: IconName;
  label: string;
  onClick: (event: MouseEvent) => void;
  small?: boolean;
  pressed?: boolean;
  disabled?: boolean;
  extraClass?: string;
}

export function IconButton({ icon, label, onClick, small, pressed, disabled, extraClass = "" }: IconButtonProps) {
  return (
    <button type="button" class={`icon-button ${small ? "small" : ""} ${extraClass}`} aria-label={label} title={label}
      aria-pressed={pressed} disabled={disabled} onClick={onClick}>
      <Icon name={icon} size={small ? 18 : 20} />
    </button>
  );
}

/** A lead that is not known yet keeps its line, so that nothing moves under a finger when it comes. */
export const KEPT_LINE = "\u00a0";

export function PageHeader({ title, lead, children }: { title: string; lead?: ComponentChildren; children?: ComponentChildren }) {
  useTitle(title);
  return (
    <header class="page-head">
      <div>
        <h1 tabIndex={-1}>{title}</h1>
        {lead && <p class="lead">{lead}</p>}
      </div>
      {children && <div class="page-actions">{children}</div>}
    </header>
  );
}

/** The title of a page that shows none: for the tab, the history and who hears the page. */
export function HiddenTitle({ title }: { title: string }) {
  useTitle(title);
  return <h1 class="hidden-text" tabIndex={-1}>{title}</h1>;
}

/** Shown when there is nothing to list: what the page is for, and what to do next. */
export function EmptyState({ icon, title, children }: { icon: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <span class="empty-icon"><Icon name={icon} size={30} /></span>
      <h2>{title}</h2>
      <div class="prose">{children}</div>
    </div>
  );
}

export function LoadError({ error, retry }: { error: Error; retry: () => void }) {
  const isOffline = offline.value;
  if (error instanceof ApiError && error.code.endsWith("not_found")) {
    return (
      <EmptyState icon="warn" title="Not in this library">
        <p class="sentence">{error.message}.</p>
        <p>It may have been removed, or the link to it is of another library. <a href="/">Go home</a></p>
      </EmptyState>
    );
  }
  return (
    <div class="empty" role="alert">
      <span class="empty-icon bad"><Icon name="warn" size={30} /></span>
      <h2>{isOffline ? "Segue is not responding" : "Something went wrong"}</h2>
      <div class="prose">
        <p class="sentence">{isOffline ? "Check that it is still running. This page tries again every few seconds." : error.message}</p>
        <button type="button" class="button" onClick={retry}>Try again</button>
      </div>
    </div>
  );
}

export function LoadingRows({ n = 8, label = "Loading" }: { n?: number; label?: string }) {
  return (
    <div class="skeleton" role="status">
      <span class="hidden-text">{label}…</span>
      {Array.from({ length: n }, (_, i) => <div key={i} class="skeleton-row"><i /><b /><em /></div>)}
    </div>
  );
}

/** What a line or a box is dragged by; keys and menus move it, too. */
export function Grip({ onPress }: { onPress: (event: PointerEvent, grip: HTMLElement) => void }) {
  return (
    <span class="grip" aria-hidden="true" title="Drag to move" onPointerDown={(event) => event.button === 0 && onPress(event, event.currentTarget)}>
      <Icon name="grip" size={16} />
    </span>
  );
}

/** A score as a bar; and as the share of the library that is less alike, where ``quantiles`` tell how its scores are spread. */
export function ScoreBar({ score, title = "Score", quantiles }: { score: number; title?: string; quantiles?: readonly number[] | undefined }) {
  const bar = useRef<HTMLElement>(null);
  useEffect(() => bar.current?.style.setProperty("--share", String(Math.min(1, Math.max(0, score)))), [score]);
  const share = quantiles && percentile(score, quantiles);
  return (
    <span class="score" title={`${share === undefined ? "" : `Nearer than ${share} % of your library. `}${title} ${score.toFixed(3)}`}>
      <span class="score-track"><i ref={bar} /></span>
      {share === undefined ? <span class="num hidden-text">{title} {score.toFixed(2)}</span>
        : <span class="num"><span class="hidden-text">nearer than </span>{share}<span aria-hidden="true"> %</span><span class="hidden-text"> % of your library</span></span>}
    </span>
  );
}

interface SegmentedControlProps<V extends string> {
  label: string;
  value: V;
  options: readonly (readonly [V, string])[];
  onPick: (value: V) => void;
}

export function SegmentedControl<V extends string>({ label, value, options, onPick }: SegmentedControlProps<V>) {
  return (
    <div class="segmented" role="group" aria-label={label}>
      {options.map(([key, text]) => (
        <button key={key} type="button" aria-pressed={key === value} onClick={() => onPick(key)}>{text}</button>
      ))}
    </div>
  );
}

export function Progress({ share, label }: { share: number | null; label: string }) {
  return share === null
    ? <progress class="progress" aria-label={label} />
    : <progress class="progress" aria-label={label} max={1} value={share} />;
}
