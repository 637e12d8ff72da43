import type { Json, Server } from "./model";
import { pathTo } from "./hujson";
import type { PolicyProblem } from "./problems";
import { knownFields } from "./schema";

/** Names that Tailscale still reads for others: https://tailscale.com/kb/1337/policy-syntax */
const OLD_NAMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  acls: { users: "src", ports: "dst" },
  tests: { user: "src", allow: "accept" },
};

/**
 * Writes the names of fields as the model has them. Both servers read them in any case (Headscale forgives _ and - as
 * well), and Headscale skips fields of an access rule that begin with # (types.go, ACL.UnmarshalJSON).
 */
export function canonicalFields(
  value: Json,
  server: Server,
): { readonly value: Json; readonly problems: PolicyProblem[] } {
  const problems: PolicyProblem[] = [];
  const { top, sections } = knownFields[server];
  const rename = (item: Json, names: readonly string[], path: string, section: string): Json => {
    if (!isObject(item)) return item;
    const entries = Object.entries(item)
      .filter(([name, inner]) => !isSkipped(name, inner, server, section))
      .map(([name, inner]): [string, Json] => [nameOf(name, names, server, section), inner]);
    problems.push(...doubled(entries, path));
    return Object.fromEntries(entries);
  };
  const whole = rename(value, top, "", "");
  if (!isObject(whole)) return { value: whole, problems };
  const renamed = Object.entries(whole).map(([section, content]): [string, Json] => {
    const names = Object.hasOwn(sections, section) ? sections[section] : undefined;
    if (names === undefined) return [section, content];
    if (!Array.isArray(content)) return [section, rename(content, names, section, section)];
    return [section, content.map((item: Json, index) => rename(item, names, pathTo(section, index), section))];
  });
  return { value: Object.fromEntries(renamed), problems };
}

/** In rules null is a field left out, to both servers; of a whole section nobody should have to guess what it means. */
function isSkipped(name: string, inner: Json, server: Server, section: string): boolean {
  if (section !== "" && inner === null) return true;
  return server === "headscale" && section === "acls" && name.startsWith("#");
}

function nameOf(name: string, names: readonly string[], server: Server, section: string): string {
  const fold = (text: string) => text.toLowerCase().replaceAll(server === "headscale" ? /[_-]/g : /(?!)/g, "");
  const known = names.find((candidate) => fold(candidate) === fold(name));
  if (known !== undefined) return known;
  const old = server === "tailscale" && Object.hasOwn(OLD_NAMES, section) ? OLD_NAMES[section] : undefined;
  return (old !== undefined && Object.hasOwn(old, name.toLowerCase()) ? old[name.toLowerCase()] : undefined) ?? name;
}

function doubled(entries: readonly [string, Json][], path: string): PolicyProblem[] {
  const names = entries.map(([name]) => name);
  return names
    .filter((name, index) => names.indexOf(name) !== index)
    .map((name) => ({
      path: pathTo(path, name),
      reason: "stands here under two spellings",
      allowed: "each field once",
      remedy: "join the two or remove one",
    }));
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
