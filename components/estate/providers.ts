import * as proxmox from "@muhlba91/pulumi-proxmoxve";
import * as cloudflare from "@pulumi/cloudflare";
import * as command from "@pulumi/command";
import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
import type { LabPlaces } from "../../stacks/labPlaces";
import { type Estate as EstateSpec, hubOf } from "../../stacks/estate";
import { publishedServices } from "./estate.plan";
import { secretOf } from "./secrets";

/** What the providers of an estate need to know. */
export interface ProvidersArgs {
  readonly spec: EstateSpec;
  readonly githubOwner: string;
  /** Where the full lab runs the hosts; undefined in every other world. */
  readonly lab?: LabPlaces | undefined;
  /** Always treated as secret. */
  readonly secrets: Readonly<Record<string, pulumi.Input<string>>>;
}

/**
 * The providers of everything outside tailnet and clusters, to be handed to an Estate. Made first and together, so that
 * their plugins start side by side rather than each when its first resource comes. Creates
 *
 * 1. github, and cloudflare when something is published, with tokens from GITHUB_TOKEN and CLOUDFLARE_API_TOKEN, which stay
 *    out of the state;
 * 2. command, for what is done over SSH on hosts and on the tailnet's hub;
 * 3. proxmoxve, when there are hosts. Those of a spec are one Proxmox cluster, any of which answers for all. Its own
 *    documentation asks for explicit settings; SSH is how it uploads cloud-init snippets.
 */
export function createProviders({ spec, githubOwner, lab, secrets }: ProvidersArgs): pulumi.ProviderResource[] {
  const hosts = Object.entries(spec.hosts);
  const [first] = hosts;
  return [
    ...(first === undefined
      ? []
      : [
          new proxmox.Provider(`${spec.org}-proxmox`, {
            endpoint: lab?.proxmox?.endpoint ?? `https://${first[1].address}:8006/`,
            apiToken: secretOf(secrets, "proxmoxApiToken"),
            ssh: {
              username: "root",
              privateKey: secretOf(secrets, "sshPrivateKey"),
              nodes: hosts.map(([name, { address }]) => ({ name, address, ...lab?.proxmox?.ssh[name] })),
            },
          }),
        ]),
    ...(first === undefined && hubOf(spec.tailnet) === undefined ? [] : [new command.Provider(`${spec.org}-command`)]),
    ...(Object.keys(publishedServices(spec)).length === 0 ? [] : [new cloudflare.Provider(`${spec.org}-cloudflare`)]),
    new github.Provider(`${spec.org}-github`, { owner: githubOwner }),
  ];
}
