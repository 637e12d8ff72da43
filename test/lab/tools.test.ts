import { execFileSync } from "node:child_process";
import { appendFileSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { obtainTool, type ToolPin, type ToolRequest } from "../../lab/tools";
import { cacheEntry } from "../../lab/tools/cache";
import { makeRequest, program, run, tiny } from "./toolFixture";

// It builds with Go, which has its moments on a busy machine.
jest.setTimeout(30_000);

let folder: string;
let request: ToolRequest;
let said: string[];
let shown: string[];

beforeEach(() => {
  ({ folder, request, said, shown } = makeRequest());
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const builds = (): number => shown.filter((line) => line.startsWith("Building")).length;

const withPath = (...directories: string[]): ToolRequest => ({
  ...request,
  env: { ...request.env, PATH: [...directories, process.env["PATH"]].join(":") },
});

describe("from PATH", () => {
  test("a version that fits is used, and nothing is built", async () => {
    const path = program(join(folder, "bin"), "1.4.0");
    expect(await obtainTool(withPath(join(folder, "bin")))).toEqual({
      name: "tiny",
      version: "1.4.0",
      path,
      origin: "path",
    });
    expect(builds()).toBe(0);
  });

  test("a later one that fits is found behind one that does not", async () => {
    program(join(folder, "old"), "1.0.0");
    const path = program(join(folder, "new"), "1.2.3");
    expect((await obtainTool(withPath(join(folder, "old"), join(folder, "new")))).path).toBe(path);
  });

  test("the lab's own wrapper is never taken for the tool", async () => {
    program(join(folder, ".lab", "dev", "bin"), "1.2.3");
    expect((await obtainTool(withPath(join(folder, ".lab", "dev", "bin")))).origin).toBe("built");
  });

  test("an old version is named as the reason to build", async () => {
    const old = program(join(folder, "old"), "1.0.0");
    await obtainTool(withPath(join(folder, "old")));
    expect(shown[0]).toBe(
      `Building tiny 1.2.3: PATH's tiny (${old}) is 1.0.0, 1.2.3 is needed; it is not offered for download\n`,
    );
  });
});

describe("with build tags", () => {
  const tagged = { ...tiny, tags: "with_tag" };

  test("it is built with them, whatever is on PATH, and kept apart from the one without", async () => {
    program(join(folder, "bin"), "1.2.3");
    const more = 'package main\n\nfunc init() { println("tagged") }\n';
    writeFileSync(join(folder, "tools", "tiny", "tagged.go"), `//go:build with_tag\n\n${more}`);
    const plain = await obtainTool(request);
    const found = await obtainTool({ ...withPath(join(folder, "bin")), pin: tagged });
    expect(found.origin).toBe("built");
    expect(execFileSync("sh", ["-c", `'${found.path}' 2>&1`], { encoding: "utf8" })).toBe("tagged\nv1.2.3\n");
    expect(execFileSync("sh", ["-c", `'${plain.path}' 2>&1`], { encoding: "utf8" })).toBe("v1.2.3\n");
    expect(shown.at(-2)).toContain("Building tiny 1.2.3: it is built with with_tag; it is not offered for download");
  });

  test("without Go nothing helps but Go", async () => {
    const without = { PATH: join(folder, "nothing"), ESTATE_OFFLINE: "1" };
    await expect(obtainTool({ ...request, pin: tagged, env: without })).rejects.toThrow(
      "and there is no go on PATH to build it. Install Go (https://go.dev/dl), and put it on PATH.",
    );
  });
});

describe("with something generated", () => {
  const embeds =
    'package main\n\nimport _ "embed"\n\n//go:embed made.txt\nvar made string\n\nfunc init() { version = made }\n';
  const generated: ToolPin = { ...tiny, package: ".", generate: ["run", "./gen"] };

  test("it is made in a copy, and the checkout stays as it is", async () => {
    const module = join(folder, "tools", "tiny");
    mkdirSync(join(module, "gen"));
    const writer = 'package main\n\nimport "os"\n\nfunc main() { os.WriteFile("made.txt", []byte("1.2.3"), 0o644) }\n';
    writeFileSync(join(module, "gen", "main.go"), writer);
    writeFileSync(join(module, "embeds.go"), embeds);
    const before = readdirSync(module, { recursive: true });
    const tool = await obtainTool({ ...request, pin: generated });
    expect([run(tool), readdirSync(module, { recursive: true })]).toEqual(["1.2.3\n", before]);
    expect(readdirSync(dirname(tool.path)).sort()).toEqual(["complete.json", "tiny"]);
  });

  test("what generates it decides where it is cached", () => {
    const path = () => cacheEntry(request.cache, folder, generated).directory;
    mkdirSync(join(folder, "tools", "tiny", "gen"));
    writeFileSync(join(folder, "tools", "tiny", "gen", "main.go"), "package main\n");
    const first = path();
    writeFileSync(join(folder, "tools", "tiny", "gen", "main.go"), "package main // changed\n");
    expect(path()).not.toBe(first);
  });

  test("when that fails, Go's own words are the reason", async () => {
    await expect(obtainTool({ ...request, pin: generated })).rejects.toThrow(
      /^go run \.\/gen in .* ended with code 1:\n/,
    );
  });
});

describe("built", () => {
  test("once: the second time it comes from the cache", async () => {
    const first = await obtainTool(request);
    const second = await obtainTool(request);
    expect([first.origin, run(first), second, builds()]).toEqual(["built", "v1.2.3\n", first, 1]);
  });

  test("once for two who want it at the same time; the second is told for whom it waits", async () => {
    const [first, second] = await Promise.all([obtainTool(request), obtainTool(request)]);
    expect([second, builds()]).toEqual([first, 1]);
    expect(said).toEqual([`Waiting for process ${String(process.pid)}, which is getting tiny 1.2.3`]);
  });

  test.each([
    [
      "was cut short",
      (binary: string) => {
        execFileSync("truncate", ["-s", "100", binary]);
      },
    ],
    [
      "got a byte more",
      (binary: string) => {
        appendFileSync(binary, "x");
      },
    ],
    [
      "is gone",
      (binary: string) => {
        rmSync(binary);
      },
    ],
    [
      "was never finished",
      (binary: string) => {
        rmSync(join(dirname(binary), "complete.json"));
      },
    ],
    [
      "has a marker that is no JSON",
      (binary: string) => {
        writeFileSync(join(dirname(binary), "complete.json"), "{");
      },
    ],
  ])("again when the cached one %s", async (_what, damage) => {
    damage((await obtainTool(request)).path);
    const mended = await obtainTool(request);
    expect([run(mended), builds()]).toEqual(["v1.2.3\n", 2]);
  });

  test("not again when only the time of the file has changed", async () => {
    const tool = await obtainTool(request);
    utimesSync(tool.path, 1, 1);
    await obtainTool(request);
    await obtainTool(request);
    expect(builds()).toBe(1);
  });

  test("again, beside the old one, when the pins change", async () => {
    const first = await obtainTool(request);
    appendFileSync(join(folder, "tools", "tiny", "go.mod"), "\n// another pin\n");
    const second = await obtainTool(request);
    expect([second.path === first.path, builds(), statSync(first.path).isFile()]).toEqual([false, 2, true]);
  });

  test("what a killed build has left is cleared away", async () => {
    const { directory } = cacheEntry(request.cache, folder, tiny);
    mkdirSync(`${directory}.draft-killed`, { recursive: true });
    await obtainTool(request);
    expect(readdirSync(dirname(directory))).toEqual([directory.slice(dirname(directory).length + 1)]);
  });

  test("a failing build shows what Go says, and leaves no entry", async () => {
    writeFileSync(join(folder, "tools", "tiny", "main.go"), "package main\n\nfunc main() { missing() }\n");
    await expect(obtainTool(request)).rejects.toThrow(/ended with code 1:[^]*undefined: missing$/);
    expect(readdirSync(join(request.cache, "tools"))).toEqual([]);
  });

  test("a program of another version than the pin is refused", async () => {
    const wrong = { ...tiny, ldflags: "-X main.version=v9.9.9" };
    await expect(obtainTool({ ...request, pin: wrong })).rejects.toThrow(
      "The tiny obtained says it is version 9.9.9, not 1.2.3",
    );
  });

  test("without Go: one error with what to do", async () => {
    await expect(
      obtainTool({ ...request, env: { PATH: join(folder, "nothing"), ESTATE_OFFLINE: "1" } }),
    ).rejects.toThrow(
      "tiny 1.2.3 (proves how tools are obtained) can't be had: there is no tiny on PATH; it is not offered for download; " +
        "and there is no go on PATH to build it. Install tiny 1.2.3, or Go (https://go.dev/dl), and put it on PATH.",
    );
  });
});
