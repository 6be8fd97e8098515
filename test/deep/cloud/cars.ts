/** Cars in the n-th green, 1..20. */
export function carsAt(n: number): number {
  return 1 + ((n * 7919) % 20);
}

/** What the row of a window holds when every green counted once. */
export function expectedRow(window: number) {
  const cars = Array.from({ length: window * 3 }, (_, i) => carsAt(i + 1));
  return {
    Window: window,
    TotalGreenlights: window * 3,
    TotalTraffic: cars.reduce((sum, n) => sum + n, 0),
    MinCarsPassing: Math.min(...cars),
    MaxCarsPassing: Math.max(...cars),
  };
}
