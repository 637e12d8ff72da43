/** What the launcher in the plugin folder and the engine say on the command line. */
export interface Options {
  /** Package this process stands for. */
  packageName: string;
  /** Version of the package, as the program's SDK has it. */
  version: string;
  /** Path of the world file. */
  world: string;
  /** Folder of the machines that the full lab really runs; empty in the embedded lab, which runs none. */
  machines: string;
  /** Address of the engine, host:port; empty when a person starts the simulator and attaches to it. */
  engine: string;
}

const usage = "usage: main.ts --package NAME --version VERSION --world PATH [--machines PATH] [engine address]";

/** Reads the command line; the engine's own flags (--logtostderr, --tracing and the like) say nothing here. */
export function parseArguments(words: readonly string[]): Options {
  const named = new Map<string, string>();
  let engine = "";
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    if (["--package", "--version", "--world", "--machines"].includes(word)) named.set(word, words[++index] ?? "");
    else if (["--tracing", "-v"].includes(word)) index++;
    else if (!word.startsWith("-")) engine = word;
  }
  const missing = ["--package", "--version", "--world"].filter((name) => (named.get(name) ?? "") === "");
  if (missing.length > 0) throw new Error(`${missing.join(", ")} missing; ${usage}`);
  const value = (name: string) => named.get(name) ?? "";
  return {
    packageName: value("--package"),
    version: value("--version"),
    world: value("--world"),
    machines: value("--machines"),
    engine,
  };
}
