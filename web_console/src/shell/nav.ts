import {
  Activity,
  Box,
  CalendarClock,
  FileClock,
  FlaskConical,
  Inbox,
  KeyRound,
  ListChecks,
  type LucideIcon,
  Network,
  Puzzle,
  Server,
  Settings2,
  Split,
  Waypoints,
} from "lucide-react";

export interface Place {
  to: string;
  label: string;
  icon: LucideIcon;
  /** After `g`. */
  go: string;
  scope?: string;
}

export const MAIN: readonly Place[] = [
  { to: "/experiments", label: "Experiments", icon: FlaskConical, go: "e" },
  { to: "/jobs", label: "Jobs", icon: ListChecks, go: "j" },
  { to: "/workflows", label: "Workflows", icon: Network, go: "w" },
  { to: "/schedules", label: "Schedules", icon: CalendarClock, go: "h" },
  { to: "/drafts", label: "Drafts", icon: FileClock, go: "f" },
];
export const PLATFORM: readonly Place[] = [
  { to: "/health", label: "Resource health", icon: Activity, go: "r" },
  { to: "/lanes", label: "Topics & lanes", icon: Split, go: "t", scope: "operations:read" },
  { to: "/dead-letters", label: "Dead letters", icon: Inbox, go: "d", scope: "operations:read" },
  { to: "/services", label: "Services", icon: Waypoints, go: "s", scope: "operations:read" },
];
export const CATALOG: readonly Place[] = [
  { to: "/applications", label: "Applications", icon: Box, go: "a" },
  { to: "/task-types", label: "Task types", icon: Puzzle, go: "y" },
  { to: "/resources", label: "Resources", icon: Server, go: "c" },
  { to: "/credentials", label: "Credentials", icon: KeyRound, go: "k" },
  { to: "/settings", label: "Settings", icon: Settings2, go: "," },
];
