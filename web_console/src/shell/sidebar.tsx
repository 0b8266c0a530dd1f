import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { PanelLeft, Plus } from "lucide-react";
import { count } from "../core/time";
import * as ask from "../queries";
import { Mark } from "./mark";
import { CATALOG, MAIN, PLATFORM, type Place } from "./nav";

export function useScopes(): (place: Place) => boolean {
  const { data } = useQuery(ask.me);
  return (place) => !place.scope || (data?.scopes as string[] | undefined)?.includes(place.scope) === true;
}

export function Sidebar({ rail, toggle }: { rail: boolean; toggle: () => void }) {
  const may = useScopes();
  const { data } = useQuery(ask.overview);
  const live = data
    ? ["SCHEDULED", "LAUNCHED", "EXECUTING", "CANCELING"].reduce(
        (sum, state) => sum + (data.experiments[state] ?? 0),
        0,
      )
    : 0;
  const counts: Record<string, number> = {
    "/experiments": live,
    "/jobs": data?.jobs.reduce((sum, one) => sum + one.jobs, 0) ?? 0,
    "/drafts": (data?.experiments.CREATED ?? 0) + (data?.experiments.VALIDATED ?? 0),
  };
  return (
    <nav
      aria-label="Main"
      className={`flex shrink-0 flex-col border-line border-r bg-bg ${rail ? "w-[52px] items-center" : "w-[208px]"} px-2 pb-3`}
    >
      <Link
        to="/experiments"
        className={`flex h-12 items-center gap-2 font-semibold text-[15px] ${rail ? "" : "px-2"}`}
        aria-label="Howdah"
      >
        <Mark size={22} /> {!rail && "Howdah"}
      </Link>
      <Link to="/launch" className={`btn ink mt-1 ${rail ? "!px-0 w-8" : "!justify-start"}`} title="Launch (L)">
        <Plus size={16} /> <span className={rail ? "sr-only" : "flex-1"}>Launch</span>
        {!rail && (
          <span aria-hidden="true" className="text-[11px]">
            L
          </span>
        )}
      </Link>
      <Group places={MAIN} rail={rail} counts={counts} may={may} />
      <Group places={PLATFORM} rail={rail} title="Platform" counts={counts} may={may} />
      <Group places={CATALOG} rail={rail} title="Catalog" counts={counts} may={may} />
      <button
        type="button"
        onClick={toggle}
        aria-label={rail ? "Expand the sidebar" : "Collapse the sidebar"}
        title="["
        className={`mt-auto flex h-8 items-center gap-3 text-ink-2 ${rail ? "" : "px-2"}`}
      >
        <PanelLeft size={16} /> {!rail && "Collapse"}
      </button>
    </nav>
  );
}

interface GroupProps {
  places: readonly Place[];
  rail: boolean;
  title?: string;
  counts: Record<string, number>;
  may: (place: Place) => boolean;
}

function Group({ places, rail, title, counts, may }: GroupProps) {
  const allowed = places.filter(may);
  if (!allowed.length) return null;
  return (
    <div className={rail ? "mt-3 border-line border-t pt-3" : "mt-3"}>
      {title && !rail && <h2 className="m-0 mt-2 mb-1 px-2 font-normal text-[12px] text-ink-3">{title}</h2>}
      <ul className="m-0 flex list-none flex-col gap-px p-0">
        {allowed.map((place) => (
          <li key={place.to}>
            <Link
              to={place.to}
              title={rail ? place.label : undefined}
              aria-label={rail ? place.label : undefined}
              activeProps={{ className: "bg-nav-on font-semibold !text-ink" }}
              className={`flex items-center gap-3 rounded text-ink-2 hover:bg-hover ${rail ? "size-8 justify-center" : "h-[30px] px-2"}`}
            >
              <place.icon size={16} strokeWidth={1.75} />
              {!rail && <span className="clip flex-1">{place.label}</span>}
              {!rail && counts[place.to] ? (
                <span className="num font-normal text-[12px] text-ink-3">{count(counts[place.to]!)}</span>
              ) : null}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}
