// The language host starts this file with plain node; everything behind it is TypeScript.
require("tsx/cjs");
const { serve } = require("../common/serve");
const { talos } = require("./provider");

serve(talos);
