import { planTests } from "../../../components/tailnet/policy.tests";
import { app, cluster, external, person, repository, service, topology } from "./fixtures";

const owned = { owners: ["group:admins"] };
const estate = topology({
  people: { ada: person("admins"), bob: person() },
  machines: {
    docker: external({
      tags: ["core"],
      serves: {
        qdrant: service(6333, ["group:admins", "tag:app"]),
        dns: service(53, ["tag:app"], "udp"),
        hidden: service(9000, []),
        deploy: service(22, ["tag:ci"]),
      },
    }),
    web: external({ tags: ["app"] }),
    both: external({ tags: ["app", "core"] }),
  },
  tags: { core: owned, app: owned, ci: owned },
  ssh: [{ from: "person:ada", to: "tag:core", users: ["ada"] }],
  repositories: { stack: repository("ci") },
});

describe("the tests of a policy", () => {
  const tests = planTests(estate);
  const of = (src: string) => tests.filter((test) => test.src === src).map(({ src: _, ...rest }) => rest);

  it("say who gets through, by the words of the spec, and who does not", () => {
    expect(of("group:admins")).toEqual([
      // Ada, who is the group, may log in to whoever carries tag:core, docker among them.
      { proto: "tcp", accept: ["tag:docker:6333"] },
      { proto: "udp", deny: ["tag:docker:53"] },
    ]);
    expect(of("ada@")).toEqual([
      { proto: "tcp", accept: ["tag:core:22"] },
      { proto: "udp", deny: ["tag:docker:53"] },
    ]);
  });

  it("keep somebody who is named nowhere out of everything", () => {
    expect(of("bob@")).toEqual([
      { proto: "tcp", deny: ["tag:core:22", "tag:docker:22", "tag:docker:6333"] },
      { proto: "udp", deny: ["tag:docker:53"] },
    ]);
  });

  it("keep runners out of everything that does not name them", () => {
    // Nothing on tag:core:22, because docker carries tag:core and lets runners in on port 22.
    expect(of("tag:ci")).toEqual([
      { proto: "tcp", accept: ["tag:docker:22"], deny: ["tag:docker:6333"] },
      { proto: "udp", deny: ["tag:docker:53"] },
    ]);
  });

  it("do not deny a machine's own tag what it may use by another", () => {
    expect(of("tag:both")).toEqual([{ proto: "tcp", deny: ["tag:docker:22"] }]);
    // Of tag:core:22 nothing: one that carries tag:app is reached there itself.
    expect(of("tag:app")).toEqual([
      { proto: "tcp", accept: ["tag:docker:6333"], deny: ["tag:docker:22"] },
      { proto: "udp", accept: ["tag:docker:53"] },
    ]);
    expect(of("tag:web")).toEqual([{ proto: "tcp", deny: ["tag:core:22", "tag:docker:22"] }]);
  });

  it("never name a network, which no server takes", () => {
    const apps = { wiki: app({ web: service(8080, ["group:admins"]) }) };
    expect(planTests({ ...estate, machines: {}, apps, clusters: { core: cluster() } })).toEqual([]);
  });

  it("ask nothing of a tag that no machine carries", () => {
    const ssh = [{ from: "person:ada", to: "tag:ghost", users: ["ada"] }];
    const tailnet = { ...estate.tailnet, ssh };
    expect(JSON.stringify(planTests({ ...estate, tailnet }))).not.toContain("tag:ghost");
  });
});
