/* Prints how long the matrix of a large tailnet takes: node --import tsx test/components/tailnet/reach/support/measure.ts */
import { compile, matrix } from "../../../../../components/tailnet/reach";
import { LARGE, largeTailnet } from "./estate";

for (const [label, tagsPerNode] of [
  ["nodes with a tag out of 60", 1],
  ["nodes with one or two", 2],
  ["nodes with up to four, so that hardly two are alike", 4],
] as const) {
  const { policy, nodes } = largeTailnet({ ...LARGE, tagsPerNode }, 1);
  for (let run = 0; run < 3; run += 1) {
    const [begin, cpu] = [performance.now(), process.cpuUsage()];
    const { sources, accesses } = matrix(compile(policy, nodes));
    const { user, system } = process.cpuUsage(cpu);
    const took = `${(performance.now() - begin).toFixed(0)} ms, of the processor ${((user + system) / 1000).toFixed(0)} ms`;
    process.stdout.write(
      `${LARGE.nodes} nodes, ${LARGE.rules} rules, ${label}: ${took} (${sources.length} rows, ${accesses.length} accesses)\n`,
    );
  }
}
