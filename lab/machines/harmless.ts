/**
 * A lab machine is a directory of this computer, not a container: a script written for a machine of its own, run here, would
 * write to this computer's /etc. So a script is run only when every absolute path in it is inside that directory, or one of
 * those that mean no harm.
 */
const harmless = ["/bin/sh", "/dev/null", "/usr/share/keyrings/", "/etc/apt/sources.list.d/"];

/** A path, wherever a shell may see one begin; the `//` of a URL is none. */
const absolutePath = /(?<![\w./:$}-])\/[\w./-]*/g;
/** A default that a variable of the machine's environment replaces: `${HEADSCALE_STATE:=/var/lib/headscale}`. */
const replacedDefault = /\$\{HEADSCALE_[A-Z]+:=[^}]*\}/g;

/** Absolute paths in a script that lie outside a machine's directory, each once. An empty list: it may be run. */
export function pathsOutside(directory: string, script: string): string[] {
  const code = script.replaceAll(replacedDefault, "").replaceAll(/^\s*#(?!!).*$/gm, "");
  const found = code.match(absolutePath) ?? [];
  const isInside = (path: string): boolean =>
    path === directory || path.startsWith(`${directory}/`) || harmless.some((prefix) => path.startsWith(prefix));
  // A path with ".." may lead anywhere.
  return [...new Set(found.filter((path) => !isInside(path) || path.includes("..")))];
}
