import { canonical, derive, type JsonValue } from "../../world";
import type { Model, PackageModels, Placed, Subject } from "../model";
import { get, isMap, textAt, type PropertyMap, type Value } from "../values";

// random 4.21.2. Values depend on the world's salt, the resource and its inputs: repeatable here, never elsewhere. Every input
// but RandomPassword's and RandomString's flags is a "keeper": a change makes a new value, so a new resource.

const replaceAlways = ["keepers", "length", "byteLength", "min", "max", "seed", "prefix", "separator"];
const classes = ["lower", "upper", "numeric", "special"];
const counts = ["minLower", "minUpper", "minNumeric", "minSpecial"];

/** Hexadecimal digits of any length that belong to this resource and these inputs. */
function digits(subject: Subject, length: number): string {
  let text = "";
  for (let part = 0; text.length < length; part++)
    text += derive(subject.salt, "random", subject.urn, canonical(jsonOf(subject.inputs)), String(part));
  return text.slice(0, length);
}

function jsonOf(value: Value): JsonValue {
  if (Array.isArray(value)) return value.map(jsonOf);
  if (isMap(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, jsonOf(item)]));
  return typeof value === "object" ? null : value;
}

function numberAt(inputs: PropertyMap, key: string, fallback: number): number {
  const value = get(inputs, key);
  return typeof value === "number" ? value : fallback;
}

const alphabets = new Map([
  ["lower", "abcdefghijklmnopqrstuvwxyz"],
  ["upper", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"],
  ["numeric", "0123456789"],
  ["special", "!@#$%&*()-_=+[]{}<>:?"],
]);

/** Characters of the classes asked for, at least as many of each as asked for. */
function characters(subject: Subject): string {
  const alphabet = (name: string) =>
    name === "special"
      ? textAt(subject.inputs, "overrideSpecial") || (alphabets.get(name) ?? "")
      : (alphabets.get(name) ?? "");
  const used = classes.filter((name) => get(subject.inputs, name) !== false);
  const length = numberAt(subject.inputs, "length", 16);
  const source = Buffer.from(digits(subject, length * 4), "hex");
  const least = used.flatMap((name) => {
    const count = numberAt(subject.inputs, `min${name.charAt(0).toUpperCase()}${name.slice(1)}`, 0);
    return Array.from({ length: count }, () => alphabet(name));
  });
  const all = used.map(alphabet).join("");
  return Array.from({ length }, (_, index) => {
    const set = least[index] ?? all;
    return set.charAt(source.readUInt16BE(index * 2) % set.length);
  }).join("");
}

const text: Model = {
  replaceOn: [...replaceAlways, ...classes, ...counts, "overrideSpecial", "number"],
  computed: ["result"],
  defaults: {
    lower: true,
    minLower: 0,
    minNumeric: 0,
    minSpecial: 0,
    minUpper: 0,
    number: true,
    numeric: true,
    special: true,
    upper: true,
  },
  state: (subject) => ({ result: characters(subject) }),
};

/** A password has the id "none"; the world tells them apart by resource and inputs. */
const password: Model = {
  ...text,
  computed: ["result", "bcryptHash"],
  secret: ["result", "bcryptHash"],
  id: () => "none",
  key: (_, subject) => `${subject.name}-${digits(subject, 12)}`,
  state: (subject) => ({
    result: characters(subject),
    // Of the form of a bcrypt hash, but no hash of the result: nothing can be logged in to with it.
    bcryptHash: `$2a$10$${digits(subject, 53)}`,
  }),
};

function uuid(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const bytes = (subject: Subject): Buffer =>
  Buffer.from(digits(subject, numberAt(subject.inputs, "byteLength", 8) * 2), "hex");

const id: Model = {
  replaceOn: replaceAlways,
  computed: ["b64Std", "b64Url", "dec", "hex"],
  id: (subject) => bytes(subject).toString("base64url"),
  state: (subject) => {
    const [raw, prefix] = [bytes(subject), textAt(subject.inputs, "prefix")];
    return {
      b64Std: prefix + raw.toString("base64"),
      b64Url: prefix + raw.toString("base64url"),
      dec: prefix + BigInt(`0x${raw.toString("hex") || "0"}`).toString(),
      hex: prefix + raw.toString("hex"),
    };
  },
};

const resources = new Map<string, Model>([
  ["random:index/randomPassword:RandomPassword", password],
  ["random:index/randomString:RandomString", { ...text, id: characters }],
  ["random:index/randomId:RandomId", id],
  [
    "random:index/randomUuid:RandomUuid",
    {
      replaceOn: replaceAlways,
      computed: ["result"],
      id: (subject) => uuid(digits(subject, 32)),
      state: ({ id }: Placed) => ({ result: id }),
    },
  ],
  [
    "random:index/randomBytes:RandomBytes",
    {
      replaceOn: replaceAlways,
      computed: ["base64", "hex"],
      secret: ["base64", "hex"],
      key: (_, subject) => `${subject.name}-${digits(subject, 12)}`,
      id: () => "none",
      state: (subject) => {
        const raw = Buffer.from(digits(subject, numberAt(subject.inputs, "length", 16) * 2), "hex");
        return { base64: raw.toString("base64"), hex: raw.toString("hex") };
      },
    },
  ],
  [
    "random:index/randomInteger:RandomInteger",
    {
      replaceOn: replaceAlways,
      computed: ["result"],
      key: (_, subject) => `${subject.name}-${digits(subject, 12)}`,
      id: (subject) => String(integer(subject)),
      state: (subject) => ({ result: integer(subject) }),
    },
  ],
]);

function integer(subject: Subject): number {
  const [min, max] = [numberAt(subject.inputs, "min", 0), numberAt(subject.inputs, "max", 0)];
  return min + (Number.parseInt(digits(subject, 12), 16) % (max - min + 1));
}

export const random: PackageModels = { resource: (type) => resources.get(type), invokes: new Map() };
