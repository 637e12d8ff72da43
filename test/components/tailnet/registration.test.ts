import { registrationOf } from "../../../components/tailnet/registration";

test("every machine with a key is named, with its address once it has joined", () => {
  const nodes = [
    { name: "docker", addresses: ["100.64.0.1", "fd7a:115c:a1e0::1"] },
    { name: "stranger", addresses: ["100.64.0.9"] },
    { name: "field.tailnet.example.org", addresses: ["100.64.0.2"] },
  ];
  expect(registrationOf(["docker", "field", "desk"], nodes)).toEqual({
    docker: "100.64.0.1",
    field: "100.64.0.2",
    desk: "had not joined when this run asked",
  });
});
