import { useCallback, useEffect, useRef } from "react";
import type { GraphLayout } from "../../../core/graph";

export interface View {
  x: number;
  y: number;
  scale: number;
}

/** What stands above the graph: the toolbar and the heads of the columns. */
export const HEAD = 92;
const LEAST = 0.03;
const MOST = 2;
export const READABLE = 0.55;

export interface Camera {
  view: React.RefObject<View>;
  /** Was it dragged since the pointer went down: then letting go is no click. */
  moving: React.RefObject<boolean>;
  fit: () => void;
  show: (id: number, scale?: number) => void;
  zoom: (factor: number, x?: number, y?: number) => void;
  pan: (x: number, y: number) => void;
}

/** Where one looks at the graph; it is no state of React's, since it changes with every frame. */
export function useCamera(
  canvas: React.RefObject<HTMLCanvasElement | null>,
  layout: GraphLayout,
  redraw: () => void,
): Camera {
  const view = useRef<View>({ x: 0, y: 0, scale: 1 });
  const moving = useRef(false);
  const fit = useCallback(() => {
    const { clientWidth: width, clientHeight: height } = canvas.current ?? { clientWidth: 0, clientHeight: 0 };
    if (!width) return;
    const scale = Math.min(1, (width - 32) / layout.width, (height - HEAD - 40) / layout.height);
    view.current = { scale: Math.max(LEAST, scale), x: 16, y: HEAD };
    redraw();
  }, [layout, canvas, redraw]);
  const show = useCallback(
    (id: number, scale?: number) => {
      const node = layout.nodes[id];
      if (!node || !canvas.current) return;
      const { clientWidth: width, clientHeight: height } = canvas.current;
      const s = Math.max(view.current.scale, scale ?? 0);
      view.current = {
        scale: s,
        x: width / 2 - (node.x + node.width / 2) * s,
        y: (height + HEAD) / 2 - (node.y + node.height / 2) * s,
      };
      redraw();
    },
    [layout, canvas, redraw],
  );
  const zoom = useCallback(
    (factor: number, x?: number, y?: number) => {
      if (!canvas.current) return;
      const before = view.current;
      const scale = Math.min(MOST, Math.max(LEAST, before.scale * factor));
      const [px, py] = [x ?? canvas.current.clientWidth / 2, y ?? canvas.current.clientHeight / 2];
      const by = scale / before.scale;
      view.current = { scale, x: px - (px - before.x) * by, y: py - (py - before.y) * by };
      redraw();
    },
    [canvas, redraw],
  );
  const pan = useCallback(
    (x: number, y: number) => {
      view.current.x += x;
      view.current.y += y;
      redraw();
    },
    [redraw],
  );
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const wheel = (event: WheelEvent): void => {
      event.preventDefault();
      if (event.ctrlKey || event.metaKey) zoom(Math.exp(-event.deltaY / 300), event.offsetX, event.offsetY);
      else pan(-(event.shiftKey ? event.deltaY : event.deltaX), event.shiftKey ? 0 : -event.deltaY);
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, [canvas, pan, zoom]);
  return { view, moving, fit, show, zoom, pan };
}
