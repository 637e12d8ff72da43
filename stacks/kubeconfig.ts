import { parse } from "yaml";
import { z } from "zod";
import type { Problem } from "./problems";

/** What a kubeconfig says, and everything that keeps the estate from using it. */
export interface ReadKubeconfig {
  /** URL of the Kubernetes API; "" when there are problems. */
  readonly server: string;
  /** None of them repeats a value of the kubeconfig: it opens a cluster. */
  readonly problems: readonly Omit<Problem, "path">[];
}

type Fault = ReadKubeconfig["problems"][number];

/** https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/: what of it is read here; the rest is left to clients. */
const clusterSchema = z.looseObject({
  server: z.string().default(""),
  "certificate-authority": z.string().optional(),
  "certificate-authority-data": z.string().optional(),
  "insecure-skip-tls-verify": z.boolean().default(false),
});
const userSchema = z.looseObject({
  token: z.string().optional(),
  "client-certificate-data": z.string().optional(),
  "client-key-data": z.string().optional(),
});
const contextSchema = z.looseObject({ cluster: z.string(), user: z.string() });
const schema = z.looseObject({
  "current-context": z.string().default(""),
  contexts: z.array(z.looseObject({ name: z.string(), context: contextSchema })).default([]),
  clusters: z.array(z.looseObject({ name: z.string(), cluster: clusterSchema })).default([]),
  users: z.array(z.looseObject({ name: z.string(), user: userSchema })).default([]),
});

type Kubeconfig = z.infer<typeof schema>;
type KubeCluster = z.infer<typeof clusterSchema>;
type KubeUser = z.infer<typeof userSchema>;

const flatten = "print it as one whole with kubectl config view --raw --flatten --minify";
const askForAccount =
  "make a service account for the estate on the cluster, and a kubeconfig with its token or with a client certificate";

/**
 * Reads the kubeconfig of a cluster that exists. It has to open one cluster from any machine: one context, and certificates,
 * keys and token in it rather than in files or programs of the machine where it was written.
 *
 * @param text YAML; may be anything
 */
export function readKubeconfig(text: string): ReadKubeconfig {
  const config = parseKubeconfig(text);
  if (config === undefined) {
    const problem = "is no kubeconfig";
    return { server: "", problems: [{ problem, allowed: "YAML with contexts, clusters and users", remedy: flatten }] };
  }
  const { context, faults } = contextOf(config);
  const cluster = config.clusters.find(({ name }) => name === context?.cluster)?.cluster;
  const user = config.users.find(({ name }) => name === context?.user)?.user;
  const problems = [
    ...faults,
    ...(context === undefined || cluster !== undefined ? [] : [nothingNamed("cluster")]),
    ...(context === undefined || user !== undefined ? [] : [nothingNamed("user")]),
    ...(cluster === undefined ? [] : [...serverFaults(cluster), ...authorityFaults(cluster)]),
    ...(user === undefined ? [] : credentialFaults(user)),
  ];
  return { server: problems.length > 0 ? "" : (cluster?.server ?? ""), problems };
}

function parseKubeconfig(text: string): Kubeconfig | undefined {
  try {
    return schema.safeParse(parse(text)).data;
  } catch {
    // What the parser says would quote the text.
    return undefined;
  }
}

/** The context that says which cluster and which user: the current one, or the only one. */
function contextOf({ contexts, ...config }: Kubeconfig) {
  const current = config["current-context"];
  const [only] = contexts.length === 1 ? contexts : [];
  const found = contexts.find(({ name }) => name === current) ?? (current === "" ? only : undefined);
  const faults: Fault[] = [];
  if (contexts.length > 1) {
    faults.push({ problem: `has ${contexts.length} contexts`, allowed: "one context", remedy: flatten });
  }
  if (current === "") {
    const remedy = "choose one with kubectl config use-context";
    faults.push({ problem: "has no current-context", allowed: "the name of its context", remedy });
  } else if (found === undefined) {
    const remedy = "choose one with kubectl config use-context";
    faults.push({ problem: "has a current-context that is none of its contexts", allowed: "one of them", remedy });
  }
  return { context: found?.context, faults };
}

function nothingNamed(what: "cluster" | "user"): Fault {
  return {
    problem: `has a context whose ${what} is not among its ${what}s`,
    allowed: `a ${what} that it describes`,
    remedy: flatten,
  };
}

function serverFaults({ server }: KubeCluster): Fault[] {
  // Of an https URL the user stands before an @, and what follows ? or # no client of Kubernetes sends.
  if (URL.canParse(server) && /^https:\/\/[^@?#]+$/.test(server)) return [];
  return [
    {
      problem: "has no server that can be used",
      allowed: "an https URL without user, query and fragment",
      remedy: "correct server: it must be reachable from where the program runs",
    },
  ];
}

function authorityFaults(cluster: KubeCluster): Fault[] {
  const faults: Fault[] = [];
  if (cluster["insecure-skip-tls-verify"]) {
    faults.push({
      problem: "has insecure-skip-tls-verify: whoever stands between would get the credentials",
      allowed: "a server that proves who it is",
      remedy: "remove it, and add the authority as certificate-authority-data",
    });
  }
  if (cluster["certificate-authority"] !== undefined) faults.push(fileNamed("certificate-authority"));
  else if (!holds(cluster["certificate-authority-data"], "CERTIFICATE")) {
    faults.push({
      problem: "has no certificate-authority-data",
      allowed: "the certificate of the server's authority, PEM in base64",
      remedy: "add it: what a machine happens to trust is not for it to say which cluster this is",
    });
  }
  return faults;
}

/** Fields that name files of the machine where the kubeconfig was written. */
const files = ["client-certificate", "client-key", "tokenFile"] as const;
/** Fields that name programs, or code that was compiled into clients once. */
const plugins = ["exec", "auth-provider"] as const;

function credentialFaults(user: KubeUser): Fault[] {
  const named = files.filter((field) => user[field] !== undefined).map(fileNamed);
  const called = plugins
    .filter((field) => user[field] !== undefined)
    .map((field) => ({
      problem: `has credentials from a program (${field}), which would have to be on every machine that runs this`,
      allowed: "a token, or a client certificate with its key",
      remedy: askForAccount,
    }));
  const hasCertificate =
    holds(user["client-certificate-data"], "CERTIFICATE") && holds(user["client-key-data"], "PRIVATE KEY");
  if (named.length + called.length > 0 || hasCertificate || (user.token ?? "") !== "") return [...named, ...called];
  return [
    {
      problem: "has no credentials",
      allowed: "a token, or client-certificate-data with client-key-data, PEM in base64",
      remedy: askForAccount,
    },
  ];
}

function fileNamed(field: string): Fault {
  return {
    problem: `has ${field}, a file of the machine where it was written`,
    allowed: "what is in the file",
    remedy: flatten,
  };
}

/** Whether a text is PEM in base64, of that kind: "EC PRIVATE KEY" is a "PRIVATE KEY". */
function holds(data: string | undefined, kind: string): boolean {
  return new RegExp(`^-----BEGIN ([A-Z]+ )?${kind}-----`, "m").test(Buffer.from(data ?? "", "base64").toString("utf8"));
}
