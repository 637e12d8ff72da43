import fc from "fast-check";
import { flaws } from "./flaws";
import { tags } from "./population";
import {
  behind,
  definitions,
  opening,
  ownSources,
  ports,
  protocol,
  source,
  sources,
  takesPorts,
  target,
  wideTarget,
} from "./words";

/** A policy as a person might write it: definitions, rules, now and then a mistake. */
export interface Draft {
  readonly [key: string]: unknown;
  readonly acls?: readonly object[];
  readonly grants?: readonly object[];
  readonly ssh?: readonly object[];
}

const acl = fc
  .record({ src: sources, dst: fc.array(fc.tuple(wideTarget, ports), { minLength: 1, maxLength: 3 }), proto: protocol })
  .map(({ src, dst, proto }) => ({
    action: "accept",
    src,
    dst: dst.map(([alias, text]) => `${alias}:${takesPorts(proto) ? text : "*"}`),
    ...(proto === undefined ? {} : { proto }),
  }));

/** Devices of one's own, with and without others in the same rule. */
const selfAcl = fc
  .record({
    src: fc.oneof(ownSources, fc.constant(["*"])),
    port: ports,
    others: fc.array(fc.tuple(wideTarget, ports), { maxLength: 2 }),
  })
  .map(({ src, port, others }) => ({
    action: "accept",
    src,
    dst: [`autogroup:self:${port}`, ...others.map(([alias, text]) => `${alias}:${text}`)],
  }));

const openings = fc.array(opening, { minLength: 1, maxLength: 2 });
const app = fc.constant({ "example.com/cap/files": [{ paths: ["*"] }] });

const grant = fc
  .record({ src: sources, dst: fc.array(target, { minLength: 1, maxLength: 3 }), ip: openings, app: fc.option(app) })
  .map(({ src, dst, ip, app: capability }) => ({
    src,
    // A grant with capabilities must not have the internet among its destinations.
    dst: capability === null ? dst : dst.map((alias) => (alias === "autogroup:internet" ? "tag:web" : alias)),
    ip,
    ...(capability === null ? {} : { app: capability }),
  }));

const appGrant = fc.record({ src: sources, app }).map((fields) => ({ ...fields, dst: ["tag:db"] }));

const selfGrant = fc
  .record({ src: ownSources, others: fc.array(target, { maxLength: 1 }), ip: openings })
  .map(({ src, others, ip }) => ({ src, dst: ["autogroup:self", ...others], ip }));

const viaGrant = fc.record({
  src: fc.array(source, { minLength: 1, maxLength: 2 }),
  dst: fc.array(behind, { minLength: 1, maxLength: 2 }),
  ip: openings,
  via: fc.uniqueArray(fc.constantFrom("tag:router", "tag:edge", "tag:exit", "tag:web"), { minLength: 1, maxLength: 2 }),
});

const login = fc.constantFrom(
  ["root"],
  ["autogroup:nonroot"],
  ["root", "autogroup:nonroot"],
  ["ubuntu"],
  ["ubuntu", "root"],
  ["localpart:*@estate.example"],
  ["localpart:*@estate.example", "root"],
);
const period = fc.constantFrom(undefined, "always", "1h", "20h");
const userSide = fc.constantFrom("ada@", "eve@", "zoe@", "group:dev", "group:ops", "autogroup:member");
const tagSide = fc.constantFrom(...tags, "autogroup:tagged");

const peopleSsh = fc
  .record({
    action: fc.constantFrom("accept", "check"),
    src: fc.array(userSide, { minLength: 1, maxLength: 2 }),
    dst: fc.array(fc.oneof(tagSide, fc.constantFrom("autogroup:self", "autogroup:member")), {
      minLength: 1,
      maxLength: 2,
    }),
    users: login,
    checkPeriod: period,
  })
  .map(({ checkPeriod, ...rule }) =>
    rule.action === "check" && checkPeriod !== undefined ? { ...rule, checkPeriod } : rule,
  );
const ownSsh = fc
  .record({ action: fc.constant("accept"), user: fc.constantFrom("ada@", "eve@"), users: login })
  .map(({ user, ...rule }) => ({ ...rule, src: [user], dst: [user] }));
const machineSsh = fc.record({
  action: fc.constant("accept"),
  src: fc.array(tagSide, { minLength: 1, maxLength: 2 }),
  dst: fc.array(tagSide, { minLength: 1, maxLength: 2 }),
  users: login,
});

const acls = fc.array(fc.oneof({ weight: 5, arbitrary: acl }, { weight: 1, arbitrary: selfAcl }), { maxLength: 4 });
const grants = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: grant },
    { weight: 2, arbitrary: viaGrant },
    { weight: 1, arbitrary: selfGrant },
    { weight: 1, arbitrary: appGrant },
  ),
  { maxLength: 3 },
);
const ssh = fc.array(fc.oneof(peopleSsh, ownSsh, machineSsh), { minLength: 1, maxLength: 3 });

const rules = fc.oneof(
  { weight: 3, arbitrary: acls.map((list): Draft => ({ acls: list })) },
  { weight: 2, arbitrary: grants.map((list): Draft => ({ grants: list })) },
  { weight: 3, arbitrary: fc.record({ acls, grants }) },
);

const sound = fc
  .record({ rules, ssh: fc.option(ssh, { freq: 3 }) })
  .map(({ rules: lists, ssh: list }): Draft => ({ ...definitions, ...lists, ...(list === null ? {} : { ssh: list }) }));

/** Policies, most of them sound; a flaw is something in them that may or may not be a mistake. */
export const drafts: fc.Arbitrary<Draft> = fc.oneof(
  { weight: 9, arbitrary: sound },
  { weight: 1, arbitrary: fc.tuple(sound, fc.constantFrom(...flaws)).map(([draft, flaw]) => flaw(draft)) },
);

/** How it is written down: JSON, or HuJSON with comments and trailing commas; names of fields in any case. */
export const writings: fc.Arbitrary<(policy: Draft) => string> = fc.oneof(
  { weight: 6, arbitrary: fc.constant((policy: Draft) => JSON.stringify(policy)) },
  {
    weight: 1,
    arbitrary: fc.constant((policy: Draft) => `// rules\n${JSON.stringify(policy).replace(/\}$/, ",} /* end */")}`),
  },
  { weight: 1, arbitrary: fc.constant((policy: Draft) => JSON.stringify(policy).replace('"acls":', '"ACLs":')) },
);
