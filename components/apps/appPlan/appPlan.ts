import type { App, Cluster, Service } from "../../../stacks/estate";
import { pullSecretName } from "../../clusters/addons/addons.plan";
import type { ChartArgs } from "../chart/chart";
import type { Json } from "../chart/objects";
import { type InputProblem, refuse } from "../../inputProblems";
import { connectorNamespace } from "../tunnelConnector/tunnelConnector.plan";

/** Where an app runs. */
export interface AppPlace {
  readonly cluster: Pick<Cluster, "kubernetes" | "registry">;
  /** From where the cluster's subnet router forwards the tailnet: the networks of its nodes, as CIDRs. */
  readonly routerCidrs: readonly string[];
}

/** A port of an app that the tunnel leads to. */
export interface TunnelTarget {
  readonly namespace: string;
  /** Port of the pods, which is what network policies see; the service's may be another. */
  readonly port: number;
}

/** What the charts in charts/ can do. */
interface OwnChart {
  /** Where the image listens. */
  readonly containerPort: number;
  readonly takesGpus: boolean;
}

const ownCharts: Readonly<Record<App["chart"], OwnChart>> = {
  demo: { containerPort: 8080, takesGpus: false },
  ollama: { containerPort: 11434, takesGpus: true },
};

/**
 * The chart of an app, with the values that follow from the spec: what it serves, and to whom. Who may come in is said once, in
 * `serves`: the tunnel's connector for a public service, the cluster's subnet router for one on the tailnet (who gets through
 * that router is for the tailnet's policy to say), nobody else.
 *
 * @throws InputPropertiesError with every problem of the app
 *
 * @example new Chart("demo", planApp("demo", app, { cluster, routerCidrs: ["192.168.10.0/24"] }), { provider });
 */
export function planApp(name: string, app: App, place: AppPlace): ChartArgs {
  refuse(`app "${name}"`, appProblems(name, app));
  const [service] = Object.values(app.serves);
  if (service === undefined) throw new Error(`app ${name} was not checked`);
  return {
    chart: app.chart,
    namespace: app.namespace,
    kubernetesVersion: place.cluster.kubernetes,
    values: {
      replicas: app.replicas,
      service: { port: service.port },
      access: access(service, place.routerCidrs),
      imagePullSecrets: pullSecrets(place.cluster),
      ...(ownCharts[app.chart].takesGpus ? { gpus: app.gpus, models: app.models } : {}),
    },
  };
}

/** Everything wrong with an app, given what its chart can do. */
export function appProblems(name: string, app: App): InputProblem[] {
  const path = `apps.${name}`;
  const services = Object.entries(app.serves);
  const problems: InputProblem[] = services.flatMap(([service, { protocol }]) =>
    protocol === "tcp"
      ? []
      : [
          {
            propertyPath: `${path}.serves.${service}.protocol`,
            reason: `is "${protocol}", expected "tcp": the charts serve HTTP`,
          },
        ],
  );
  if (services.length !== 1) {
    const reason = `has ${services.length} services, expected one: chart ${app.chart} has one port`;
    problems.push({ propertyPath: `${path}.serves`, reason });
  }
  if (ownCharts[app.chart].takesGpus) return problems;
  if (app.gpus > 0) problems.push({ propertyPath: `${path}.gpus`, reason: `is ${app.gpus}, expected 0: ${idle(app)}` });
  if (app.models.length > 0) {
    problems.push({
      propertyPath: `${path}.models`,
      reason: `names ${app.models.join(", ")}, expected none: ${idle(app)}`,
    });
  }
  return problems;
}

/** What the connector must reach: every public service of the apps, in the order of their names. */
export function planTargets(apps: Readonly<Record<string, App>>): TunnelTarget[] {
  return Object.entries(apps)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .filter(([, app]) => Object.values(app.serves).some(isPublic))
    .map(([, app]) => ({ namespace: app.namespace, port: ownCharts[app.chart].containerPort }));
}

/** The URL under which the tunnel's connector finds a service of an app. */
export function originUrl(name: string, app: App, service: Service): string {
  return `http://${name}.${app.namespace}.svc.cluster.local:${service.port}`;
}

/** The values that let charts pull from the cluster's private registry. */
export function pullSecrets(cluster: Pick<Cluster, "registry">): Json[] {
  return cluster.registry === undefined ? [] : [{ name: pullSecretName }];
}

function access(service: Service, routerCidrs: readonly string[]): Json {
  return {
    namespaces: isPublic(service) ? [connectorNamespace] : [],
    cidrs: service.to.length > 0 ? routerCidrs : [],
  };
}

function isPublic(service: Service): boolean {
  return service.public !== undefined;
}

function idle({ chart }: App): string {
  return `chart ${chart} would leave them idle`;
}
