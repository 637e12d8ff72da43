/** Prepares a stack's lab: its folder, its launchers, its state and its configuration. */
export { compileCache, labEnvironment, labForbids, userCache } from "./environment";
export { labFolder, type LabFolder, type LabKind } from "./folder";
export { languageHostLauncher, type LabTools, simulatedPackages, writeScript } from "./launchers";
export { type LabRequest, prepareLab } from "./prepare";
export { quote } from "./shell";
