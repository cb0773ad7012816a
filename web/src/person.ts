/** Who uses this page. What one person left in the browser is not another's. */
import { computed, signal } from "@preact/signals";
import * as api from "./api";
import { signInNeeded } from "./connection";
import { changePerson, isOthers } from "./preferences";
import type { Session } from "./types";

export const session = signal<Session | null>(null);

/** Whether this person may scan, change the library's settings and manage people: all may, where there are no users. */
export const mayManage = computed(() => session.value?.user?.admin ?? true);

/** Ask who is logged in; loads the page again where it is somebody else than before. */
export async function loadSession(): Promise<void> {
  session.value = await api.session();
  const { logged_in, user } = session.value;
  if (logged_in && user && isOthers(user.id)) changePerson(user.id);
}

export async function signOut(): Promise<void> {
  await api.logOut();
  if (!session.value?.by_name || !changePerson("")) signInNeeded.value = true;
}
