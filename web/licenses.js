import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";

/** A file beside the page with the license of every package whose code or font is in it. */
export function licenses() {
  return {
    name: "licenses",
    apply: "build",
    generateBundle(_options, bundle) {
      const folders = new Set();
      for (const chunk of Object.values(bundle)) {
        for (const id of chunk.type === "chunk" ? chunk.moduleIds : []) {
          const folder = packageFolder(id);
          if (folder) folders.add(folder);
        }
        for (const name of chunk.originalFileNames ?? []) {
          const folder = packageFolder(join(process.cwd(), name));
          if (folder) folders.add(folder);
        }
      }
      const texts = [...folders].sort().map(describe);
      const source = `The player of Segue contains the following software.\n\n${texts.join("\n")}`;
      this.emitFile({ type: "asset", fileName: "assets/licenses.txt", source });
    },
  };
}

function packageFolder(id) {
  if (!id.includes("/node_modules/")) return null;
  for (let folder = dirname(id); folder.includes("node_modules"); folder = dirname(folder)) {
    const file = join(folder, "package.json");
    if (existsSync(file) && JSON.parse(readFileSync(file, "utf8")).version) return folder;
  }
  return null;
}

function describe(folder) {
  const about = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  if (!file) throw new Error(`${about.name} is bundled and has no license file`);
  const text = readFileSync(join(folder, file), "utf8").trim();
  return `${"=".repeat(72)}\n${about.name} ${about.version} (${about.license})\n\n${text}\n`;
}
