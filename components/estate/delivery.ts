import * as pulumi from "@pulumi/pulumi";
import { entry, type Estate as EstateSpec } from "../../stacks/estate";
import { Repository } from "../repositories/repository";
import { RunnerPool } from "../repositories/runnerPool";
import { tokens } from "../tokens";
import { administratorOf } from "./estate.plan";
import type { Fleet } from "./fleet";
import { secretOf } from "./secrets";

/** How an organisation's code gets to its machines. */
export interface DeliveryArgs {
  readonly spec: EstateSpec;
  readonly githubOwner: string;
  readonly fleet: Pick<Fleet, "addresses" | "tailnet">;
  /** Always treated as secret. */
  readonly secrets: Readonly<Record<string, pulumi.Input<string>>>;
}

/**
 * Repositories and what builds them. Creates
 *
 * 1. each repository, with its secrets and environments;
 * 2. its ephemeral runners, on the Docker host that the spec names. They are not protected: a runner holds nothing.
 */
export class Delivery extends pulumi.ComponentResource {
  /** URLs, by repository. */
  readonly urls: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: DeliveryArgs, opts?: pulumi.ComponentResourceOptions) {
    super(tokens.delivery, name, { org: args.spec.org }, opts);
    this.urls = this.createRepositories(args);
    this.createRunners(args);
    this.registerOutputs({ urls: this.urls });
  }

  private createRepositories({ spec, secrets }: DeliveryArgs): Record<string, pulumi.Output<string>> {
    return Object.fromEntries(
      Object.entries(spec.repositories).map(([name, { secrets: names, environments, visibility, description }]) => {
        const repository = new Repository(
          `${spec.org}-${name}`,
          {
            repository: name,
            description,
            visibility,
            environments,
            secrets: Object.fromEntries(names.map((key) => [key, secretOf(secrets, key)])),
          },
          { parent: this },
        );
        return [name, repository.url];
      }),
    );
  }

  private createRunners({ spec, secrets, githubOwner, fleet: { tailnet, addresses } }: DeliveryArgs): void {
    for (const [name, { runners, visibility }] of Object.entries(spec.repositories)) {
      if (runners === undefined) continue;
      const { count, tag, on } = runners.ephemeral;
      const address = entry(addresses, on);
      new RunnerPool(
        `${spec.org}-${name}-runners`,
        {
          owner: githubOwner,
          repository: name,
          visibility,
          count,
          tag,
          loginServer: tailnet.loginServer,
          joinKey: entry(tailnet.runnerKeys, name),
          registrationToken: secretOf(secrets, "runnerToken"),
          host: { address, user: administratorOf(spec, on), privateKey: secretOf(secrets, "sshPrivateKey") },
        },
        { parent: this, protect: false },
      );
    }
  }
}
