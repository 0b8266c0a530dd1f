import { useQuery } from "@tanstack/react-query";
import * as ask from "../../queries";
import { SignOut } from "../../shell/topbar";
import { Facts, Id } from "../../ui/parts";
import { type Theme, usePrefs } from "../../ui/prefs";

/** Who one is, and how the console looks. */
export function Appearance() {
  const { data: me } = useQuery(ask.me);
  const prefs = usePrefs();
  const row = "grid grid-cols-[180px_1fr] items-center gap-4 border-line border-b py-4 max-sm:grid-cols-1 max-sm:gap-2";
  return (
    <div className="scroll flex-1 px-6 max-sm:px-4">
      <div className="max-w-[640px]">
        <div className={`${row} !items-start`}>
          <b className="font-semibold">Signed in</b>
          <div>
            <Facts
              facts={[
                ["As", me?.subject ?? ""],
                ["Role", me?.role ?? ""],
                ["Gateway", <Id key="g" id={me?.gateway_id ?? ""} />],
              ]}
            />
            <div className="mt-3">
              <SignOut />
            </div>
          </div>
        </div>
        <div className={row}>
          <b className="font-semibold">Theme</b>
          <Choice
            name="theme"
            value={prefs.theme}
            options={["system", "light", "dark"]}
            onChange={(theme) => prefs.set({ theme: theme as Theme })}
          />
        </div>
        <div className={row}>
          <b className="font-semibold">Times</b>
          <Choice
            name="zone"
            value={prefs.zone}
            options={["local", "UTC"]}
            onChange={(zone) => prefs.set({ zone: zone as "local" | "UTC" })}
          />
        </div>
        <div className={row}>
          <b className="font-semibold">Tables</b>
          <Choice
            name="density"
            value={prefs.dense ? "dense" : "comfortable"}
            options={["comfortable", "dense"]}
            onChange={(density) => prefs.set({ dense: density === "dense" })}
          />
        </div>
        <div className={row}>
          <b className="font-semibold">Single-key shortcuts</b>
          <Choice
            name="keys"
            value={prefs.singleKeys ? "on" : "off"}
            options={["on", "off"]}
            onChange={(keys) => prefs.set({ singleKeys: keys === "on" })}
          />
        </div>
      </div>
    </div>
  );
}

function Choice({
  name,
  value,
  options,
  onChange,
}: {
  name: string;
  value: string;
  options: readonly string[];
  onChange: (value: string) => void;
}) {
  return (
    <div className="flex gap-5" role="radiogroup" aria-label={name}>
      {options.map((option) => (
        <label key={option} className="flex items-center gap-2">
          <input
            type="radio"
            name={name}
            className="size-4 accent-ink"
            checked={value === option}
            onChange={() => onChange(option)}
          />{" "}
          {option}
        </label>
      ))}
    </div>
  );
}
