import { Lab, ok } from "./support/lab";

// What a person types after eval "$(make env)".
const lab = new Lab();
afterAll(() => {
  lab.remove();
});
const typed = (line: string) => lab.shell(`eval "$(make env)" && ${line}`);

describe('after eval "$(make env)"', () => {
  test("make env prints nothing but the environment", async () => {
    const run = ok(await lab.shell("make env 2>/dev/null"));
    for (const line of run.output.trimEnd().split("\n")) expect(line).toMatch(/^(export|unset) [A-Z_]+/);
  });

  test("pulumi preview, up and destroy work as they are", async () => {
    const preview = ok(await typed("pulumi preview"));
    expect(preview.output).toMatch(/\d+ to create/);
    ok(await typed("pulumi up --yes --skip-preview"));
    expect(lab.inventory().length).toBeGreaterThan(50);
    ok(await typed("pulumi destroy --yes --skip-preview"));
    expect(lab.inventory()).toEqual([]);
  });

  test("a spec with five mistakes is one error that lists all five", async () => {
    const broken = new Lab({ "index.ts": brokenProgram });
    try {
      const run = await broken.estate("preview");
      expect(run.code).not.toBe(0);
      expect(run.output).toContain("The spec of the broken estate has 5 problems:");
      for (const path of [
        "machines.docker.memory: ",
        "machines.headscale.vmId: ",
        "machines.node1.tags.0: ",
        "machines.node1.address: ",
        "apps.demo.serves.web.public.access: ",
      ]) {
        expect(run.output).toContain(path);
      }
    } finally {
      broken.remove();
    }
  });
});

const brokenProgram = `
import { loadEstate } from "./stacks/load";
import { dev } from "./stacks/dev";
const { docker, headscale, node1 } = dev.machines;
loadEstate(
  {
    ...dev,
    machines: {
      docker: { ...docker, memory: "8GB" },
      headscale: { ...headscale, vmId: 100 },
      node1: { ...node1, tags: ["unowned"], address: "10.0.0.1" },
    },
    apps: { ...dev.apps, demo: { chart: "demo", on: "home", serves: { web: { port: 8080, public: { host: "demo" } } } } },
  },
  "The spec of the broken estate",
);
`;
