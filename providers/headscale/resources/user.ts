import { z } from "zod";

import { defineKind } from "../../common/defineKind";
import type { HeadscaleApi, NewUser, User } from "../backends/api";

/** Names as hscontrol/util/dns.go, ValidateUsername, has them (0.29.1); lower case only, so that policies name one user in one way. */
const inputs = {
  name: z.string().regex(/^[a-z](?!.*@.*@)[a-z0-9._@-]+$/, {
    error: (issue) =>
      `${JSON.stringify(issue.input)} must begin with a lower-case letter, have at least two characters, and hold nothing but ` +
      'lower-case letters, digits, ".", "_", "-" and one "@" at most',
  }),
  displayName: z.string().default(""),
  email: z.string().default(""),
};

/**
 * A user. Renamed in place; another display name or e-mail address is a new user, because the API cannot change them (and
 * the server refuses to delete one that still has nodes). A user that is there already exactly as wanted is taken over: it
 * is what a run that was killed left behind.
 */
export const user = defineKind<HeadscaleApi, typeof inputs, z.ZodRawShape>({
  token: "headscale:index:User",
  inputs,
  computed: {},
  replaces: ["displayName", "email"],
  // The name is taken as long as the old one exists.
  deleteBeforeReplace: true,
  create: async (api, wanted) => {
    const there = (await api.users()).find(({ name }) => name === wanted.name);
    if (there === undefined) return { id: (await api.createUser(wanted)).id, computed: {} };
    const same = there.displayName === wanted.displayName && there.email === wanted.email;
    if (same && !there.external) return { id: there.id, computed: {} };
    throw new Error(
      `The Headscale user ${wanted.name} exists already, ${there.external ? "made by the identity provider" : "with another displayName or email"}. ` +
        `Take it over with \`pulumi import headscale:index:User <name> ${there.id}\`, or choose another name.`,
    );
  },
  read: async (api, id) => {
    const users = await api.users();
    const found = users.find((candidate) => candidate.id === id) ?? users.find(({ name }) => name === id);
    return found === undefined ? undefined : { id: found.id, inputs: described(found), computed: {} };
  },
  update: async (api, id, wanted, before) => {
    if (wanted.name !== before.inputs.name) await api.renameUser(id, wanted.name);
    return {};
  },
  delete: (api, id) => api.deleteUser(id),
});

function described({ name, displayName, email }: User): NewUser {
  return { name, displayName, email };
}
