import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, relative, resolve } from "node:path";
import { type Json, type KubernetesObject, parseObjects, readObjects } from "./objects";

/** What a chart is rendered from; the same request gives the same objects. */
export interface RenderRequest {
  /** Name of a chart in charts/, or the path of a chart's directory (with a slash in it). */
  readonly chart: string;
  readonly release: string;
  readonly namespace: string;
  readonly values: { readonly [key: string]: Json };
  /** Version that the chart's conditions see, without v: "1.34.3". */
  readonly kubernetesVersion: string;
}

/** Where things are on this machine; nothing of it changes the result. */
export interface RenderSettings {
  /** @default ".cache/estate/charts" in the home directory */
  readonly cacheDirectory?: string;
  /** The helm program. @default "helm", from PATH */
  readonly helm?: string;
}

/** A chart that could not be rendered. The message is for people: what helm said, and what to do. */
export class ChartError extends Error {
  override readonly name = "ChartError";
}

/** Changes whenever what is stored in the cache changes its meaning. */
const cacheFormat = "1";

/** Values can be large, and one failing template prints a lot. */
const maxBuffer = 64 * 1024 * 1024;

/**
 * Renders a chart with `helm template`: no cluster and no network needed. Hooks and tests are left out, CRDs are in.
 *
 * The result is kept in the cache directory under the hash of the chart's files, the values, the release, the namespace,
 * the Kubernetes version and helm's version; the next run reads it back. A cache that is damaged or can't be written
 * costs time only.
 *
 * @throws ChartError when helm is missing or refuses the chart
 */
export function renderChart(request: RenderRequest, settings: RenderSettings = {}): KubernetesObject[] {
  const directory = chartDirectory(request.chart);
  const helm = settings.helm ?? "helm";
  const cache = settings.cacheDirectory ?? join(homedir(), ".cache", "estate", "charts");
  const file = join(cache, `${cacheKey(request, directory, helm)}.json`);
  const known = fromCache(file);
  if (known !== undefined) return known;
  const objects = parseObjects(template(request, directory, helm));
  toCache(cache, file, objects);
  return objects;
}

/** The directory of a chart, by name or by path. */
export function chartDirectory(chart: string): string {
  return chart.includes("/") ? resolve(chart) : join(__dirname, "..", "..", "..", "charts", chart);
}

function template(request: RenderRequest, directory: string, helm: string): string {
  const flags = ["--namespace", request.namespace, "--kube-version", request.kubernetesVersion];
  // Values come by standard input: a command line can be read by every process of the machine.
  const args = ["template", request.release, directory, ...flags, "--include-crds", "--no-hooks", "--skip-tests"];
  return run(request.chart, helm, [...args, "--values", "-"], JSON.stringify(request.values));
}

function run(chart: string, helm: string, args: readonly string[], input: string): string {
  try {
    return execFileSync(helm, args, { input, maxBuffer, encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] });
  } catch (error) {
    throw new ChartError(explain(chart, helm, error), { cause: error });
  }
}

function explain(chart: string, helm: string, error: unknown): string {
  if (property(error, "code") === "ENOENT") {
    return `chart ${chart}: ${helm} was not found\n  remedy: put helm 3 on PATH; the project's make targets bring their own`;
  }
  const said = String(property(error, "stderr") ?? error).trim();
  return `chart ${chart}: helm refuses it\n    ${said.replaceAll("\n", "\n    ")}\n  remedy: correct the values or the chart`;
}

function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
}

function cacheKey(request: RenderRequest, directory: string, helm: string): string {
  const { chart, release, namespace, values, kubernetesVersion } = request;
  const hash = createHash("sha256");
  const add = (part: string | Buffer) => hash.update(`${part.length} `).update(part);
  add(JSON.stringify([cacheFormat, helmVersion(chart, helm), release, namespace, kubernetesVersion, values]));
  for (const path of filesIn(chart, directory)) {
    add(relative(directory, path));
    add(readFileSync(path));
  }
  return hash.digest("hex");
}

const versions = new Map<string, string>();

/** Asked once per run: it costs as much as rendering a small chart. */
function helmVersion(chart: string, helm: string): string {
  const known = versions.get(helm);
  if (known !== undefined) return known;
  const version = run(chart, helm, ["version", "--template", "{{.Version}}"], "").trim();
  versions.set(helm, version);
  return version;
}

function filesIn(chart: string, directory: string): string[] {
  if (statSync(join(directory, "Chart.yaml"), { throwIfNoEntry: false }) === undefined) {
    throw new ChartError(
      `chart ${chart}: ${directory} has no Chart.yaml\n  remedy: name a chart of charts/, or the path of one`,
    );
  }
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function fromCache(file: string): KubernetesObject[] | undefined {
  try {
    return readObjects(readFileSync(file, "utf8"));
  } catch {
    // Absent, or damaged by a crash: rendering again replaces it.
    return undefined;
  }
}

function toCache(cache: string, file: string, objects: readonly KubernetesObject[]): void {
  const draft = `${file}.${process.pid}`;
  try {
    mkdirSync(cache, { recursive: true });
    writeFileSync(draft, JSON.stringify(objects));
    renameSync(draft, file);
  } catch {
    // A read-only home directory must not stop the estate: the next run renders again.
  }
}
