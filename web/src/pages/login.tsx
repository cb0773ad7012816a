import { useState } from "preact/hooks";
import * as api from "../api";
import { Logo } from "../components/icons";
import { signInNeeded, reconnects } from "../connection";

export function LoginPage() {
  const [password, setPassword] = useState("");
  const [error, setError] = useState("");
  const enter = async (event: Event) => {
    event.preventDefault();
    try {
      await api.logIn(password);
      signInNeeded.value = false;
      reconnects.value++;
    } catch (refusal) {
      setError((refusal as Error).message);
    }
  };
  return (
    <main class="login">
      <form onSubmit={enter}>
        <Logo size={56} />
        <h1>Segue</h1>
        <p class="quiet">Enter the password to continue.</p>
        <label class="field">
          <span class="hidden-text">Password</span>
          <input type="password" autocomplete="current-password" placeholder="Password" value={password} autofocus
            onInput={(event) => (setPassword(event.currentTarget.value), setError(""))} />
        </label>
        {error && <p class="bad" role="alert">{error}</p>}
        <button class="button main" disabled={!password}>Sign in</button>
      </form>
    </main>
  );
}
