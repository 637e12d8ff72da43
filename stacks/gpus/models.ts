/**
 * Sizes of models as Ollama keeps them, in GB (10^9 bytes): the weights, which all have to be in VRAM for the card to do the
 * work. Exact tags only: what "latest" is changes. Source: the model table of https://github.com/ollama/ollama, README.md
 * (before 519b11e of 2026-02-12, which took the table away).
 */
const gigabytes: Readonly<Record<string, number>> = {
  "gemma3:1b": 0.815,
  "gemma3:4b": 3.3,
  "gemma3:12b": 8.1,
  "gemma3:27b": 17,
  "qwq:32b": 20,
  "deepseek-r1:7b": 4.7,
  "deepseek-r1:671b": 404,
  "llama4:scout": 67,
  "llama4:maverick": 245,
  "llama3.3:70b": 43,
  "llama3.2:3b": 2.0,
  "llama3.2:1b": 1.3,
  "llama3.2-vision:11b": 7.9,
  "llama3.2-vision:90b": 55,
  "llama3.1:8b": 4.7,
  "llama3.1:405b": 231,
  "phi4:14b": 9.1,
  "phi4-mini:3.8b": 2.5,
  "mistral:7b": 4.1,
  "codellama:7b": 3.8,
  "llava:7b": 4.5,
  "granite3.3:8b": 4.9,
};

/** The weights of a model in GiB; undefined when the estate does not know it. */
export function weightsOf(model: string): number | undefined {
  const size = Object.hasOwn(gigabytes, model) ? gigabytes[model] : undefined;
  return size === undefined ? undefined : (size * 1e9) / 2 ** 30;
}

/**
 * What a model needs beyond its weights, in GiB: buffers and a short context. The estate's own figure, low on purpose, so that
 * what is refused really does not fit; a long context needs much more (https://docs.ollama.com/context-length).
 */
export const overhead = 0.5;
