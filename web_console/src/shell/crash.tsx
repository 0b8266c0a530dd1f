import { Link } from "@tanstack/react-router";
import { Failure } from "../ui/parts";

export function NotFound() {
  return (
    <main className="p-6">
      <h1 className="m-0 font-semibold text-[15px]">There is no such page</h1>
      <p className="text-ink-2">
        The address leads nowhere. What you look for may have been deleted, or belong to another gateway.
      </p>
      <Link to="/experiments" className="btn">
        To the experiments
      </Link>
    </main>
  );
}

export function Crash({ error }: { error: unknown }) {
  return (
    <main className="p-6">
      <h1 className="m-0 font-semibold text-[15px]">This page broke</h1>
      <p className="text-ink-2">It is our mistake, nothing of yours is lost.</p>
      <Failure error={error} retry={() => location.reload()} />
    </main>
  );
}
