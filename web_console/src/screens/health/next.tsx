import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { RadioTower } from "lucide-react";
import { useState } from "react";
import { api, call, refusal } from "../../api/client";
import { formatFilter } from "../../core/filter";
import { worstAccount } from "../../core/health";
import { count } from "../../core/time";
import { plural } from "../../core/words";
import * as ask from "../../queries";
import { Facts } from "../../ui/parts";
import { useNow } from "../../ui/prefs";
import { At, Elapsed, Upcoming } from "../../ui/time";
import { useToast } from "../../ui/toast";
import { LaneDialog } from "./lane";
import { MaintenanceDialog } from "./maintenance";
import type { HealthRow } from "./usehealth";

/** What comes next for a resource, what an operator can do about it, and who waits. */
export function Next({ row, scopes }: { row: HealthRow; scopes: readonly string[] }) {
  const [asking, setAsking] = useState<"maintenance" | "lane" | null>(null);
  const queries = useQueryClient();
  const say = useToast();
  const away = row.standing?.circuit === "open";
  const operates = scopes.includes("operations:write");
  const probe = async (): Promise<void> => {
    try {
      await call(
        api.POST("/api/v1/compute-resources/{resource_id}/try-now", { params: { path: { resource_id: row.id } } }),
      );
      say(`${row.name} is probed now`);
    } catch (error) {
      say(refusal(error), { tone: "failed" });
    }
    await queries.invalidateQueries({ queryKey: ["live-lists"] });
  };
  return (
    <>
      <h3 className="m-0 mb-2 pr-8 font-semibold">What happens next</h3>
      <Dated row={row} />
      <div className="mt-4 flex flex-wrap gap-2">
        {operates && away && (
          <button type="button" className="btn small ink" onClick={() => void probe()}>
            <RadioTower size={13} /> Probe now
          </button>
        )}
        {scopes.includes("catalogue:write") && (
          <button type="button" className="btn small" onClick={() => setAsking("maintenance")}>
            {row.window ? "Maintenance…" : "Drain…"}
          </button>
        )}
        {operates && (
          <button type="button" className="btn small" onClick={() => setAsking("lane")}>
            Lane…
          </button>
        )}
        <Link to="/resources" search={{ open: row.id }} className="btn small">
          Edit
        </Link>
      </div>
      <Waiting row={row} />
      {asking === "maintenance" && <MaintenanceDialog resource={row} onClose={() => setAsking(null)} />}
      {asking === "lane" && <LaneDialog row={row} onClose={() => setAsking(null)} />}
    </>
  );
}

function Dated({ row }: { row: HealthRow }) {
  const account = worstAccount(row.standing);
  const waiting = plural(row.standing?.blocked_tasks ?? 0, "task", "tasks");
  switch (row.health) {
    case "out":
      if (account?.circuit !== "open")
        return <p className="m-0 text-ink-2">{row.told.next}. Waiting would not help: no circuit is opened.</p>;
      return (
        <>
          {account.probing ? (
            <p className="m-0 mb-2 font-semibold">It is being probed now</p>
          ) : (
            account.next_probe_at && <Countdown at={account.next_probe_at} number={account.failed_probes + 1} />
          )}
          <Facts
            facts={[
              [
                "If it works",
                row.standing?.blocked_tasks
                  ? `${waiting} resume, a few at first and ever more a second`
                  : "work is sent there again",
              ],
              ["If not", "it is probed again, at ever longer intervals"],
              account.gives_up_at
                ? [
                    "At the latest",
                    <span key="g">
                      from <At at={account.gives_up_at} /> on tasks fail, as their patience ends
                    </span>,
                  ]
                : null,
            ]}
          />
        </>
      );
    case "releasing":
      return <p className="m-0 text-ink-2">{waiting} that waited go on, a few at first and ever more a second.</p>;
    case "draining":
      return (
        <Facts
          facts={[
            ["Begins", <Upcoming key="b" at={row.window!.starts_at} />],
            ["Ends", <Upcoming key="e" at={row.window!.ends_at} />],
            ["Until then", "jobs that would reach into it wait; jobs that run are left alone"],
          ]}
        />
      );
    case "slow":
      return <p className="m-0 text-ink-2">Its tasks take the slow lane and delay nobody else's; {row.told.next}.</p>;
    case "off":
      return <p className="m-0 text-ink-2">New experiments can't choose it. What runs there goes on.</p>;
    default:
      return <p className="m-0 text-ink-2">Nothing is due: work is sent there as it comes.</p>;
  }
}

function Countdown({ at, number }: { at: string; number: number }) {
  const now = useNow();
  const [from] = useState(now);
  const share = Math.min(1, Math.max(0, (now - from) / Math.max(1_000, Date.parse(at) - from)));
  return (
    <div className="mb-3 grid grid-cols-[112px_1fr] items-center gap-x-3">
      <span className="font-semibold">Probe {number}</span>
      <Upcoming at={at} />
      <span className="col-start-2 mt-1 block h-[3px] bg-track" aria-hidden="true">
        <span className="block h-full bg-blocked" style={{ width: `${share * 100}%` }} />
      </span>
    </div>
  );
}

/** What waits for the resource, by type, and the experiments that it belongs to. */
function Waiting({ row }: { row: HealthRow }) {
  const blocked = row.standing?.blocked_tasks ?? 0;
  const { data: overview } = useQuery(ask.overview);
  const experiments = useQuery({
    queryKey: ["live-lists", "blocked-by", row.id],
    queryFn: () => call(api.GET("/api/v1/experiments", { params: { query: { blocked_by: row.id, limit: 5 } } })),
    enabled: blocked > 0,
  });
  if (!blocked) return null;
  const types = (overview?.tasks ?? []).filter((one) => one.state === "BLOCKED" && one.resource_id === row.id);
  const since = worstAccount(row.standing)?.since;
  return (
    <div className="mt-4 border-line border-t pt-4">
      <div className="flex items-baseline">
        <h3 className="m-0 flex-1 font-semibold">{plural(blocked, "task waits", "tasks wait")}</h3>
        <Link to="/experiments" search={{ f: formatFilter({ state: [], waits: row.name }) }} className="link">
          {plural(row.standing?.blocked_experiments ?? 0, "experiment", "experiments")}
        </Link>
      </div>
      {types.map((one) => (
        <div key={one.type} className="mt-1 flex gap-3">
          <span className="flex-1">{one.type}</span>
          <b className="num font-semibold">{count(one.tasks)}</b>
        </div>
      ))}
      {since && (
        <p className="second m-0 mt-1">
          The circuit is open for <Elapsed from={since} />.
        </p>
      )}
      <ul className="m-0 mt-3 list-none border-line border-t p-0 pt-3">
        {experiments.data?.items.map((one) => (
          <li key={one.id} className="flex gap-3 py-[2px]">
            <Link to="/experiments/$id" params={{ id: one.id }} className="clip flex-1 hover:underline">
              {one.name}
            </Link>
            <span className="num text-ink-2">{count(one.blocked?.tasks ?? one.tasks.RETRY_WAIT ?? 0)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
