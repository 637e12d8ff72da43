import { parse } from "yaml";
import { z } from "zod";

/** What the lab takes of a machine's cloud-init: https://docs.cloud-init.io/en/latest/reference/modules.html */
const schema = z.object({
  write_files: z
    .array(z.object({ path: z.string(), content: z.string(), permissions: z.string().optional() }))
    .default([]),
  runcmd: z.array(z.union([z.string(), z.array(z.string())])).default([]),
});

export type CloudInit = Readonly<z.infer<typeof schema>>;

/** @throws Error when a text is no cloud-config */
export function readCloudInit(text: string): CloudInit {
  if (!text.startsWith("#cloud-config")) throw new Error("The user data is no #cloud-config");
  return schema.parse(parse(text));
}

/** Where HeadscaleHub has its configuration written: the mark of a hub. */
export const hubConfigPath = "/etc/headscale/config.yaml";
/** The script by which a machine joins its tailnet: the mark of a client. */
export const joinScriptPath = "/usr/local/sbin/tailnet-join";

/** What a machine with this cloud-init really runs in the full lab; undefined when nothing. */
export function roleOf({ write_files }: CloudInit): "hub" | "client" | undefined {
  const writes = (path: string) => write_files.some((file) => file.path === path);
  if (writes(hubConfigPath)) return "hub";
  return writes(joinScriptPath) ? "client" : undefined;
}
