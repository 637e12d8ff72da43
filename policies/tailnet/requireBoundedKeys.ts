import type { ResourceValidationPolicy } from "@pulumi/policy";
import { type JoinKey, joinKeyProblems } from "../../components/tailnet/key.rules";
import { durationToMilliseconds } from "../../providers/common/duration";
import { message } from "../message";
import { at, listAt, text, Undecided, Unknown } from "../reading";

/** Resource types that are keys by which nodes join, and how each says when it expires. */
const expiryOf: ReadonlyMap<string, (props: unknown) => unknown> = new Map([
  ["headscale:index:PreAuthKey", (props: unknown) => secondsOf(at(props, "expiration"))],
  ["tailscale:index/tailnetKey:TailnetKey", (props: unknown) => at(props, "expiry")],
]);

/**
 * A key by which nodes join gives tags, ends within 30 days, and is good once unless its nodes are forgotten with their
 * work: whoever finds one then gets little by it.
 *
 * What is unknown at preview is left to the SDK's advisory, after what is known has been judged. Absent: reusable and ephemeral count as false, which is what the
 * providers take them for; an expiry has to be said.
 */
export const requireBoundedKeys: ResourceValidationPolicy = {
  name: "estate-tailnet-require-bounded-keys",
  description: "Keys by which nodes join give tags, expire soon, and are good once unless ephemeral.",
  enforcementLevel: "mandatory",
  severity: "high",
  remediationSteps: "Give the key tags and an expiry of at most 30 days; make a reusable one ephemeral.",
  url: "https://tailscale.com/kb/1085/auth-keys",
  validateResource: ({ type, name, props }, reportViolation) => {
    const expiry = expiryOf.get(type);
    if (expiry === undefined) return;
    const undecided = new Undecided();
    const known = (value: unknown, inFavour: unknown): unknown => {
      undecided.add(value);
      return value instanceof Unknown ? inFavour : value;
    };
    const key: JoinKey = {
      tags: listAt(props, "tags").flatMap((tag) => text(known(tag, "tag:unknown")) ?? []),
      reusable: known(at(props, "reusable"), false) === true,
      ephemeral: known(at(props, "ephemeral"), true) === true,
      expiry: numberOf(known(expiry(props), 1)),
    };
    for (const problem of joinKeyProblems(key)) {
      reportViolation(
        message({
          what: `The join key ${name} ${problem}`,
          why: "whoever finds it could put a machine of their own into the tailnet",
          allowed: "tags, at most 30 days, and a single use unless its nodes are ephemeral",
          remedy: "set tags, expiry, reusable and ephemeral accordingly",
        }),
      );
    }
    undecided.settle();
  },
};

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** What is no length of time is a matter of the provider, which refuses it. */
function secondsOf(value: unknown): unknown {
  if (value instanceof Unknown) return value;
  const form = text(value);
  return form === undefined || !/^\d+ (minutes|hours|days)$/.test(form)
    ? undefined
    : durationToMilliseconds(form) / 1000;
}
