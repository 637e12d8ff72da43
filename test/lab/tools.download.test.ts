import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { join } from "node:path";
import { obtainTool, type ToolRequest } from "../../lab/tools";
import { makeRequest, program, run, tiny } from "./toolFixture";

let folder: string;
let request: ToolRequest;
let shown: string[];
let server: Server | undefined;

beforeEach(() => {
  ({ folder, request, shown } = makeRequest());
});
afterEach(() => {
  server?.close();
  server = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const builds = (): number => shown.filter((line) => line.startsWith("Building")).length;

const serve = async (listener: RequestListener): Promise<ToolRequest> => {
  const started = createServer(listener);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  const address = started.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const pin = { ...tiny, archive: () => `http://127.0.0.1:${String(port)}/tiny.tar.gz` };
  return { ...request, pin, env: { PATH: request.env?.["PATH"] } };
};

test("downloaded when the vendor's server answers", async () => {
  program(join(folder, "release", "tiny"), "1.2.3");
  const archive = execFileSync("tar", ["-cz", "-C", join(folder, "release"), "tiny"]);
  const tool = await obtainTool(await serve((_request, response) => response.end(archive)));
  expect([tool.origin, run(tool), builds()]).toEqual(["downloaded", "v1.2.3\n", 0]);
});

test.each([
  ["a missing file", 404, "HTTP status 404"],
  ["something else than an archive", 200, "what came is not a .tar.gz archive"],
])("not downloaded from %s: it is built, and the reason is said", async (_what, status, reason) => {
  const tool = await obtainTool(await serve((_request, response) => response.writeHead(status).end("no such thing")));
  expect(tool.origin).toBe("built");
  expect(shown[0]).toBe(`Building tiny 1.2.3: there is no tiny on PATH; the download did not work (${reason})\n`);
});

test("not downloaded from a server that does not answer: given up after 2 s", async () => {
  const start = Date.now();
  const tool = await obtainTool(await serve(() => undefined));
  server?.closeAllConnections();
  expect([tool.origin, Date.now() - start < 6_000]).toEqual(["built", true]);
  expect(shown[0]).toContain("the download did not work (no answer within 2 s)");
});

test("not downloaded when ESTATE_OFFLINE=1 forbids it", async () => {
  let asked = 0;
  const open = await serve((_request, response) => {
    asked += 1;
    response.end();
  });
  await obtainTool({ ...open, env: request.env ?? {} });
  expect([asked, shown[0]]).toEqual([
    0,
    "Building tiny 1.2.3: there is no tiny on PATH; ESTATE_OFFLINE=1 forbids downloads\n",
  ]);
});
