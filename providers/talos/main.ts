import { serve } from "../common/serve";
import { talos } from "./provider";

serve(talos);
