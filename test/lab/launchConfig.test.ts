import {
  pathArgument,
  readStackFile,
  securePaths,
  valueAt,
  withoutSecure,
  withValue,
  writeStackFile,
} from "../../lab/launch/config";

const text = `encryptionsalt: v1:salt
config:
  estate:owner: somebody
  estate:count: 3
  estate:token:
    secure: v1:aaa
  estate:secrets:
    deployKey:
      secure: v1:bbb
  estate:mixed:
    plain: yes it is
    list:
      - name: first
        key:
          secure: v1:ccc
  estate:secure: not an encrypted value
  estate:both:
    secure: only beside nothing else
    other: 1
`;
const { salt, config } = readStackFile(text, "Pulumi.x.yaml");

test("the salt and the encrypted values of a stack file are found", () => {
  expect(salt).toBe("v1:salt");
  expect(securePaths(config)).toEqual([
    ["estate:token"],
    ["estate:secrets", "deployKey"],
    ["estate:mixed", "list", "0", "key"],
  ]);
});

test("the dials are what is left without them", () => {
  expect(withoutSecure(config)).toEqual({
    "estate:owner": "somebody",
    "estate:count": 3,
    "estate:mixed": { plain: "yes it is", list: [{ name: "first" }] },
    "estate:secure": "not an encrypted value",
    "estate:both": { secure: "only beside nothing else", other: 1 },
  });
});

test("a value is put at a path, and found there, without touching what is beside it", () => {
  const changed = withValue(config, ["estate:secrets", "other", "deep"], "x");
  expect(valueAt(changed, ["estate:secrets", "other", "deep"])).toBe("x");
  expect(valueAt(changed, ["estate:secrets", "deployKey"])).toEqual({ secure: "v1:bbb" });
  expect(valueAt(config, ["estate:secrets", "other", "deep"])).toBeUndefined();
});

test("a path as the Pulumi CLI takes it", () => {
  expect(pathArgument(["estate:secrets", "a.b"])).toBe('estate:secrets["a.b"]');
});

test("what is written is read again as it was", () => {
  const file = { salt: "v1:salt", config: { "estate:owner": "somebody" } };
  expect(readStackFile(writeStackFile(file), "x")).toEqual(file);
});

test.each([
  ["", {}],
  ["config:\n", {}],
])("a file without configuration: %j", (empty, expected) => {
  expect(readStackFile(empty, "x").config).toEqual(expected);
});

test("a file that is no stack file is named", () => {
  expect(() => readStackFile("config: [1]", "Pulumi.x.yaml")).toThrow(
    "Pulumi.x.yaml is not a Pulumi stack file: ✖ Invalid input: expected record, received array\n  → at config",
  );
});
