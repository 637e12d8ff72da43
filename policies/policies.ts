import type { Policies } from "@pulumi/policy";
import { requireAccess } from "./edge/requireAccess";
import { requireProtection } from "./lifecycle/requireProtection";
import { forbidSharedGpu } from "./machines/forbidSharedGpu";
import { requireGpuMapping } from "./machines/requireGpuMapping";
import { forbidClearText } from "./secrets/forbidClearText";
import { forbidAllowAll } from "./tailnet/forbidAllowAll";
import { forbidWideAutoApprovers } from "./tailnet/forbidWideAutoApprovers";
import { requireBoundedKeys } from "./tailnet/requireBoundedKeys";
import { requireOwnedTags } from "./tailnet/requireOwnedTags";
import { requireSshCheck } from "./tailnet/requireSshCheck";
import { requireTests } from "./tailnet/requireTests";

/** Every rule of the pack, one per file. How strict a rule is comes from the pack's configuration, never from a stack's name. */
export const policies: Policies = [
  requireAccess,
  requireProtection,
  forbidSharedGpu,
  requireGpuMapping,
  forbidClearText,
  forbidAllowAll,
  forbidWideAutoApprovers,
  requireBoundedKeys,
  requireOwnedTags,
  requireSshCheck,
  requireTests,
];
