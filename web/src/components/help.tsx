import { helpOpen, SHORTCUTS } from "../shortcuts";
import { shortcutsEnabled } from "../preferences";
import { Dialog } from "./dialog";

export function Help() {
  if (!helpOpen.value) return null;
  return (
    <Dialog title="Keyboard shortcuts" onClose={() => (helpOpen.value = false)}>
      <dl class="keys">
        {SHORTCUTS.map(([key, what]) => (
          <div key={key}><dt><kbd>{key}</kbd></dt><dd>{what}</dd></div>
        ))}
      </dl>
      <label class="check">
        <input type="checkbox" checked={shortcutsEnabled.value} onChange={(event) => (shortcutsEnabled.value = event.currentTarget.checked)} />
        Use keyboard shortcuts
      </label>
    </Dialog>
  );
}
