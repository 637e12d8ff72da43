import { openness } from "../../providers/headscale/policy/openness";

/**
 * Says in what ways a tailnet policy allows everything; an empty list means that it does not.
 *
 * @param text the policy as strict JSON; HuJSON's comments and trailing commas are reported as unreadable
 */
export function allowAllProblems(text: string): readonly string[] {
  if (text.trim() === "") return ["is empty, which allows everybody everything"];
  const policy = parse(text);
  if (typeof policy !== "object" || policy === null || Array.isArray(policy)) {
    return ["cannot be read as a JSON object, so nothing can be said about what it allows"];
  }
  return openness(policy);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
