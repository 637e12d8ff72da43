import { z } from "zod";

import { redact } from "../../common/redact";
import { retry, type Patience } from "../../common/retry";

const describedError = z.object({
  name: z.string().catch(""),
  message: z.string().catch("no reason is known"),
  cause: z.object({ code: z.string().optional() }).catch({}),
});

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
    private readonly patience: Patience = { attempts: 3, pause: 300 },
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
      const code = causeCode(error);
      throw new UnreachableError(
        `${doing}: the Headscale server ${this.endpoint} could not be reached (${code}). ` +
          "Is it running, and can this machine reach it? Nothing is taken for deleted.",
        code === "ECONNREFUSED" || code === "ENOTFOUND",
      );
    }
  }

  private refusal(doing: string, status: number, text: string): RefusedError {
    if (status === 401 || status === 403)
      return new RefusedError(
        `${doing}: the Headscale server ${this.endpoint} does not accept the API key (HTTP ${status}). ` +
          "Make a new one on the server with `headscale apikeys create` and set it as the provider's apiKey.",
        status,
        "",
      );
    const said = redact(reason(text), [this.apiKey]);
    if (said !== "")
      return new RefusedError(`${doing}: the Headscale server refused: ${said} (HTTP ${status})`, status, said);
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

function worthwhile(error: unknown, repeatable: boolean): boolean {
  if (error instanceof UnreachableError) return repeatable || error.neverSent;
  return error instanceof RefusedError && repeatable && [502, 503, 504].includes(error.status);
}

/** In one word, what went wrong with a connection: Node hides the system's code in the cause of "fetch failed". */
function causeCode(error: unknown): string {
  const top = describedError.parse(error);
  if (top.name === "TimeoutError") return "no answer in time";
  return top.cause.code ?? top.message;
}
