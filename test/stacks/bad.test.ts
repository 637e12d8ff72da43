import { badFixtures, base } from "./fixtures";
import { refusal } from "./refuse";

const fixtures = badFixtures();

test("the fixture that the bad ones change is itself compliant", () => {
  expect(refusal(base())).toBe("accepted");
});

test("every bad fixture says what it expects", () => {
  expect(fixtures.filter(({ message }) => message === undefined).map(({ name }) => name)).toEqual([]);
});

test("no two bad fixtures show the same", () => {
  const messages = fixtures.map(({ message }) => message);
  expect(messages.filter((message, index) => messages.indexOf(message) !== index)).toEqual([]);
});

test.each(fixtures)("refused with its whole message: $name", ({ spec, message }) => {
  expect(refusal(spec)).toBe(message);
});
