/**
 * What a mistaken part of a spec is replaced with, so that the rest can still be checked. Patterns of paths, `*` for any
 * name; `undefined` leaves the part out. The smallest part around a mistake is taken; a field that is listed nowhere takes
 * its whole entry along, which is always safe.
 */
type Repairs = Readonly<Record<string, unknown>>;

/** Stands in for every mistaken e-mail address; not to be held against another one. */
export const unknownAddress = "unknown@example.org";

/** Fields that no check reads: replacing them cannot cause a further problem. */
export const unread: Repairs = {
  org: "unknown",
  "people.*.email": unknownAddress,
  "networks.*.bridge": "vmbr0",
  "networks.*.vlan": undefined,
  "hosts.*.cpu": "intel",
  "hosts.*.boot": "grub",
  "hosts.*.storage": undefined,
  "machines.*.cores": 1,
  "machines.*.memory": "1 GiB",
  "machines.*.disk": undefined,
  "tailnet.keyExpiry": undefined,
  "tailnet.control.replacePolicy": undefined,
  "tailnet.dns.nameservers": undefined,
  "tailnet.dns.search": undefined,
  "clusters.*.kubernetes": "0.0.0",
  "clusters.*.talos": "0.0.0",
  "clusters.*.imageSha256": undefined,
  "clusters.*.registry": undefined,
  "apps.*.chart": "demo",
  "apps.*.namespace": undefined,
  "apps.*.models": undefined,
  "repositories.*.description": undefined,
  "repositories.*.visibility": undefined,
  "repositories.*.secrets": undefined,
  "repositories.*.environments": undefined,
};

const control = { kind: "headscale", on: "unknown" };

/** Parts that checks read: problems that rest on one of these are not reported (see Problem.about). */
export const recorded: Repairs = {
  domain: "example.org",
  people: undefined,
  "people.*": undefined,
  networks: undefined,
  "networks.*": undefined,
  hosts: undefined,
  "hosts.*": undefined,
  "hosts.*.gpus": undefined,
  "hosts.*.gpus.*": undefined,
  machines: undefined,
  "machines.*": undefined,
  "machines.*.image": "debian-12",
  "machines.*.tags": undefined,
  "machines.*.advertises": undefined,
  "machines.*.serves": undefined,
  "machines.*.serves.*": undefined,
  tailnet: { control },
  "tailnet.control": control,
  "tailnet.control.watch": undefined,
  "tailnet.baseDomain": undefined,
  "tailnet.tags": undefined,
  "tailnet.tags.*": undefined,
  "tailnet.ssh": undefined,
  "tailnet.dns": undefined,
  "tailnet.dns.names": undefined,
  "tailnet.dns.resolver": undefined,
  "tailnet.dns.records": undefined,
  "tailnet.dns.split": undefined,
  "tailnet.certificates": undefined,
  clusters: undefined,
  "clusters.*": undefined,
  "clusters.*.vip": undefined,
  "clusters.*.gpus": undefined,
  "clusters.*.podCidr": undefined,
  "clusters.*.serviceCidr": undefined,
  "clusters.*.tailnet": undefined,
  apps: undefined,
  "apps.*": undefined,
  "apps.*.replicas": 1,
  "apps.*.gpus": 0,
  "apps.*.serves": undefined,
  "apps.*.serves.*": undefined,
  "apps.*.serves.*.public.access": undefined,
  repositories: undefined,
  "repositories.*": undefined,
  "repositories.*.runners": undefined,
};
