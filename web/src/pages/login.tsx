import { useState } from "preact/hooks";
import * as api from "../api";
import { LoadError } from "../components/common";
import { Logo } from "../components/icons";
import { signInNeeded, reconnects } from "../connection";
import { useLoad } from "../hooks";
import { session } from "../person";
import { changePerson, isOthers } from "../preferences";

export function LoginPage() {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const { data, error: away, retry } = useLoad(api.session, []);
  const byName = data?.by_name ?? false;
  const [error, setError] = useState("");
  const enter = async (event: Event) => {
    event.preventDefault();
    try {
      session.value = await api.logIn(password, byName ? name : undefined);
      const user = session.value.user;
      if (user && isOthers(user.id) && changePerson(user.id)) return;
      signInNeeded.value = false;
      reconnects.value++;
    } catch (refusal) {
      setError((refusal as Error).message);
    }
  };
  if (away && !data) return <main class="login"><LoadError error={away} retry={retry} /></main>;
  if (!data) return <main class="login" aria-busy="true" />; // which field is first is not known yet
  return (
    <main class="login">
      <form onSubmit={enter}>
        <Logo size={56} />
        <h1>Segue</h1>
        <p class="quiet">Enter {byName ? "your name and password" : "the password"} to continue.</p>
        {byName && (
          <label class="field">
            <span class="hidden-text">Name</span>
            <input autocomplete="username" autocapitalize="none" spellcheck={false} placeholder="Name" value={name} autofocus
              onInput={(event) => (setName(event.currentTarget.value), setError(""))} />
          </label>
        )}
        <label class="field">
          <span class="hidden-text">Password</span>
          <input type="password" autocomplete="current-password" placeholder="Password" value={password} autofocus
            onInput={(event) => (setPassword(event.currentTarget.value), setError(""))} />
        </label>
        {error && <p class="bad sentence" role="alert">{error}</p>}
        <button class="button main" disabled={!password || (byName && !name.trim())}>Sign in</button>
      </form>
    </main>
  );
}
