import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, call, type ResourceHealth, type ResourceStanding, type WindowShown } from "../../api/client";
import { type Health, type HealthLines, healthLines, healthOf, WORST, windowOf } from "../../core/health";
import * as ask from "../../queries";
import { useNow } from "../../ui/prefs";

export interface HealthRow {
  id: string;
  name: string;
  measured: ResourceHealth;
  standing: ResourceStanding | undefined;
  window: WindowShown | undefined;
  health: Health;
  told: HealthLines;
}

const EVERY_MS = 10_000;

/** Each resource with its circuit, its last hour and its next maintenance, the worst first. */
export function useHealth(): { rows: HealthRow[]; error: unknown; isPending: boolean; retry: () => void } {
  const now = useNow();
  const measured = useQuery({
    queryKey: ["live-lists", "health"],
    queryFn: () => call(api.GET("/api/v1/resource-health")),
    refetchInterval: EVERY_MS,
  });
  const standings = useQuery(ask.standings);
  const windows = useQuery({
    queryKey: ["windows"],
    queryFn: () => call(api.GET("/api/v1/maintenance-windows", { params: { query: { limit: 500 } } })),
    refetchInterval: 60_000,
  });
  const minute = Math.floor(now / 10_000) * 10_000; // words change with the minute, not with each tick
  const rows = useMemo(() => {
    const of = new Map(standings.data?.items.map((one) => [one.resource_id, one]));
    const found = (measured.data?.items ?? []).map((one): HealthRow => {
      const looked = {
        measured: one,
        standing: of.get(one.id),
        window: windowOf(windows.data?.items ?? [], one.id, minute),
      };
      return {
        id: one.id,
        name: one.name,
        ...looked,
        health: healthOf(looked, minute),
        told: healthLines(looked, minute),
      };
    });
    return found.sort((a, b) => WORST.indexOf(a.health) - WORST.indexOf(b.health) || a.name.localeCompare(b.name));
  }, [measured.data, standings.data, windows.data, minute]);
  return {
    rows,
    error: measured.error ?? standings.error,
    isPending: measured.isPending || standings.isPending,
    retry: () => {
      void measured.refetch();
      void standings.refetch();
    },
  };
}
