import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import * as ask from "../queries";
import { useTitle } from "../shell/shell";
import { TAB } from "../ui/tab";
import { Compute } from "./catalogue/compute";
import { Maintenance, Quotas } from "./catalogue/quotas";
import { Storage } from "./catalogue/storage";

const TABS = ["compute", "storage", "quotas", "maintenance"] as const;
const WORDS = { compute: "Compute", storage: "Storage", quotas: "Quotas", maintenance: "Maintenance" };

/** What the gateway may use: machines that run jobs, places for data, and how much of it at once. */
export function Resources() {
  useTitle("Resources", "Resources");
  const search = useSearch({ from: "/inside/resources" });
  const navigate = useNavigate();
  const tab = TABS.find((one) => one === search.tab) ?? "compute";
  const { data: me } = useQuery(ask.me);
  const mayWrite = (me?.scopes as string[] | undefined)?.includes("catalogue:write") ?? false;
  const go = (open: string | undefined): void =>
    void navigate({ to: "/resources", search: { tab: tab === "compute" ? undefined : tab, open } });
  const shared = { open: search.open, go, mayWrite };
  return (
    <>
      <nav
        aria-label="Kinds of resources"
        className="scroll flex shrink-0 items-center gap-5 overflow-y-hidden border-line border-b px-6 max-sm:px-4"
      >
        {TABS.map((one) => (
          <Link
            activeOptions={TAB}
            key={one}
            to="/resources"
            search={{ tab: one === "compute" ? undefined : one }}
            className="tab"
            data-on={one === tab ? "page" : undefined}
          >
            {WORDS[one]}
          </Link>
        ))}
        <span className="flex-1" />
        {tab !== "maintenance" && mayWrite && (
          <button type="button" className="btn small" onClick={() => go("new")}>
            Add
          </button>
        )}
      </nav>
      {tab === "compute" && <Compute {...shared} />}
      {tab === "storage" && <Storage {...shared} />}
      {tab === "quotas" && <Quotas {...shared} />}
      {tab === "maintenance" && <Maintenance />}
    </>
  );
}
