import { resolve } from "node:path";
import { userCache } from "../../../lab/launch/environment";
import { obtainTool, pins } from "../../../lab/tools";

/** Where the binaries of the control plane are. */
export interface ControlBinaries {
  readonly headscale: string;
  readonly tailscale: string;
  readonly tailscaled: string;
}

const root = resolve(__dirname, "../../..");

/** The binaries the tests run: the full lab's own. The first use builds them, which takes minutes. */
export async function obtainBinaries(): Promise<ControlBinaries> {
  const path = async (name: keyof ControlBinaries) =>
    (await obtainTool({ root, cache: userCache(), pin: pins[name], say: () => undefined })).path;
  return {
    headscale: await path("headscale"),
    tailscale: await path("tailscale"),
    tailscaled: await path("tailscaled"),
  };
}
