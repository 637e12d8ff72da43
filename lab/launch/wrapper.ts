import { labForbids, labEnvironment } from "./environment";
import type { LabFolder } from "./folder";
import { quote } from "./shell";

/** The commands of Pulumi 3.250 that take --config-file, with their aliases. */
const configured = "up|update|preview|pre|refresh|destroy|down|dn|config|import|watch|logs";
/** Flags before the command whose value is a word of its own. */
const valued = "--color|--tracing|--otel-traces|--profiling|--memprofilerate|-v|--verbose";

/**
 * The `pulumi` of a lab stack: the real engine, in the lab's environment, with the generated configuration in place of
 * the checkout's Pulumi.<stack>.yaml. `--config-file` is added where a command takes it, unless the caller names a file,
 * another stack or another directory.
 */
export function pulumiWrapper(folder: LabFolder, pulumi: string, nodeDirectory: string): string {
  const { stack } = folder;
  return `#!/bin/sh
# Written by the lab of stack ${stack}: the real Pulumi CLI, LAB=${folder.kind}.
unset ${labForbids.join(" ")}
${Object.entries(labEnvironment(folder))
  .map(([name, value]) => `export ${name}=${quote(value)}`)
  .join("\n")}
export PATH=${quote(folder.bin)}:${quote(nodeDirectory)}:"$PATH"

command='' own='' value_of=''
for word in "$@"; do
  if [ -n "$value_of" ]; then
    if [ "$value_of" = stack ] && [ "$word" != ${quote(stack)} ]; then own=1; fi
    value_of=''
    continue
  fi
  case "$word" in
    --) break ;;
    --config-file | --config-file=* | -C* | --cwd | --cwd=*) own=1 ;;
    -s | --stack) value_of=stack ;;
    --stack=*) if [ "$word" != ${quote(`--stack=${stack}`)} ]; then own=1; fi ;;
    ${valued.replaceAll("|", " | ")}) if [ -z "$command" ]; then value_of=other; fi ;;
    -*) ;;
    *) if [ -z "$command" ]; then command=$word; fi ;;
  esac
done
case "$PWD/" in ${quote(folder.root)}/*) ;; *) own=1 ;; esac
case "$command" in
  ${configured.replaceAll("|", " | ")})
    if [ -z "$own" ]; then
      found=''
      for word do
        shift
        set -- "$@" "$word"
        if [ -z "$found" ] && [ "$word" = "$command" ]; then
          found=1
          set -- "$@" --config-file ${quote(folder.config)}
        fi
      done
    fi ;;
esac
exec ${quote(pulumi)} "$@"
`;
}
