import { z } from "zod";

import { redact } from "../../common/redact";
import { retry, type Patience } from "../../common/retry";

import { remedyFor } from "./remedies";

const describedError = z.object({
  name: z.string().catch(""),
  message: z.string().catch("no reason is known"),
  cause: z.object({ code: z.string().optional() }).catch({}),
});

/** Codes of Node (errors.html, tls.html) for connections that were never made. */
const neverConnected = [
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
];
const distrust = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/;

/** The server answered, and refused. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  constructor(
    message: string,
    readonly status: number,
    /** What Headscale itself said; empty when the answer came from something in between, such as a proxy's error page. */
    readonly said: string,
  ) {
    super(message);
  }
}

/** The server could not be asked, or its answer did not arrive: nothing is known of what it did. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
  constructor(
    message: string,
    /** Whether it is certain that the server never saw the request. */
    readonly neverSent: boolean,
    /** Whether it will be the same the next time. */
    readonly lasting = false,
  ) {
    super(message);
  }
}

/** One request: what it does, in words for messages, and whether it may be made twice. */
export interface Request {
  readonly doing: string;
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly body?: object;
  /** Making it twice does the same as making it once. */
  readonly repeatable: boolean;
}

/** JSON over HTTP with a bearer key, bounded in time and in tries. */
export class HttpClient {
  constructor(
    private readonly endpoint: string,
    private readonly apiKey: string,
    private readonly patience: Patience = { attempts: 4, pause: 400 },
    /** Milliseconds for one try. */
    private readonly limit = 15_000,
  ) {}

  /** @throws RefusedError, UnreachableError */
  async send(request: Request): Promise<unknown> {
    return retry(
      this.patience,
      (error) => worthwhile(error, request.repeatable),
      () => this.attempt(request),
    );
  }

  private async attempt({ doing, method, path, body }: Request): Promise<unknown> {
    const response = await this.fetch(doing, path, {
      method,
      headers: {
        authorization: `Bearer ${this.apiKey}`,
        "content-type": "application/json",
        accept: "application/json",
      },
      signal: AbortSignal.timeout(this.limit),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw this.refusal(doing, response.status, response.text);
    if (response.text === "") return {};
    try {
      return JSON.parse(response.text);
    } catch {
      throw new UnreachableError(
        `${doing}: ${this.endpoint} answered something that is not JSON; is it a Headscale server?`,
        false,
        true,
      );
    }
  }

  private async fetch(
    doing: string,
    path: string,
    init: RequestInit,
  ): Promise<{ ok: boolean; status: number; text: string }> {
    try {
      const response = await fetch(new URL(path, this.endpoint), init);
      return { ok: response.ok, status: response.status, text: await response.text() };
    } catch (error) {
      throw this.unreachable(doing, causeCode(error));
    }
  }

  private unreachable(doing: string, code: string): UnreachableError {
    if (distrust.test(code))
      return new UnreachableError(
        `${doing}: the certificate of the Headscale server ${this.endpoint} is not trusted (${code}). ` +
          "If an authority of your own signed it, name its file in NODE_EXTRA_CA_CERTS. Nothing is taken for deleted.",
        true,
        true,
      );
    return new UnreachableError(
      `${doing}: the Headscale server ${this.endpoint} could not be reached (${code}). ` +
        "Is it running, and can this machine reach it? Nothing is taken for deleted.",
      neverConnected.includes(code),
    );
  }

  private refusal(doing: string, status: number, text: string): RefusedError {
    if (status === 401 || status === 403)
      return new RefusedError(
        `${doing}: the Headscale server ${this.endpoint} does not accept the API key (HTTP ${status}): it is wrong, has ` +
          "expired or was deleted. Make a new one on the server with `headscale apikeys create` and set it as the " +
          "provider's apiKey.",
        status,
        "",
      );
    const said = redact(reason(text), [this.apiKey]);
    const remedy = remedyFor(said);
    if (said !== "")
      return new RefusedError(
        `${doing}: the Headscale server refused: ${said} (HTTP ${status})${remedy === undefined ? "" : `. ${remedy}`}`,
        status,
        said,
      );
    return new RefusedError(
      `${doing}: ${this.endpoint} answered HTTP ${status}, and not as Headscale does; is a proxy in between?`,
      status,
      "",
    );
  }
}

/** Up to 0.29 errors are gRPC statuses as JSON ({code, message}); from 0.30 on they are RFC 7807 problems ({title, detail}). */
function reason(text: string): string {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body !== "object" || body === null) return "";
    const fields = new Map<string, unknown>(Object.entries(body));
    const said = ["message", "detail", "title"]
      .map((key) => fields.get(key))
      .find((value) => typeof value === "string" && value !== "");
    return typeof said === "string" ? said : "";
  } catch {
    return "";
  }
}

/**
 * What is not repeatable is tried again only when it is certain that nobody has done it: there was no connection, or whoever
 * answered says that it did not pass it on. A 503 in Headscale's own words is none of these: a server that is going down
 * says so of work it had begun.
 */
function worthwhile(error: unknown, repeatable: boolean): boolean {
  if (error instanceof UnreachableError) return !error.lasting && (repeatable || error.neverSent);
  if (!(error instanceof RefusedError)) return false;
  if (error.status === 429) return true;
  return error.status === 503 ? repeatable || error.said === "" : repeatable && [502, 504].includes(error.status);
}

/** In one word, what went wrong with a connection: Node hides the system's code in the cause of "fetch failed". */
function causeCode(error: unknown): string {
  const top = describedError.parse(error);
  if (top.name === "TimeoutError") return "no answer in time";
  return top.cause.code ?? top.message;
}
