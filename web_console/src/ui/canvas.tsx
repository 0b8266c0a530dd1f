import { useEffect, useRef } from "react";

export interface Palette {
  get: (name: string) => string;
  dark: boolean;
}

/** The colours of the theme, for what is drawn; read once per theme. */
export function palette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const known = new Map<string, string>();
  return {
    dark: document.documentElement.dataset.theme === "dark",
    get(name) {
      let value = known.get(name);
      if (value === undefined) {
        value = style.getPropertyValue(`--${name}`).trim();
        known.set(name, value);
      }
      return value;
    },
  };
}

export interface Surface {
  context: CanvasRenderingContext2D;
  width: number;
  height: number;
  colors: Palette;
}

/** A canvas in device pixels that draws once per frame when asked, and anew when its size or the theme changes. */
export function useCanvas(draw: (surface: Surface) => void): {
  ref: React.RefObject<HTMLCanvasElement | null>;
  redraw: () => void;
} {
  const ref = useRef<HTMLCanvasElement>(null);
  const latest = useRef(draw);
  latest.current = draw;
  // Asking the canvas for its size in a frame would have the whole page laid out first.
  const state = useRef({ planned: false, colors: null as Palette | null, width: 0, height: 0 });
  const redraw = useRef(() => {
    if (state.current.planned) return;
    state.current.planned = true;
    requestAnimationFrame(() => {
      state.current.planned = false;
      const canvas = ref.current;
      const { width, height } = state.current;
      if (!canvas || !width || !height) return;
      const ratio = Math.min(2, devicePixelRatio || 1);
      if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
      }
      const context = canvas.getContext("2d");
      if (!context) return;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      state.current.colors ??= palette();
      latest.current({ context, width, height, colors: state.current.colors });
      canvas.dataset.drawn ??= "";
    });
  }).current;
  useEffect(() => {
    const canvas = ref.current;
    if (!canvas) return;
    state.current.width = canvas.clientWidth;
    state.current.height = canvas.clientHeight;
    const sized = new ResizeObserver(([entry]) => {
      if (!entry) return;
      state.current.width = Math.round(entry.contentRect.width);
      state.current.height = Math.round(entry.contentRect.height);
      redraw();
    });
    sized.observe(canvas);
    const themed = new MutationObserver(() => {
      state.current.colors = null;
      redraw();
    });
    themed.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    void document.fonts.ready.then(redraw);
    return () => {
      sized.disconnect();
      themed.disconnect();
    };
  }, [redraw]);
  useEffect(redraw);
  return { ref, redraw };
}

export const FONT = '"Inter Variable", system-ui, sans-serif';

const widths = new Map<string, string>();

/** Cut a text to a width, with an ellipsis; remembered, since measuring is what costs. */
export function fitted(context: CanvasRenderingContext2D, text: string, width: number): string {
  const key = `${context.font}|${Math.round(width)}|${text}`;
  const known = widths.get(key);
  if (known !== undefined) return known;
  let cut = text;
  if (context.measureText(text).width > width) {
    let low = 0;
    let high = text.length;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (context.measureText(`${text.slice(0, middle)}…`).width <= width) low = middle;
      else high = middle - 1;
    }
    cut = `${text.slice(0, low)}…`;
  }
  if (widths.size > 20_000) widths.clear();
  widths.set(key, cut);
  return cut;
}

/** The icon of a state on a canvas, as `StateIcon` draws it. */
export function drawIcon(
  { context: c, colors }: Pick<Surface, "context" | "colors">,
  kind: string,
  x: number,
  y: number,
  size: number,
  ground: string,
): void {
  c.save();
  c.translate(x, y);
  c.scale(size / 16, size / 16);
  const color = colors.get(kind);
  c.strokeStyle = color;
  c.fillStyle = color;
  c.lineWidth = 1.5;
  const ring = (dashed: boolean): void => {
    c.setLineDash(dashed ? [2.2, 1.6] : []);
    c.beginPath();
    c.arc(8, 8, 6.2, 0, 7);
    c.stroke();
    c.setLineDash([]);
  };
  const cross = (): void =>
    line([
      [5.8, 5.8, 10.2, 10.2],
      [10.2, 5.8, 5.8, 10.2],
    ]);
  const line = (parts: number[][]): void => {
    c.beginPath();
    for (const [x1, y1, x2, y2] of parts) {
      c.moveTo(x1!, y1!);
      c.lineTo(x2!, y2!);
    }
    c.stroke();
  };
  const shape = (points: number[]): void => {
    c.beginPath();
    for (let i = 0; i < points.length; i += 2) c.lineTo(points[i]!, points[i + 1]!);
    c.closePath();
    c.fill();
  };
  switch (kind) {
    case "created":
      ring(true);
      break;
    case "scheduled":
      ring(false);
      c.beginPath();
      c.arc(8, 8, 2.2, 0, 7);
      c.fill();
      break;
    case "queued":
      c.lineWidth = 2.4;
      line([
        [2, 3.5, 14, 3.5],
        [2, 8, 11, 8],
        [2, 12.5, 7, 12.5],
      ]);
      break;
    case "executing":
      c.beginPath();
      c.arc(8, 8, 7, 0, 7);
      c.fill();
      c.fillStyle = ground;
      shape([6.3, 4.9, 6.3, 11.1, 11.3, 8]);
      break;
    case "retry-wait":
      c.beginPath();
      c.arc(8, 8, 5.6, 0.1, 5.5);
      c.stroke();
      shape([13.9, 1.8, 13.9, 6.2, 9.5, 6.2]);
      break;
    case "blocked":
      shape([5.2, 1, 10.8, 1, 15, 5.2, 15, 10.8, 10.8, 15, 5.2, 15, 1, 10.8, 1, 5.2]);
      c.strokeStyle = ground;
      c.lineWidth = 2;
      line([[4.5, 8, 11.5, 8]]);
      break;
    case "paused":
      c.fillRect(1.5, 1.5, 13, 13);
      c.strokeStyle = ground;
      line([
        [6, 4.8, 6, 11.2],
        [10, 4.8, 10, 11.2],
      ]);
      break;
    case "canceling":
      ring(true);
      cross();
      break;
    case "completed":
      ring(false);
      c.beginPath();
      c.moveTo(5.2, 8.2);
      c.lineTo(7.2, 10.2);
      c.lineTo(10.9, 6.1);
      c.stroke();
      break;
    case "failed":
      shape([8, 0.4, 15.6, 8, 8, 15.6, 0.4, 8]);
      c.strokeStyle = ground;
      cross();
      break;
    case "canceled":
      ring(false);
      line([[3.8, 12.2, 12.2, 3.8]]);
      break;
    default:
      line([
        [3, 4, 7, 8],
        [7, 8, 3, 12],
        [9, 4, 13, 8],
        [13, 8, 9, 12],
      ]);
  }
  c.restore();
}

export function hatch(
  context: CanvasRenderingContext2D,
  color: string,
  x: number,
  y: number,
  width: number,
  height: number,
): void {
  context.save();
  context.beginPath();
  context.rect(x, y, width, height);
  context.clip();
  context.strokeStyle = color;
  context.lineWidth = 1.5;
  context.beginPath();
  for (let at = x - height; at < x + width; at += 5) {
    context.moveTo(at, y + height);
    context.lineTo(at + height, y);
  }
  context.stroke();
  context.restore();
}
