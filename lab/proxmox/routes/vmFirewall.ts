import { createHash } from "node:crypto";
import { demand } from "../access";
import { listed, must, nodeOf, one, type Request, type Route, settingsOf } from "../api";
import { boolean, integer, oneOf, text } from "../parameters";
import { badParameters, died } from "../refusal";
import type { State, VmState } from "../state";

const levels = oneOf(..."emerg alert crit err warning notice info debug nolog".split(" "));
const policy = oneOf("ACCEPT", "REJECT", "DROP");
const direction = oneOf("in", "out", "forward", "group");
const ruleFields = {
  ...{ comment: text, dest: text, digest: text, dport: text, enable: integer(0), "icmp-type": text, iface: text },
  ...{ log: levels, macro: text, proto: text, source: text, sport: text },
};
const base = "/nodes/{node}/qemu/{vmid}/firewall";

type Rule = VmState["firewall"]["rules"][number];

/** A VM's firewall. */
export const vmFirewallRoutes: readonly Route[] = [
  { method: "GET", path: `${base}/options`, handle: (request) => printed(audited(request).firewall.options) },
  {
    method: "PUT",
    path: `${base}/options`,
    parameters: {
      optional: {
        ...{ delete: text, dhcp: boolean, digest: text, enable: boolean, ipfilter: boolean, log_level_in: levels },
        ...{
          log_level_out: levels,
          macfilter: boolean,
          ndp: boolean,
          policy_in: policy,
          policy_out: policy,
          radv: boolean,
        },
      },
    },
    handle: (request) =>
      change(request, (vm) => {
        const gone = listed(one(request, "delete"));
        const all = { ...vm.firewall.options, ...settingsOf(request, "delete", "digest") };
        vm.firewall.options = Object.fromEntries(Object.entries(all).filter(([name]) => !gone.includes(name)));
      }),
  },
  {
    method: "GET",
    path: `${base}/rules`,
    handle: (request) => {
      const { rules } = audited(request).firewall;
      return rules.map((rule, pos) => ({ ...rule, pos, digest: digestOf(rules) }));
    },
  },
  {
    method: "POST",
    path: `${base}/rules`,
    parameters: { required: { action: text, type: direction }, optional: { ...ruleFields, pos: integer(0) } },
    handle: (request) =>
      change(request, ({ firewall }) => {
        const { enable = "0", ...given } = settingsOf(request, "pos", "digest");
        const rule = { ...kept(given), enable: Number(enable) };
        verify(rule);
        // A new rule becomes the first.
        firewall.rules.splice(Number(one(request, "pos") ?? 0), 0, rule);
      }),
  },
  {
    method: "GET",
    path: `${base}/rules/{pos}`,
    handle: (request) => {
      const { rules } = audited(request).firewall;
      const pos = position(request, rules);
      // A text here, and a number in the list: the provider reads them as such.
      return { ...rules[pos], pos: String(pos), digest: digestOf(rules) };
    },
  },
  {
    method: "PUT",
    path: `${base}/rules/{pos}`,
    parameters: { optional: { ...ruleFields, action: text, type: direction, delete: text, moveto: integer(0) } },
    handle: changeRule,
  },
  {
    method: "DELETE",
    path: `${base}/rules/{pos}`,
    parameters: { optional: { digest: text } },
    handle: (request) =>
      change(request, ({ firewall }) => {
        firewall.rules.splice(position(request, firewall.rules), 1);
      }),
  },
];

function changeRule(request: Request): null {
  return change(request, ({ firewall }) => {
    const pos = position(request, firewall.rules);
    const target = one(request, "moveto");
    const [rule = {}] = firewall.rules.splice(pos, 1);
    if (target !== undefined) {
      // Its place is counted as long as the rule still stands at its old one.
      firewall.rules.splice(Number(target) > pos ? Number(target) - 1 : Number(target), 0, rule);
      return;
    }
    const { enable, ...given } = settingsOf(request, "delete", "digest", "moveto");
    const gone = listed(one(request, "delete"));
    const merged = { ...kept({ ...rule, ...given }), ...(enable === undefined ? {} : { enable: Number(enable) }) };
    const changed = Object.fromEntries(Object.entries(merged).filter(([name]) => !gone.includes(name)));
    verify(changed);
    firewall.rules.splice(pos, 0, changed);
  });
}

/** @throws Refusal as PVE::Firewall::verify_rule */
function verify(rule: Rule): void {
  const errors: Record<string, string> = {};
  const { type, action, proto } = rule;
  if (type !== "group" && !/^(ACCEPT|DROP|REJECT)$/.test(String(action)))
    errors["action"] = `unknown action '${String(action)}'`;
  for (const name of ["dport", "icmp-type", "sport"]) {
    if (rule[name] !== undefined && proto === undefined)
      errors["proto"] = `missing property - '${name}' requires this property`;
  }
  if (Object.keys(errors).length > 0) throw badParameters(errors);
}

/** What Proxmox keeps of a rule: copy_rule_data of PVE/Firewall.pm drops what is empty. */
function kept(rule: Rule): Rule {
  return Object.fromEntries(Object.entries(rule).filter(([, value]) => value !== "" && value !== "-"));
}

/** The firewall is a file of its own: without it, and without the VM, it is an empty one (load_vmfw_conf of PVE/Firewall.pm). */
function firewallOf(state: State, request: Request): Pick<VmState, "firewall"> {
  nodeOf(state, request);
  return state.vms[must(request, "vmid")] ?? { firewall: { options: {}, rules: [] } };
}

function audited(request: Request): Pick<VmState, "firewall"> {
  demand(request.caller, `/vms/${must(request, "vmid")}`, "VM.Audit");
  return firewallOf(request.store.read(), request);
}

/** Proxmox would keep the firewall of a VM that is not there, for one that may come; here it is forgotten. */
function change(request: Request, work: (vm: Pick<VmState, "firewall">) => void): null {
  demand(request.caller, `/vms/${must(request, "vmid")}`, "VM.Config.Network");
  request.store.update((state) => {
    work(firewallOf(state, request));
  });
  return null;
}

function position(request: Request, rules: readonly Rule[]): number {
  const pos = Number(request.path["pos"]);
  if (!Number.isInteger(pos) || pos < 0)
    throw badParameters({ pos: `type check ('integer') failed - got '${must(request, "pos")}'` });
  if (pos >= rules.length) throw died(`no rule at position ${pos}`);
  return pos;
}

function printed(options: Readonly<Record<string, string>>): Record<string, string | number> {
  const entries = Object.entries(options).map(([name, value]): [string, string | number] => [
    name,
    /^\d+$/.test(value) ? Number(value) : value,
  ]);
  return { ...Object.fromEntries(entries), digest: digestOf(options) };
}

function digestOf(value: unknown): string {
  return createHash("sha1").update(JSON.stringify(value)).digest("hex");
}
