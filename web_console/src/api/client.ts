import createClient from "openapi-fetch";
import type { paths } from "./schema";

export type * from "./schema";

export interface Problem {
  title: string;
  detail: string;
  status: number;
  type: string;
  trace_id?: string | null;
  errors?: { field: string; message: string; got?: string | null }[];
}

/** What the API refused, or that it did not answer at all (status 0). */
export class ApiError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail || problem.title);
    this.problem = problem;
  }
  get status(): number {
    return this.problem.status;
  }
}

const client = createClient<paths>({ baseUrl: "" });
const listeners = new Set<(answered: boolean) => void>();

/** Be told whether the API answers, with every call. */
export function onReach(listener: (answered: boolean) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell(answered: boolean): void {
  for (const listener of listeners) listener(answered);
}

client.use({
  onRequest({ request }) {
    if (request.method !== "GET") request.headers.set("Howdah-Console", "1");
    return request;
  },
});

/** Await a call of the client; return its data or throw an ApiError. */
export async function call<T>(answer: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  let got: { data?: T; error?: unknown; response: Response };
  try {
    got = await answer;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    tell(false);
    throw new ApiError({ title: "No answer", detail: "The API does not answer.", status: 0, type: "unreachable" });
  }
  const { data, error, response } = got;
  tell(response.status < 502 || response.status > 504);
  if (response.ok) return data as T;
  throw new ApiError(asProblem(error, response));
}

/** What an error is to whoever asked for something: the API's own words, or that there were none. */
export function refusal(error: unknown): string {
  return error instanceof ApiError ? error.message : "No answer";
}

export function asProblem(error: unknown, response: Response): Problem {
  const known = typeof error === "object" && error !== null ? (error as Partial<Problem>) : {};
  return {
    title: known.title ?? response.statusText,
    detail: known.detail ?? `The server answered ${response.status}.`,
    status: response.status,
    type: known.type ?? "unknown",
    trace_id: known.trace_id ?? null,
    errors: known.errors ?? [],
  };
}

export function key(): Record<"idempotency-key", string> {
  return { "idempotency-key": crypto.randomUUID() };
}

export const api = client;
