import { joinCloudInit, planJoin } from "../../../components/tailnet/join";
import { cluster, external, topology, vm } from "./fixtures";

const args = { loginServer: "https://headscale.estate.example", authKey: "hskey-auth-made-up", hostname: "docker" };

describe("cloud-init of a machine that joins", () => {
  const plain = joinCloudInit({ ...args, advertises: [] });
  const script = ({ writeFiles }: typeof plain) =>
    writeFiles.find(({ path }) => path === "/usr/local/sbin/tailnet-join")?.content ?? "";

  it("has the key in one file that only root reads, and nowhere else", () => {
    const holders = plain.writeFiles.filter(({ content }) => content.includes(args.authKey));
    expect(holders).toEqual([{ path: "/run/tailnet-join/key", content: args.authKey, permissions: "0600" }]);
    expect(JSON.stringify([plain.runcmd, plain.packages])).not.toContain(args.authKey);
  });

  it("removes the key however the script ends", () => {
    expect(script(plain).split("\n").slice(0, 3)).toEqual([
      "#!/bin/sh",
      "set -eu",
      "trap 'rm -f /run/tailnet-join/key' EXIT",
    ]);
  });

  it("joins, and by default neither routes, nor uses routes, nor serves SSH", () => {
    expect(script(plain)).toContain(
      "tailscale up --login-server=https://headscale.estate.example --auth-key=file:/run/tailnet-join/key --hostname=docker --accept-routes=false --timeout=120s\n",
    );
    expect(script(plain)).not.toContain("sysctl");
  });

  it("forwards packets before it advertises networks", () => {
    const router = joinCloudInit({
      ...args,
      advertises: ["10.42.0.0/24", "10.43.0.0/16"],
      acceptRoutes: true,
      ssh: true,
    });
    const lines = script(router).split("\n");
    expect(lines.slice(-3)).toEqual([
      "sysctl --system",
      "tailscale up --login-server=https://headscale.estate.example --auth-key=file:/run/tailnet-join/key --hostname=docker --accept-routes=true --ssh --advertise-routes=10.42.0.0/24,10.43.0.0/16 --timeout=120s",
      "",
    ]);
    expect(router.writeFiles.map(({ path }) => path)).toContain("/etc/sysctl.d/99-tailnet.conf");
  });

  it("takes Tailscale from its own repository for the system it runs on", () => {
    expect(script(plain)).toContain('repository="https://pkgs.tailscale.com/stable/$ID/$VERSION_CODENAME"');
  });
});

describe("how a machine joins, by its topology", () => {
  const machines = {
    docker: vm({ tags: ["core"] }),
    field: external({ advertises: ["10.42.0.9/24", "10.41.0.0/24"] }),
    far: external(),
  };
  const ssh = [{ from: "group:admins", to: "tag:core", users: ["ubuntu"] }];

  it.each([
    ["a plain VM", "docker", { advertises: [], acceptRoutes: true, ssh: true }],
    ["a router", "field", { advertises: ["10.41.0.0/24", "10.42.0.0/24"], acceptRoutes: false, ssh: false }],
    ["an external machine", "far", { advertises: [], acceptRoutes: true, ssh: false }],
  ] as const)("is planned for %s", (_, name, expected) => {
    const estate = topology({ machines, ssh, clusters: { core: cluster() } });
    expect(planJoin(estate, name, machines[name])).toEqual({ hostname: name, ...expected });
  });

  it("serves SSH when the session is declared for the machine's own tag", () => {
    const own = topology({ machines, ssh: [{ from: "group:admins", to: "tag:far", users: ["root"] }] });
    expect(planJoin(own, "far", machines.far).ssh).toBe(true);
  });

  it("never accepts a route to the network that the machine is in", () => {
    const gateway = external({ advertises: ["192.168.50.0/24"] });
    expect(planJoin(topology({ machines: { ...machines, gateway } }), "docker", machines.docker).acceptRoutes).toBe(
      false,
    );
  });

  it("nor does a machine that is said to be inside such a network, whoever set it up", () => {
    const field = external({ advertises: ["10.42.0.0/24"] });
    const plan = (address: string) => {
      const jetson = external({ address });
      return planJoin(topology({ machines: { field, jetson } }), "jetson", jetson).acceptRoutes;
    };
    expect([plan("10.42.0.7"), plan("10.43.0.7")]).toEqual([false, true]);
  });
});

// Cannot prove: that the repository serves these files, and that tailscale joins; real clients do that in the full lab.
