import * as pulumi from "@pulumi/pulumi";

/** What a component's children were asked to be, by name: mocks see no options. */
export interface Asked {
  /** Names of the resources that it waits for by dependsOn. */
  readonly dependsOn: readonly string[];
  readonly retainOnDelete: boolean;
}

/** A place to note the options of all children, and the option for the component that does it. */
export function noting(): { readonly asked: Map<string, Asked>; readonly options: pulumi.ComponentResourceOptions } {
  const asked = new Map<string, Asked>();
  const names = new Map<unknown, string>();
  const note: pulumi.ResourceTransformation = ({ resource, name, opts }) => {
    names.set(resource, name);
    const dependsOn = Array.isArray(opts.dependsOn) ? opts.dependsOn : [];
    const retainOnDelete = "retainOnDelete" in opts && opts.retainOnDelete;
    asked.set(name, { dependsOn: dependsOn.flatMap((item) => names.get(item) ?? []), retainOnDelete });
    return undefined;
  };
  return { asked, options: { transformations: [note] } };
}
