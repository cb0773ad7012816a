import * as api from "../api";
import { PageHeader, SegmentedControl } from "../components/common";
import { Icon } from "../components/icons";
import { signInNeeded } from "../connection";
import { useLoad } from "../hooks";
import { shortcutsEnabled, theme, type Theme } from "../preferences";
import { helpOpen } from "../shortcuts";
import { attempt } from "../toast";

export function SettingsPage() {
  return (
    <>
      <PageHeader title="Settings" lead="Saved in this browser." />
      <div class="panels">
        <Appearance />
        <Keyboard />
        <About />
      </div>
    </>
  );
}

function Appearance() {
  return (
    <section class="panel">
      <h2>Appearance</h2>
      <SegmentedControl<Theme> label="Appearance" value={theme.value} onPick={(value) => (theme.value = value)}
        options={[["system", "Same as system"], ["light", "Light"], ["dark", "Dark"]]} />
    </section>
  );
}

function Keyboard() {
  return (
    <section class="panel">
      <h2>Keyboard</h2>
      <label class="check">
        <input type="checkbox" checked={shortcutsEnabled.value} onChange={(event) => (shortcutsEnabled.value = event.currentTarget.checked)} />
        Use keyboard shortcuts
      </label>
      <p><button type="button" class="button small" onClick={() => (helpOpen.value = true)}><Icon name="keys" size={16} />Show all shortcuts</button></p>
    </section>
  );
}

function About() {
  const { data: health } = useLoad(api.health, []);
  const { data: session } = useLoad(api.session, []);
  const signOut = () => void attempt(api.logOut().then(() => (signInNeeded.value = true)));
  return (
    <section class="panel">
      <h2>Segue {health?.version}</h2>
      <p class="quiet">Finds music by how it sounds. Everything runs on this machine, and this page contacts no other server.</p>
      {session?.needed && <p><button type="button" class="button small" onClick={signOut}>Sign out</button></p>}
      <p><a href="/docs">HTTP API</a> · <a href="/assets/licenses.txt" target="_blank" rel="noopener">Licenses of the software in this page</a></p>
    </section>
  );
}
