import { hasSecretOption, isReference, isSecretName, secretShape } from "../components/secrets.rules";
import type { Leaf, Path } from "./leaves";
import { vmTypes } from "./proxmox";
import { Unknown } from "./reading";

/** What is known about a text besides its place. */
export interface Standing {
  /** Whether it is marked secret; undefined when that cannot be seen. */
  readonly secret: boolean | undefined;
  /** For the value of an environment variable: the variable's name. */
  readonly variable: string | undefined;
}

/** A place that shows its text to everybody who may look at the object, whether or not it is marked secret in the state. */
interface Shown {
  readonly where: string;
  /** A name that says what the text is, for example a ConfigMap's key. */
  readonly named?: string | undefined;
  readonly commandLine?: boolean;
}

/** Says how a text puts a secret in clear; undefined when it does not. Never returns any of the text. */
export function clearTextProblem(type: string, { path, value }: Leaf, standing: Standing): string | undefined {
  const shown = shownIn(type, path, standing.variable);
  if (shown?.named !== undefined && isSecretName(shown.named) && !(typeof value === "string" && isReference(value))) {
    return `shows ${shown.named} ${shown.where}`;
  }
  if (value instanceof Unknown) return undefined;
  const shape = secretShape(value);
  if (shown !== undefined && shape !== undefined) return `shows ${shape} ${shown.where}`;
  if (shown?.commandLine === true && hasSecretOption(value)) return `hands over a secret as an option ${shown.where}`;
  return shown === undefined ? unmarkedProblem(type, path, value, shape, standing.secret) : undefined;
}

function unmarkedProblem(
  type: string,
  path: Path,
  value: string,
  shape: string | undefined,
  secret: boolean | undefined,
): string | undefined {
  const named = isSecretName(nameOf(path)) || isSecretData(type, path);
  if (secret === true || isReference(value) || (secret === undefined && named)) return undefined;
  if (shape !== undefined) return `keeps ${shape} in a value that is not marked secret`;
  return named ? "keeps a secret in a value that is not marked secret" : undefined;
}

function shownIn(type: string, path: Path, variable: string | undefined): Shown | undefined {
  const [first] = path;
  // A group of objects, each of which comes as a resource of its own, with the words for its own places.
  if (type.startsWith("kubernetes:yaml:")) return undefined;
  if (variable !== undefined) return { where: "in a container's environment", named: variable };
  if (type === "kubernetes:core/v1:ConfigMap" && (first === "data" || first === "binaryData")) {
    return { where: "in a ConfigMap", named: nameOf(path) };
  }
  if (type.startsWith("kubernetes:")) return shownInKubernetes(path);
  if (type.startsWith("command:") && ["create", "update", "delete"].includes(String(first))) {
    return { where: "on a command line", commandLine: true };
  }
  if (vmTypes.has(type) && ["name", "description", "tags"].includes(String(first))) {
    return { where: "in what Proxmox shows of a VM" };
  }
  return undefined;
}

function shownInKubernetes(path: Path): Shown | undefined {
  const name = nameOf(path);
  if (typeof path.at(-1) === "number" && (name === "args" || name === "command")) {
    return { where: "in a container's command line", commandLine: true };
  }
  return path.includes("annotations") || path.includes("labels") ? { where: "in an object's metadata" } : undefined;
}

function isSecretData(type: string, path: Path): boolean {
  return type === "kubernetes:core/v1:Secret" && (path[0] === "data" || path[0] === "stringData");
}

/** The nearest name above a value: its property's, or for an element of a list that of the list. */
function nameOf(path: Path): string {
  return path.findLast((key) => typeof key === "string") ?? "";
}
