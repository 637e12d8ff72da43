/** Talos clusters as resources of a program; the provider behind them is in this folder's parent. */
export { type ClientConfiguration } from "../talosconfig";
export { Cluster, type ClusterArgs } from "./cluster";
export { EtcdSnapshot, type EtcdSnapshotArgs } from "./etcdSnapshot";
export { Machine, type MachineArgs } from "./machine";
export { Provider, type ProviderArgs } from "./provider";
export { Secrets, type SecretsArgs } from "./secrets";
