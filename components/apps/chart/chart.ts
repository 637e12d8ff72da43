import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { refuse } from "../../inputProblems";
import { tokens } from "../../tokens";
import { chartProblems, planChart } from "./chart.plan";
import type { Json, KubernetesObject } from "./objects";
import { ChartError, renderChart, type RenderSettings } from "./render";

/** A chart on a cluster. */
export interface ChartArgs {
  /** Name of a chart in charts/, or the path of a chart's directory (with a slash in it). */
  readonly chart: string;
  /** Where its objects go; it exists already, with its Pod Security level. */
  readonly namespace: string;
  /** Version of the cluster, without v: "1.34.3". */
  readonly kubernetesVersion: string;
  /**
   * Name of the release, which the chart's objects are named after.
   * @default the component's name
   */
  readonly release?: string;
  /**
   * Values over those of the chart. Plain, because they decide which objects exist, and never secret: a chart is given
   * the name of a Secret.
   * @default the chart's own values
   */
  readonly values?: { readonly [key: string]: Json };
  /**
   * Where on this machine helm and the cache of rendered charts are.
   * @default helm from PATH, a cache in the home directory
   */
  readonly rendering?: RenderSettings;
}

/**
 * A Helm chart, object by object. The chart is rendered when the program runs, so every object is a resource of its own,
 * seen by previews (also of a cluster that does not exist yet), by policies and by drift runs. Creates
 *
 * 1. the chart's custom resource definitions, if it has any;
 * 2. after them, every other object.
 *
 * Its objects are the resources `<name>-objects-<namespace>/<object>`, so that one chart can
 * be there twice. Hooks and tests of the chart are left out: nothing but the estate decides when something runs. Not
 * helm.v3.Release, which hides the objects, nor helm.v4.Chart, which lists them only once the cluster can be reached.
 *
 * Refuses a chart that brings a Secret with data (it would be in clear in the state) and one that has an object twice.
 *
 * @example new Chart("demo", { chart: "demo", namespace: "demo", kubernetesVersion: "1.34.3" }, { provider });
 */
export class Chart extends pulumi.ComponentResource {
  constructor(name: string, args: ChartArgs, opts?: pulumi.ComponentResourceOptions) {
    const { rendering, ...recorded } = args;
    super(tokens.chart, name, recorded, opts);
    const plan = planChart(this.render(name, recorded, rendering), args.namespace);
    refuse(`Chart "${name}"`, chartProblems(plan));
    const definitions = this.register(`${name}-definitions`, plan.definitions, pulumi.output([]));
    this.register(`${name}-objects`, plan.objects, definitions);
    this.registerOutputs({});
  }

  private render(name: string, args: Omit<ChartArgs, "rendering">, settings?: RenderSettings): KubernetesObject[] {
    const { chart, namespace, kubernetesVersion, release = name, values = {} } = args;
    try {
      return renderChart({ chart, release, namespace, kubernetesVersion, values }, settings);
    } catch (error) {
      if (error instanceof ChartError) throw new pulumi.ResourceError(error.message, this, true);
      throw error;
    }
  }

  private register(
    group: string,
    objs: readonly KubernetesObject[],
    dependsOn: pulumi.Output<pulumi.Resource[]>,
  ): pulumi.Output<pulumi.Resource[]> {
    if (objs.length === 0) return pulumi.output([]);
    const created = new kubernetes.yaml.ConfigGroup(
      group,
      { objs: [...objs], resourcePrefix: group },
      { parent: this, dependsOn },
    );
    // The objects themselves, not the group: it creates them later than its constructor returns.
    return created.resources.apply((resources) => Object.values(resources));
  }
}
