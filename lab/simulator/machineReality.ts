import { boot, type Machines, powerOff, powerOn, remove, pathsOutside, runOn } from "../machines";
import type { Placed, Subject } from "./model";
import { at, get, mapsOf, Secret, textAt, type PropertyMap } from "./values";
import { vmType } from "./models/proxmoxve.vm";
import type { Change, Reality } from "./reality";

const snippetType = "proxmoxve:index/fileLegacy:FileLegacy";
const commandType = "command:remote:Command";

/**
 * The full lab's: VMs whose cloud-init makes them the tailnet's hub or a client of it really run one, and commands over SSH
 * to such a machine are run there when they touch nothing outside of it. Everything else stays simulated.
 */
export class MachineReality implements Reality {
  constructor(private readonly machines: Machines) {}

  async before(operation: Change, { type, inputs }: Subject): Promise<PropertyMap> {
    if (type !== commandType) return {};
    const host = textAt(inputs, "connection", "host");
    const machine = this.machines.all().find(({ address }) => address !== "" && address === host);
    // The provider runs `create` again where there is no `update` (pulumi-command 1.2.1, provider/pkg/provider/remote).
    const command = textAt(inputs, operation) || (operation === "update" ? textAt(inputs, "create") : "");
    if (machine === undefined || command === "") return {};
    const place = this.machines.place(machine.name);
    const stdin = textAt(inputs, "stdin");
    // What would touch this computer is not run, and stays simulated: installing the hub's package, for one.
    if (pathsOutside(place.directory, `${command}\n${stdin}`).length > 0) return {};
    const { stdout, stderr } = await runOn(place, command, stdin, environmentOf(inputs));
    // What a command prints may be a key: the world keeps no more of it than that it changed.
    return { stdout: new Secret(stdout), stderr: new Secret(stderr) };
  }

  async after(operation: Change, subject: Placed): Promise<void> {
    if (subject.type === snippetType) this.snippet(operation, subject);
    if (subject.type === vmType) await this.vm(operation, subject);
  }

  private snippet(operation: Change, { id, inputs }: Placed): void {
    const volume = `${textAt(inputs, "nodeName")}/${id}`;
    if (operation === "delete") this.machines.dropSnippet(volume);
    else this.machines.keepSnippet(volume, textAt(inputs, "sourceRaw", "data"));
  }

  private async vm(operation: Change, { inputs }: Placed): Promise<void> {
    const name = textAt(inputs, "name");
    const known = this.machines.find(name);
    if (operation === "delete") return remove(this.machines, name);
    if (get(inputs, "started") === false) return known && powerOff(this.machines, known);
    if (operation === "update") return known && powerOn(this.machines, known);
    const snippet = this.machines.snippet(
      `${textAt(inputs, "nodeName")}/${textAt(inputs, "initialization", "userDataFileId")}`,
    );
    if (snippet === undefined) return;
    const [address = ""] = mapsOf(at(inputs, "initialization", "ipConfigs")).map(
      (config) => textAt(config, "ipv4", "address").split("/")[0],
    );
    await boot(this.machines, { name, address, userData: snippet });
  }
}

function environmentOf(inputs: PropertyMap): Record<string, string> {
  const given = get(inputs, "environment");
  if (typeof given !== "object" || given === null || Array.isArray(given)) return {};
  return Object.fromEntries(Object.keys(given).map((key) => [key, textAt(inputs, "environment", key)]));
}
