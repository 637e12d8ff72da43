import { readFileSync } from "node:fs";
import { join } from "node:path";
import { privileges } from "./wanted";

test("the role that docs/hosts.md tells people to make is the one that the provider is tested with", () => {
  const text = readFileSync(join(__dirname, "../../../docs/hosts.md"), "utf8");
  const roles = new Map(
    [...text.matchAll(/^pveum role add (\w+) --privs "([^"]+)"$/gm)].map(([, role = "", privs = ""]) => [role, privs]),
  );
  const granted = [...text.matchAll(/^pveum acl modify (\S+) --users estate@pve --roles (\w+)$/gm)];
  expect(Object.fromEntries(granted.map(([, path = "", role = ""]) => [path, roles.get(role)?.split(" ")]))).toEqual(
    privileges,
  );
});
