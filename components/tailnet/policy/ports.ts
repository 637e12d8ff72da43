/** Ports from the first to the last, both included. */
export type PortRange = readonly [first: number, last: number];

export const ALL_PORTS: PortRange = [0, 65535];

/** "22", "80-90,443" or "*"; or what is wrong with it. The same quirks as Headscale's parsePortRange (utils.go). */
export function parsePorts(text: string): PortRange[] | { readonly wrong: string } {
  if (text === "*") return [ALL_PORTS];
  const ranges: PortRange[] = [];
  for (const part of text.split(",")) {
    const range = part.includes("-") ? spanOf(part) : singleOf(part);
    if (typeof range === "string") return { wrong: range };
    ranges.push(range);
  }
  return ranges;
}

function spanOf(part: string): PortRange | string {
  const ends = part.split("-").filter((end) => end !== "");
  const [first, last] = ends.map(portOf);
  if (ends.length !== 2 || first === undefined || last === undefined) return `"${part}" is no range of ports`;
  if (typeof first === "string" || typeof last === "string") return `"${part}" is no range of ports from 0 to 65535`;
  return first > last ? `"${part}" ends before it begins` : [first, last];
}

function singleOf(part: string): PortRange | string {
  const port = portOf(part);
  if (typeof port === "string") return port;
  return port === 0 ? "port 0 does not exist" : [port, port];
}

function portOf(text: string): number | string {
  if (!/^\+?\d+$/.test(text)) return `"${text}" is no port`;
  const port = Number(text);
  return port > 65535 ? `${text} is beyond the last port, 65535` : port;
}
