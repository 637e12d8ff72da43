import * as pulumi from "@pulumi/pulumi";
import { entry } from "../../stacks/estate";

/** A secret that stacks/dials.ts has checked to be there. */
export function secretOf(secrets: Readonly<Record<string, pulumi.Input<string>>>, name: string): pulumi.Output<string> {
  return pulumi.secret(entry(secrets, name));
}
