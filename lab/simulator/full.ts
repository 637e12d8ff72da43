// The full lab's simulator. A program of its own, because every plugin of the embedded lab would load what it needs.
import { Machines } from "../machines";
import { MachineReality } from "./machineReality";
import { startSimulator } from "./start";

startSimulator(({ machines }) => new MachineReality(new Machines(machines)));
