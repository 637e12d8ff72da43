import { formatOutputs } from "../../operations/cli/outputs";
import { table } from "../../operations/cli/table";

test("only the public group of the outputs is shown, a line per value", () => {
  const outputs = {
    public: { machines: { docker: { address: "192.168.10.5", ports: [22, 80] } }, urls: [] },
    secret: { token: "[secret]" },
  };
  expect(formatOutputs(JSON.stringify(outputs))).toEqual([
    "machines.docker.address: 192.168.10.5",
    "machines.docker.ports: 22, 80",
    "urls: ",
  ]);
});

test("a stack without public outputs shows none", () => {
  expect(formatOutputs("{}")).toEqual([]);
});

test("a table has aligned columns and no trailing space", () => {
  expect(
    table([
      ["a", "long cell", ""],
      ["longer", "b", "c"],
    ]),
  ).toEqual(["  a       long cell", "  longer  b          c"]);
});
