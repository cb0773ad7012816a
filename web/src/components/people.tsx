import { useState } from "preact/hooks";
import * as api from "../api";
import { formatDate } from "../format";
import { useLoad } from "../hooks";
import { session, signOut } from "../person";
import { attempt, showToast } from "../toast";
import type { User } from "../types";
import { Dialog } from "./dialog";

interface FieldProps {
  label: string;
  value: string;
  onInput: (value: string) => void;
  secret?: "current-password" | "new-password";
}

function Field({ label, value, onInput, secret }: FieldProps) {
  return (
    <label class="labelled"><span>{label}</span>
      <span class="field">
        {secret
          ? <input type="password" autocomplete={secret} required minLength={secret === "new-password" ? 8 : 1} value={value} onInput={(event) => onInput(event.currentTarget.value)} />
          : <input autocomplete="off" required maxLength={64} value={value} onInput={(event) => onInput(event.currentTarget.value)} />}
      </span></label>
  );
}

const done = (work: Promise<void>) => attempt(work.then(() => true));

/** One's own name, password and sessions. */
export function Account() {
  const user = session.value?.user;
  if (!user) return null;
  return (
    <section class="panel">
      <div class="section-head">
        <h2>{user.name}</h2>
        <button type="button" class="button small" onClick={() => void attempt(signOut())}>Sign out</button>
      </div>
      <p class="quiet">{rights(user)}. Your likes, history, queue and playlists are yours alone, but for playlists that you let everybody see.</p>
      <Password />
      <AppPassword user={user} />
      <Sessions />
    </section>
  );
}

const rights = (user: User) => (user.owner ? "You own this library" : user.admin ? "You are an administrator of this library" : "You listen to this library");

function Password() {
  const [old, setOld] = useState("");
  const [password, setPassword] = useState("");
  const change = async (event: Event) => {
    event.preventDefault();
    if (!(await done(api.changePassword(old, password)))) return;
    (setOld(""), setPassword(""));
    showToast("Password changed. Your other sessions have ended.");
  };
  return (
    <details class="more">
      <summary>Change password</summary>
      <form class="stack" onSubmit={change}>
        <Field label="Old password" value={old} onInput={setOld} secret="current-password" />
        <Field label="New password, at least 8 characters" value={password} onInput={setPassword} secret="new-password" />
        <button class="button small">Change password</button>
      </form>
    </details>
  );
}

function AppPassword({ user }: { user: User }) {
  const [word, setWord] = useState("");
  const [made, setMade] = useState(user.has_app_password);
  const make = async () => {
    const answer = await attempt(api.makeAppPassword());
    if (answer) (setWord(answer.app_password), setMade(true));
  };
  const remove = async () => {
    if (await done(api.removeAppPassword())) (setWord(""), setMade(false));
  };
  return (
    <details class="more">
      <summary>Password for apps</summary>
      <div class="stack">
        <p class="quiet">OpenSubsonic apps sign in as {user.name} with a password of their own, or with it as an API key. It opens nothing else.</p>
        {word && <p role="status">Enter this in the app; it is shown only once: <code class="word">{word}</code></p>}
        <p class="buttons">
          <button type="button" class="button small" onClick={make}>{made ? "Make another one" : "Make one"}</button>
          {made && <button type="button" class="button small" onClick={remove}>Remove it</button>}
        </p>
      </div>
    </details>
  );
}

function Sessions() {
  const { data, retry } = useLoad(api.sessions, []);
  const sessions = data?.sessions ?? [];
  const end = async (work: Promise<void>) => (await done(work)) && retry();
  return (
    <>
      <h3>Signed in</h3>
      <ul class="people" aria-label="Sessions">
        {sessions.map((one) => (
          <li key={one.id}>
            <span><b>{one.app}</b>{one.current && " · this browser"}
              <span class="quiet">{one.client} · since {formatDate(one.created_at)} · last used {formatDate(one.seen_at)}</span></span>
            {!one.current && <button type="button" class="button small" aria-label={`End the session of ${one.app}, last used ${formatDate(one.seen_at)}`}
              onClick={() => void end(api.endSession(one.id))}>End</button>}
          </li>
        ))}
      </ul>
      {sessions.some((one) => !one.current) && (
        <p><button type="button" class="button small" onClick={() => void end(api.endOtherSessions())}>End all others</button></p>
      )}
    </>
  );
}

/** Who shares the library, for administrators. */
export function People() {
  const me = session.value?.user;
  return me?.admin ? <Listed me={me} /> : null;
}

function Listed({ me }: { me: User }) {
  const { data, retry } = useLoad(api.users, []);
  const [changing, setChanging] = useState<User | null>(null);
  const [removing, setRemoving] = useState<User | null>(null);
  const change = async (user: User) => {
    if (!(await attempt(api.setAdmin(user.id, !user.admin)))) return;
    showToast(`${user.name} is ${user.admin ? "a listener" : "an administrator"} now`);
    retry();
  };
  return (
    <section class="panel">
      <h2>People</h2>
      <ul class="people" aria-label="People">
        {data?.users.map((user) => (
          <li key={user.id}>
            <span><b>{user.name}</b>{user.id === me.id && " · you"}
              <span class="quiet">{user.owner ? "owner" : user.admin ? "administrator" : "listener"} · since {formatDate(user.created_at)}</span></span>
            {user.id !== me.id && (
              <span class="buttons">
                <button type="button" class="button small" aria-label={`Set password of ${user.name}`} onClick={() => setChanging(user)}>Set password</button>
                {!user.owner && <>
                  <button type="button" class="button small" aria-label={`Make ${user.admin ? "listener" : "administrator"}: ${user.name}`}
                    onClick={() => void change(user)}>{user.admin ? "Make listener" : "Make administrator"}</button>
                  <button type="button" class="button small" aria-label={`Remove ${user.name}`} onClick={() => setRemoving(user)}>Remove</button>
                </>}
              </span>
            )}
          </li>
        ))}
      </ul>
      <AddPerson onAdded={retry} />
      {changing && <NewPassword user={changing} onClose={() => setChanging(null)} />}
      {removing && <Removal user={removing} onClose={() => (setRemoving(null), retry())} />}
    </section>
  );
}

function AddPerson({ onAdded }: { onAdded: () => void }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [admin, setAdmin] = useState(false);
  const add = async (event: Event) => {
    event.preventDefault();
    if (!(await attempt(api.addUser(name, password, admin)))) return;
    (setName(""), setPassword(""), setAdmin(false), onAdded());
    showToast(`Added ${name}`);
  };
  return (
    <details class="more">
      <summary>Add a person</summary>
      <form class="stack" onSubmit={add}>
        <Field label="Name" value={name} onInput={setName} />
        <Field label="Password, at least 8 characters" value={password} onInput={setPassword} secret="new-password" />
        <label class="check"><input type="checkbox" checked={admin} onChange={(event) => setAdmin(event.currentTarget.checked)} />
          May scan, change the library's settings and manage people</label>
        <button class="button small">Add</button>
      </form>
    </details>
  );
}

function NewPassword({ user, onClose }: { user: User; onClose: () => void }) {
  const [password, setPassword] = useState("");
  const set = async (event: Event) => {
    event.preventDefault();
    if (!(await done(api.setPassword(user.id, password)))) return;
    showToast(`${user.name} has another password, and is signed out everywhere`);
    onClose();
  };
  return (
    <Dialog title={`Password of ${user.name}`} onClose={onClose}>
      <form class="stack" onSubmit={set}>
        <Field label="New password, at least 8 characters" value={password} onInput={setPassword} secret="new-password" />
        <button class="button main">Set password</button>
      </form>
    </Dialog>
  );
}

function Removal({ user, onClose }: { user: User; onClose: () => void }) {
  const remove = async () => (await done(api.removeUser(user.id))) && onClose();
  return (
    <Dialog title={`Remove ${user.name}?`} onClose={onClose}>
      <div class="stack">
        <p>All likes, plays and playlists of {user.name} are deleted. This cannot be undone.</p>
        <p class="buttons"><button type="button" class="button" onClick={onClose}>Cancel</button>
          <button type="button" class="button main" onClick={remove}>Remove</button></p>
      </div>
    </Dialog>
  );
}
