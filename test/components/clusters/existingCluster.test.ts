import * as pulumi from "@pulumi/pulumi";
import { ExistingCluster, serverOf } from "../../../components/clusters/existingCluster/existingCluster";
import { tokens } from "../../../components/tokens";
import type { ExistingClusterSpec } from "../../../stacks/estate";
import { record, valueOf } from "../../support/record";
import { kubeconfig, token } from "./kubeconfigs";

/** By mocks: that the kubeconfig opens anything only a cluster shows. */

const cluster: ExistingClusterSpec = { kind: "existing", kubernetes: "1.34.3", gpus: [] };
const create = (text: pulumi.Input<string>) => () => new ExistingCluster("farm", { cluster, kubeconfig: text });

test.each([false, true])("identity, preview %s", async (preview) => {
  const { registrations } = await record(create(kubeconfig()), { preview });
  expect(registrations.map(({ type, name }) => [type, name])).toEqual([
    [tokens.existingCluster, "farm"],
    ["pulumi:providers:kubernetes", "farm-kubernetes"],
  ]);
});

test("the provider is that of every cluster: known by the cluster's name, and nothing is forgotten when it is away", async () => {
  const { one } = await record(create(kubeconfig()));
  expect(one("pulumi:providers:kubernetes").inputs).toMatchObject({
    kubeconfig: kubeconfig(),
    clusterIdentifier: "farm",
    deleteUnreachable: "false",
    enableServerSideApply: "true",
  });
});

test("where its API is may be read, also where the path says which cluster; what opens it is secret", async () => {
  const server = "https://rancher.example.org/k8s/clusters/c-1";
  const { result, registrations } = await record(create(kubeconfig({ cluster: { server } })));
  expect(await valueOf(result.endpoint)).toBe(server);
  expect(await pulumi.isSecret(result.endpoint)).toBe(false);
  expect(await pulumi.isSecret(result.kubeconfig)).toBe(true);
  const holders = registrations.filter(({ inputs }) => JSON.stringify(inputs).includes(token));
  expect(holders.map(({ name, secrets }) => [name, secrets])).toEqual([["farm-kubernetes", ["kubeconfig"]]]);
});

test("a kubeconfig that cannot be used is refused with every problem, and none of its values", () => {
  const text = kubeconfig({ cluster: { server: "http://10.1.2.3" }, user: { token: undefined } });
  expect(() => serverOf("farm", text)).toThrow(
    new Error(`ExistingCluster "farm" has 2 problems:
  kubeconfig: has no server that can be used, expected an https URL without user, query and fragment: correct server: it must be reachable from where the program runs
  kubeconfig: has no credentials, expected a token, or client-certificate-data with client-key-data, PEM in base64: make a service account for the estate on the cluster, and a kubeconfig with its token or with a client certificate`),
  );
});
