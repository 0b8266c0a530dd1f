export function Mark({ size = 24 }: { size?: number }) {
  return (
    <svg viewBox="0 0 24 24" width={size} height={size} aria-hidden="true">
      <rect width="24" height="24" rx="6" fill="var(--ink)" />
      <path d="M6 10.200C6 7.300 8.700 5 12 5s6 2.300 6 5.200z" fill="var(--on-ink)" />
      <path
        d="M5.500 11.600h13V13h-13zM7 14.200h2.200V17H7zm3.900 0h2.200V17h-2.200zm3.900 0H17V17h-2.200zM5.500 17.800h13v1.400h-13z"
        fill="var(--on-ink)"
      />
    </svg>
  );
}
