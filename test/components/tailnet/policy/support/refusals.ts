import { PolicyError, readPolicy, type Server } from "../../../../../components/tailnet/policy";

/** The whole message with which a policy is refused, or "read". */
export const problemsOf = (text: string, server?: Server): string => {
  try {
    readPolicy(text, server);
    return "read";
  } catch (error) {
    if (error instanceof PolicyError) return error.message;
    throw error;
  }
};

/** The policy with one rule, around which everything is defined. */
export const acls = (rule: object): string =>
  JSON.stringify({
    groups: { "group:dev": ["ada@"] },
    tagOwners: { "tag:db": [] },
    hosts: { nas: "10.0.0.5" },
    acls: [rule],
  });
export const accept = { action: "accept", src: ["*"], dst: ["*:*"] };
