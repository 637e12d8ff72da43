import { type Machines, pathsOutside, runOn } from "../machines";
import type { Reality } from "./reality";
import { get, Secret, textAt, type PropertyMap } from "./values";

const commandType = "command:remote:Command";

/**
 * The full lab's: commands over SSH to one of its machines are run there when they touch nothing outside of it. Everything else
 * stays simulated.
 */
export function realCommands(machines: Machines): Reality {
  return async (operation, { type, inputs }) => {
    if (type !== commandType) return {};
    const host = textAt(inputs, "connection", "host");
    const machine = machines.all().find(({ address }) => address !== "" && address === host);
    // The provider runs `create` again where there is no `update` (pulumi-command 1.2.1, provider/pkg/provider/remote).
    const command = textAt(inputs, operation) || (operation === "update" ? textAt(inputs, "create") : "");
    if (machine === undefined || command === "") return {};
    const place = machines.place(machine.name);
    const stdin = textAt(inputs, "stdin");
    // What would touch this computer is not run, and stays simulated: installing the hub's package, for one.
    if (pathsOutside(place.directory, `${command}\n${stdin}`).length > 0) return {};
    const { stdout, stderr } = await runOn(place, command, stdin, environmentOf(inputs));
    // What a command prints may be a key: the world keeps no more of it than that it changed.
    return { stdout: new Secret(stdout), stderr: new Secret(stderr) };
  };
}

function environmentOf(inputs: PropertyMap): Record<string, string> {
  const given = get(inputs, "environment");
  if (typeof given !== "object" || given === null || Array.isArray(given)) return {};
  return Object.fromEntries(Object.keys(given).map((key) => [key, textAt(inputs, "environment", key)]));
}
