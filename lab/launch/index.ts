/** Prepares a stack's lab: its folder, its launchers, its state and its configuration. */
export { compileCache, labEnvironment, labForbids, userCache } from "./environment";
export { labFolder, type LabFolder, type LabKind } from "./folder";
export { languageHostLauncher, isSimulated, type LabTools, providerPackages, writeScript } from "./launchers";
export { type FullLab, readPlaces } from "./places";
export { type LabRequest, prepareLab } from "./prepare";
export { quote } from "./shell";
