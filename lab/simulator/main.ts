import { nothingReal } from "./reality";
import { startSimulator } from "./start";

startSimulator(() => nothingReal);
