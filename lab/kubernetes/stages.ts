import { stringify } from "yaml";

/**
 * What kwok does to nodes and pods, one stage after the other. Like the stages it has of its own, with two differences: a
 * node's capacity and versions are left to who registers it, and a pod that was taken for lost comes back with its node.
 * https://github.com/kubernetes-sigs/kwok/tree/v0.7.0/kustomize/stage
 */
export function kwokStages(): string {
  const stages = [
    stage("Node", "node-ready", [{ ...ready, operator: "NotIn" }], { statusTemplate: nodeReady }),
    stage("Node", "node-heartbeat", [ready], { statusTemplate: nodeHeartbeat }, heartbeat),
    stage("Pod", "pod-ready", [stays, noAddress, unfinished], { statusTemplate: podReady }),
    stage("Pod", "pod-ready-again", [stays, running, { ...ready, values: ["False"] }], {
      statusTemplate: podReadyAgain,
    }),
    stage("Pod", "pod-complete", [stays, running, ready, ofJob], { statusTemplate: podComplete }, 1),
    stage("Pod", "pod-delete", [{ ...stays, operator: "Exists" }], { delete: true }),
  ];
  return stages.map((document) => stringify(document)).join("---\n");
}

/** Seconds between two heartbeats of a node. */
export const heartbeat = 4;

/** A jq expression over the object. Of several stages that match kwok takes any, so they exclude each other. */
type Expression = Readonly<{ key: string; operator: string; values?: readonly string[] }>;

const ready = {
  key: '.status.conditions.[] | select( .type == "Ready" ) | .status',
  operator: "In",
  values: ["True"],
} as const;
const stays = { key: ".metadata.deletionTimestamp", operator: "DoesNotExist" } as const;
const noAddress = { key: ".status.podIP", operator: "DoesNotExist" } as const;
const unfinished = { key: ".status.phase", operator: "NotIn", values: ["Succeeded", "Failed"] } as const;
const running = { key: ".status.phase", operator: "In", values: ["Running"] } as const;
const ofJob = { key: ".metadata.ownerReferences.[].kind", operator: "In", values: ["Job"] } as const;

function stage(
  kind: "Node" | "Pod",
  name: string,
  matchExpressions: readonly Expression[],
  next: Readonly<{ statusTemplate?: string; delete?: boolean }>,
  /** Seconds. */
  delay = 0,
) {
  return {
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "Stage",
    metadata: { name },
    spec: {
      resourceRef: { apiGroup: "v1", kind },
      selector: { matchExpressions },
      delay: { durationMilliseconds: delay * 1000 },
      next,
    },
  };
}

// Patches of the status, merged strategically: a condition by its type, a list of containers as a whole.

const nodeReady = `
{{ $now := Now }}
conditions:
{{ range NodeConditions }}
- type: {{ .type | Quote }}
  status: {{ .status | Quote }}
  reason: {{ .reason | Quote }}
  message: {{ .message | Quote }}
  lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
`;

const nodeHeartbeat = `
{{ $now := Now }}
conditions:
{{ range NodeConditions }}
- type: {{ .type | Quote }}
  lastHeartbeatTime: {{ $now | Quote }}
{{ end }}
`;

const podReady = `
{{ $now := Now }}
phase: Running
hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
podIP: {{ PodIPWith .spec.nodeName ( or .spec.hostNetwork false ) ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) | Quote }}
startTime: {{ $now | Quote }}
conditions:
{{ range list "Initialized" "Ready" "ContainersReady" }}
- { type: {{ . | Quote }}, status: "True", lastTransitionTime: {{ $now | Quote }} }
{{ end }}
{{ range .spec.readinessGates }}
- { type: {{ .conditionType | Quote }}, status: "True", lastTransitionTime: {{ $now | Quote }} }
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: true
  started: true
  restartCount: 0
  state: { running: { startedAt: {{ $now | Quote }} } }
{{ end }}
initContainerStatuses:
{{ range .spec.initContainers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: true
  restartCount: 0
  {{ if eq .restartPolicy "Always" }}
  started: true
  state: { running: { startedAt: {{ $now | Quote }} } }
  {{ else }}
  started: false
  state: { terminated: { exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }} } }
  {{ end }}
{{ end }}
`;

const podReadyAgain = `
conditions:
- { type: Ready, status: "True", lastTransitionTime: {{ Now | Quote }} }
`;

const podComplete = `
{{ $now := Now }}
{{ $started := .status.startTime }}
phase: Succeeded
conditions:
{{ range list "Ready" "ContainersReady" }}
- { type: {{ . | Quote }}, status: "False", reason: PodCompleted, lastTransitionTime: {{ $now | Quote }} }
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: false
  started: false
  restartCount: 0
  state: { terminated: { exitCode: 0, reason: Completed, startedAt: {{ $started | Quote }}, finishedAt: {{ $now | Quote }} } }
{{ end }}
`;
