/** A real Kubernetes control plane per cluster, on loopback, for the full lab. */
export { type NodeFacts, nodeFactsOf, type NodeHardware, type Taint } from "./facts";
export { type ClusterIdentity, identityOf } from "./identity";
export {
  type ComponentState,
  findKubernetes,
  type Kubernetes,
  type KubernetesRequest,
  type KubernetesTools,
  startKubernetes,
} from "./kubernetes";
export { registerNodes } from "./nodes";
export { provideVolumes } from "./volumes";
export { registerStaticPods, type StaticPod } from "./staticPods";
