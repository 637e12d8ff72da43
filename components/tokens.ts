/** Type tokens of the estate's components: policies, tests and the map recognise them by these. */
export const tokens = {
  estate: "estate:index:Estate",
  fleet: "estate:index:Fleet",
  platform: "estate:index:Platform",
  delivery: "estate:index:Delivery",
  proxmoxHost: "estate:machines:ProxmoxHost",
  virtualMachine: "estate:machines:VirtualMachine",
  headscaleHub: "estate:tailnet:HeadscaleHub",
  headscaleHostHub: "estate:tailnet:HeadscaleHostHub",
  tailnet: "estate:tailnet:Tailnet",
  talosCluster: "estate:clusters:TalosCluster",
  clusterAddons: "estate:clusters:ClusterAddons",
  publicEdge: "estate:edge:PublicEdge",
  repository: "estate:repositories:Repository",
  runnerPool: "estate:repositories:RunnerPool",
  chart: "estate:apps:Chart",
  tunnelConnector: "estate:apps:TunnelConnector",
} as const;
