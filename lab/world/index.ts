/** The simulated world of a stack: a file that stands for everything the estate's providers would manage. */
export { canonical } from "./canonical";
export {
  getObject,
  objectsOf,
  putObject,
  removeObject,
  type Fault,
  type FaultKind,
  type JsonValue,
  type Operation,
  type WorldData,
  type WorldObject,
} from "./data";
export { realStage, strike, withFaults, type Call, type Stage } from "./faults";
export { derive, isSecretMarker, secretMarker } from "./secrets";
export { World, WorldError } from "./world";
