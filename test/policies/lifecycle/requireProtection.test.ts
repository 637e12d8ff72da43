import { createRequireProtection } from "../../../policies/lifecycle/requireProtection";
import { type Fixture, passes, runResources, unknown } from "../run";

const vmType = "proxmoxve:index/vmLegacy:VmLegacy";
const tunnelType = "cloudflare:index/zeroTrustTunnelCloudflared:ZeroTrustTunnelCloudflared";

function estate(protection: unknown): Fixture {
  return { type: "estate:index:Estate", name: "acme", props: { protection } };
}

/** Runs the rule over resources in the order in which the engine would register them: parents first. */
function run(fixtures: readonly Fixture[], config = {}) {
  return runResources(createRequireProtection(), fixtures, { config });
}

function violation(name: string, type: string, loss: string): string {
  return (
    `${name} (${type}) is not protected.\n` +
    `Why: deleting or replacing it by accident would lose ${loss}.\n` +
    "Allowed: protect: true; without it only in an estate that says protection: false of itself.\n" +
    "To do: set protect on it, or on the component it belongs to, whose children inherit it."
  );
}

const tunnelLoss = "the tunnel's id, to which every public name points";
const hubLoss = "the tailnet's keys, nodes and users, and with them the way in to everything else";

describe("estate-lifecycle-require-protection", () => {
  it.each([
    ["talos:index:Secrets", "the cluster's certificate authorities: nobody could join or administer it any more"],
    [tunnelType, tunnelLoss],
    ["cloudflare:index/tunnel:Tunnel", tunnelLoss],
    ["github:index/repository:Repository", "the repository with its history, issues and settings"],
    ["kubernetes:core/v1:PersistentVolumeClaim", "the data in the volume"],
    ["kubernetes:core/v1:PersistentVolume", "the data in the volume"],
    ["kubernetes:apps/v1:StatefulSet", "the application's members and what they have agreed on"],
  ])("refuses an unprotected %s, and passes a protected one", (type, loss) => {
    const root = estate(true);
    const thing = { type, name: "thing", parent: root };
    expect(run([root, thing]).violations).toEqual([violation("thing", type, loss)]);
    expect(run([root, { ...thing, protect: true }])).toEqual(passes);
  });

  it.each([
    ["headscale-hub", hubLoss],
    ["talos-control-plane", "a member of etcd, with every object of the cluster"],
  ])("refuses an unprotected VM tagged %s", (role, loss) => {
    const root = estate(true);
    const vm = { type: vmType, name: "vm", parent: root, props: { tags: ["estate", role] } };
    expect(run([root, vm]).violations).toEqual([violation("vm", vmType, loss)]);
  });

  it("knows a VM's role by the component above it", () => {
    const root = estate(true);
    const machine = {
      type: "estate:machines:VirtualMachine",
      name: "hub",
      parent: root,
      props: { vm: { role: "headscale-hub" } },
    };
    const vm = { type: vmType, name: "hub-vm", parent: machine, props: { tags: unknown } };
    expect(run([root, machine, vm]).violations).toEqual([violation("hub-vm", vmType, hubLoss)]);
    const hub = { type: "estate:tailnet:HeadscaleHub", name: "hub", parent: root };
    expect(run([root, hub, { ...vm, parent: hub }]).violations).toEqual([violation("hub-vm", vmType, hubLoss)]);
  });

  it("passes what can be made again: other VMs, other resources", () => {
    const root = estate(true);
    const vm = { type: vmType, name: "docker-vm", parent: root, props: { tags: ["docker-host"] } };
    expect(run([root, vm, { type: "kubernetes:apps/v1:Deployment", name: "demo", parent: root }])).toEqual(passes);
  });

  it("passes an estate that says that it is throw-away, at any depth", () => {
    const root = estate(false);
    const edge = { type: "estate:edge:PublicEdge", name: "edge", parent: root };
    expect(run([root, edge, { type: tunnelType, name: "tunnel", parent: edge }])).toEqual(passes);
  });

  it("asks for protection all the same when the pack's configuration requires it", () => {
    const root = estate(false);
    const tunnel = { type: tunnelType, name: "tunnel", parent: root };
    const expected = [violation("tunnel", tunnelType, tunnelLoss)];
    expect(run([root, tunnel], { protection: "required" }).violations).toEqual(expected);
    expect(run([root, tunnel], { protection: "as-declared" })).toEqual(passes);
  });

  it.each([
    ["absent", undefined],
    ["unknown", unknown],
    ["no boolean", "false"],
  ])("takes a protection that is %s for required", (_, protection) => {
    const root = estate(protection);
    const verdict = run([root, { type: tunnelType, name: "tunnel", parent: root }]);
    expect(verdict).toEqual({
      violations: [violation("tunnel", tunnelType, tunnelLoss)],
      about: ["tunnel"],
      advisory: undefined,
    });
  });

  it("does not let one estate speak for another, or for what belongs to none", () => {
    const [lax, strict] = [estate(false), { ...estate(true), name: "other" }];
    const tunnels = [strict, undefined].map((parent, index) => ({
      type: tunnelType,
      name: `tunnel-${index}`,
      ...(parent === undefined ? {} : { parent }),
    }));
    expect(run([lax, strict, ...tunnels]).about).toEqual(["tunnel-0", "tunnel-1"]);
  });
});
