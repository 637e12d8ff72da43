import { type Estate, hubOf } from "../estate";
import { lookup } from "../lookup";
import { type Problem, quote } from "../problems";

/** The control server is what it is said to be, and is asked for what a server of its kind can do. */
export function checkControl(estate: Estate): Problem[] {
  return [...hub(estate), ...baseDomain(estate), ...certificates(estate), ...dns(estate)];
}

function hub({ machines, tailnet }: Estate): Problem[] {
  const on = hubOf(tailnet);
  const machine = lookup(machines, on);
  if (machine === undefined || machine.role === "headscale-hub") return [];
  return [
    {
      path: "tailnet.control.on",
      problem: `machines.${on ?? ""} has the role ${quote(machine.role)}`,
      allowed: 'a machine with role "headscale-hub"',
      remedy: "name the machine that runs Headscale, or give this one that role",
    },
  ];
}

function baseDomain({ domain, tailnet }: Estate): Problem[] {
  const path = "tailnet.baseDomain";
  const { control, baseDomain: base } = tailnet;
  if (base === "") {
    return [
      {
        path,
        problem: "is missing",
        allowed: "the base domain that the control server has",
        remedy: `add it: ${whereShown[control.kind]}`,
        about: ["tailnet.control"],
      },
    ];
  }
  // https://tailscale.com/kb/1217/tailnet-name: it is given by Tailscale, not chosen.
  if (control.kind === "tailscale" && !base.endsWith(".ts.net")) {
    return [
      {
        path,
        problem: `${quote(base)} is no domain of Tailscale's`,
        allowed: "the tailnet's DNS name, which ends with .ts.net",
        remedy: `write ${whereShown.tailscale}`,
        about: ["tailnet.control"],
      },
    ];
  }
  // Headscale compares whole labels: example.org is no part of headscale.myexample.org.
  if (hubOf(tailnet) === undefined || !`.headscale.${domain}`.endsWith(`.${base}`)) return [];
  return [
    {
      path,
      problem: `${quote(base)} contains the hub's own name headscale.${domain}`,
      allowed: "a domain that the hub's name does not end with (Headscale refuses to start otherwise)",
      remedy: `leave it out (tailnet.${domain}), or choose another`,
      about: ["domain"],
    },
  ];
}

const whereShown = {
  headscale: "dns.base_domain of the hub's configuration",
  tailscale: "what the admin console shows on its page DNS",
} as const;

/** No Headscale up to 0.29 gives nodes a certificate domain, so `tailscale cert` refuses: its docs/about/features.md. */
function certificates({ tailnet }: Estate): Problem[] {
  if (!tailnet.certificates || tailnet.control.kind === "tailscale") return [];
  return [
    {
      path: "tailnet.certificates",
      problem: "Headscale issues no certificates for tailnet names",
      allowed: 'true with control kind "tailscale" only',
      remedy:
        "leave it out, and publish what needs a certificate below the estate's own domain (serves.NAME.public), where " +
        "Cloudflare has one",
      about: ["tailnet.control"],
    },
  ];
}

function dns(estate: Estate): Problem[] {
  const { control } = estate.tailnet;
  if (control.kind === "headscale" && !("on" in control)) return dnsOfOtherHub(estate);
  return [...unansweredNames(estate), ...resolver(estate), ...recordsOnTailscale(estate)];
}

/** No control server knows a machine's address before it has joined, so none can be given a record for it in advance. */
function unansweredNames({ tailnet }: Estate): Problem[] {
  if (tailnet.dns.resolver !== undefined) return [];
  return Object.entries(tailnet.dns.names).map(([name, machine]) => ({
    path: `tailnet.dns.names.${name}`,
    problem: "nobody answers for it",
    allowed: `the machine's own names, ${machine} and ${machine}.${tailnet.baseDomain}; others with tailnet.dns.resolver`,
    remedy: "use the machine's own name, or name a machine that answers: tailnet.dns.resolver: { on, address }",
    about: ["tailnet.control", "tailnet.dns.resolver", "tailnet.baseDomain"],
  }));
}

function resolver({ machines, tailnet }: Estate): Problem[] {
  const { resolver: answers } = tailnet.dns;
  const machine = lookup(machines, answers?.on);
  if (answers === undefined || machine === undefined) return [];
  const serves = Object.values(machine.serves).some(
    ({ port, protocol, to }) => port === 53 && protocol === "udp" && to.length > 0,
  );
  if (serves) return [];
  return [
    {
      path: "tailnet.dns.resolver.on",
      problem: `machines.${answers.on} serves DNS to nobody`,
      allowed: "a machine that serves port 53 by udp to those who look names up",
      remedy: `add it there: machines.${answers.on}.serves.dns: { port: 53, protocol: "udp", to: ["group:..."] }`,
    },
  ];
}

/** https://tailscale.com/kb/1054/dns: name servers, split DNS and search domains; no record of one's own. */
function recordsOnTailscale({ tailnet }: Estate): Problem[] {
  if (tailnet.control.kind !== "tailscale") return [];
  return Object.keys(tailnet.dns.records).map((name) => ({
    path: `tailnet.dns.records.${name}`,
    problem: "Tailscale holds no records but its own",
    allowed: "records on a hub of the estate's own; on Tailscale tailnet.dns.names and tailnet.dns.split",
    remedy: "put it in public DNS, or let a name server of your own answer for its domain (tailnet.dns.split)",
    about: ["tailnet.control"],
  }));
}

/** Headscale's DNS settings stand in its configuration file; its API has none: https://headscale.net/stable/ref/dns/ */
function dnsOfOtherHub({ tailnet }: Estate): Problem[] {
  return Object.entries(tailnet.dns)
    .filter(([, setting]) => Object.keys(setting ?? {}).length > 0)
    .map(([key]) => ({
      path: `tailnet.dns.${key}`,
      problem: "the DNS settings of a Headscale that exists stand in its own configuration file",
      allowed: "none here",
      remedy: "leave it out, and ask whoever runs the hub to add it there",
      about: ["tailnet.control"],
    }));
}
