type Yaml = typeof import("yaml");

let loaded: Yaml | undefined;

/** Loads the parser; apart, because five of six simulators never need it and start-up time counts. */
export async function loadYaml(): Promise<void> {
  loaded = await import("yaml");
}

/** The parser, once it has been loaded. */
export function yaml(): Yaml {
  if (loaded === undefined) throw new Error("The YAML parser is used before the provider has been prepared.");
  return loaded;
}
