// The full lab's simulator. A program of its own, because every plugin of the embedded lab would load what it needs.
import { Machines } from "../machines";
import { realCommands } from "./realCommands";
import { startSimulator } from "./start";

startSimulator(({ machines }) => realCommands(new Machines(machines)));
