/** Where outputs go besides the platform's store, as a form holds it: the same rules as the server's. Pure. */

/** One of them, in the fields of the form. */
export interface Placed {
  output: string;
  storage: string;
  /** Below the storage resource's folder. */
  path: string;
}

export interface Delivery {
  output: string;
  to: string;
}

export interface Place {
  name: string;
  enabled: boolean;
}

const STORAGE = "howdah://storage/";
const MOST = 100;
const MOST_OF_ONE = 20;
const LONGEST = 1_000;

export function placedFrom(deliveries: readonly Delivery[] | undefined): Placed[] {
  return (deliveries ?? []).map(({ output, to }) => {
    const [storage = "", ...path] = (to.startsWith(STORAGE) ? to.slice(STORAGE.length) : to).split("/");
    return { output, storage, path: path.join("/") };
  });
}

export function deliveriesOf(placed: readonly Placed[]): Delivery[] {
  return placed.map(({ output, storage, path }) => ({ output, to: `${STORAGE}${storage}/${path.trim()}` }));
}

/** What is wrong with each of them, by field: `deliveries.0.output`, or `deliveries.0.to` for where it goes. */
export function placedProblems(
  placed: readonly Placed[],
  outputs: readonly string[],
  places: readonly Place[] | undefined,
): Record<string, string> {
  const found: Record<string, string> = {};
  const taken = new Set<string>();
  const times = new Map<string, number>();
  placed.forEach((one, index) => {
    const nth = (times.get(one.output) ?? 0) + 1;
    times.set(one.output, nth);
    const to = `${one.storage}/${one.path.trim()}`;
    const output = outputProblem(one.output, outputs, nth);
    const place =
      placeProblem(one.storage, places) ??
      pathProblem(one.path.trim()) ??
      (taken.has(to) ? "Another delivery goes there already" : null);
    if (output) found[`deliveries.${index}.output`] = output;
    if (place) found[`deliveries.${index}.to`] = place;
    taken.add(to);
  });
  if (placed.length > MOST) found.deliveries = `At most ${MOST} deliveries`;
  return found;
}

function outputProblem(output: string, outputs: readonly string[], times: number): string | null {
  if (!output) return "Choose an output";
  if (!outputs.includes(output)) return `“${output}” is no output of this application`;
  return times > MOST_OF_ONE ? `One output goes to ${MOST_OF_ONE} places at most` : null;
}

function placeProblem(storage: string, places: readonly Place[] | undefined): string | null {
  if (!storage) return "Choose a storage resource";
  if (!places) return null; // not read yet: the server checks it too
  const place = places.find((one) => one.name === storage);
  if (!place) return `There is no storage resource “${storage}”`;
  return place.enabled ? null : `${storage} is switched off`;
}

function pathProblem(path: string): string | null {
  if (!path) return "Needed: what the file is called there";
  if (path.startsWith("/")) return "Must be a path below the storage resource, without / in front";
  if (path.endsWith("/")) return "Must end with a name, without / at the end";
  if (path.split("/").some((part) => part === "" || part === "." || part === ".."))
    return "Must not have empty, “.” or “..” parts";
  if (/[\p{Cc}\p{Cn}\p{Zl}\p{Zp}]/u.test(path)) return "Must not have characters that can't be printed";
  return path.length > LONGEST ? `At most ${LONGEST} characters` : null;
}
