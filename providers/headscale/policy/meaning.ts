import { parse, printParseErrorCode, type ParseError } from "jsonc-parser";

import { canonical } from "../../common/diff";
import { toJson, type Json } from "../../common/values";

/**
 * A policy as data. HuJSON is JSON with comments and trailing commas: https://github.com/tailscale/hujson
 *
 * @throws Error that says where the text stops being HuJSON
 */
export function parsePolicy(text: string): Json {
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { allowTrailingComma: true, disallowComments: false });
  const [first] = errors;
  if (first === undefined) return toJson(value);
  const line = text.slice(0, first.offset).split("\n").length;
  throw new Error(`line ${line} is no HuJSON (${printParseErrorCode(first.error)})`);
}

/** What a policy says, whatever its comments, layout and order of keys. A text that cannot be read means itself. */
export function meaningOf(text: string): Json {
  try {
    return parsePolicy(text);
  } catch {
    return text;
  }
}

export function meansTheSame(one: string, other: string): boolean {
  return canonical(meaningOf(one)) === canonical(meaningOf(other));
}
