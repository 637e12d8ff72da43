import { base, withValue } from "./fixtures";
import { refusal } from "./refuse";

function changed(changes: Readonly<Record<string, unknown>>): unknown {
  return Object.entries(changes).reduce((spec, [path, value]) => withValue(spec, path, value), base());
}

/** The paths a message lists, in its order. */
function paths(message: string): string[] {
  return [...message.matchAll(/^ {2}(\S+): /gm)].map(([, path = ""]) => path);
}

test("five mistakes of five kinds, of shape and of meaning, are one error that lists exactly these five", () => {
  const spec = changed({
    "hosts.pve1.vram": "24 GiB",
    "machines.docker.memory": "32GB",
    "machines.workstation.address": "192.168.10.2",
    "machines.cp2.host": "pve9",
    "apps.demo.serves.web.public.access": undefined,
  });
  expect(refusal(spec)).toBe(`The spec has 5 problems:

  hosts.pve1.vram: there is no such setting
    allowed: the settings address, backup, boot, cpu, gpus, kind, reboot, storage
    remedy:  correct its spelling, or remove it

  machines.docker.memory: "32GB" does not fit
    allowed: whole gibibytes with their unit, for example "32 GiB"
    remedy:  correct it

  machines.cp2.host: "pve9" is not a declared host
    allowed: one of pve1, pve2
    remedy:  declare hosts.pve9, or refer to one that is declared

  machines.workstation.address: "192.168.10.2" is already the address of hosts.pve1
    allowed: an address that nothing else has
    remedy:  give one of the two another address

  apps.demo.serves.web.public.access: "demo" would be open to the whole internet: it has no Access rule
    allowed: emailDomains, emails or groups
    remedy:  say who is let in, for example access: { emailDomains: ["example.org"] }, or remove public
`);
});

test("five mistakes on one machine are all told", () => {
  const spec = changed({
    "machines.docker.memory": "32GB",
    "machines.docker.imgae": "debian-12",
    "machines.docker.cores": 0,
    "machines.docker.host": "pve9",
    "machines.docker.tags": ["core", "db"],
  });
  expect(paths(refusal(spec))).toEqual([
    "machines.docker.cores",
    "machines.docker.memory",
    "machines.docker.imgae",
    "machines.docker.host",
    "machines.docker.tags.1",
  ]);
});

/** One mistake in something that much refers to, beside another mistake elsewhere: two problems, no consequences. */
test.each([
  ["a person, the only one of a group", { "people.ada.groups": "admins" }, "people.ada.groups"],
  ["a person's e-mail address", { "people.ada.email": "ada" }, "people.ada.email"],
  ["a host", { "hosts.pve1.address": "pve1" }, "hosts.pve1.address"],
  ["a GPU", { "hosts.pve1.gpus.rtx3090.vram": "24GB" }, "hosts.pve1.gpus.rtx3090.vram"],
  ["a network", { "networks.lan.cidr": "lan" }, "networks.lan.cidr"],
  ["all networks", { networks: [] }, "networks"],
  ["the hub", { "machines.headscale.vmId": "102" }, "machines.headscale.vmId"],
  ["a node's image", { "machines.gpu1.image": "Talos" }, "machines.gpu1.image"],
  ["a node with a GPU", { "machines.gpu1.role": "worker" }, "machines.gpu1.role"],
  ["a Docker host", { "machines.docker.vmId": 1 }, "machines.docker.vmId"],
  ["all machines", { machines: "none" }, "machines"],
  ["a tag", { "tailnet.tags.core.owners": [] }, "tailnet.tags.core.owners"],
  ["all tags", { "tailnet.tags": ["core"] }, "tailnet.tags"],
  ["the control server", { "tailnet.control.kind": "netbird" }, "tailnet.control.kind"],
  ["the tailnet", { tailnet: 1 }, "tailnet"],
  ["the domain", { domain: "ACME" }, "domain"],
  ["a cluster", { "clusters.core.controlPlanes": "cp1" }, "clusters.core.controlPlanes"],
  ["all clusters", { clusters: null }, "clusters"],
  ["an Access rule", { "apps.demo.serves.web.public.access": {} }, "apps.demo.serves.web.public.access"],
  ["a pod range", { "clusters.core.podCidr": "all" }, "clusters.core.podCidr"],
] as const)("a mistake in %s causes no further problem, and hides none elsewhere", (_, change, path) => {
  const elsewhere = path.startsWith("tailnet") ? "apps.ollama.on" : "repositories.stack.runners.ephemeral.tag";
  expect(paths(refusal(changed({ ...change, [elsewhere]: "nowhere" })))).toEqual([path, elsewhere]);
});

test("two mistaken addresses are two problems: what stands in for both is not held against either", () => {
  const spec = changed({
    "tailnet.control": { kind: "tailscale", tailnet: "acme.example" },
    "tailnet.baseDomain": "tail1234.ts.net",
    "people.ada.email": "ada",
    "people.bob.email": "bob",
  });
  expect(paths(refusal(spec))).toEqual(["people.ada.email", "people.bob.email"]);
});
