import { PolicyPack } from "@pulumi/policy";
import { policies } from "./policies";

/** The policy pack, served to the engine: `pulumi preview --policy-pack policies`. */
new PolicyPack("estate", {
  policies,
  enforcementLevel: "mandatory",
  description: "The rules of the estate that matter most.",
  displayName: "Estate",
});
