import { isClip } from "../api";
import { opinions, toggleOpinion, type Opinion } from "../opinions";
import type { Track } from "../types";
import { IconButton } from "./common";
import type { Choice } from "./menu";

interface OpinionProps {
  track: Track;
  seed?: Track | undefined; // what the track is an answer to
  small?: boolean;
}

/** The heart. */
export const LikeButton = (props: OpinionProps) => <OpinionButton {...props} opinion="like" />;

/** What is disliked is recommended no more. */
export const DislikeButton = (props: OpinionProps) => <OpinionButton {...props} opinion="dislike" />;

function OpinionButton({ track, seed, small = false, opinion }: OpinionProps & { opinion: Opinion }) {
  if (isClip(track.id)) return null;
  const verb = opinion === "like" ? "Like" : "Dislike";
  return (
    <IconButton icon={opinion === "like" ? "like" : "unlike"} label={`${verb} ${track.title}`} small={small}
      pressed={opinions.value.get(track.id) === opinion} extraClass={`opinion ${opinion}`}
      onClick={() => void toggleOpinion(track, opinion, seed)} />
  );
}

/** The same in a menu. */
export function opinionChoices(track: Track, seed?: Track): Choice[] {
  if (isClip(track.id)) return [];
  const given = opinions.value.get(track.id);
  const choice = (opinion: Opinion, text: string): Choice => ({
    icon: opinion === "like" ? "like" : "unlike", text, run: () => void toggleOpinion(track, opinion, seed),
  });
  return [
    choice("like", given === "like" ? "Take back the like" : "Like"),
    choice("dislike", given === "dislike" ? "Take back the dislike" : "Dislike"),
  ];
}
