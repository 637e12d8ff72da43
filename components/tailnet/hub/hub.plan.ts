import { stringify } from "yaml";
import type { Vm } from "../../../stacks/estate";
import { type InputProblem, refuse } from "../../inputProblems";
import { loginUsers } from "../../machines/cloudInit/loginUser";
import { hubConfig, type HubConfigArgs } from "./hub.config";
import { dnsProblems, type HubDns } from "./hub.dns";
import { hubConfigProblems } from "./hub.rules";

/**
 * The hub's version. 0.29.1 is what the lab runs; patch releases of one minor version change no configuration key and
 * no API: https://github.com/juanfont/headscale/releases
 */
export const headscaleVersion = "0.29.3";

/** Processors that Headscale's package is built for. */
export type HubArchitecture = "amd64" | "arm64";

/**
 * SHA-256 of headscale_<version>_linux_<architecture>.deb, as far as it could be confirmed by two sources. The others
 * are verified against the checksums.txt of the release when they are installed, which a replaced release would pass.
 */
export const packageChecksums: Readonly<Record<HubArchitecture, string | undefined>> = {
  amd64: "14eccf8d41fd93927ad3fe1fd9e49dbe14d5668a244c4205d940967c442aea0d",
  arm64: undefined,
};

/** What a hub is made of, as far as it is known before anything is created. It holds no secret. */
export interface HubSpec {
  /** The host in loginServer. */
  readonly hostname: string;
  /** Where the API is called and nodes join. */
  readonly loginServer: string;
  /** Headscale's config.yaml. */
  readonly config: string;
  readonly dns: HubDns | undefined;
  readonly architecture: HubArchitecture;
}

/** What decides a hub, wherever it runs. */
export interface HubPlanArgs extends Pick<HubConfigArgs, "baseDomain" | "certificate" | "trustedProxies" | "dns"> {
  readonly domain: string;
  /** @default "https://headscale.<domain>" */
  readonly loginServer?: string | undefined;
  /** @default "amd64" */
  readonly architecture?: HubArchitecture | undefined;
}

/**
 * Plans a hub on a VM; `user` is the image's, who logs in by key and may use sudo.
 *
 * @throws InputPropertiesError with everything that is wrong: an image that cannot run it, a name, an address, a
 * resolver
 */
export function planVmHub(name: string, image: Vm["image"], args: HubPlanArgs): HubSpec & { readonly user: string } {
  const user = loginUsers[image];
  const problems =
    user === undefined
      ? [
          {
            propertyPath: "vm.image",
            reason: `"${image}" is not set up by cloud-init; allowed: ${Object.keys(loginUsers).join(", ")}; choose one of them`,
          },
        ]
      : [];
  refuse(`HeadscaleHub "${name}"`, [...problems, ...problemsOf(args)]);
  return { ...specOf(args), user: user ?? "" };
}

/**
 * Plans a hub on a host that is there already.
 *
 * @throws InputPropertiesError with everything that is wrong: a name, an address, a resolver, a user
 */
export function planHostHub(name: string, user: string, args: HubPlanArgs): HubSpec {
  const problems = /^[a-z_][a-z0-9_-]{0,31}$/.test(user)
    ? []
    : [{ propertyPath: "ssh.user", reason: `"${user}" is no name of a Linux user; correct it` }];
  refuse(`HeadscaleHostHub "${name}"`, [...problems, ...problemsOf(args)]);
  return specOf(args);
}

function specOf({ domain, loginServer = `https://headscale.${domain}`, architecture, ...rest }: HubPlanArgs): HubSpec {
  return {
    hostname: new URL(loginServer).hostname,
    loginServer,
    config: stringify(hubConfig({ loginServer, ...rest })),
    dns: rest.dns,
    architecture: architecture ?? "amd64",
  };
}

function problemsOf(args: HubPlanArgs): InputProblem[] {
  const { domain, baseDomain, loginServer = `https://headscale.${domain}`, dns } = args;
  const url = URL.canParse(loginServer) ? new URL(loginServer) : undefined;
  // What follows "https://host:port" would not be part of the name that nodes know.
  if (url?.protocol !== "https:" || url.origin !== loginServer) {
    const reason = `"${loginServer}" is no address of a hub; allowed: https://NAME or https://NAME:PORT, nothing behind it`;
    return [{ propertyPath: "loginServer", reason }, ...dnsProblems(dns)];
  }
  return [...nameProblems(url.hostname, baseDomain, domain), ...dnsProblems(dns), ...hardeningProblems(args)];
}

/** Headscale compares whole labels, and refuses to start otherwise. */
function nameProblems(hostname: string, baseDomain: string, domain: string): InputProblem[] {
  if (!`.${hostname}`.endsWith(`.${baseDomain}`)) return [];
  const reason =
    `"${baseDomain}" holds the hub's own name ${hostname}; allowed: a domain that does not; choose another, such as ` +
    `tailnet.${domain}`;
  return [{ propertyPath: "baseDomain", reason }];
}

/** What an argument can still open: the same rules as the policy has. */
function hardeningProblems(args: HubPlanArgs): InputProblem[] {
  const arguments_: Readonly<Record<string, string>> = { trusted_proxies: "trustedProxies" };
  return hubConfigProblems(specOf(args).config).map(({ key, problem }) => ({
    propertyPath: arguments_[key] ?? key,
    reason: problem,
  }));
}
