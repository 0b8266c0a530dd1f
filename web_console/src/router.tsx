import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from "@tanstack/react-router";
import { ApiError } from "./api/client";
import * as ask from "./queries";
import { Experiments } from "./screens/experiments";
import { Login } from "./screens/login";
import { Crash, NotFound } from "./shell/crash";
import { Shell } from "./shell/shell";

const root = createRootRouteWithContext<{ queries: QueryClient }>()({
  notFoundComponent: NotFound,
  errorComponent: Crash,
});

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search: Record<string, unknown>) => ({
    next: typeof search.next === "string" && /^\/(?!\/)/.test(search.next) ? search.next : undefined,
  }),
  component: Login,
});

/** Everything behind the login. */
const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  component: Shell,
  notFoundComponent: NotFound,
  beforeLoad: async ({ context, location }) => {
    try {
      await context.queries.ensureQueryData(ask.me);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401)
        throw redirect({ to: "/login", search: { next: location.href }, replace: true });
      if (!(error instanceof ApiError) || error.status !== 0) throw error; // API down: the shell says so
    }
  },
});

const text = (value: unknown): string | undefined => (typeof value === "string" && value ? value : undefined);

const index = createRoute({
  getParentRoute: () => inside,
  path: "/",
  beforeLoad: () => redirect({ to: "/experiments", replace: true, throw: true }),
});
export const experimentsRoute = createRoute({
  getParentRoute: () => inside,
  path: "/experiments",
  validateSearch: (search: Record<string, unknown>): { f?: string } => ({ f: text(search.f) }),
  component: Experiments,
});
const drafts = createRoute({
  getParentRoute: () => inside,
  path: "/drafts",
  validateSearch: (search: Record<string, unknown>): { f?: string } => ({ f: text(search.f) }),
  component: lazyRouteComponent(() => import("./screens/drafts"), "Drafts"),
});
const run = createRoute({
  getParentRoute: () => inside,
  path: "/experiments/$id",
  validateSearch: (search: Record<string, unknown>): RunSearch => ({
    tab: text(search.tab),
    task: text(search.task),
    rows: text(search.rows),
    run: text(search.run),
    seq: typeof search.seq === "number" ? search.seq : undefined,
    file: text(search.file),
    line: typeof search.line === "number" ? search.line : undefined,
    f: text(search.f),
  }),
  // What is to be drawn is asked for while the code that draws it is read.
  loaderDeps: ({ search }) => ({ run: search.run }),
  loader: ({ context, params, deps }) => {
    void context.queries.prefetchQuery(ask.runQuery(params.id, deps.run));
    void context.queries.prefetchQuery(ask.experiment(params.id));
  },
  component: lazyRouteComponent(() => import("./screens/run/run"), "Run"),
});
export interface RunSearch {
  tab?: string;
  task?: string;
  rows?: string;
  run?: string;
  seq?: number;
  file?: string;
  line?: number;
  f?: string;
}
const launch = createRoute({
  getParentRoute: () => inside,
  path: "/launch",
  validateSearch: (search: Record<string, unknown>): { app?: string; from?: string; draft?: string } => ({
    app: text(search.app),
    from: text(search.from),
    draft: text(search.draft),
  }),
  component: lazyRouteComponent(() => import("./screens/launch/launch"), "Launch"),
});
const jobs = createRoute({
  getParentRoute: () => inside,
  path: "/jobs",
  validateSearch: (search: Record<string, unknown>): { state?: string; resource?: string } => ({
    state: text(search.state),
    resource: text(search.resource),
  }),
  component: lazyRouteComponent(() => import("./screens/jobs"), "Jobs"),
});
const health = createRoute({
  getParentRoute: () => inside,
  path: "/health",
  validateSearch: (search: Record<string, unknown>): { open?: string } => ({ open: text(search.open) }),
  component: lazyRouteComponent(() => import("./screens/health/health"), "Health"),
});
const workflows = createRoute({
  getParentRoute: () => inside,
  path: "/workflows",
  component: lazyRouteComponent(() => import("./screens/workflows/list"), "Workflows"),
});
const workflow = createRoute({
  getParentRoute: () => inside,
  path: "/workflows/$name",
  validateSearch: (search: Record<string, unknown>): WorkflowSearch => ({
    tab: text(search.tab),
    step: text(search.step),
    yaml: text(search.yaml),
    from: text(search.from),
    version: typeof search.version === "number" ? search.version : undefined,
    against: typeof search.against === "number" ? search.against : undefined,
  }),
  component: lazyRouteComponent(() => import("./screens/workflows/composer"), "ComposerScreen"),
});
export interface WorkflowSearch {
  tab?: string;
  step?: string;
  yaml?: string;
  from?: string;
  version?: number;
  against?: number;
}
const lanes = createRoute({
  getParentRoute: () => inside,
  path: "/lanes",
  validateSearch: (search: Record<string, unknown>): { open?: string } => ({ open: text(search.open) }),
  component: lazyRouteComponent(() => import("./screens/lanes/lanes"), "Lanes"),
});
const opened = (search: Record<string, unknown>): { open?: string; tab?: string } => ({
  open: text(search.open),
  tab: text(search.tab),
});
const schedules = createRoute({
  getParentRoute: () => inside,
  path: "/schedules",
  validateSearch: (search: Record<string, unknown>): { open?: string; edit?: string; from?: string } => ({
    open: text(search.open),
    edit: text(search.edit),
    from: text(search.from),
  }),
  component: lazyRouteComponent(() => import("./screens/schedules/schedules"), "Schedules"),
});
const taskTypes = createRoute({
  getParentRoute: () => inside,
  path: "/task-types",
  validateSearch: (search: Record<string, unknown>): { open?: string; edit?: string } => ({
    open: text(search.open),
    edit: text(search.edit),
  }),
  component: lazyRouteComponent(() => import("./screens/tasktypes/tasktypes"), "TaskTypes"),
});
const services = createRoute({
  getParentRoute: () => inside,
  path: "/services",
  validateSearch: opened,
  component: lazyRouteComponent(() => import("./screens/services/services"), "Services"),
});
const deadLetters = createRoute({
  getParentRoute: () => inside,
  path: "/dead-letters",
  validateSearch: (search: Record<string, unknown>): LetterSearch => ({
    state: text(search.state),
    topic: text(search.topic),
    reason: text(search.reason),
    open: text(search.open),
  }),
  component: lazyRouteComponent(() => import("./screens/deadletters"), "DeadLetters"),
});
export interface LetterSearch {
  state?: string;
  topic?: string;
  reason?: string;
  open?: string;
}
const applications = createRoute({
  getParentRoute: () => inside,
  path: "/applications",
  validateSearch: opened,
  component: lazyRouteComponent(() => import("./screens/applications"), "Applications"),
});
const resources = createRoute({
  getParentRoute: () => inside,
  path: "/resources",
  validateSearch: opened,
  component: lazyRouteComponent(() => import("./screens/resources"), "Resources"),
});
const credentials = createRoute({
  getParentRoute: () => inside,
  path: "/credentials",
  validateSearch: opened,
  component: lazyRouteComponent(() => import("./screens/credentials"), "Credentials"),
});
const settings = createRoute({
  getParentRoute: () => inside,
  path: "/settings",
  validateSearch: opened,
  component: lazyRouteComponent(() => import("./screens/settings/settings"), "Settings"),
});

const pages = [
  index,
  experimentsRoute,
  drafts,
  run,
  launch,
  jobs,
  workflows,
  workflow,
  health,
  lanes,
  schedules,
  taskTypes,
  services,
  deadLetters,
  applications,
  resources,
  credentials,
  settings,
];
const tree = root.addChildren([login, inside.addChildren(pages)]);

export function makeRouter(queries: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { queries },
    defaultPreload: "intent",
    defaultPreloadStaleTime: 0,
    scrollRestoration: false,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
