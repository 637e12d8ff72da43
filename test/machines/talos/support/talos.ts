import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startTalosMachines, type TalosMachines, type TalosView } from "../../../../lab/control/talos";
import { userCache } from "../../../../lab/launch/environment";
import { obtainTool, pins } from "../../../../lab/tools";

const root = resolve(__dirname, "../../../..");

/** The binary of a tool. The first use builds it: talosctl takes minutes. */
export async function toolPath(name: "talosctl" | "talos-machine"): Promise<string> {
  return (await obtainTool({ root, cache: userCache(), pin: pins[name], say: () => undefined })).path;
}

/** A folder of this test file alone, removed when its tests have ended. */
export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), "estate-talos-machines-"));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Machines that boot in a moment; started again they are as they were. */
export async function startMachines(directory: string, addresses: readonly string[]): Promise<TalosMachines> {
  const binary = await toolPath("talos-machine");
  return startTalosMachines({
    binary,
    directory,
    machines: addresses.map((address) => ({ address })),
    boot: 200,
    settle: 50,
  });
}

/** Waits until the machines are as they should be. */
export async function until(machines: TalosMachines, check: (view: TalosView) => boolean): Promise<TalosView> {
  const end = Date.now() + 20_000;
  for (;;) {
    const view = await machines.view();
    if (check(view)) return view;
    if (Date.now() > end) throw new Error(`the machines are not as they should be:\n${JSON.stringify(view, null, 1)}`);
    await sleep(50);
  }
}
