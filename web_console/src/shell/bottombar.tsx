import { Link } from "@tanstack/react-router";
import { Menu as MenuIcon, Plus } from "lucide-react";
import { useState } from "react";
import { CATALOG, MAIN, PLATFORM, type Place } from "./nav";

import { useScopes } from "./sidebar";

const BAR: readonly Place[] = [MAIN[0]!, MAIN[1]!];

export function BottomBar() {
  const [more, setMore] = useState(false);
  const may = useScopes();
  const rest = [MAIN[2]!, ...PLATFORM.slice(1), ...CATALOG].filter(may);
  const item = "flex flex-1 flex-col items-center justify-center gap-1 text-[11px] text-ink-2";
  const on = { className: "!text-ink font-semibold" };
  return (
    <nav aria-label="Main" className="fixed inset-x-0 bottom-0 z-30 border-line border-t bg-bg">
      {more && (
        <ul className="m-0 grid list-none grid-cols-2 border-line border-b p-2">
          {rest.map((place) => (
            <li key={place.to}>
              <Link to={place.to} onClick={() => setMore(false)} className="flex h-10 items-center gap-3 px-3">
                <place.icon size={17} /> {place.label}
              </Link>
            </li>
          ))}
        </ul>
      )}
      <div className="flex h-16">
        {BAR.map((place) => (
          <Link key={place.to} to={place.to} className={item} activeProps={on}>
            <place.icon size={19} strokeWidth={1.75} /> {place.label}
          </Link>
        ))}
        <Link to="/launch" className={item} activeProps={on}>
          <span className="flex h-7 w-10 items-center justify-center rounded bg-ink text-on-ink">
            <Plus size={17} />
          </span>
          Launch
        </Link>
        <Link to="/health" className={item} activeProps={on}>
          <PLATFORM_ICON /> Health
        </Link>
        <button type="button" className={item} aria-expanded={more} onClick={() => setMore(!more)}>
          <MenuIcon size={19} strokeWidth={1.75} /> More
        </button>
      </div>
    </nav>
  );
}

function PLATFORM_ICON() {
  const Icon = PLATFORM[0]!.icon;
  return <Icon size={19} strokeWidth={1.75} />;
}
