import { serve } from "../common/serve";
import { headscale } from "./provider";

serve(headscale);
