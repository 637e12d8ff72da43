import * as fc from "fast-check";

import { unknownText } from "../../../lab/simulator/marshal";
import { Secret, Special, Unknown, type PropertyMap, type Value } from "../../../lab/simulator/values";

const names = fc.string({ minLength: 1, maxLength: 6 }).filter((name) => name !== "__proto__" && !name.startsWith("$"));
const plain: fc.Arbitrary<Value> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)),
  fc.string(),
);
const specials = fc.stringMatching(/^[0-9a-f]{4,8}$/).map((hash): Value => {
  const fields = { "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17", hash };
  return new Special("asset", hash, fields);
});

/** Any properties an engine may send. */
export function propertyMaps({ unknowns }: { unknowns: boolean }): fc.Arbitrary<PropertyMap> {
  const { map } = fc.letrec<{ map: PropertyMap; value: Value }>((tie) => ({
    map: fc.dictionary(names, tie("value"), { maxKeys: 5 }),
    value: fc.oneof(
      { maxDepth: 4 },
      plain,
      ...(unknowns ? [fc.constant<Value>(new Unknown(unknownText))] : []),
      specials,
      fc.array(tie("value"), { maxLength: 4 }),
      tie("map"),
      tie("value").map((value): Value => new Secret(value)),
    ),
  }));
  return map.map((value) => ({ ...value }));
}
