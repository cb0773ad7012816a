import { signal } from "@preact/signals";
import * as api from "./api";
import { attempt, showToast } from "./toast";
import type { Track } from "./types";

export type Opinion = "like" | "dislike";

/** What is liked and disliked, by the ids of the tracks, the last given first. */
export const opinions = signal<ReadonlyMap<string, Opinion>>(new Map());

/** Whether the library has said what there is. */
export const opinionsKnown = signal(false);

/** Changes whenever recommendations may differ: pages that show some ask again. */
export const opinionsChanged = signal(0);

/** Read them from the library, where players and commands change them too. */
export async function loadOpinions(): Promise<void> {
  const before = opinions.value;
  const { feedback } = await api.feedback();
  if (opinions.value !== before) return loadOpinions(); // one was given meanwhile, and the answer may lack it
  const given = feedback.filter((one) => one.verdict !== "skip").map((one) => [one.track, one.verdict as Opinion] as const);
  opinionsKnown.value = true;
  if (JSON.stringify(given) === JSON.stringify([...opinions.value])) return;
  opinions.value = new Map(given);
  opinionsChanged.value++;
}

/** Like or dislike a track; a second time takes it back. */
export async function toggleOpinion(track: Track, opinion: Opinion, seed?: Track): Promise<void> {
  const before = opinions.value.get(track.id);
  const now = before === opinion ? undefined : opinion;
  if (!(await setOpinion(track.id, now, seed))) return;
  const undo = { label: "Undo", run: () => void setOpinion(track.id, before, seed) };
  if (now === "dislike") showToast(`Segue no longer recommends “${track.title}”`, { action: undo });
  else showToast(now ? `You like “${track.title}”` : `Took back what you said of “${track.title}”`, { action: undo });
}

async function setOpinion(id: string, opinion: Opinion | undefined, seed?: Track): Promise<boolean> {
  const answered = seed && !api.isNamed(seed.id) && seed.id !== id ? seed.id : null;
  const sent = opinion ? api.giveFeedback(id, opinion, answered).then(() => true) : api.takeBackFeedback(id).then(() => true);
  if (!(await attempt(sent))) return false;
  const others = [...opinions.value].filter(([other]) => other !== id);
  opinions.value = new Map(opinion ? [[id, opinion], ...others] : others);
  opinionsChanged.value++;
  return true;
}
