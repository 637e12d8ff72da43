import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { tokens } from "../../tokens";
import { planRunnerPool, type RunnerPoolShape } from "./runnerPool.plan";

/** The Docker host of a pool. */
export interface RunnerHost {
  readonly address: pulumi.Input<string>;
  /** A user who may use sudo without a password. */
  readonly user: string;
  /** Its private key, OpenSSH format. Always treated as secret. */
  readonly privateKey: pulumi.Input<string>;
}

/** A repository's own runners. */
export interface RunnerPoolArgs extends RunnerPoolShape {
  /** GitHub user or organisation. */
  readonly owner: string;
  /** The repository's name, without owner. */
  readonly repository: string;
  /** How many jobs run at a time: 1 to 20. */
  readonly count: number;
  /** The tailnet tag that `joinKey` gives, without "tag:"; also a label of the runners. */
  readonly tag: string;
  /**
   * Labels besides self-hosted, Linux, X64 and the tag.
   * @default none
   */
  readonly labels?: RunnerPoolShape["labels"];
  /**
   * The repository's visibility; "public" is refused.
   * @default "private"
   */
  readonly visibility?: RunnerPoolShape["visibility"];
  /** URL of the tailnet's control server. */
  readonly loginServer: pulumi.Input<string>;
  /** Pre-authorised key of the tailnet: reusable and ephemeral, because each job joins anew. Always treated as secret. */
  readonly joinKey: pulumi.Input<string>;
  /**
   * A fine-grained token with the permission "Administration: write" on this repository alone. It stays on the Docker host,
   * readable by root; jobs never see it. Always treated as secret.
   * https://docs.github.com/en/rest/actions/self-hosted-runners#create-configuration-for-a-just-in-time-runner-for-a-repository
   */
  readonly registrationToken: pulumi.Input<string>;
  readonly host: RunnerHost;
}

/**
 * Ephemeral self-hosted runners of a repository on a Docker host, on the tailnet with a tag of their own. Creates
 *
 * 1. one command over SSH that installs a systemd service per runner. Each takes one job at a time, in containers that are
 *    new for it: the runner, and a Tailscale sidecar through which alone it reaches private addresses.
 *
 * A change of the arguments reaches a runner after its next job, with its next registration. Removing the component stops
 * the runners, also one that has a job, and takes files and secrets off the host. Runners have no Docker: building images needs a rootless builder, which is not here yet.
 *
 * @example
 * new RunnerPool("stack-runners", {
 *   owner: "acme", repository: "stack", count: 2, tag: "ci", loginServer, joinKey, registrationToken,
 *   host: { address: "192.168.10.100", user: "ubuntu", privateKey },
 * });
 */
export class RunnerPool extends pulumi.ComponentResource {
  /** What a workflow says in runs-on, once the runners are installed. */
  readonly labels: pulumi.Output<string[]>;

  constructor(name: string, args: RunnerPoolArgs, opts?: pulumi.ComponentResourceOptions) {
    const { joinKey, registrationToken, host, ...recorded } = args;
    super(tokens.runnerPool, name, { ...recorded, host: { address: host.address, user: host.user } }, opts);
    const plan = planRunnerPool(name, args);
    const installation = new command.remote.Command(
      `${name}-installation`,
      {
        connection: { host: host.address, user: host.user, privateKey: pulumi.secret(host.privateKey) },
        create: plan.install,
        delete: plan.remove,
        stdin: pulumi.secret(pulumi.interpolate`${joinKey}\n${registrationToken}\n${args.loginServer}\n`),
        // What the shell says of an error could quote its input.
        logging: "none",
        addPreviousOutputInEnv: false,
      },
      { parent: this },
    );
    this.labels = installation.id.apply(() => [...plan.labels]);
    this.registerOutputs({ labels: this.labels });
  }
}
