import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { HubSpec } from "./hub.plan";
import { asRoot, expireOthersScript, hubSetupScript, type HubValues, mintScript } from "./hub.setup";

/** How a hub is administered over SSH. */
export interface HubConnection {
  readonly host: pulumi.Input<string>;
  /** Root, or a user who may use sudo without a password. */
  readonly user: string;
  /** OpenSSH format; always treated as secret. */
  readonly privateKey: pulumi.Input<string>;
}

/** What the commands on a hub are made from. */
export interface HubCommandsArgs {
  readonly plan: HubSpec;
  readonly connection: HubConnection;
  readonly values: pulumi.Input<HubValues>;
  readonly apiKeyEdition: number;
}

/**
 * Creates the commands that every hub has, and returns its API key, which is secret:
 *
 * 1. its installation and configuration, kept as declared;
 * 2. its API key;
 * 3. the end of API keys that the estate minted before.
 */
export function createHubCommands(
  parent: pulumi.Resource,
  name: string,
  { plan, connection, values, apiKeyEdition }: HubCommandsArgs,
): pulumi.Output<string> {
  const setup = new command.remote.Command(
    `${name}-setup`,
    // There is no `delete`: a hub that is no longer declared keeps running with its data.
    { ...common(connection), stdin: pulumi.output(values).apply((given) => hubSetupScript(plan, given)) },
    { parent },
  );
  const minted = new command.remote.Command(
    `${name}-api-key`,
    { ...common(connection), stdin: mintScript, triggers: [apiKeyEdition] },
    { parent, dependsOn: [setup], additionalSecretOutputs: ["stdout", "stderr"] },
  );
  const apiKey = pulumi.secret(minted.stdout).apply((key) => key.trim());
  new command.remote.Command(
    `${name}-api-key-others`,
    { ...common(connection), stdin: apiKey.apply(expireOthersScript) },
    { parent },
  );
  return apiKey;
}

function common({ host, user, privateKey }: HubConnection) {
  return {
    connection: {
      host,
      user,
      privateKey: pulumi.secret(privateKey),
      // A machine that boots for the first time refuses connections for a while.
      dialErrorLimit: 60,
    },
    create: asRoot,
    // What a shell says of an error could quote its input, and the mint prints the key.
    logging: command.remote.Logging.None,
    // Otherwise the old key would be in the environment of the command that mints its successor.
    addPreviousOutputInEnv: false,
  };
}
