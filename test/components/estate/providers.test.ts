import { createProviders } from "../../../components/estate/providers";
import { loadStack } from "../../../stacks";
import type { Estate } from "../../../stacks/estate";
import { record } from "../../support/record";

const secrets = { proxmoxApiToken: "made-up token", sshPrivateKey: "made-up key" };

async function made(spec: Estate): Promise<string[]> {
  const { registrations } = await record(() => createProviders({ spec, secrets, githubOwner: "owner" }));
  return registrations.map(({ type }) => type.replace("pulumi:providers:", "")).sort();
}

const dndnordic = loadStack("dndnordic");

describe("the providers of an estate", () => {
  it("are all of them for one with hosts and something published", async () => {
    expect(await made(loadStack("dev"))).toEqual(["cloudflare", "command", "github", "proxmoxve"]);
  });

  it("are not asked for credentials of what it does not have", async () => {
    expect(await made(dndnordic)).toEqual(["github"]);
  });

  it("log in where a hub is on a machine that is there already", async () => {
    const tailnet = {
      ...dndnordic.tailnet,
      control: { kind: "headscale", on: "linux-builder", apiKeyEdition: 1 },
    } as const;
    expect(await made({ ...dndnordic, tailnet })).toEqual(["command", "github"]);
  });
});
